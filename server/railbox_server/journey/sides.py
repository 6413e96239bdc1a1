"""On which side of a border the path is, and when it changed: the passages of the border's line.

Cells far from the border are judged as one, by chainage; near it every waypoint is, by the line. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from railbox_server.journey.judging import bounds
from railbox_server.journey.model import Bounds, Settings, Step, Waypoint
from railbox_server.journey.network import BorderArea, Network
from railbox_server.journey.zones import Cell, cell_of

TRAVEL_MPS: Final = 30 / 3.6
"""What a freight train makes of the way on average; only estimates of what nobody saw rest on it."""


@dataclass(frozen=True, slots=True)
class SideSpan:
    """Waypoints first..last (indices) are on one side, as far as they tell."""

    side: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Passage:
    """The path changed from one side to the other between waypoints `before` and `after`.

    `came` and `went` are when it probably came to the border and went on, for sides where nobody saw it.
    """

    from_side: int
    to_side: int
    before: int
    after: int
    when: Bounds
    came: Bounds
    went: Bounds


@dataclass(frozen=True, slots=True)
class CellRun:
    """Consecutive waypoints first..last in one cell."""

    cell: Cell
    first: int
    last: int


class Course:
    """A path's waypoints with the cells they lie in, shared by all borders. The path has a step at least."""

    def __init__(self, path: Sequence[Step]) -> None:
        self.path = path
        self.points: list[Waypoint] = [path[0].start, *(step.end for step in path)]
        self.cells = [cell_of(point) for point in self.points]
        self.cell_runs = list(_cell_runs(self.cells))

    def time_s(self, index: int) -> float:
        return self.points[index].time_s

    def is_dark_step(self, passage: Passage) -> bool:
        return passage.after == passage.before + 1 and not self.path[passage.before].continuous


def _cell_runs(cells: Sequence[Cell]) -> Iterator[CellRun]:
    first = 0
    for cell, same in groupby(cells):
        length = sum(1 for _ in same)
        yield CellRun(cell, first, first + length - 1)
        first += length


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


def passages(area: BorderArea, spans: Sequence[SideSpan], course: Course, settings: Settings) -> list[Passage]:
    return [_passage(area, course, a, b, settings) for a, b in pairwise(spans)]


def _passage(area: BorderArea, course: Course, a: SideSpan, b: SideSpan, settings: Settings) -> Passage:
    way = course.path[a.last : b.first]
    when = _when(area, way, 1.0 if b.side == 1 else -1.0, settings)
    came = went = when
    if len(way) == 1 and not way[0].continuous:
        came_s, line_s, went_s = _unseen(area, way[0])
        came, when, went = (bounds(when.earliest_s, est_s, when.latest_s) for est_s in (came_s, line_s, went_s))
    return Passage(a.side, b.side, a.last, b.first, when, came, went)


def _when(area: BorderArea, way: Sequence[Step], ahead: float, settings: Settings) -> Bounds:
    """The line lies between the last time surely before it and the first time surely beyond it."""
    earliest_s, latest_s = way[0].start.time_s, way[-1].end.time_s
    est_s, latest_found = None, False
    for step in way:
        from_m, to_m = ahead * area.ahead_m(step.start), ahead * area.ahead_m(step.end)
        if est_s is None and from_m <= 0 < to_m:
            est_s = _time_at(step, from_m, to_m, 0.0)
        if step.continuous and step.end.time_s - step.start.time_s > settings.sampled_s:
            margin_m = max(step.start.margin_m, step.end.margin_m)
            if from_m <= -margin_m < to_m:
                earliest_s = max(earliest_s, _time_at(step, from_m, to_m, -margin_m))
            if from_m < margin_m <= to_m and not latest_found:
                latest_s, latest_found = min(latest_s, _time_at(step, from_m, to_m, margin_m)), True
    return bounds(earliest_s, (earliest_s + latest_s) / 2 if est_s is None else est_s, latest_s)


def _time_at(step: Step, from_m: float, to_m: float, at_m: float) -> float:
    return step.start.time_s + (at_m - from_m) / (to_m - from_m) * (step.end.time_s - step.start.time_s)


def _unseen(area: BorderArea, leap: Step) -> tuple[float, float, float]:
    """When a unit that was dark probably came to the border, passed its line, and went on.

    It travelled at the usual speed, and stood at the borders on its way, equally long at each.
    """
    a_km, b_km = area.km(leap.start), area.km(leap.end)
    low_km, high_km = min(a_km, b_km), max(a_km, b_km)
    met = [border for border in area.chain.corridor.borders if low_km < border.km < high_km]
    earlier = [border for border in met if abs(border.km - a_km) < abs(area.border.km - a_km)]
    to_line_km = min(abs(area.border.km - a_km), high_km - low_km)
    time_s = leap.end.time_s - leap.start.time_s
    travel_s = min(time_s, (high_km - low_km) * 1_000 / TRAVEL_MPS)
    stand_s = (time_s - travel_s) / max(1, len(met))
    came_s = leap.start.time_s + travel_s * (to_line_km / ((high_km - low_km) or 1.0)) + stand_s * len(earlier)
    return came_s, came_s + stand_s / 2, came_s + stand_s
