"""What new data means for the engine: which device, over which time.

Pure. A change touches the units that the device was fixed to in that time, and no others.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from railbox_server.fleet import Span, Units
from railbox_server.store.values import StoredBatch
from railbox_telemetry.values import Events, Positions, Readings, Section


class Change(NamedTuple):
    """`first_s`..`last_s`: the times of what is new; None when it has none, then all of the device is touched. A tuple,
    since thousands of them cross a pipe."""

    device: str
    first_s: int | None = None
    last_s: int | None = None

    @property
    def span(self) -> Span:
        return Span(self.first_s, None if self.last_s is None else self.last_s + 1)

    def joined(self, other: "Change") -> "Change":
        """Both of them, and what lies between."""
        if self.first_s is None or self.last_s is None or other.first_s is None or other.last_s is None:
            return Change(self.device)
        return Change(self.device, min(self.first_s, other.first_s), max(self.last_s, other.last_s))


def change_of(stored: StoredBatch) -> Change:
    times = [time_s for section in stored.batch.sections for time_s in _times(section)]
    return Change(stored.device, min(times, default=None), max(times, default=None))


def touched(changes: Iterable[Change], units: Units) -> frozenset[str]:
    """The units whose result may be another one now."""
    by_device: dict[str, list[Change]] = {}
    for change in changes:
        by_device.setdefault(change.device, []).append(change)
    return frozenset(
        unit
        for unit, assignments in units.items()
        for item in assignments
        if any(not change.span.both(item.span).is_empty for change in by_device.get(item.device, ()))
    )


def _times(section: Section) -> Iterator[int]:
    match section:
        case Positions(knots):
            yield from (knots[0].time_s, knots[-1].time_s)
        case Readings(_, rows):
            yield from (rows[0].time_s, rows[-1].time_s)
        case Events(events):
            yield from (event.time_s for event in events)
        case _:
            pass
