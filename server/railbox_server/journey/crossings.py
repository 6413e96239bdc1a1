"""Crossings: what the stays in a border's area, the visits of its yards and the passages of its line come to.

A stay in the area that ends on the other side is a crossing; one that ends where it began, after a visit of a yard, has
returned; one that lasts is open. A unit that was dark through the whole area crossed all the same, with wide bounds.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from railbox_server.geo.earth import distance_m
from railbox_server.journey.judging import Clock, between, flag, open_dwell
from railbox_server.journey.model import Bounds, Crossing, Dwell, Settings, Step, Visit
from railbox_server.journey.moments import Moments, Scene, est_s, moments
from railbox_server.journey.network import BorderArea
from railbox_server.journey.sides import Passage, Seen
from railbox_server.journey.stays import Stay

MISFIT_M: Final = 20_000.0
"""Corridors that lie so much farther from both ends of a leap than the nearest one does are not where it led."""


@dataclass(frozen=True, slots=True)
class AreaLog:
    """All that is known of one unit at one border."""

    unit: str
    area: BorderArea
    corridor: str
    followed: int
    """How many of the corridor's places the unit came by lately."""
    stays: Sequence[Stay]
    sides: Sequence[Seen]
    passages: Sequence[Passage]
    """Between neighbouring ones of `sides`."""
    visits: Sequence[Visit]
    """Of the border's yards, in time order."""

    def country(self, side: int) -> str:
        return self.area.border.sides[side]


@dataclass(frozen=True, slots=True)
class _Found:
    """A crossing in the making: its moments, the visits they come from, and when the unit was last seen there."""

    log: AreaLog
    from_side: int
    to_side: int | None
    moments: Moments
    visits: Sequence[Visit] = ()
    last_in_s: float = 0.0
    passage: Passage | None = None


def crossings(
    logs: Sequence[AreaLog], areas: Sequence[BorderArea], steps: Sequence[Step], clock: Clock, settings: Settings
) -> list[Crossing]:
    """`areas`: of all borders; `steps`: all dark ones of that time, perhaps among others."""
    seen = [found for log in logs for stay in log.stays for found in _of_stay(log, stay, steps, settings)]
    known = [(found.passage, _countries(found.log, found.passage)) for found in seen if found.passage]
    leaps: dict[float, list[tuple[AreaLog, Passage]]] = {}
    for log in logs:
        for passage in log.passages:
            countries = _countries(log, passage)
            is_known = any(countries == others and _overlap(passage, other) for other, others in known)
            if not is_known and _is_leap(log, passage, settings) and not _is_denied(log, passage, areas):
                leaps.setdefault(passage.after.time_s, []).append((log, passage))
    found = [_crossing(each, (), clock) for each in seen]
    for leap in leaps.values():
        found += _of_leap(leap, clock)
    return found


def _overlap(a: Passage, b: Passage) -> bool:
    return a.before.time_s < b.after.time_s and b.before.time_s < a.after.time_s


def _countries(log: AreaLog, passage: Passage) -> tuple[str, str]:
    return log.country(passage.from_side), log.country(passage.to_side)


# --- through the area ------------------------------------------------------------------------------------------------


def _of_stay(log: AreaLog, stay: Stay, steps: Sequence[Step], settings: Settings) -> Iterator[_Found]:
    end_s = math.inf if stay.first_out_s is None else stay.first_out_s
    from_side = _side_at(log, stay.first_in_s if stay.last_out_s is None else stay.last_out_s)
    to_side = _side_at(log, end_s)
    if from_side is None:
        return
    first, last = bisect_left(log.visits, stay.first_in_s, key=_seen_s), bisect_right(log.visits, end_s, key=_seen_s)
    own = log.visits[first:last]
    if from_side != to_side:
        passage = log.passages[_passed_by(log, end_s) - 1]
        scene = Scene(log.area, steps, settings, passage, stay, own)
        yield _Found(log, from_side, to_side, moments(scene), own, stay.last_in_s, passage)
    elif own and stay.lasts:
        yield _Found(log, from_side, None, Moments(own[0].entered, own[-1].exited), own, stay.last_in_s)
    elif own and stay.last_out_s is not None:
        yield _Found(log, from_side, from_side, Moments(own[0].entered, own[-1].exited, departed=own[-1].exited), own)


def _seen_s(visit: Visit) -> int:
    return visit.entered.latest_s or 0


def _passed_by(log: AreaLog, time_s: float) -> int:
    """How often the line was surely passed by a time."""
    return bisect_right(log.passages, time_s, key=lambda passage: passage.when.latest_s or 0)


def _side_at(log: AreaLog, time_s: float) -> int | None:
    """On which side the unit last was for sure; before the first sure side, that. None: never near enough to say."""
    passed = _passed_by(log, time_s)
    if passed:
        return log.passages[passed - 1].to_side
    return log.sides[0].side if log.sides else None


