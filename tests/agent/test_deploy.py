"""What the tracker is deployed with is current and well-formed."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from railbox_agent.config import AgentConfig
from railbox_agent.doctor.ask import SERVICE_SOCKET
from railbox_agent.doctor.files import SERVICE_USER
from railbox_agent.health.watch import SOCKET_NAME
from railbox_telemetry.settings import load, render

DEPLOY = Path(__file__).parents[2] / "agent" / "deploy"
UNIT = DEPLOY / "railbox-agent.service"


def test_the_sample_configuration_is_what_print_config_prints_and_can_be_loaded() -> None:
    sample = DEPLOY / "agent.toml"
    assert sample.read_text() == render(AgentConfig), "railbox agent --print-config > agent/deploy/agent.toml"
    assert load(sample, AgentConfig).device == "TRK-0001"


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (it comes with the Debian package systemd)")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_the_unit_is_accepted_by_systemd(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/railbox/bin/railbox", "/bin/true"))  # which has to be there
    assert [line for line in analyze("verify", str(unit)).stderr.splitlines() if unit.name in line] == []


def test_the_unit_is_hardened() -> None:
    """Of 10 points of exposure; what is left are the network, the ports and their group."""
    found = analyze("security", "--offline=true", "--threshold=16", str(UNIT))
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_unit_makes_the_folders_that_the_agent_writes_in_and_the_doctor_looks_in() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # pyright: ignore[reportAttributeAccessIssue] - as the standard library documents it
    unit.read(UNIT)
    assert AgentConfig.__dataclass_fields__["outbox"].default.folder.is_relative_to("/var/lib/railbox")
    assert unit["Service"]["StateDirectory"] == "railbox"
    assert Path("/run") / unit["Service"]["RuntimeDirectory"] / SOCKET_NAME == SERVICE_SOCKET
    assert unit["Service"]["User"] == SERVICE_USER
    assert unit["Service"]["Type"] == "notify"
    assert unit["Service"]["WatchdogSec"]


def test_the_udev_rule_goes_around_modem_manager() -> None:
    rules = (DEPLOY / "70-railbox.rules").read_text()
    lines = [line for line in rules.splitlines() if line.startswith("ATTRS")]
    assert len(lines) >= 6
    assert all(line.endswith('ENV{ID_MM_DEVICE_IGNORE}="1"') for line in lines)
    assert 'GOTO="railbox_end"' in rules
    assert 'LABEL="railbox_end"' in rules
