"""Where a route lies inside a zone, and when a motion passes a chainage: plain geometry for the truth.

Written apart from the border engine, so that the two can be held against each other.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from railbox.simulate import sphere
from railbox.simulate.motion import Motion, Phase
from railbox.simulate.route import Route
from railbox.simulate.sphere import Point

FINE_M = 5.0
"""How closely the route is looked at near a zone."""
LONGEST_STEP_M = 1_000.0
"""Points of a route are closer than this."""
HALVINGS = 50


@dataclass(frozen=True, slots=True)
class Zone:
    """A circle about `centre`; with `corners` a polygon, all of it within `radius_m`."""

    centre: Point
    radius_m: float
    corners: Sequence[Point] = ()

    def holds(self, point: Point) -> bool:
        if self.corners:
            return in_polygon(point, self.corners)
        return sphere.distance_m(self.centre, point) < self.radius_m


@dataclass(frozen=True, slots=True)
class Passage:
    """A moment at which the unit passes a chainage, onwards or back."""

    time_s: float
    chainage_m: float
    onwards: bool


def in_polygon(point: Point, corners: Sequence[Point]) -> bool:
    """Whether a ray from the point leaves the polygon an odd number of times."""
    lat, lon = point
    inside = False
    for (lat_a, lon_a), (lat_b, lon_b) in pairwise([*corners, corners[0]]):
        if (lat_a > lat) != (lat_b > lat) and lon < lon_a + (lat - lat_a) * (lon_b - lon_a) / (lat_b - lat_a):
            inside = not inside
    return inside


def spans_inside(route: Route, zone: Zone) -> list[tuple[float, float]]:
    """The stretches of the route inside the zone, as chainages from and to; at the route's ends without bound."""
    edges: list[float] = []
    inside = zone.holds(route.points[0])
    if inside:
        edges.append(float("-inf"))
    for a_m, b_m in _closely(route, zone):
        if zone.holds(route.point(b_m)) != inside:
            edges.append(turn(a_m, b_m, partial(_is_inside, route, zone, not inside)))
            inside = not inside
    if inside:
        edges.append(float("inf"))
    return list(zip(edges[::2], edges[1::2], strict=True))


def _is_inside(route: Route, zone: Zone, wanted: bool, chainage_m: float) -> bool:
    return zone.holds(route.point(chainage_m)) == wanted


def _closely(route: Route, zone: Zone) -> Iterator[tuple[float, float]]:
    """The route in small steps where it can be near the zone; what is left out is surely outside."""
    lat_deg, widest_deg = zone.centre[0], (zone.radius_m + LONGEST_STEP_M) / sphere.DEGREE_M
    last = len(route.points) - 1
    for at in [at for at, point in enumerate(route.points) if abs(point[0] - lat_deg) < widest_deg and at < last]:
        if sphere.distance_m(route.points[at], zone.centre) <= zone.radius_m + LONGEST_STEP_M:
            start_m, end_m = route.chainages_m[at], route.chainages_m[at + 1]
            parts = int((end_m - start_m) / FINE_M) + 1
            yield from pairwise(start_m + (end_m - start_m) * part / parts for part in range(parts + 1))


def turn(low: float, high: float, is_past: Callable[[float], bool]) -> float:
    """Where between the two `is_past` turns from false to true."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if is_past(middle):
            high = middle
        else:
            low = middle
    return high


def passages(motion: Motion, chainages_m: Sequence[float], until_s: float) -> list[Passage]:
    """Every time one of the chainages is passed, in order of time."""
    marks_m = sorted(set(chainages_m))
    found: list[Passage] = []
    for phase in motion.phases:
        to_m = phase.chainage_m(phase.end_s)
        onwards = to_m > phase.from_m
        # At a mark counts as past it, so that phases that meet at one pass it once.
        low, high = sorted((bisect_right(marks_m, phase.from_m), bisect_right(marks_m, to_m)))
        found += [Passage(_moment(phase, mark_m, onwards), mark_m, onwards) for mark_m in marks_m[low:high]]
    return sorted((one for one in found if one.time_s <= until_s), key=lambda one: (one.time_s, one.chainage_m))


def _moment(phase: Phase, chainage_m: float, onwards: bool) -> float:
    return turn(phase.start_s, phase.end_s, lambda time_s: (phase.chainage_m(time_s) >= chainage_m) == onwards)
