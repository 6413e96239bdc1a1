"""Visits and crossings at another time: what lasts is judged anew by the clock alone, without any knot.

Equal to deriving the journey again at that time.
"""

from collections.abc import Iterator
from dataclasses import replace

from railbox_server.journey.judging import Clock, flag, open_since
from railbox_server.journey.model import Crossing, Dwell, Visit


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
