"""From the ports' bytes to what is sent: receivers, board, boot clock and thinning, wired together.

Pure: chunks with monotonic time in, items out; the same chunks give the same items on any machine, any day. No port,
no clock, no disk.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from railbox_agent.board import Board, BoardMemory, Happened, Measured
from railbox_agent.clock import BootTime
from railbox_agent.gnss.receiver import GnssSettings, Receiver
from railbox_agent.gnss.trust import Seen
from railbox_agent.items import Item, Report
from railbox_agent.positions import Positions
from railbox_agent.recording import Chunk
from railbox_agent.thinning.policy import Thinning, policy_of
from railbox_agent.thinning.reckoning import ReckoningSettings
from railbox_agent.thresholds import Threshold
from railbox_telemetry.tables import CHANNEL_SCALAR_BASE, FLAG_BOARD_MISSING, FLAG_CLOCK_UNCERTAIN, FLAGS
from railbox_telemetry.values import BootClock, Event, Fix, Reading, UndatedEvent

__all__ = ["Item", "Pipeline", "Report", "Settings", "Trouble"]

MAX_UNDATED_ROWS: Final = 1_440
"""Rows of readings kept until UTC is known: a day at one a minute."""
TROUBLE_PERIOD_MS: Final = 60_000
"""The same trouble is told at most this often; it is counted always."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`ports`: name → "gnss" or "board". `boot_id` (u32): drawn anew by every run of the host.

    `readings_s`: a row of readings so often; the condition rides along with every report besides.
    `utc_offset_ms`: UTC of monotonic 0 where it is known from elsewhere, and no receiver is there to tell it.
    """

    ports: Mapping[str, str] = field(default_factory=lambda: {"gnss": "gnss", "board": "board"})
    fix_period_s: float = 1.0
    readings_s: int = 60
    boot_id: int = 0
    utc_offset_ms: int | None = None
    known_boards: Mapping[str, BoardMemory] = field(default_factory=dict[str, BoardMemory])
    """What `Pipeline.boards` said at the end of the run before, by port: no event is told again then."""
    thresholds: tuple[Threshold, ...] = ()
    gnss: GnssSettings = field(default_factory=GnssSettings)
    thinning: Thinning = field(default_factory=ReckoningSettings)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something worth a line in the log: what was dropped, on which port, with an excerpt."""

    port: str
    counter: str
    detail: str


