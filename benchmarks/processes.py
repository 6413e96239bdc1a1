"""What processes cost: CPU seconds of one and its children, from /proc."""

import os
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> Iterator[int]:
    """The process and all that came from it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def cpu_s(pid: int) -> float:
    """Of the process alone, its ended threads too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mb(pid: int) -> float:
    """The most memory that the process had resident at once, until now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def name(pid: int) -> str:
    """What a server's processes are: broker, engine, or the server itself."""
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    if "nats-server" in words[0]:
        return "broker"
    return "engine" if any("multiprocessing" in word for word in words) else "server"
