"""Items in, parcels out: lays out a report, and what was collected since the last one, as the sections of a batch.

Pure: the clock is that of the items, so a replay packs the same batches on any day. When to report is thinning's to
decide. Knows neither numbers of batches nor where they are kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Final

from railbox_agent.items import Item, Report
from railbox_telemetry.values import (
    NOTHING,
    BootClock,
    Event,
    Events,
    Fix,
    Knot,
    Positions,
    Reading,
    ReadingRow,
    Readings,
    Section,
    Undated,
    UndatedEvent,
)

MAX_ITEMS: Final = 1_500
"""Of at most 30 bytes each: a full parcel leaves room for discarded ranges in the 65,536 bytes of a batch."""
GRACE_S: Final = 5
"""A report that is due now may come a moment after the reading of its second."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """The sections of one batch that is yet to get its number.

    `urgent`: holds an event or what dates one: kept on disk at once, discarded last. `time_s`: the newest time inside.
    """

    sections: tuple[Section, ...]
    urgent: bool
    time_s: int | None = None


class Packer:
    """Collects items; `pack` returns what is ready, `open` what is not yet.

    `quiet_s`: thinning reports at least so often while there are fixes; without any, readings go by themselves then.
    """

    def __init__(self, boot_id: int, quiet_s: int = 3_600) -> None:
        self._boot_id = boot_id
        self._quiet_s = quiet_s
        self._sent_s: int | None = None
        self._items = _Items()

    def set_quiet(self, quiet_s: int) -> None:
        self._quiet_s = quiet_s

    def pack(self, items: Iterable[Item]) -> list[Parcel]:
        """Takes the items that became known together. Returns a parcel when a report or an event is among them, or none
        came for too long, and whatever had to be closed because it was full."""
        parcels: list[Parcel] = []
        for item in _in_pieces(items):
            if self._items.count + _count(item) > MAX_ITEMS:
                parcels += self.flush()
            self._items.add(item)
        if self._items.has_report or self._items.urgent or self._quiet_too_long():
            parcels += self.flush()
        return parcels

    def flush(self) -> list[Parcel]:
        """What is collected, due or not; nothing when nothing is."""
        parcel = self.open()
        if parcel is None:
            return []
        if self._items.newest_s is not None:
            self._sent_s = self._items.newest_s
        self._items = _Items()
        return [parcel]

    def open(self, held: Report | None = None) -> Parcel | None:
        """What a power cut now would lose, as a parcel. `held`: what thinning has not reported yet."""
        items = self._items
        if held is not None and items.count + len(held.knots) <= MAX_ITEMS:
            items = items.with_report(held)
        return Parcel(items.sections(self._boot_id), items.urgent, items.newest_s) if items.count else None

    def _quiet_too_long(self) -> bool:
        """Distances count in both directions: a clock that was set back must not silence anything."""
        oldest_s, newest_s = self._items.oldest_s, self._items.newest_s
        if oldest_s is None or newest_s is None:
            return False
        since_sent_s = 0 if self._sent_s is None else abs(newest_s - self._sent_s)
        return max(since_sent_s, newest_s - oldest_s) >= self._quiet_s + GRACE_S


def _in_pieces(items: Iterable[Item]) -> Iterator[Item]:
    """Reports of more knots than a parcel holds come as several."""
    for item in items:
        if isinstance(item, Report) and len(item.knots) > MAX_ITEMS:
            for start in range(0, len(item.knots), MAX_ITEMS):
                last = start + MAX_ITEMS >= len(item.knots)
                yield Report(item.time_s, item.knots[start : start + MAX_ITEMS], item.state if last else NOTHING)
        else:
            yield item


def _count(item: Item) -> int:
    match item:
        case Fix():
            return 0
        case Report():
            return len(item.knots)
        case _:
            return 1


class _Items:
    """The content of one parcel in the making. A second knot of one second replaces the first, as does a reading."""

    def __init__(self) -> None:
        self.count = 0
        self.oldest_s: int | None = None
        self.newest_s: int | None = None
        self._knots: dict[int, Knot] = {}
        self._states: dict[int, Mapping[int, int]] = {}
        self._readings: dict[int, dict[int, int]] = {}
        self._events: list[Event] = []
        self._undated: list[UndatedEvent] = []
        self._clocks: list[BootClock] = []

    @property
    def has_report(self) -> bool:
        return bool(self._knots)

    @property
    def urgent(self) -> bool:
        return bool(self._events or self._undated or self._clocks)

    def add(self, item: Item) -> None:
        match item:
            case Fix():
                return
            case Report():
                self._knots |= {knot.time_s: knot for knot in item.knots}
                self._states |= {knot.time_s: item.state for knot in item.knots[-1:]}
                self._saw(*(knot.time_s for knot in item.knots))
            case Reading():
                self._readings.setdefault(item.time_s, {})[item.channel] = item.value
                self._saw(item.time_s)
            case Event():
                self._events.append(item)
                self._saw(item.time_s)
            case UndatedEvent():
                self._undated.append(item)
            case BootClock():
                self._clocks.append(item)
        self.count += _count(item)

    def with_report(self, report: Report) -> "_Items":
        """A copy that has the report too."""
        items = copy(self)
        items._knots, items._states = dict(self._knots), dict(self._states)
        items.add(report)
        return items

    def sections(self, boot_id: int) -> tuple[Section, ...]:
        sections: list[Section] = []
        if self._knots:
            knots = tuple(self._knots[time_s] for time_s in sorted(self._knots))
            sections.append(Positions(knots, self._states.get(knots[-1].time_s, NOTHING)))
        sections += _readings(self._readings)
        if self._events:
            sections.append(Events(tuple(self._events)))
        if self._undated:
            sections.append(Undated(boot_id, tuple(self._undated)))
        return (*sections, *self._clocks)

    def _saw(self, *times_s: int) -> None:
        known_s = [time_s for time_s in (self.oldest_s, self.newest_s, *times_s) if time_s is not None]
        self.oldest_s, self.newest_s = min(known_s, default=None), max(known_s, default=None)


def _readings(by_time: dict[int, dict[int, int]]) -> list[Readings]:
    """A section for each set of channels that was read together: a column has a value in every row."""
    rows: dict[tuple[int, ...], list[ReadingRow]] = {}
    for time_s in sorted(by_time):
        channels = tuple(sorted(by_time[time_s]))
        values = tuple(by_time[time_s][channel] for channel in channels)
        rows.setdefault(channels, []).append(ReadingRow(time_s, values))
    return [Readings(channels, tuple(table)) for channels, table in rows.items()]
