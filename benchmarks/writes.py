"""What the outbox writes to its disk in a day: a fix a second, each on disk within the commit interval, as it is set.

Counted by the kernel (proc(5), `io`): what was given to the file system, and what that gave to the disk below, if any.
A stationary tracker writes as much: its newest fix is kept too.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]

from railbox_agent.items import Report  # noqa: E402 - the path has to be there first
from railbox_agent.mqtt import Acknowledged, Connected, Message, Received, UplinkEvent  # noqa: E402
from railbox_agent.outbox import Outbox  # noqa: E402
from railbox_agent.packing import Packer  # noqa: E402
from railbox_agent.sender import Sender, SenderSettings  # noqa: E402
from railbox_telemetry.committed import Committed, encode_committed  # noqa: E402
from railbox_telemetry.topics import Leaf, Topic  # noqa: E402
from railbox_telemetry.values import Fix, Knot  # noqa: E402

DEVICE: Final = "TRK-0001"
DAY_S: Final = 86_400
COMMIT_MS: Final = 5_000
REPORT_EVERY_S: Final = 600
KNOT_EVERY_S: Final = 60
COMMITTED_EVERY_S: Final = 3_600
STATE: Final = {0: 150, 1: 90, 2: 5, 3: 9}


@dataclass(frozen=True)
class Written:
    """A day's bytes, reckoned from `hours`; `disk_bytes` is 0 where the file system has no disk of its own."""

    given_bytes: float
    disk_bytes: float
    commits: float
    hours: float


def written(folder: Path, hours: float, commit_ms: int = COMMIT_MS) -> Written:
    outbox = Outbox(folder, 64_000_000, commit_ms)
    line, knots = _Line(), list[Knot]()
    now_s = 0
    sender = Sender(
        SenderSettings(DEVICE, 1),
        Packer(1),
        outbox,
        line,
        held=lambda: Report(knots[-1].time_s, tuple(knots), STATE) if knots else None,
        now_ms=lambda: now_s * 1_000,
    )
    before, commits = _io(), outbox.commits
    while now_s < hours * 3_600:
        now_s += 1
        knot = Knot(1_790_000_000 + now_s, 3_000_000 + 10 * now_s, 6_000_000)
        knots[-1:] = [knot] if knots and knot.time_s % KNOT_EVERY_S else [*knots[-1:], knot]
        sender.take([Fix(knot.time_s * 1_000, knot.lat_e5 / 1e5, knot.lon_e5 / 1e5)])
        if now_s % REPORT_EVERY_S == 0:
            sender.take([Report(knot.time_s, tuple(knots), STATE)])
            knots.clear()
        if now_s % COMMITTED_EVERY_S == 0:
            line.commit(outbox.epoch)
        sender.step()
    after = _io()
    days = hours / 24
    outbox.close()
    given, disk = ((after[name] - before[name]) / days for name in ("wchar", "write_bytes"))
    return Written(given, disk, (outbox.commits - commits) / days, hours)


class _Line:
    """A broker that takes everything at once, and a server that has it all."""

    def __init__(self) -> None:
        self._coming: list[UplinkEvent] = [Connected("MQTT 5")]
        self._highest = 0

    def publish(self, message: Message) -> bool:
        self._highest = max(self._highest, message.seq or 0)
        self._coming.append(Acknowledged(message))
        return True

    def events(self, wait_s: float = 0.0) -> list[UplinkEvent]:
        coming, self._coming = self._coming, []
        return coming

    def commit(self, epoch: int) -> None:
        word = encode_committed(Committed(epoch, self._highest))
        self._coming.append(Received(str(Topic(DEVICE, Leaf.COMMITTED)), word))


def _io() -> dict[str, int]:
    lines = Path("/proc/self/io").read_text().splitlines()
    return {name: int(count) for name, _, count in (line.partition(": ") for line in lines)}
