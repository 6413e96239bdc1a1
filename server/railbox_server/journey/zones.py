"""Zones on the flat earth: when a straight step is inside one, how far a point is outside, and which zones are near.

A circle is solved exactly; a polygon goes through shapely's offsets. Knows places, not visits.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from railbox_server.geo.model import Place
from railbox_server.journey.ground import DEGREE_M, Frame, frame_at
from railbox_server.journey.model import Step, Waypoint

CELL_DEG: Final = 0.25
COLUMNS: Final = round(360 / CELL_DEG)
MOST_CELLS: Final = 1_000
"""A continuous step over more cells than this (300 km each way, or around a pole) is looked up by its ends alone."""

Span = tuple[float, float]
"""From, to: parts of a step, 0 at its start and 1 at its end."""
Metres = tuple[float, float]
"""East and north of a frame's origin."""


class Shape(Protocol):
    reach_m: float
    """How far its outermost point is from the frame's origin."""

    def inside(self, a: Metres, b: Metres, outset_m: float) -> list[Span]:
        """The spans of the line a-b within `outset_m` outside of the edge (negative: at least so far inside)."""
        ...

    def outside_m(self, at: Metres) -> float:
        """How far a point is outside of the edge; negative: how far inside."""
        ...


class Circle:
    def __init__(self, radius_m: float) -> None:
        self.reach_m = radius_m

    def inside(self, a: Metres, b: Metres, outset_m: float) -> list[Span]:
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

    def outside_m(self, at: Metres) -> float:
        return math.hypot(*at) - self.reach_m


class Area:
    """A polygon in metres. Offsets are kept: margins repeat."""

    def __init__(self, corners: Sequence[Metres]) -> None:
        self._polygon = Polygon(corners)
        self.reach_m = max(math.hypot(*corner) for corner in corners)
        self._offsets: dict[int, BaseGeometry] = {}

    def inside(self, a: Metres, b: Metres, outset_m: float) -> list[Span]:
        # To a metre, and to the unsure side: a smaller inside, a larger outside.
        metres = math.floor(outset_m) if outset_m < 0 else math.ceil(outset_m)
        if metres not in self._offsets:
            self._offsets[metres] = self._polygon.buffer(metres)
        offset = self._offsets[metres]
        if a == b:
            return [(0.0, 1.0)] if offset.intersects(Point(a)) else []
        met = offset.intersection(LineString([a, b]))
        parts = [piece for piece in getattr(met, "geoms", [met]) if piece.geom_type == "LineString" and piece.coords]
        return sorted(
            (min(ends), max(ends))
            for piece in parts
            for ends in [[_part_of(a, b, corner) for corner in (piece.coords[0], piece.coords[-1])]]
        )

    def outside_m(self, at: Metres) -> float:
        point = Point(at)
        away_m = float(self._polygon.distance(point))
        return away_m or -float(self._polygon.exterior.distance(point))