class Pipeline:
    """Everything between the ports and the packer. `latest` is the newest trusted fix."""

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self._settings = settings
        self.latest: Fix | None = None
        self.boot_time = BootTime(settings.utc_offset_ms)
        self._boot_id = settings.boot_id
        self._receivers = {name: Receiver(settings.gnss) for name, kind in settings.ports.items() if kind == "gnss"}
        self._boards = {
            name: Board(settings.boot_id, settings.readings_s, settings.known_boards.get(name), settings.thresholds)
            for name, kind in settings.ports.items()
            if kind == "board"
        }
        self._positions = Positions(policy_of(settings.thinning, settings.fix_period_s), settings.fix_period_s)
        self._undated_rows: deque[Measured] = deque()
        self._own: Counter[str] = Counter()
        self._mono_ms = 0
        self._troubles = _Troubles()

    def feed(self, chunk: Chunk) -> list[Item]:
        """What one read of a port adds. A port that is not configured is counted, and its bytes are not looked at."""
        items = self._ticked(chunk.mono_us)
        if receiver := self._receivers.get(chunk.port):
            items += self._located(receiver.feed(chunk.data, self._mono_ms))
        elif board := self._boards.get(chunk.port):
            items += self._said(board.feed(chunk.data, self._mono_ms))
        else:
            self._own["unknown_port_chunks"] += 1
        return self._completed(items)

    def tick(self, mono_us: int) -> list[Item]:
        """What the passing of time adds: epochs complete, the board or the sky gone. Call it a few times a second."""
        return self._completed(self._ticked(mono_us))

    def finish(self) -> list[Item]:
        """What a log's end completes. Readings that never got a date are counted and gone."""
        items: list[Item] = []
        for receiver in self._receivers.values():
            items += self._located(receiver.finish())
        for board in self._boards.values():
            items += self._said(board.finish())
        if self._undated_rows:
            self._own["undated_rows"] += len(self._undated_rows)
        self._undated_rows.clear()
        return self._completed(items + self._positions.finish())

    def go_on_by(self, settings: Settings) -> list[Item]:
        """Other settings of thinning, readings, thresholds and checksums from now on; nothing that is known is lost.

        Returns what the thinning before had kept and not sent. Ports, boot and pivot stay as they are.
        """
        before, self._settings = self._settings, settings
        for receiver in self._receivers.values():
            receiver.require_checksum(settings.gnss.checksum_required)
        for board in self._boards.values():
            board.go_on_by(settings.readings_s, settings.thresholds)
        if (settings.thinning, settings.fix_period_s) == (before.thinning, before.fix_period_s):
            return []
        policy = policy_of(settings.thinning, settings.fix_period_s)
        return self._completed(list(self._positions.go_on_by(policy, settings.fix_period_s)))

    def held(self) -> Report | None:
        """What is kept and not sent yet: what a power cut would lose."""
        report = self._positions.held()
        return report and self._with_state(report)

    def outgoing(self, port: str) -> bytes:
        """What is to be written to the port, now: call it after every `feed` and `tick`, and write at once."""
        board = self._boards.get(port)
        return board.outgoing(self._mono_ms) if board else b""

    @property
    def boards(self) -> dict[str, BoardMemory]:
        """How far each board's events were told, to be kept over a restart of the host."""
        return {name: memory for name, board in self._boards.items() if (memory := board.memory) is not None}

    @property
    def counters(self) -> Counter[str]:
        """Everything counted, by `port.name`."""
        total = Counter(self._own)
        for name, part in {**self._receivers, **self._boards}.items():
            total.update({f"{name}.{counter}": count for counter, count in part.counters.items()})
        if self.boot_time.steps:
            total["clock_steps"] = self.boot_time.steps
        return total

    def troubles(self) -> list[Trouble]:
        """What was dropped since the last call, each kind at most once a minute: for the log."""
        for name, receiver in self._receivers.items():
            self._troubles.compare(name, receiver.counters, receiver.excerpts, self._mono_ms)
        for name, board in self._boards.items():
            self._troubles.tell(name, board.troubles)
            board.troubles.clear()
        return self._troubles.take()

    def _ticked(self, mono_us: int) -> list[Item]:
        self._mono_ms = max(self._mono_ms, mono_us // 1000)
        items: list[Item] = []
        for receiver in self._receivers.values():
            items += self._located(receiver.tick(self._mono_ms))
        for board in self._boards.values():
            items += self._said(board.tick(self._mono_ms))
        utc_ms = self.boot_time.utc_ms(self._mono_ms)
        return items if utc_ms is None else items + self._positions.tick(utc_ms)

    def _located(self, seen: Iterable[Seen]) -> list[Item]:
        items: list[Item] = []
        for one in seen:
            if one.fix.trusted:
                self.latest = one.fix
                if self.boot_time.observe(one):
                    items += self._clock_known()
            utc_ms = None if one.mono_ms is None else self.boot_time.utc_ms(one.mono_ms)
            items += self._positions.take(one, utc_ms)
        return items

    def _said(self, said: Iterable[Measured | Happened]) -> list[Item]:
        items: list[Item] = []
        for one in said:
            utc_ms = self.boot_time.utc_ms(one.mono_ms)
            if isinstance(one, Happened):
                items += [_event(one, utc_ms), *self._positions.send()]
            elif utc_ms is not None:
                items += _readings(one, utc_ms)
            else:
                self._keep_undated(one)
        return items

    def _keep_undated(self, row: Measured) -> None:
        self._undated_rows.append(row)
        if len(self._undated_rows) > MAX_UNDATED_ROWS:
            self._undated_rows.popleft()
            self._own["undated_rows"] += 1

    def _clock_known(self) -> list[Item]:
        """UTC is known (or known better): what waited for it gets its date."""
        offset_ms = self.boot_time.offset_ms
        assert offset_ms is not None
        items: list[Item] = [BootClock(self._boot_id, (offset_ms + 500) // 1000)]
        for row in self._undated_rows:
            items += _readings(row, row.mono_ms + offset_ms)
        self._undated_rows.clear()
        return items

    def _completed(self, items: list[Item]) -> list[Item]:
        return [self._with_state(item) if isinstance(item, Report) else item for item in items]

    def _with_state(self, report: Report) -> Report:
        """With what only the whole tracker knows: its flags, and the condition, which rides along."""
        state = dict(report.state)
        flags = FLAG_BOARD_MISSING if any(board.missing for board in self._boards.values()) else 0
        flags |= FLAG_CLOCK_UNCERTAIN if self.boot_time.offset_ms is None else 0
        if flags:
            state[FLAGS.bit] = state.get(FLAGS.bit, 0) | flags
        for board in self._boards.values():
            state |= {CHANNEL_SCALAR_BASE + channel: value for channel, value in board.condition.items()}
        return replace(report, state=dict(sorted(state.items())))


def _event(happened: Happened, utc_ms: int | None) -> Event | UndatedEvent:
    if utc_ms is None:
        return UndatedEvent(max(0, happened.mono_ms) // 1000, happened.code, happened.value)
    return Event(utc_ms // 1000, happened.code, happened.value)


def _readings(row: Measured, utc_ms: int) -> list[Reading]:
    return [Reading(utc_ms // 1000, channel, value) for channel, value in sorted(row.values.items())]


class _Troubles:
    """Which counters have grown, told at most once a period each."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], int] = {}
        self._told_ms: dict[tuple[str, str], int] = {}
        self._pending: list[Trouble] = []

    def compare(self, port: str, counters: Mapping[str, int], excerpts: Mapping[str, bytes], mono_ms: int) -> None:
        for counter, excerpt in excerpts.items():
            key = (port, counter)
            told_ms = self._told_ms.get(key)
            if counters[counter] == self._seen.get(key) or (
                told_ms is not None and mono_ms - told_ms < TROUBLE_PERIOD_MS
            ):
                continue
            self._seen[key], self._told_ms[key] = counters[counter], mono_ms
            self._pending.append(Trouble(port, counter, f"{counters[counter]} so far, latest {excerpt!r}"))

    def tell(self, port: str, troubles: Iterable[tuple[str, str]]) -> None:
        self._pending += [Trouble(port, counter, detail) for counter, detail in troubles]

    def take(self) -> list[Trouble]:
        pending, self._pending = self._pending, []
        return pending
