"""The same journey at another time: what lasts is judged anew by the clock alone, without any knot.

Equal to deriving it again at that time, at the cost of the open visits and crossings only.
"""

from collections.abc import Iterator
from dataclasses import replace

from railbox_server.journey.judging import Clock, clock_of, flag, open_since
from railbox_server.journey.model import Crossing, Dwell, Journey, Settings, Visit


def journey_at(journey: Journey, now_s: int, settings: Settings) -> Journey:
    if journey.last is None:
        return journey
    clock = clock_of(now_s, journey.last.time_s, settings)
    return replace(
        journey,
        visits=tuple(visit_at(visit, clock) for visit in journey.visits),
        crossings=tuple(crossing_at(crossing, clock) for crossing in journey.crossings),
    )


def visit_at(visit: Visit, clock: Clock) -> Visit:
    if visit.exited is not None:
        return visit
    length = open_since(visit.entered, visit.dwell.min_s, clock)
    return replace(visit, dwell=length, flag=flag(length, visit.limit_s), no_contact_since_s=clock.silent_since_s)


def crossing_at(crossing: Crossing, clock: Clock) -> Crossing:
    if crossing.departed is not None:
        return crossing
    length = open_since(crossing.arrived, crossing.dwell.min_s, clock)
    return replace(
        crossing,
        dwell=length,
        dwell_by_side=dict(_by_side(crossing, clock)),
        flag=flag(length, crossing.limit_s),
        no_contact_since_s=clock.silent_since_s,
    )


def _by_side(crossing: Crossing, clock: Clock) -> Iterator[tuple[str, Dwell]]:
    for side, known in crossing.dwell_by_side.items():
        start, end = crossing.arrived, crossing.left
        if side == crossing.to_side and crossing.reached is not None:
            start, end = crossing.reached, crossing.departed
        yield side, known if end is not None else open_since(start, known.min_s, clock)