def _part_of(a: Metres, b: Metres, at: Sequence[float]) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    return min(1.0, max(0.0, ((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / (dx * dx + dy * dy)))


class Sight(NamedTuple):
    """A waypoint as seen from a zone: at `east_m`, `north_m`, so far outside of its edge (negative: inside)."""

    point: Waypoint
    east_m: float
    north_m: float
    outside_m: float

    @property
    def inside(self) -> bool | None:
        """True and False are sure; None: within the margin."""
        if self.outside_m < -self.point.margin_m:
            return True
        return False if self.outside_m > self.point.margin_m else None


class Zone:
    """A shape at its place on the earth. `id` tells zones apart."""

    def __init__(self, zone_id: str, frame: Frame, shape: Shape) -> None:
        self.id = zone_id
        self.frame = frame
        self.shape = shape

    def sight(self, point: Waypoint) -> Sight:
        east_m, north_m = at = self.frame.at(point.lat_deg, point.lon_deg)
        return Sight(point, east_m, north_m, self.shape.outside_m(at))

    def inside(self, step: Step, outset_m: float) -> list[Span]:
        a, b = step.start, step.end
        return self.shape.inside(self.frame.at(a.lat_deg, a.lon_deg), self.frame.at(b.lat_deg, b.lon_deg), outset_m)

    def touches(self, other: "Zone") -> bool:
        """Whether the two may overlap, judged by their outermost circles."""
        away_m = math.hypot(*self.frame.at(other.frame.lat_deg, other.frame.lon_deg))
        return away_m < self.shape.reach_m + other.shape.reach_m


def circle(zone_id: str, lat_deg: float, lon_deg: float, radius_m: float) -> Zone:
    return Zone(zone_id, frame_at(lat_deg, lon_deg), Circle(radius_m))


def zone_of(place: Place) -> Zone:
    """The zone of a place that has one."""
    frame = frame_at(place.lat_deg, place.lon_deg)
    if place.polygon is not None:
        return Zone(place.id, frame, Area([frame.at(lat, lon) for lat, lon in place.polygon]))
    assert place.radius_m is not None
    return Zone(place.id, frame, Circle(place.radius_m))


# --- which zones are near ---------------------------------------------------------------------------------------------

Cell = tuple[int, int]
"""Row and column of a grid over the earth; columns go around it."""


def cell_of(point: Waypoint) -> Cell:
    return math.floor(point.lat_deg / CELL_DEG), math.floor(point.lon_deg / CELL_DEG) % COLUMNS


def middle_of(cell: Cell) -> tuple[float, float]:
    """Latitude and longitude (0 to 360) of a cell's middle."""
    return (cell[0] + 0.5) * CELL_DEG, (cell[1] + 0.5) * CELL_DEG


class ZoneIndex:
    """Which zones a step may concern: those within `near_m` of it. Most steps are near none, and cost one look-up."""

    def __init__(self, zones: Iterable[Zone], near_m: float) -> None:
        self._cells: dict[Cell, list[Zone]] = {}
        for zone in zones:
            for cell in _cells_around(zone, zone.shape.reach_m + near_m):
                self._cells.setdefault(cell, []).append(zone)

    def at(self, cell: Cell) -> Iterable[Zone]:
        """The zones that a step within a cell may concern."""
        return self._cells.get(cell, ())

    def on_way(self, here: Cell, there: Cell, continuous: bool) -> Iterable[Zone]:
        """The zones that a step from one cell to another may concern."""
        if here == there:
            return self.at(here)
        way: Iterable[Cell] = here, there
        if continuous:
            rows = range(min(here[0], there[0]), max(here[0], there[0]) + 1)
            first, width = _shorter_way(here[1], there[1])
            if len(rows) * width <= MOST_CELLS:
                way = ((row, (first + i) % COLUMNS) for row in rows for i in range(width))
        return {zone.id: zone for cell in way for zone in self._cells.get(cell, ())}.values()


def _shorter_way(a: int, b: int) -> tuple[int, int]:
    """The first column and how many there are, from one column to another around the earth's nearer side."""
    width = (b - a) % COLUMNS + 1
    return (a, width) if width <= COLUMNS // 2 else (b, (a - b) % COLUMNS + 1)


def _cells_around(zone: Zone, reach_m: float) -> Iterator[Cell]:
    lat_deg, lon_deg = zone.frame.lat_deg, zone.frame.lon_deg
    north_deg = reach_m / DEGREE_M
    east_deg = min(180.0, reach_m / max(1.0, zone.frame.east_m))
    rows = range(math.floor((lat_deg - north_deg) / CELL_DEG), math.floor((lat_deg + north_deg) / CELL_DEG) + 1)
    first = math.floor((lon_deg - east_deg) / CELL_DEG)
    width = min(COLUMNS, math.floor((lon_deg + east_deg) / CELL_DEG) - first + 1)
    return ((row, (first + i) % COLUMNS) for row in rows for i in range(width))
