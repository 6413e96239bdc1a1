"""Crossings: what the stays in a border's area, the visits of its yards and the passages of its line come to.

A stay in the area that ends on the other side is a crossing; one that ends where it began, after a visit of a yard, has
returned; one that lasts is open. A unit that was dark through the whole area crossed all the same, with wide bounds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from railbox_server.journey.judging import Clock, between, dwell, flag, open_dwell
from railbox_server.journey.model import Bounds, Crossing, Dwell, Visit
from railbox_server.journey.network import BorderArea
from railbox_server.journey.sides import Course, Passage, SideSpan
from railbox_server.journey.stays import Stay

TRAVEL_MPS: Final = 30 / 3.6
"""What a freight train makes of the way on average; only estimates of what nobody saw rest on it."""
FOREVER_S: Final = float("inf")


@dataclass(frozen=True, slots=True)
class AreaLog:
    """All that is known of one unit at one border."""

    unit: str
    area: BorderArea
    corridor: str
    stays: Sequence[Stay]
    sides: Sequence[SideSpan]
    passages: Sequence[Passage]
    visits: Sequence[Visit]
    """Of the border's yards, in time order."""

    def country(self, side: int) -> str:
        return self.area.border.sides[side]

    @property
    def limit_s(self) -> int:
        return round(self.area.border.limit_h * 3_600)


@dataclass(frozen=True, slots=True)
class _Moments:
    arrived: Bounds
    left: Bounds | None = None
    crossed: Bounds | None = None
    reached: Bounds | None = None
    departed: Bounds | None = None


def crossings(logs: Sequence[AreaLog], course: Course, clock: Clock) -> list[Crossing]:
    seen = [crossing for log in logs for stay in log.stays for crossing in _of_stay(log, stay, course, clock)]
    return seen + list(_dark(logs, course))


# --- through the area ------------------------------------------------------------------------------------------------


def _of_stay(log: AreaLog, stay: Stay, course: Course, clock: Clock) -> Iterator[Crossing]:
    end_s = FOREVER_S if stay.first_out_s is None else stay.first_out_s
    known = [span for span in log.sides if course.time_s(span.first) <= end_s]
    before = [span for span in known if course.time_s(span.first) <= stay.first_in_s] or known[:1]
    if not known or not before:
        return
    from_side, to_side = before[-1].side, known[-1].side
    own = [visit for visit in log.visits if stay.first_in_s <= (visit.entered.latest_s or 0) <= end_s]
    if from_side != to_side:
        passage = next(passage for passage in reversed(log.passages) if passage.after == known[-1].first)
        yield _crossing(log, from_side, to_side, _passed(log, passage, own, stay), stay, clock)
    elif own and stay.lasts:
        yield _crossing(log, from_side, None, _waiting(own), stay, clock)
    elif own and stay.last_out_s is not None:
        last = own[-1].exited
        yield _crossing(log, from_side, from_side, _Moments(own[0].entered, last, None, None, last), stay, clock)


def _passed(log: AreaLog, passage: Passage, own: Sequence[Visit], stay: Stay) -> _Moments:
    """A side without a visited yard has the line's moments, or the other yard's where that reaches over the line."""
    line = passage.when
    near = [visit for visit in own if visit.place.side == log.country(passage.from_side)]
    far = [visit for visit in own if visit.place.side == log.country(passage.to_side)]
    left = near[-1].exited if near else min([line, *(visit.entered for visit in far[:1])], key=_est_s)
    over = not stay.lasts or not log.area.yards[passage.to_side]
    beyond = max(line, left, key=_est_s) if left is not None and over else None
    return _Moments(
        arrived=near[0].entered if near else left or line,
        left=left,
        crossed=line,
        reached=far[0].entered if far else beyond,
        departed=far[-1].exited if far else beyond,
    )


def _est_s(moment: Bounds) -> int:
    return moment.est_s or 0


def _waiting(own: Sequence[Visit]) -> _Moments:
    return _Moments(own[0].entered, own[-1].exited)


