"""How systemd sees the tracker. An edge: runs systemctl, where the machine is run by systemd."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from railbox_agent.doctor.findings import Finding, fail, ok, warn

UNIT: Final = "railbox-agent.service"
AREA: Final = "service"
RUNNING: Final = Path("run/systemd/system")
"""Is there when systemd runs the machine (sd_booted(3))."""
UDEV_RULE: Final = Path("etc/udev/rules.d/70-railbox.rules")
_PROPERTIES: Final = ("LoadState", "ActiveState", "SubState", "UnitFileState", "NRestarts", "Result", "WatchdogUSec")
_INSTALL: Final = "see agent/deploy/install.md"


def look(root: Path = Path("/")) -> Iterator[Finding]:
    if not (root / RUNNING).is_dir() or shutil.which("systemctl") is None:
        yield ok(AREA, "systemd does not run this computer: nothing to look at")
        return
    yield from judge(_show(UNIT))
    if _show("ModemManager.service").get("ActiveState") == "active" and not (root / UDEV_RULE).exists():
        todo = f"install agent/deploy/70-railbox.rules as /{UDEV_RULE}, or remove ModemManager"
        yield warn(AREA, "ModemManager runs, and probes the serial ports", todo)


def judge(shown: Mapping[str, str]) -> Iterator[Finding]:
    """Of what `systemctl show` says."""
    if shown.get("LoadState") != "loaded":
        yield ok(AREA, f"{UNIT} is not installed on this computer")
        return
    active, result = shown.get("ActiveState", "unknown"), shown.get("Result", "success")
    restarts = int(shown["NRestarts"]) if shown.get("NRestarts", "").isdecimal() else 0
    if active != "active":
        todo = f"journalctl -u {UNIT} -n 50; then systemctl restart {UNIT}"
        yield fail(AREA, f"{UNIT} is {active} ({shown.get('SubState', '')}, {result})", todo)
    elif restarts:
        todo = f"journalctl -u {UNIT} tells why"
        yield warn(AREA, f"{UNIT} runs, and had to be started anew {restarts} times", todo)
    else:
        yield ok(AREA, f"{UNIT} runs")
    if shown.get("UnitFileState") not in ("enabled", "enabled-runtime"):
        yield warn(AREA, f"{UNIT} does not start with the computer", f"systemctl enable {UNIT}")
    if shown.get("WatchdogUSec") == "0":
        yield warn(AREA, "no watchdog: an agent that hangs stays so", f"WatchdogSec= in the unit; {_INSTALL}")


def _show(unit: str) -> dict[str, str]:
    command = ["systemctl", "show", unit, "--property", ",".join(_PROPERTIES)]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
