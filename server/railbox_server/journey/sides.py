"""On which side of a border the path is, and when it changed: the passages of the border's line.

Cells far from the border are judged as one, by chainage; near it every waypoint is, by the line. Pure.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from railbox_server.journey.judging import bounds
from railbox_server.journey.model import Bounds, Step, Waypoint
from railbox_server.journey.network import BorderArea, Cell, Network
from railbox_server.journey.zones import CELL_DEG


@dataclass(frozen=True, slots=True)
class SideSpan:
    """Waypoints first..last (indices) are on one side, as far as they tell."""

    side: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Passage:
    """The path changed from one side to the other between waypoints `before` and `after`."""

    from_side: int
    to_side: int
    before: int
    after: int
    when: Bounds


@dataclass(frozen=True, slots=True)
class CellRun:
    """Consecutive waypoints first..last in one cell."""

    cell: Cell
    first: int
    last: int


class Course:
    """A path's waypoints with the cells they lie in, shared by all borders."""

    def __init__(self, path: Sequence[Step]) -> None:
        self.path = path
        self.points: list[Waypoint] = [path[0].start, *(step.end for step in path)] if path else []
        self.cell_runs = list(_cell_runs(self.points))

    def time_s(self, index: int) -> float:
        return self.points[index].time_s


def _cell_runs(points: Sequence[Waypoint]) -> Iterator[CellRun]:
    first = 0
    for cell, same in groupby(map(_cell, points)):
        length = sum(1 for _ in same)
        yield CellRun(cell, first, first + length - 1)
        first += length


def _cell(point: Waypoint) -> Cell:
    return math.floor(point.lat_deg / CELL_DEG), math.floor(point.lon_deg / CELL_DEG)


def side_spans(area: BorderArea, network: Network, course: Course) -> list[SideSpan]:
    """The sure sides in time order; neighbours differ."""
    spans: list[SideSpan] = []
    known: dict[Cell, tuple[bool, int | None]] = {}
    for run in course.cell_runs:
        if run.cell not in known:
            near = network.cell_is_near(area, run.cell)
            known[run.cell] = near, None if near else network.cell_side(area, run.cell)
        near, side = known[run.cell]
        if near:
            for i in range(run.first, run.last + 1):
                _append(spans, area.side(course.points[i]), i, i)
        else:
            _append(spans, side, run.first, run.last)
    return spans


def _append(spans: list[SideSpan], side: int | None, first: int, last: int) -> None:
    if side is None:
        return
    if spans and spans[-1].side == side:
        spans[-1] = SideSpan(side, spans[-1].first, last)
    else:
        spans.append(SideSpan(side, first, last))


def passages(area: BorderArea, spans: Sequence[SideSpan], course: Course) -> list[Passage]:
    return [Passage(a.side, b.side, a.last, b.first, _when(area, course, a, b)) for a, b in pairwise(spans)]


def _when(area: BorderArea, course: Course, a: SideSpan, b: SideSpan) -> Bounds:
    """The line lies between the last time surely before it and the first time surely beyond it."""
    earliest_s, latest_s = course.time_s(a.last), course.time_s(b.first)
    ahead = 1.0 if b.side == 1 else -1.0
    est_s, latest_found = None, False
    for step in course.path[a.last : b.first]:
        from_m, to_m = ahead * area.ahead_m(step.start), ahead * area.ahead_m(step.end)
        if est_s is None and from_m <= 0 < to_m:
            est_s = _time_at(step, from_m, to_m, 0.0)
        if step.continuous and not latest_found:
            margin_m = max(step.start.margin_m, step.end.margin_m)
            if from_m <= -margin_m < to_m:
                earliest_s = max(earliest_s, _time_at(step, from_m, to_m, -margin_m))
            if from_m < margin_m <= to_m:
                latest_s, latest_found = min(latest_s, _time_at(step, from_m, to_m, margin_m)), True
    if est_s is None:
        est_s = _by_distance(area, course, a.last, b.first)
    return bounds(earliest_s, est_s, latest_s)


def _time_at(step: Step, from_m: float, to_m: float, at_m: float) -> float:
    return step.start.time_s + (at_m - from_m) / (to_m - from_m) * (step.end.time_s - step.start.time_s)


def _by_distance(area: BorderArea, course: Course, before: int, after: int) -> float:
    """Where nobody saw the line passed: in proportion to how far away both ends are."""
    a, b = course.points[before], course.points[after]
    a_m, b_m = area.away_m(a.lat_deg, a.lon_deg), area.away_m(b.lat_deg, b.lon_deg)
    return a.time_s + (b.time_s - a.time_s) * (a_m / (a_m + b_m) if a_m + b_m else 0.5)