# --- dark through the area -------------------------------------------------------------------------------------------


def _is_leap(log: AreaLog, passage: Passage, settings: Settings) -> bool:
    """Whether the dark, no part of a stay in the area, surely led across, and may have led across here."""
    if not passage.is_dark:
        return False
    a, b = passage.before, passage.after
    if any(
        stay.first_in_s <= b.time_s and (stay.first_out_s is None or stay.first_out_s > a.time_s) for stay in log.stays
    ):
        return False
    line = (log.area.border.lat_deg, log.area.border.lon_deg)
    way_m = distance_m((a.lat_deg, a.lon_deg), line) + distance_m(line, (b.lat_deg, b.lon_deg))
    return way_m <= settings.max_speed_mps * (b.time_s - a.time_s)


def _is_denied(log: AreaLog, passage: Passage, areas: Sequence[BorderArea]) -> bool:
    """Whether another border between the two countries, whose corridor is much nearer, tells that the unit was in the
    other one of them before, or after."""
    pair = set(log.area.border.sides)
    others = [area for area in areas if area is not log.area and set(area.border.sides) == pair]
    ends = ((passage.before, log.country(passage.from_side)), (passage.after, log.country(passage.to_side)))
    return any(
        (side := other.side(point)) is not None
        and other.border.sides[side] != country
        and other.off_m(point) + MISFIT_M < log.area.off_m(point)
        for point, country in ends
        for other in others
    )


def _of_leap(leap: Sequence[tuple[AreaLog, Passage]], clock: Clock) -> Iterator[Crossing]:
    """One crossing for each border between two countries; where several fit, nobody can say which it was."""
    misfit_m = [log.area.off_m(its.before) + log.area.off_m(its.after) for log, its in leap]
    fitting = [each for each, m in zip(leap, misfit_m, strict=True) if m <= min(misfit_m) + MISFIT_M]
    chosen, _ = max(fitting, key=lambda each: each[0].followed)
    for log, passage in fitting:
        if log.corridor == chosen.corridor:
            leapt = Moments(passage.came, passage.when, passage.when, passage.when, passage.went)
            rivals = [other for other, its in fitting if _countries(other, its) == _countries(log, passage)]
            yield _crossing(_Found(log, passage.from_side, passage.to_side, leapt), rivals, clock)


# --- as a value ------------------------------------------------------------------------------------------------------


def _crossing(found: _Found, rivals: Sequence[AreaLog], clock: Clock) -> Crossing:
    log, at = found.log, found.moments
    border = log.area.border
    several = len(rivals) > 1
    borders = [each.area.border for each in rivals] if several else [border]
    length = _dwell(at.arrived, at.departed, found, clock)
    limit_s = round(max(each.limit_h for each in borders) * 3_600)
    return Crossing(
        unit=log.unit,
        border=None if several else border,
        corridor=None if several else log.corridor,
        candidates=tuple(sorted(each.id for each in borders)) if several else (),
        from_side=log.country(found.from_side),
        to_side=None if found.to_side is None else log.country(found.to_side),
        arrived=at.arrived,
        left=at.left,
        crossed=at.crossed,
        reached=at.reached,
        departed=at.departed,
        dwell=length,
        dwell_by_side=dict(_by_side(found, clock)),
        limit_s=limit_s,
        flag=flag(length, limit_s),
        no_contact_since_s=clock.silent_since_s if at.departed is None else None,
        gauge_change=any(each.gauge_break for each in borders),
        returned=found.to_side == found.from_side,
    )


def _by_side(found: _Found, clock: Clock) -> Iterator[tuple[str, Dwell]]:
    at, log = found.moments, found.log
    yield log.country(found.from_side), _dwell(at.arrived, at.left, found, clock)
    if found.to_side is not None and found.to_side != found.from_side and at.reached is not None:
        yield log.country(found.to_side), _dwell(at.reached, at.departed, found, clock)


def _dwell(start: Bounds, end: Bounds | None, found: _Found, clock: Clock) -> Dwell:
    """What its visits do not count as surely stayed, a crossing does not either."""
    from_s, to_s = est_s(start), None if end is None else est_s(end)
    dark_s = sum(
        v.dark_s for v in found.visits if est_s(v.entered) >= from_s and (to_s is None or est_s(v.entered) < to_s)
    )
    if end is None:
        return open_dwell(start, max(found.last_in_s, start.latest_s or 0), dark_s, clock)
    return between(start, end, dark_s)


def yard_visits(area: BorderArea, visits: Mapping[str, Sequence[Visit]]) -> list[Visit]:
    """The visits of a border's yards in time order."""
    own = [visit for yards in area.yards for yard in yards for visit in visits.get(yard.id, ())]
    return sorted(own, key=lambda visit: (_seen_s(visit), visit.place.id))