def _crossing(
    log: AreaLog, from_side: int, to_side: int | None, moments: _Moments, stay: Stay, clock: Clock
) -> Crossing:
    lasts = moments.departed is None
    if moments.departed is None:
        length = open_dwell(moments.arrived, max(stay.last_in_s, moments.arrived.latest_s or 0), 0.0, clock)
    else:
        length = between(moments.arrived, moments.departed)
    by_side = {log.country(from_side): _side_dwell(moments.arrived, moments.left, stay, clock)}
    if to_side is not None and to_side != from_side and moments.reached is not None:
        by_side[log.country(to_side)] = _side_dwell(moments.reached, moments.departed, stay, clock)
    return Crossing(
        unit=log.unit,
        border=log.area.border,
        corridor=log.corridor,
        candidates=(),
        from_side=log.country(from_side),
        to_side=None if to_side is None else log.country(to_side),
        arrived=moments.arrived,
        left=moments.left,
        crossed=moments.crossed,
        reached=moments.reached,
        departed=moments.departed,
        dwell=length,
        dwell_by_side=by_side,
        limit_s=log.limit_s,
        flag=flag(length, log.limit_s),
        no_contact_since_s=clock.silent_since_s if lasts else None,
        gauge_change=log.area.border.gauge_break,
        returned=to_side == from_side,
    )


def _side_dwell(start: Bounds, end: Bounds | None, stay: Stay, clock: Clock) -> Dwell:
    if end is None:
        return open_dwell(start, max(stay.last_in_s, start.latest_s or 0), 0.0, clock)
    return between(start, end)


# --- dark through the area -------------------------------------------------------------------------------------------


def _dark(logs: Sequence[AreaLog], course: Course) -> Iterator[Crossing]:
    """A dark step from one side to the other, no part of a stay. Borders of the same two countries compete for it."""
    groups: dict[tuple[int, str, str], list[tuple[AreaLog, Passage]]] = {}
    for log in logs:
        for passage in log.passages:
            if _is_dark_leap(log, passage, course):
                sides = log.country(passage.from_side), log.country(passage.to_side)
                groups.setdefault((passage.before, *sides), []).append((log, passage))
    for found in groups.values():
        yield _leap(found, course)


def _is_dark_leap(log: AreaLog, passage: Passage, course: Course) -> bool:
    if passage.after != passage.before + 1 or course.path[passage.before].continuous:
        return False
    from_s, to_s = course.time_s(passage.before), course.time_s(passage.after)
    return not any(
        stay.first_in_s <= to_s and (stay.first_out_s is None or stay.first_out_s >= from_s) for stay in log.stays
    )


def _leap(found: Sequence[tuple[AreaLog, Passage]], course: Course) -> Crossing:
    log, passage = found[0]
    a, b = course.points[passage.before], course.points[passage.after]
    way_m = log.area.away_m(a.lat_deg, a.lon_deg) + log.area.away_m(b.lat_deg, b.lon_deg)
    line, spare_s = passage.when, max(0, round(b.time_s - a.time_s - way_m / TRAVEL_MPS))
    assert line.earliest_s is not None
    assert line.est_s is not None
    assert line.latest_s is not None
    arrived = Bounds(line.earliest_s, max(line.earliest_s, line.est_s - spare_s // 2), line.latest_s)
    departed = Bounds(line.earliest_s, min(line.latest_s, line.est_s + spare_s // 2), line.latest_s)
    length = dwell(0, (departed.est_s or 0) - (arrived.est_s or 0), line.latest_s - line.earliest_s)
    limit_s = max(each.limit_s for each, _ in found)
    alone = len(found) == 1
    return Crossing(
        unit=log.unit,
        border=log.area.border if alone else None,
        corridor=log.corridor if alone else None,
        candidates=() if alone else tuple(sorted(each.area.border.id for each, _ in found)),
        from_side=log.country(passage.from_side),
        to_side=log.country(passage.to_side),
        arrived=arrived,
        left=line,
        crossed=line,
        reached=line,
        departed=departed,
        dwell=length,
        dwell_by_side={},
        limit_s=limit_s,
        flag=flag(length, limit_s),
        no_contact_since_s=None,
        gauge_change=any(each.area.border.gauge_break for each, _ in found),
        returned=False,
    )


def yard_visits(area: BorderArea, visits: Mapping[str, Sequence[Visit]]) -> list[Visit]:
    """The visits of a border's yards in time order."""
    own = [visit for yards in area.yards for yard in yards for visit in visits.get(yard.id, ())]
    return sorted(own, key=lambda visit: (visit.entered.latest_s or 0, visit.place.id))
