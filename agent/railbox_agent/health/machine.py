"""The computer under the agent: disk, memory, temperature, voltage, as Linux and the Raspberry Pi's firmware tell them.

An edge: reads files below `root`, which tests replace. What a machine does not have is None, never an error.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path("/")
_THERMAL: Final = "sys/class/thermal"
_THROTTLED: Final = "sys/devices/platform/soc/soc:firmware/get_throttled"
_HWMON: Final = "sys/class/hwmon"
_MEMORY: Final = "proc/meminfo"
_OWN_MEMORY: Final = "proc/self/statm"

# Bits of get_throttled (Raspberry Pi documentation, "vcgencmd"): now, and since it was read last.
_LOW_NOW: Final = 1 << 0
_LOW_SINCE: Final = 1 << 16
_SLOWED_NOW: Final = (1 << 1) | (1 << 2) | (1 << 3)


@dataclass(frozen=True, slots=True)
class Machine:
    """`disk_*`: of the outbox's file system. `rss_bytes`: what this process holds. `temp_c`: of the processor.

    `volts_low`: the supply is, or was since the last look, under what the computer needs. `slowed`: it computes slower,
    for heat or for want of volts.
    """

    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    disk_read_only: bool | None = None
    mem_available_bytes: int | None = None
    mem_total_bytes: int | None = None
    rss_bytes: int | None = None
    temp_c: float | None = None
    volts_low: bool | None = None
    slowed: bool | None = None


def read_machine(folder: Path, root: Path = ROOT) -> Machine:
    """`folder`: of the outbox; when it is not there yet, the folder that it will be in."""
    disk = _disk(folder)
    memory = _meminfo(root)
    bits = _throttled(root)
    return Machine(
        disk_free_bytes=disk and disk.f_bavail * disk.f_frsize,
        disk_total_bytes=disk and disk.f_blocks * disk.f_frsize,
        disk_read_only=disk and bool(disk.f_flag & os.ST_RDONLY),
        mem_available_bytes=memory.get("MemAvailable"),
        mem_total_bytes=memory.get("MemTotal"),
        rss_bytes=_rss_bytes(root),
        temp_c=_temp_c(root),
        volts_low=_low_by_hwmon(root) if bits is None else bool(bits & (_LOW_NOW | _LOW_SINCE)),
        slowed=None if bits is None else bool(bits & _SLOWED_NOW),
    )


def _disk(folder: Path) -> os.statvfs_result | None:
    for there in (folder, *folder.parents):
        with suppress(FileNotFoundError, NotADirectoryError):
            with suppress(PermissionError):
                return os.statvfs(there)
            return None
    return None


def _meminfo(root: Path) -> dict[str, int]:
    """Name to bytes; the file says kB."""
    found: dict[str, int] = {}
    for line in (_text(root / _MEMORY) or "").splitlines():
        name, _, rest = line.partition(":")
        digits = rest.split()
        if digits and digits[0].isdecimal():
            found[name] = int(digits[0]) * 1024
    return found


def _rss_bytes(root: Path) -> int | None:
    columns = (_text(root / _OWN_MEMORY) or "").split()
    return int(columns[1]) * os.sysconf("SC_PAGE_SIZE") if len(columns) > 1 and columns[1].isdecimal() else None


def _temp_c(root: Path) -> float | None:
    """The processor's zone where one says so (`cpu-thermal` on a Pi), else the hottest."""
    zones = {
        (_text(zone / "type") or "").strip(): temp_mc / 1000
        for zone in _folders(root / _THERMAL, "thermal_zone*")
        if (temp_mc := _number(zone / "temp")) is not None
    }
    named = [temp_c for kind, temp_c in zones.items() if "cpu" in kind or "soc" in kind]
    return max(named or zones.values(), default=None)


def _throttled(root: Path) -> int | None:
    return _number(root / _THROTTLED, 16)


def _low_by_hwmon(root: Path) -> bool | None:
    """The same firmware by the driver raspberrypi-hwmon, which kernels without get_throttled have."""
    for folder in _folders(root / _HWMON, "hwmon*"):
        if (_text(folder / "name") or "").strip() == "rpi_volt":
            alarm = _number(folder / "in0_lcrit_alarm")
            return None if alarm is None else alarm != 0
    return None


def _folders(parent: Path, pattern: str) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(parent.glob(pattern))


def _number(path: Path, base: int = 10) -> int | None:
    with suppress(ValueError):
        return int(_text(path) or "", base)
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:  # not there, or (a sensor that sleeps) not now
        return None
