"""The sensor board's side of the tracker: the link's values become rows of readings and events, in monotonic time.

Stands on `railbox_bridge.host_link`; knows neither ports nor UTC. A board that is missing, reboots or talks garbage is
counted and told, and everything else goes on.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from railbox_agent.board_firmware import is_older
from railbox_agent.readings import ReadingRows
from railbox_agent.thresholds import Threshold, exceeded
from railbox_bridge.host_link import HostLink
from railbox_bridge.messages import LISTENS_BRIEFLY, Hello
from railbox_bridge.tables import OK, STATUSES
from railbox_bridge.value import Value
from railbox_bridge.values import BoardEvent, BoardSample, EventsLost, Rebooted, Trouble
from railbox_bridge.version import FIRMWARE_VERSION
from railbox_telemetry.tables import CHANNEL_BY_NAME, CONDITION, EVENT_BY_NAME, channel_name

LOST_AFTER_MS: Final = 900_000
"""A board says HELLO every 30 s; one that only samples may do so every ten minutes. Sooner would be flapping."""
LOST_AFTER_ASLEEP_MS: Final = 3 * 3_600_000
"""A board that sleeps may sample hourly."""

_DOOR_COUNT: Final = CHANNEL_BY_NAME["door_count"].bit
_SHOCK_COUNT: Final = CHANNEL_BY_NAME["shock_count"].bit
_CONDITION: Final = frozenset(channel.bit for channel in CONDITION)


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of readings: channel → value in wire units."""

    mono_ms: int
    values: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event by its code in `railbox_telemetry.tables.EVENTS`."""

    mono_ms: int
    code: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class BoardMemory:
    """Which run of the board was heard, up to which index its events were told, and which channels were exceeded."""

    boot_id: int
    next_event: int
    exceeded: Iterable[int] = ()


class Board:
    """One board on one port. `session_id` tells the board this run of the host from the one before.

    Ring events are told once each, through whatever loss; the counts of doors and shocks go along as readings when they
    change, so that even events which left the board's ring are not silently lost.
    """

    def __init__(
        self,
        session_id: int,
        interval_s: int = 60,
        memory: BoardMemory | None = None,
        thresholds: tuple[Threshold, ...] = (),
    ) -> None:
        self.missing = False
        self.troubles: list[tuple[str, str]] = []
        self._own: Counter[str] = Counter()
        self._told: dict[str, str] = {}
        self._thresholds = thresholds
        self._exceeded = frozenset(memory.exceeded if memory else ())
        self._memory = memory
        self._link = HostLink(session_id, memory and memory.boot_id, memory.next_event if memory else 0)
        self._rows = ReadingRows(interval_s)
        self._counts: tuple[int, int] | None = None
        self._heard_ms: int | None = None

    def go_on_by(self, interval_s: int, thresholds: tuple[Threshold, ...]) -> None:
        """Other settings from now on. A channel without a bound any more is told as cleared by its next sample."""
        self._rows.set_interval(interval_s)
        self._thresholds = thresholds

    @property
    def counters(self) -> dict[str, int]:
        return {name: count for name, count in self._link.counters.items() if count} | dict(self._own)

    @property
    def memory(self) -> BoardMemory | None:
        boot_id = self._link.boot_id
        if boot_id is None:
            return self._memory
        return BoardMemory(boot_id, self._link.next_event, tuple(sorted(self._exceeded)))

    @property
    def condition(self) -> Mapping[int, int]:
        """What rides along with a position: what holds now and no row has told; none while the board is missing."""
        if self.missing:
            return {}
        return {channel: value for channel, value in self._rows.pending.items() if channel in _CONDITION}

    def feed(self, data: bytes, mono_ms: int) -> list[Measured | Happened]:
        said: list[Measured | Happened] = []
        for value in self._link.feed(data, mono_ms):
            self._take(value, mono_ms, said)
        return self.tick(mono_ms) + said

    def tick(self, mono_ms: int) -> list[Measured | Happened]:
        """Whether the board has fallen silent, or is heard again."""
        if self._heard_ms is None:
            self._heard_ms = mono_ms
        if self._link.last_frame_ms is not None:
            self._heard_ms = max(self._heard_ms, self._link.last_frame_ms)
        missing = mono_ms - self._heard_ms > self._patience_ms
        if missing == self.missing:
            return []
        self.missing = missing
        return [Happened(mono_ms, EVENT_BY_NAME["board_lost" if missing else "board_found"].code)]

    def outgoing(self, mono_ms: int) -> bytes:
        """What is to be written to the port now; must be written at once, for its time is in it."""
        return self._link.due(mono_ms)

    def finish(self) -> list[Measured | Happened]:
        mono_ms, row = self._rows.flush()
        return [Measured(mono_ms, row)] if row else []

    @property
    def _patience_ms(self) -> int:
        hello = self._link.hello
        asleep = hello is not None and hello.flags & LISTENS_BRIEFLY
        return LOST_AFTER_ASLEEP_MS if asleep else LOST_AFTER_MS

    def _take(self, value: Value, mono_ms: int, said: list[Measured | Happened]) -> None:
        match value:
            case BoardSample():
                values = self._values(value)
                if row := self._rows.add(value.host_ms, values):
                    said.append(Measured(value.host_ms, row))
                said += self._crossings(value.host_ms, values)
            case Hello():
                self._greeted(value)
            case BoardEvent():
                said.append(Happened(value.host_ms, value.code, value.value))
            case Rebooted():
                said.append(Happened(mono_ms, EVENT_BY_NAME["board_rebooted"].code))
            case EventsLost():
                self.troubles.append(("lost_events", f"{value.count} left the board's memory before they were read"))
            case Trouble():
                self.troubles.append((value.counter, value.detail))
            case _:  # gaps and answers are in the link's counters
                return

    def _values(self, sample: BoardSample) -> dict[int, int]:
        values = dict(sample.readings)
        counts = (sample.door_count, sample.shock_count)
        if counts != self._counts:
            self._counts = counts
            values |= {_DOOR_COUNT: counts[0], _SHOCK_COUNT: counts[1]}
        return values

    def _crossings(self, mono_ms: int, values: Mapping[int, int]) -> list[Measured | Happened]:
        """Thresholds that a sample crossed: each an event, and a row that says by which value."""
        before, self._exceeded = self._exceeded, exceeded(self._thresholds, self._exceeded, values)
        said: list[Measured | Happened] = []
        for channel in sorted((before ^ self._exceeded) & values.keys()):
            name = "threshold_exceeded" if channel in self._exceeded else "threshold_cleared"
            said.append(Measured(mono_ms, {channel: values[channel]}))
            said.append(Happened(mono_ms, EVENT_BY_NAME[name].code, channel))
        return said

    def _greeted(self, hello: Hello) -> None:
        """What a person should know of the board."""
        old = f"the board runs {hello.firmware}, this agent carries {FIRMWARE_VERSION}: run railbox board flash"
        self._tell("old_firmware", old if is_older(hello.firmware) else "")
        failing = [(number, status) for number, status in hello.channels if status != OK]
        named = [f"{channel_name(number)} is {STATUSES.get(status, status)}" for number, status in failing]
        self._tell("channels_not_ok", ", ".join(named))

    def _tell(self, counter: str, detail: str) -> None:
        """Told, and counted, when it changes: HELLO comes every half a minute."""
        if detail and detail != self._told.get(counter):
            self._own[counter] += 1
            self.troubles.append((counter, detail))
        self._told[counter] = detail
