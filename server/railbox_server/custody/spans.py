"""The spans that a journey falls into: its visits, and the legs between them.

Knows visits and their bounds; nothing of what happened in them.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from railbox_server.custody.model import Side, Span
from railbox_server.journey.model import Bounds, Visit

FOREVER_S: Final = float("inf")


def spans(unit: str, visits: Sequence[Visit]) -> list[Span]:
    """In order of time. Places may nest, so visits may overlap; legs are where no visit is."""
    in_order = sorted(visits, key=lambda visit: (start_s(visit.entered), end_s(visit.exited), visit.place.id))
    found = [Span(unit, visit, None, None, visit.entered, visit.exited) for visit in in_order]
    found += _legs(unit, in_order)
    return sorted(found, key=lambda span: (start_s(span.start), end_s(span.end), span.visit is None))


def start_s(start: Bounds | None) -> float:
    return -FOREVER_S if start is None or start.est_s is None else start.est_s


def end_s(end: Bounds | None) -> float:
    return FOREVER_S if end is None or end.est_s is None else end.est_s


def doubt(span: Span, time_s: int) -> Side | None:
    """On which side of the span something may have happened instead; None: it was surely in it."""
    if span.start is not None and time_s < _or_ever(span.start.latest_s, -FOREVER_S):
        return "before"
    if span.end is not None and time_s > _or_ever(span.end.earliest_s, FOREVER_S):
        return "after"
    return None


def _or_ever(time_s: int | None, ever_s: float) -> float:
    return ever_s if time_s is None else time_s


def _legs(unit: str, visits: Sequence[Visit]) -> Iterator[Span]:
    """From the exit that came last to the next entry; before the first visit unless the unit was in it already."""
    last: Visit | None = None
    for visit in visits:
        if last is None:
            if not visit.already_inside:
                yield Span(unit, None, None, visit.place.id, None, visit.entered)
        elif end_s(last.exited) < start_s(visit.entered):
            yield Span(unit, None, last.place.id, visit.place.id, last.exited, visit.entered)
        if last is None or end_s(visit.exited) > end_s(last.exited):
            last = visit
    if last is None:
        yield Span(unit, None, None, None, None, None)
    elif last.exited is not None:
        yield Span(unit, None, last.place.id, None, last.exited, None)
