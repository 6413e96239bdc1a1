"""What the agent costs the computer: the real process, a receiver and a board on pseudo-terminals, a full outbox.

The receiver sends eight sentences a second, the board a sample a second; no broker answers.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from railbox_agent.outbox import Outbox
from railbox_agent.packing import Parcel
from railbox_bridge.board_link import BoardLink
from railbox_telemetry.values import Knot, Positions
from support.brokers import free_port
from support.nmea import gga, rmc, sentence

WAITING = 100_000
SETTLE_S = 5.0
START_TRIES = 5
TICKS_A_S = os.sysconf("SC_CLK_TCK")

CONFIG = """
device = "TRK-0001"
[[ports]]
name = "gnss"
kind = "gnss"
path = "{gnss}"
baud = 9600
[[ports]]
name = "board"
kind = "board"
path = "{board}"
[outbox]
folder = "{folder}"
cap_mb = 1000
[uplink]
url = "mqtt://127.0.0.1:{port}"
"""


@dataclass(frozen=True)
class Cost:
    """`start_s`: from the process's start to its ports open, the median of some; `waiting`: batches in the outbox."""

    core_percent: float
    resident_mb: float
    start_s: float
    waiting: int


def cost(work: Path, seconds: float, waiting: int = WAITING) -> Cost:
    folder = work / "outbox"
    fill(folder, waiting)
    with devices() as (gnss, board):
        config = work / "agent.toml"
        config.write_text(CONFIG.format(gnss=gnss, board=board, folder=folder, port=free_port()))
        starts_s = sorted(_start_s(config, gnss) for _ in range(START_TRIES))
        with _agent(config) as process:
            time.sleep(SETTLE_S)
            before_s, began_s = _used_s(process.pid), time.monotonic()
            time.sleep(seconds)
            used_s, passed_s = _used_s(process.pid) - before_s, time.monotonic() - began_s
            resident_mb = _resident_mb(process.pid)
    return Cost(100 * used_s / passed_s, resident_mb, starts_s[len(starts_s) // 2], waiting)


def fill(folder: Path, count: int) -> None:
    """An outbox in which so many batches of usual size wait for the server."""
    outbox = Outbox(folder, 1_000_000_000)
    for at in range(count):
        knots = tuple(Knot(1_795_000_000 + 60 * at + 20 * step, 3_000_000 + at, 6_000_000) for step in range(3))
        outbox.put(Parcel((Positions(knots, {0: 150, 1: 90, 2: 5, 3: 9}),), urgent=False, time_s=knots[-1].time_s))
        if at % 1_000 == 0:
            outbox.commit(at)
    outbox.commit(count)
    outbox.close()


@contextmanager
def devices() -> Generator[tuple[str, str]]:
    """A receiver and a board, at one a second; their paths."""
    gnss, gnss_device = os.openpty()
    board, board_device = os.openpty()
    os.set_blocking(gnss, False)
    os.set_blocking(board, False)
    stopping = threading.Event()
    link = BoardLink(1, "1.0", "bench")

    def talk() -> None:
        started_s = time.monotonic()
        while not stopping.wait(1.0 - (time.monotonic() - started_s) % 1.0):
            _write(gnss, epoch(int(time.time())))
            link.sample(((0, 215), (1, 40), (2, 1_260), (3, 0), (4, 5)))
            _write(board, link.due(int(time.monotonic() * 1000) % 2**30))

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield os.ttyname(gnss_device), os.ttyname(board_device)
    finally:
        stopping.set()
        thread.join()
        for end in (gnss, gnss_device, board, board_device):
            os.close(end)


def epoch(time_s: int) -> bytes:
    """What a usual receiver says each second: eight sentences."""
    lat_deg = 29.1 + (time_s % 10_000) * 1e-4
    satellites = b"".join(
        sentence(f"GPGSV,3,{part},11,03,03,111,33,04,15,270,38,06,01,010,40,13,06,292,41") for part in (1, 2, 3)
    )
    others = sentence("GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1") + sentence("GPVTG,0.0,T,,M,21.6,N,40.0,K,A")
    zda = sentence(time.strftime("GPZDA,%H%M%S.00,%d,%m,%Y,00,00", time.gmtime(time_s)))
    return rmc(time_s, lat_deg, knots=21.6, course=0.0) + gga(time_s, lat_deg) + satellites + others + zda


def _write(end: int, data: bytes) -> None:
    try:
        os.write(end, data)
    except BlockingIOError:
        return  # nobody reads at present


@contextmanager
def _agent(config: Path) -> Generator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "railbox", "agent", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _start_s(config: Path, device: str) -> float:
    began_s = time.monotonic()
    with _agent(config) as process:
        while device not in _opened(process.pid):
            if time.monotonic() - began_s > 30 or process.poll() is not None:
                raise TimeoutError(f"the agent did not open {device}")
            time.sleep(0.002)
        return time.monotonic() - began_s


def _opened(pid: int) -> set[str]:
    found: set[str] = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            found.add(str(link.readlink()))
    except FileNotFoundError:
        return set()
    return found


def _used_s(pid: int) -> float:
    """User and system time (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_S


def _resident_mb(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
