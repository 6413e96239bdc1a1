"""Zones on the flat earth: when a straight step is inside one, to any distance from its edge, and which zones are near.

A circle is solved exactly; a polygon goes through shapely's offsets. Knows places, not visits.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from railbox_server.geo.model import Place
from railbox_server.journey.ground import DEGREE_M, Frame, frame_at
from railbox_server.journey.model import Step, Waypoint

CELL_DEG: Final = 0.25
MOST_CELLS: Final = 1_000
"""A step over more cells than this (300 km each way) is held against every zone instead."""
Span = tuple[float, float]
"""From, to: parts of a step, 0 at its start and 1 at its end."""


class Shape(Protocol):
    reach_m: float
    """How far its outermost point is from the frame's origin."""

    def inside(self, a: tuple[float, float], b: tuple[float, float], outset_m: float) -> list[Span]:
        """The spans of the line a-b within `outset_m` outside of the edge (negative: at least so far inside)."""
        ...

    def distance_m(self, at: tuple[float, float]) -> float:
        """How far a point is outside; 0 inside."""
        ...


class Circle:
    def __init__(self, radius_m: float) -> None:
        self.reach_m = radius_m

    def inside(self, a: tuple[float, float], b: tuple[float, float], outset_m: float) -> list[Span]:
        radius_m = self.reach_m + outset_m
        if radius_m <= 0:
            return []
        (ax, ay), dx, dy = a, b[0] - a[0], b[1] - a[1]
        # |a + f·d|² = r², a quadratic in the part f.
        square, half, rest = dx * dx + dy * dy, ax * dx + ay * dy, ax * ax + ay * ay - radius_m * radius_m
        if square == 0:
            return [(0.0, 1.0)] if rest <= 0 else []
        root = half * half - square * rest
        if root < 0:
            return []
        root = math.sqrt(root)
        start, end = max(0.0, (-half - root) / square), min(1.0, (-half + root) / square)
        return [(start, end)] if start <= end else []

    def distance_m(self, at: tuple[float, float]) -> float:
        return max(0.0, math.hypot(*at) - self.reach_m)


class Area:
    """A polygon in metres. Offsets are kept: margins repeat."""

    def __init__(self, corners: Sequence[tuple[float, float]]) -> None:
        self._polygon = Polygon(corners)
        self.reach_m = max(math.hypot(*corner) for corner in corners)
        self._offsets: dict[int, BaseGeometry] = {}

    def inside(self, a: tuple[float, float], b: tuple[float, float], outset_m: float) -> list[Span]:
        # To a metre, and to the unsure side: a smaller inside, a larger outside.
        metres = math.floor(outset_m) if outset_m < 0 else math.ceil(outset_m)
        if metres not in self._offsets:
            self._offsets[metres] = self._polygon.buffer(metres)
        offset, line = self._offsets[metres], LineString([a, b])
        if line.length == 0:
            return [(0.0, 1.0)] if offset.intersects(line.interpolate(0)) else []
        met = offset.intersection(line)
        parts = [piece for piece in getattr(met, "geoms", [met]) if piece.geom_type == "LineString" and piece.coords]
        return sorted(
            (min(ends), max(ends))
            for piece in parts
            for ends in [[_part_of(a, b, corner) for corner in (piece.coords[0], piece.coords[-1])]]
        )

    def distance_m(self, at: tuple[float, float]) -> float:
        return float(self._polygon.distance(LineString([at, at])))


