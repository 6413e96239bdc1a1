"""Kill -9 at random instants: a process with the tracker's own sender, outbox and uplink, again and again on one disk.

What it says it has taken is held against what a server has at the end, duplicates dropped by (epoch, seq): no event may
be missing, no fix that was taken longer ago than the commit interval, and nothing may be there twice.
Run by itself it is that process: `python kills.py FOLDER PORT FIRST_SECOND`.
"""

import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from railbox_agent.delivery import DeliverySettings  # noqa: E402 - the path has to be there first
from railbox_agent.items import Item, Report  # noqa: E402
from railbox_agent.mqtt import Access, Address  # noqa: E402
from railbox_agent.outbox import Outbox  # noqa: E402
from railbox_agent.packing import Packer  # noqa: E402
from railbox_agent.sender import Sender, SenderSettings, subscriptions, will  # noqa: E402
from railbox_agent.uplink import BackOff, Uplink  # noqa: E402
from railbox_telemetry.values import Event, Events, Fix, Knot, Positions  # noqa: E402
from support.fake_server import FakeServer  # noqa: E402

DEVICE: Final = "TRK-0001"
COMMIT_MS: Final = 300
SLACK_MS: Final = 200
"""A turn of the loop, and the disk's own time: what is being written when the process is killed may not be there."""
TURN_S: Final = 0.01
REPORT_EVERY_S, EVENT_EVERY_S = 20, 7
LIFE_S: Final = 1.0
"""A life ends anywhere in so many seconds from when it reaches for its disk."""
START_S: Final = 1_790_000_000
DELIVERY: Final = DeliverySettings(backlog_per_s=5_000, resend_after_ms=2_000, ask_after_ms=300, ask_every_ms=300)


@dataclass(frozen=True)
class Toll:
    """`oldest_lost_ms`: how long before its kill the oldest fix that was lost had been taken."""

    kills: int
    fixes: int
    events: int
    events_lost: int
    fixes_lost: int
    oldest_lost_ms: int
    twice: int
    sent_twice: int


def toll(work: Path, port: int, kills: int, seed: int = 1) -> Toll:
    dice = random.Random(seed)  # noqa: S311 - chooses instants, hides nothing
    taken_ms: dict[int, int] = {}
    killed_ms: dict[int, int] = {}
    events: set[int] = set()
    folder = work / "killed"
    with FakeServer(port) as server:
        next_s = START_S
        for _ in range(kills):
            lines, ended_ms = _life(folder, port, next_s, dice.uniform(0, LIFE_S))
            for line in lines:
                kind, second, at_ms = line.split()
                if kind == "event":
                    events.add(int(second))
                else:
                    taken_ms[int(second)], killed_ms[int(second)] = int(at_ms), ended_ms
            next_s = max(taken_ms, default=START_S) + 10  # a second that was taken and not said is not taken again
        subprocess.run([*_command(folder, port), "0"], check=True, timeout=120, stdout=subprocess.DEVNULL)
        batches = list(server.batches.values())
    sections = [section for batch in batches for section in batch.sections]
    knots = Counter(knot.time_s for part in sections if isinstance(part, Positions) for knot in part.knots)
    told = Counter(event.time_s for part in sections if isinstance(part, Events) for event in part.events)
    lost = [second for second in taken_ms if second not in knots]
    return Toll(
        kills=kills,
        fixes=len(taken_ms),
        events=len(events),
        events_lost=len(events - set(told)),
        fixes_lost=len(lost),
        oldest_lost_ms=max((killed_ms[second] - taken_ms[second] for second in lost), default=0),
        twice=knots.total() - len(knots) + told.total() - len(told),
        sent_twice=server.duplicates,
    )


def _command(folder: Path, port: int) -> list[str]:
    return [sys.executable, __file__, str(folder), str(port)]


def _life(folder: Path, port: int, first_s: int, life_s: float) -> tuple[list[str], int]:
    """What a process said until it was killed, and when that was."""
    with subprocess.Popen([*_command(folder, port), str(first_s)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(life_s)  # any length is as good as any other
        ended_ms = _now_ms()
        process.kill()
        return [line for line in process.stdout if line.endswith("\n")], ended_ms


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


# --- the process that is killed --------------------------------------------------------------------------------------


def live(folder: Path, port: int, first_s: int) -> None:
    """A fix a turn, all of which are kept; says what it has taken. From second 0 on: only sends what there is."""
    access = Access(Address("127.0.0.1", port), DEVICE, keepalive_s=5)
    topics = subscriptions(DEVICE)
    uplink = Uplink(access, will(DEVICE), topics, BackOff(0.05, 0.2), cumulative=topics)
    knots: list[Knot] = []
    print("born", flush=True)
    outbox = Outbox(folder, 100_000_000, COMMIT_MS)
    sender = Sender(
        SenderSettings(DEVICE, 1, DELIVERY),
        Packer(1),
        outbox,
        uplink,
        held=lambda: Report(knots[-1].time_s, tuple(knots), {}) if knots else None,
    )
    uplink.start()
    second = first_s
    while first_s or not sender.done:
        if first_s:
            _take(sender, second, knots)
            second += 1
        sender.step(TURN_S)
    uplink.stop()
    outbox.close()


def _take(sender: Sender, second: int, knots: list[Knot]) -> None:
    knot = Knot(second, 3_000_000, 6_000_000)
    items: list[Item] = [Fix(second * 1_000, knot.lat_e5 / 1e5, knot.lon_e5 / 1e5)]
    knots.append(knot)
    is_event = second % EVENT_EVERY_S == 0
    if is_event:
        items.append(Event(second, 1))
    if is_event or second % REPORT_EVERY_S == 0:
        items.append(Report(second, tuple(knots), {}))
        knots.clear()
    at_ms = _now_ms()
    sender.take(items)
    print("fix", second, at_ms, flush=True)
    if is_event:
        sender.step()  # which commits it
        print("event", second, at_ms, flush=True)


if __name__ == "__main__":
    live(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
