"""The way a unit takes: a smooth line through a corridor's places, and how far along it each of them lies.

Real curvature where rail lines are given and pass near both neighbours, else gentle bends between them. The same
corridor and lines give the same route whatever the seed.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil, cos, pi, sin
from random import Random

from railbox.simulate import sphere
from railbox.simulate.lines import Lines
from railbox.simulate.sphere import Point

STEP_M = 250.0
SMOOTHING_STEPS = 3
"""Each point becomes the mean of this many neighbours a side, twice: bends of some kilometre's radius."""
PINNING_STEPS = 16
"""Over so many a side the line is bent back to a waypoint."""
DETOUR_MAX = 2.0
"""A line that is longer, in straight distances of its places, leads somewhere else first (around Lake Baikal: 1.8)."""


@dataclass(frozen=True, slots=True)
class Bends:
    """What a way looks like where no geometry is known: bends of `length_m`, leading `share` of that aside."""

    length_m: float
    share: float


RAILWAY = Bends(length_m=30_000.0, share=0.02)
ROAD = Bends(length_m=3_000.0, share=0.15)


@dataclass(frozen=True, slots=True)
class Waypoint:
    name: str
    point: Point
    by_rail: bool = True
    """How it is reached from the one before."""


@dataclass(frozen=True, slots=True)
class Route:
    """`chainages_m` of `points`, ascending; `waypoints_m`: of each waypoint, in their order."""

    points: Sequence[Point]
    chainages_m: Sequence[float]
    waypoints_m: Sequence[float]

    @property
    def length_m(self) -> float:
        return self.chainages_m[-1]

    def locate(self, chainage_m: float) -> tuple[Point, float]:
        """The point there and the direction in which the route leads on, in degrees."""
        at = min(max(bisect_right(self.chainages_m, chainage_m) - 1, 0), len(self.points) - 2)
        a, b = self.points[at], self.points[at + 1]
        start_m = self.chainages_m[at]
        share = (chainage_m - start_m) / (self.chainages_m[at + 1] - start_m)
        return sphere.between(a, b, share), sphere.course_deg(a, b)

    def point(self, chainage_m: float) -> Point:
        return self.locate(chainage_m)[0]


def build(waypoints: Sequence[Waypoint], lines: Lines) -> Route:
    """Raises ValueError when there are fewer than two waypoints."""
    if len(waypoints) < 2:
        raise ValueError("a route needs two places")
    points: list[Point] = [waypoints[0].point]
    marks = [0]
    for a, b in pairwise(waypoints):
        points += evenly(leg(a, b, lines))[1:]
        marks.append(len(points) - 1)
    smooth = pinned(smoothed(smoothed(points)), marks, [waypoint.point for waypoint in waypoints])
    chainages_m = list(accumulate((sphere.distance_m(a, b) for a, b in pairwise(smooth)), initial=0.0))
    return Route(smooth, chainages_m, [chainages_m[mark] for mark in marks])


def pinned(points: Sequence[Point], marks: Sequence[int], targets: Sequence[Point]) -> list[Point]:
    """The line bent gently so that it passes exactly through its waypoints, from which smoothing led it off."""
    made = list(points)
    for at, (mark, target) in enumerate(zip(marks, targets, strict=True)):
        neighbours = [*marks[max(0, at - 1) : at], *marks[at + 1 : at + 2]]
        reach = min([PINNING_STEPS, *(abs(mark - other) for other in neighbours)])
        north, east = target[0] - made[mark][0], target[1] - made[mark][1]
        for step in range(max(0, mark - reach), min(len(points), mark + reach + 1)):
            part = 1.0 if step == mark else 0.5 + 0.5 * cos(pi * (step - mark) / reach)
            made[step] = (made[step][0] + north * part, made[step][1] + east * part)
    return made


def leg(a: Waypoint, b: Waypoint, lines: Lines) -> list[Point]:
    portion = lines.portion(a.point, b.point) if b.by_rail else None
    if portion is not None:
        line = [a.point, *portion, b.point]
        if sum(sphere.distance_m(*pair) for pair in pairwise(line)) < DETOUR_MAX * sphere.distance_m(a.point, b.point):
            return line
    return bending(a, b)


def bending(a: Waypoint, b: Waypoint) -> list[Point]:
    """A line that swings to either side of the straight one and meets it at both ends."""
    length_m = sphere.distance_m(a.point, b.point)
    kind = RAILWAY if b.by_rail else ROAD
    bends = length_m / kind.length_m
    if bends < 0.5:
        return [a.point, b.point]
    rng = Random(f"{a.name} to {b.name}")  # noqa: S311 - a simulation, not a secret
    swings = [(rng.uniform(0.3, 1.0), max(1, round(bends * share))) for share in (0.4, 1.0)]
    steps = ceil(length_m / (4 * STEP_M))
    north, east = (side_m / length_m for side_m in sphere.plane(b.point, a.point))
    made: list[Point] = []
    for share in (step / steps for step in range(steps + 1)):
        aside_m = sum(size * length_m / waves * kind.share * sin(pi * waves * share) for size, waves in swings)
        made.append(sphere.shifted(sphere.between(a.point, b.point, share), -aside_m * east, aside_m * north))
    return made


def evenly(points: Sequence[Point]) -> list[Point]:
    """The same line with a point about every STEP_M."""
    made: list[Point] = [points[0]]
    for a, b in pairwise(points):
        parts = ceil(sphere.distance_m(a, b) / STEP_M)
        made += [sphere.between(a, b, part / parts) for part in range(1, parts + 1)]
    return made


def smoothed(points: Sequence[Point]) -> list[Point]:
    """Each point replaced by the mean of its neighbours; the ends stay, and near them fewer count."""
    lats = list(accumulate((point[0] for point in points), initial=0.0))
    lons = list(accumulate((point[1] for point in points), initial=0.0))
    last = len(points) - 1
    made: list[Point] = []
    for at in range(len(points)):
        reach = min(SMOOTHING_STEPS, at, last - at)
        low, high = at - reach, at + reach + 1
        made.append(((lats[high] - lats[low]) / (high - low), (lons[high] - lons[low]) / (high - low)))
    return made
