"""Items in, parcels out: collects what was kept until a report is due, and lays it out as the sections of a batch.

Pure: the clock is that of the items, so a replay packs the same batches on any day. Knows neither numbers of batches
nor where they are kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from railbox_agent.items import Item, KnotItem
from railbox_telemetry.values import (
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
"""A report waits this long for the knot of its second; without one (dark, indoors) it goes without."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """The sections of one batch that is yet to get its number.

    `urgent`: holds an event or what dates one: kept on disk at once, discarded last. `time_s`: the newest time inside.
    """

    sections: tuple[Section, ...]
    urgent: bool
    time_s: int | None = None


class Packer:
    """Collects items; `pack` returns what is ready, `open` what is not yet."""

    def __init__(self, boot_id: int, report_interval_s: int = 60) -> None:
        self._boot_id = boot_id
        self._interval_s = report_interval_s
        self._reported_s: int | None = None
        self._items = _Items()

    def pack(self, items: Iterable[Item]) -> list[Parcel]:
        """Takes the items that became known together. Returns a parcel when an event is among them, or a report is due,
        and whatever had to be closed because it was full."""
        parcels: list[Parcel] = []
        for item in items:
            if self._items.count >= MAX_ITEMS:
                parcels += self.flush()
            self._items.add(item)
        if self._items.urgent or self._due():
            parcels += self.flush()
        return parcels

    def flush(self) -> list[Parcel]:
        """What is collected, due or not; nothing when nothing is."""
        parcel = self.open()
        if parcel is None:
            return []
        if self._items.newest_s is not None:
            self._reported_s = self._items.newest_s
        self._items = _Items()
        return [parcel]

    def open(self) -> Parcel | None:
        """What a power cut now would lose, as a parcel."""
        if not self._items.count:
            return None
        return Parcel(self._items.sections(self._boot_id), self._items.urgent, self._items.newest_s)

    def _due(self) -> bool:
        """The distance counts in both directions: a clock that was set back must not silence the reports."""
        newest_s = self._items.newest_s
        if newest_s is None:
            return False
        if self._reported_s is None:
            return self._items.has_knot
        wait_s = self._interval_s if self._items.has_knot else self._interval_s + GRACE_S
        return abs(newest_s - self._reported_s) >= wait_s


class _Items:
    """The content of one parcel in the making. A second knot of one second replaces the first, as does a reading."""

    def __init__(self) -> None:
        self.count = 0
        self.newest_s: int | None = None
        self._knots: dict[int, KnotItem] = {}
        self._readings: dict[int, dict[int, int]] = {}
        self._events: list[Event] = []
        self._undated: list[UndatedEvent] = []
        self._clocks: list[BootClock] = []

    @property
    def has_knot(self) -> bool:
        return bool(self._knots)

    @property
    def urgent(self) -> bool:
        return bool(self._events or self._undated or self._clocks)

    def add(self, item: Item) -> None:
        match item:
            case Fix():
                return
            case KnotItem():
                self._knots[item.knot.time_s] = item
                self._saw(item.knot.time_s)
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
        self.count += 1

    def sections(self, boot_id: int) -> tuple[Section, ...]:
        sections: list[Section] = []
        if self._knots:
            sections.append(_positions(list(self._knots.values())))
        sections += _readings(self._readings)
        if self._events:
            sections.append(Events(tuple(self._events)))
        if self._undated:
            sections.append(Undated(boot_id, tuple(self._undated)))
        return (*sections, *self._clocks)

    def _saw(self, time_s: int) -> None:
        self.newest_s = time_s if self.newest_s is None else max(self.newest_s, time_s)


def _positions(items: Sequence[KnotItem]) -> Positions:
    ordered = sorted(items, key=lambda item: item.knot.time_s)
    knots: tuple[Knot, ...] = tuple(item.knot for item in ordered)
    return Positions(knots, dict(ordered[-1].state))


def _readings(by_time: dict[int, dict[int, int]]) -> list[Readings]:
    """A section for each set of channels that was read together: a column has a value in every row."""
    rows: dict[tuple[int, ...], list[ReadingRow]] = {}
    for time_s in sorted(by_time):
        channels = tuple(sorted(by_time[time_s]))
        values = tuple(by_time[time_s][channel] for channel in channels)
        rows.setdefault(channels, []).append(ReadingRow(time_s, values))
    return [Readings(channels, tuple(table)) for channels, table in rows.items()]