def _part_of(a: tuple[float, float], b: tuple[float, float], at: Sequence[float]) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    return min(1.0, max(0.0, ((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / (dx * dx + dy * dy)))


class Zone:
    """A shape at its place on the earth. `id` tells zones apart."""

    def __init__(self, zone_id: str, frame: Frame, shape: Shape) -> None:
        self.id = zone_id
        self.frame = frame
        self.shape = shape

    def inside(self, step: Step, outset_m: float) -> list[Span]:
        return self.shape.inside(self._at(step.start), self._at(step.end), outset_m)

    def distance_m(self, point: Waypoint) -> float:
        return self.shape.distance_m(self._at(point))

    def touches(self, other: "Zone") -> bool:
        """Whether the two may overlap, judged by their outermost circles."""
        away_m = math.hypot(*self.frame.at(other.frame.lat_deg, other.frame.lon_deg))
        return away_m < self.shape.reach_m + other.shape.reach_m

    def _at(self, point: Waypoint) -> tuple[float, float]:
        return self.frame.at(point.lat_deg, point.lon_deg)


def circle(zone_id: str, lat_deg: float, lon_deg: float, radius_m: float) -> Zone:
    return Zone(zone_id, frame_at(lat_deg, lon_deg), Circle(radius_m))


def zone_of(place: Place) -> Zone:
    """The zone of a place that has one."""
    frame = frame_at(place.lat_deg, place.lon_deg)
    if place.polygon is not None:
        return Zone(place.id, frame, Area([frame.at(lat, lon) for lat, lon in place.polygon]))
    assert place.radius_m is not None
    return Zone(place.id, frame, Circle(place.radius_m))


class ZoneIndex:
    """Which zones a step may concern: those within `near_m` of it. Most steps are near none, and cost one look-up."""

    def __init__(self, zones: Iterable[Zone], near_m: float) -> None:
        self._cells: dict[tuple[int, int], list[Zone]] = {}
        self._zones = tuple(zones)
        for zone in self._zones:
            reach_m = zone.shape.reach_m + near_m
            north_deg, east_deg = reach_m / DEGREE_M, reach_m / zone.frame.east_m
            low = _cell(zone.frame.lat_deg - north_deg, zone.frame.lon_deg - east_deg)
            high = _cell(zone.frame.lat_deg + north_deg, zone.frame.lon_deg + east_deg)
            for cell in _between(low, high):
                self._cells.setdefault(cell, []).append(zone)

    def runs(self, path: Sequence[Step]) -> Iterator[tuple[Zone, list[int]]]:
        """Each zone with the indices of consecutive steps near it; a zone comes again after the path was away."""
        open_runs: dict[str, tuple[Zone, list[int]]] = {}
        cells = self._cells
        here = _cell(path[0].start.lat_deg, path[0].start.lon_deg) if path else (0, 0)
        for i, step in enumerate(path):
            there = _cell(step.end.lat_deg, step.end.lon_deg)
            near = cells.get(here, ()) if here == there else self._near_way(here, there, step.continuous)
            here = there
            for zone in near:
                _, run = open_runs.get(zone.id, (zone, [-2]))
                if run[-1] == i - 1:
                    run.append(i)
                else:
                    if run[-1] >= 0:
                        yield zone, run
                    open_runs[zone.id] = zone, [i]
        yield from open_runs.values()

    def _near_way(self, here: tuple[int, int], there: tuple[int, int], continuous: bool) -> Iterable[Zone]:
        low, high = _corners(here, there)
        if continuous and (high[0] - low[0] + 1) * (high[1] - low[1] + 1) > MOST_CELLS:
            return self._zones
        way = _between(low, high) if continuous else (here, there)
        return {zone.id: zone for cell in way for zone in self._cells.get(cell, ())}.values()


def _cell(lat_deg: float, lon_deg: float) -> tuple[int, int]:
    return math.floor(lat_deg / CELL_DEG), math.floor(lon_deg / CELL_DEG)


def _corners(a: tuple[int, int], b: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    return (min(a[0], b[0]), min(a[1], b[1])), (max(a[0], b[0]), max(a[1], b[1]))


def _between(low: tuple[int, int], high: tuple[int, int]) -> Iterator[tuple[int, int]]:
    return ((lat, lon) for lat in range(low[0], high[0] + 1) for lon in range(low[1], high[1] + 1))
