"""Real receivers' logs: what is found of gpsd's fixes, and how fast, beside gpsd's own decoder on the same bytes.

The logs are data beside the project (../shared/nmea, from gpsd's regression tests); without them there are no figures.
"""

import resource
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from railbox_agent import logs
from railbox_agent.gnss.receiver import Receiver
from railbox_agent.gnss.trust import distance_m
from railbox_telemetry.values import Fix
from support.gpsd_answers import GPSD_WRONG_MS, answers

BLOCK_BYTES = 4_096
LINES = 200_000
"""What is decoded at least, the logs again and again: some seconds."""


@dataclass(frozen=True)
class Found:
    """Of gpsd's timed fixes: how many there are, how many we have too, and how far off the worst is."""

    known: int
    found: int
    worst_off_m: float
    null_islands: int
    logs_missing_some: tuple[str, ...]


def found(folder: Path) -> Found:
    known = both = null_islands = 0
    worst_m, missing = 0.0, list[str]()
    for log in sorted(folder.glob("*.log")):
        expected = answers(log.with_name(log.name + ".chk"), GPSD_WRONG_MS.get(log.name, 0))
        ours = {item.fix_time_ms: item for item in logs.items(log) if isinstance(item, Fix)}
        hits = [one for one in expected if one.time_ms in ours]
        known, both = known + len(expected), both + len(hits)
        null_islands += sum((fix.lat_deg, fix.lon_deg) == (0, 0) for fix in ours.values())
        for one in hits:
            fix = ours[one.time_ms]
            worst_m = max(worst_m, min(distance_m((fix.lat_deg, fix.lon_deg), place) for place in one.places))
        if len(hits) < len(expected):
            missing.append(f"{log.name} {len(expected) - len(hits)}")
    return Found(known, both, worst_m, null_islands, tuple(missing))


@dataclass(frozen=True)
class Speed:
    """Lines a second of processor time; `gpsdecode` None where it is not installed."""

    ours: float
    gpsdecode: float | None


def speed(folder: Path, work: Path) -> Speed:
    data = b"".join(log.read_bytes() for log in sorted(folder.glob("*.log")))
    lines = data.count(b"\n")
    times = max(1, LINES // lines)
    started_s = time.process_time()
    for _ in range(times):
        receiver = Receiver()
        for start in range(0, len(data), BLOCK_BYTES):
            receiver.feed(data[start : start + BLOCK_BYTES])
        receiver.finish()
    ours = times * lines / (time.process_time() - started_s)
    program = shutil.which("gpsdecode")
    return Speed(ours, None if program is None else _gpsdecode(program, data * times, times * lines, work))


def _gpsdecode(program: str, data: bytes, lines: int, work: Path) -> float:
    source = work / "logs"
    source.write_bytes(data)
    before_s = _children_s()
    with source.open("rb") as file:
        subprocess.run([program], stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return lines / (_children_s() - before_s)


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
