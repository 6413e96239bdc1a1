"""What new data means for the engine: which device, over which time.

Pure. A change touches the units that the device was fixed to in that time, and no others.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from railbox_server.fleet import Span, Units
from railbox_server.journey.kept import TimeSpan, joined
from railbox_server.ledger import Ledger
from railbox_server.store.values import StoredBatch
from railbox_telemetry.values import BootClock, Events, Positions, Readings, Section, Undated

JOIN_S = 3_600.0
MOST_SPANS = 16
"""More of them are told of as one, with what lies between."""


class Change(NamedTuple):
    """`spans`: the times of what is new; None: nobody can say, then all of the device is touched. A tuple, since
    thousands of them cross a pipe."""

    device: str
    spans: tuple[TimeSpan, ...] | None = None
    stored: tuple[tuple[int, int], ...] = ()
    """By epoch, how many numbers were stored by then: who has heard of all of them has missed none."""
    filled: tuple[tuple[int, int], ...] = ()
    """Epoch and number of batches that came after later ones."""
    boots: tuple[int, ...] = ()
    """Of which there is an event without a time, or a clock. What these two say of other times, reach.py finds out."""

    def joined(self, other: "Change") -> "Change":
        """Both of them."""
        stored = tuple(dict(sorted((*self.stored, *other.stored))).items())
        if self.spans is None or other.spans is None:
            return Change(self.device, None, stored)
        spans = joined((*self.spans, *other.spans), JOIN_S)
        few = tuple(spans) if len(spans) <= MOST_SPANS else (whole(spans),)
        boots = tuple(dict.fromkeys((*self.boots, *other.boots)))
        return Change(self.device, few, stored, (*self.filled, *other.filled), boots)


def change_of(stored: StoredBatch, ledger: Ledger) -> Change:
    epoch, seq, sections = stored.batch.epoch, stored.batch.seq, stored.batch.sections
    times = [time_s for section in sections for time_s in times_of(section)]
    spans = ((float(min(times)), float(max(times))),) if times else ()
    filled = ((epoch, seq),) if seq < ledger.stored.highest else ()
    boots = tuple(section.boot_id for section in sections if isinstance(section, Undated | BootClock))
    return Change(stored.device, spans, ((epoch, len(ledger.stored)),), filled, boots)


def touched(changes: Iterable[Change], units: Units) -> frozenset[str]:
    """The units whose result may be another one now."""
    by_device: dict[str, list[Change]] = {}
    for change in changes:
        by_device.setdefault(change.device, []).append(change)
    return frozenset(
        unit
        for unit, assignments in units.items()
        for item in assignments
        if any(_touches(change, item.span) for change in by_device.get(item.device, ()))
    )


def whole(spans: Iterable[TimeSpan]) -> TimeSpan:
    """From the first to the last."""
    spans = list(spans)
    return min(from_s for from_s, _ in spans), max(to_s for _, to_s in spans)


def _touches(change: Change, span: Span) -> bool:
    return change.spans is None or any(
        (span.to_s is None or from_s < span.to_s) and (span.from_s is None or to_s >= span.from_s)
        for from_s, to_s in change.spans
    )


def times_of(section: Section) -> Iterator[int]:
    match section:
        case Positions(knots):
            yield from (knots[0].time_s, knots[-1].time_s)
        case Readings(_, rows):
            yield from (rows[0].time_s, rows[-1].time_s)
        case Events(events):
            yield from (event.time_s for event in events)
        case _:
            pass
