"""Following a path that changes comes to what following all of it at once would have come to."""

import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from railbox_server.geo import corridors
from railbox_server.geo.way import Way
from railbox_server.journey.model import Step, Waypoint
from railbox_server.progress.follow import Followed, Run, Stop, follow
from railbox_server.progress.following import CELL_S, Cell, Following, Standing, TimeSpan, Ways, most_kept_to
from support.made import HOUR_S, T0_S, path, point_at, two_countries

WAYS = Ways([two_countries()])
WAY = Way(two_countries())


class Kept:
    """A trail in memory."""

    def __init__(self) -> None:
        self.standing = Standing()
        self._cells: list[Cell] = []

    def cells(self, from_s: float, until_s: float) -> list[Cell]:
        return [cell for cell in self._cells if from_s <= cell.from_s < until_s]

    def put(self, from_s: float, until_s: float, cells: Sequence[Cell]) -> None:
        others = [cell for cell in self._cells if not from_s <= cell.from_s < until_s]
        self._cells = sorted([*others, *cells], key=lambda cell: cell.from_s)


class Unit:
    """Its waypoints, joined by continuous steps."""

    def __init__(self, ways: Ways = WAYS) -> None:
        self.trail = Kept()
        self._ways = ways
        self._points: list[Waypoint] = []

    def seen_at(self, points: Sequence[Waypoint], said: str | None = None) -> list[TimeSpan]:
        self._points = sorted({*self._points, *points})
        from_s, to_s = points[0].time_s, points[-1].time_s
        before = [point.time_s for point in self._points if point.time_s < from_s]
        after = [point.time_s for point in self._points if point.time_s > to_s]
        changed = max(before, default=-math.inf), min(after, default=math.inf)
        return self.following().update([changed], said)

    def following(self) -> Following:
        return Following(self._ways, self.trail, self._path, (self._points[0].time_s, self._points[-1].time_s))

    def outcome(self) -> Followed:
        return self.following().now(-math.inf)

    def _path(self, span: tuple[float, float]) -> list[Step]:
        return [step for step in self.whole() if step.end.time_s >= span[0] and step.start.time_s <= span[1]]

    def whole(self) -> list[Step]:
        points = self._points if len(self._points) > 1 else [*self._points, *self._points]
        return [Step(a, b, b.time_s - a.time_s < HOUR_S) for a, b in pairwise(points)]


def waypoints(*stops: tuple[float, float], every_s: int = 1_200) -> list[Waypoint]:
    """(hours, km)."""
    steps = path(*((hours, point_at(km)) for hours, km in stops), every_s=every_s)
    return [steps[0].start, *(step.end for step in steps)]


JOURNEY = waypoints((0, 0), (12, 400), (40, 400), (60, 1_000), (80, 1_000), (110, 300), (130, 900), every_s=2_400)


def test_a_path_that_grows_is_followed_from_where_it_was_left() -> None:
    unit = Unit()
    for at in range(0, len(JOURNEY), 7):
        unit.seen_at(JOURNEY[at : at + 7])
    assert unit.outcome() == follow(WAY, unit.whole())
    assert [(round(run.from_km, -1), round(run.to_km, -1)) for run in unit.outcome().runs] == [(0, 1_000), (1_000, 300)]


def test_one_place_tells_a_corridor_and_stays_what_it_is() -> None:
    unit, whole = Unit(), Unit()
    for point in JOURNEY[:3]:
        unit.seen_at([point])
        assert unit.trail.standing.corridor == "made"
    whole.seen_at(JOURNEY[:3])
    assert unit.trail.standing == whole.trail.standing


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_in_whatever_order_it_becomes_known_it_comes_to_the_same(seed: int, size: int) -> None:
    pieces = [JOURNEY[at : at + size] for at in range(0, len(JOURNEY), size)]
    Random(seed).shuffle(pieces)
    unit = Unit()
    for piece in pieces:
        unit.seen_at(piece)
    whole = Unit()
    whole.seen_at(JOURNEY)
    assert unit.outcome() == whole.outcome() == follow(WAY, whole.whole())
    assert unit.trail.standing == whole.trail.standing


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_it_tells_of_all_runs_and_stops_that_it_comes_to_another_thing_about(seed: int, size: int) -> None:
    pieces = [JOURNEY[at : at + size] for at in range(0, len(JOURNEY), size)]
    Random(seed).shuffle(pieces)
    unit = Unit()
    before = set[Run | Stop]()
    for piece in pieces:
        told = unit.seen_at(piece)
        now, lasting = unit.outcome(), unit.trail.standing.trace.run(WAY)
        after = {*now.runs, *now.stops, *([lasting] if lasting else [])}
        for each in before ^ after:
            assert any(each.from_s <= to_s and each.to_s >= from_s for from_s, to_s in told)
        before = after


def test_what_comes_late_is_followed_only_until_all_is_as_it_was() -> None:
    asked: list[tuple[float, float]] = []

    class Watched(Unit):
        def _path(self, span: tuple[float, float]) -> list[Step]:
            asked.append(span)
            return super()._path(span)

    unit = Watched()
    late = JOURNEY[75:78]
    unit.seen_at([point for point in JOURNEY if point not in late])
    asked.clear()
    unit.seen_at(late)
    assert max(until_s for _, until_s in asked) - min(from_s for from_s, _ in asked) <= 3 * CELL_S


def test_the_stops_of_a_run_are_found_long_after_it() -> None:
    unit = Unit()
    unit.seen_at(JOURNEY)
    first, _ = unit.outcome().runs
    (stop,) = [stop for stop in unit.following().stops(first) if stop.from_s < first.to_s - HOUR_S]
    assert (round(stop.way_km), stop.from_s - T0_S, stop.to_s - T0_S) == (400, 12 * HOUR_S, 40 * HOUR_S)
    assert unit.following().runs((T0_S, T0_S + HOUR_S)) == [first]


def test_a_path_belongs_to_the_corridor_it_keeps_to() -> None:
    ways = Ways(corridors.shipped())
    for corridor in corridors.shipped():
        places = Way(corridor).places
        steps = path(*((i * 10.0, (p.lat_deg, p.lon_deg)) for i, p in enumerate(places)), every_s=3_600)
        assert most_kept_to(ways.votes(steps)) == corridor.name
    assert most_kept_to(ways.votes(path((0, (0.0, 0.0)), (1, (0.1, 0.1))))) is None
    assert most_kept_to(Ways([]).votes(path((0, (0.0, 0.0))))) is None


def test_a_corridor_that_is_said_is_followed_where_two_are_one() -> None:
    unit = Unit(Ways([two_countries(name="first"), two_countries(name="second")]))
    unit.seen_at(JOURNEY[:20])
    assert unit.trail.standing.corridor == "first"
    unit.following().update([], "second")
    assert unit.trail.standing.corridor == "second"
    assert unit.outcome() == follow(WAY, unit.whole())
    unit.following().update([], "nowhere")
    assert unit.trail.standing.corridor == "first"


def test_nothing_trusted_is_no_trail() -> None:
    unit = Unit()
    unit.seen_at(JOURNEY)
    Following(WAYS, unit.trail, lambda _: [], None).update([(-math.inf, math.inf)])
    assert unit.trail.standing == Standing()
    assert unit.trail.cells(-math.inf, math.inf) == []
