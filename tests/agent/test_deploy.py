"""What the tracker is deployed with is current and well-formed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from railbox_agent.config import AgentConfig
from railbox_telemetry.settings import load, render

DEPLOY = Path(__file__).parents[2] / "agent" / "deploy"


def test_the_sample_configuration_is_what_print_config_prints_and_can_be_loaded() -> None:
    sample = DEPLOY / "agent.toml"
    assert sample.read_text() == render(AgentConfig), "railbox agent --print-config > agent/deploy/agent.toml"
    assert load(sample, AgentConfig).device == "TRK-0001"


def test_the_unit_is_accepted_by_systemd(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (it comes with the Debian package systemd)")
    unit = tmp_path / "railbox-agent.service"
    text = (DEPLOY / "railbox-agent.service").read_text()
    unit.write_text(text.replace("/opt/railbox/bin/railbox", "/bin/true"))  # verify wants the program to be there
    found = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert [line for line in found.stderr.splitlines() if unit.name in line] == []


def test_the_udev_rule_goes_around_modem_manager() -> None:
    rules = (DEPLOY / "70-railbox.rules").read_text()
    lines = [line for line in rules.splitlines() if line.startswith("ATTRS")]
    assert len(lines) >= 6
    assert all(line.endswith('ENV{ID_MM_DEVICE_IGNORE}="1"') for line in lines)
    assert 'GOTO="railbox_end"' in rules
    assert 'LABEL="railbox_end"' in rules
