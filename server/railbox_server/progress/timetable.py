"""A service's timetable: where it should be by now, and how many minutes it is behind.

Between two stops it should be where constant speed would have it; at a stop, anything between arrival and departure is
on time. Knows no store of services: when one departed is told, or concluded from its visit of the first stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from railbox_server.geo.way import Way
from railbox_server.journey.model import Visit
from railbox_server.progress.model import Deviation

AT_STOP_KM: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Due:
    """A stop: its chainage, and when it is reached and left, in seconds since departure."""

    place_id: str
    way_km: float
    reach_s: float
    leave_s: float
    assumed: bool


def deviation(
    way: Way, visits: Sequence[Visit], heading: int, way_km: float, time_s: int, departure_s: int | None
) -> Deviation | None:
    """None where the corridor has no timetable, the unit goes the other way, or nobody knows when it left.

    `late_at_end_min` is for whoever knows when it will arrive: see `late_at_end`.
    """
    dues = _dues(way)
    if len(dues) < 2 or heading == -_heading(dues):
        return None
    start_s = departure_s if departure_s is not None else _left_s(visits, dues[0].place_id)
    if start_s is None:
        return None
    at_end_s = _came_s(visits, dues[-1].place_id, start_s)
    if at_end_s is not None:
        way_km, time_s = dues[-1].way_km, at_end_s
    from_s, to_s, assumed = _window(dues, way_km)
    gone_s = time_s - start_s
    late_s = gone_s - to_s if gone_s > to_s else min(0.0, gone_s - from_s)
    at_end_min = round((at_end_s - start_s - dues[-1].reach_s) / 60) if at_end_s is not None else None
    return Deviation(round(late_s / 60), at_end_min, assumed)


def late_at_end(way: Way, visits: Sequence[Visit], arrival_s: int, departure_s: int | None) -> int | None:
    """Minutes behind at the last stop of who arrives there at `arrival_s`."""
    dues = _dues(way)
    start_s = departure_s if departure_s is not None else _left_s(visits, dues[0].place_id)
    return None if start_s is None else round((arrival_s - start_s - dues[-1].reach_s) / 60)


def _dues(way: Way) -> list[_Due]:
    kms = {place.id: way.way_km(place.km or 0.0) for place in way.places}
    return [
        _Due(
            stop.place_id,
            kms[stop.place_id],
            3_600 * (stop.arrival_h if stop.arrival_h is not None else stop.departure_h or 0.0),
            3_600 * (stop.departure_h if stop.departure_h is not None else stop.arrival_h or 0.0),
            stop.assumed,
        )
        for stop in way.corridor.timetable
    ]


def _heading(dues: Sequence[_Due]) -> int:
    return 1 if dues[-1].way_km > dues[0].way_km else -1


def _window(dues: Sequence[_Due], way_km: float) -> tuple[float, float, bool]:
    """From when until when it should be at a chainage, and whether that is assumed."""
    nearest = min(dues, key=lambda due: abs(due.way_km - way_km))
    if abs(nearest.way_km - way_km) <= AT_STOP_KM:
        return nearest.reach_s, nearest.leave_s, nearest.assumed
    for before, after in pairwise(dues):
        length_km = after.way_km - before.way_km
        part = (way_km - before.way_km) / length_km if length_km else -1.0
        if 0 <= part <= 1:
            due_s = before.leave_s + part * (after.reach_s - before.leave_s)
            return due_s, due_s, before.assumed or after.assumed
    return nearest.reach_s, nearest.leave_s, nearest.assumed


def _left_s(visits: Sequence[Visit], place_id: str) -> int | None:
    """When it last left the first stop."""
    left = [visit.exited.est_s for visit in visits if visit.place.id == place_id and visit.exited]
    return max((left_s for left_s in left if left_s is not None), default=None)


def _came_s(visits: Sequence[Visit], place_id: str, start_s: int) -> int | None:
    """When it first came to the last stop after it departed."""
    came = [visit.entered.est_s for visit in visits if visit.place.id == place_id]
    return min((came_s for came_s in came if came_s is not None and came_s > start_s), default=None)
