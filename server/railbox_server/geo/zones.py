"""The shapes of zones: whether a polygon is sound, and whether two zones overlap.

The only file of the room that knows shapely. Rings are (lat, lon) pairs, not closed.
"""

from itertools import pairwise
from math import cos, degrees, radians
from typing import Final

import shapely
from shapely.geometry import Point, Polygon

from railbox_server.geo.earth import MEAN_RADIUS_M, distance_m
from railbox_server.geo.model import Place

Ring = tuple[tuple[float, float], ...]

TOUCHING: Final = 0.001
"""The part of a zone's area that does not count: circles are drawn as polygons of 128 sides."""


def ring_fault(ring: Ring) -> str | None:
    """What is wrong with a polygon, or None."""
    if len(set(ring)) < 3:
        return "the polygon needs at least three different points"
    if any(abs(lat) > 90 for lat, _ in ring):
        return "a latitude of the polygon is beyond ±90°; coordinates are [lon, lat]"
    closed = [*ring, ring[0]]
    if any(abs(lon) > 180 for _, lon in ring) or any(abs(b[1] - a[1]) > 180 for a, b in pairwise(closed)):
        return "the polygon crosses the 180° meridian; draw it on one side of it"
    shape = Polygon([(lon, lat) for lat, lon in ring])
    return None if shape.is_valid else f"the polygon is not simple: {shapely.is_valid_reason(shape)} (lon lat)"


def circle_fault(lat_deg: float, lon_deg: float, radius_m: float) -> str | None:
    """What is wrong with a circle, or None."""
    reach_lat_deg = degrees(radius_m / MEAN_RADIUS_M)
    if abs(lat_deg) + reach_lat_deg >= 90:
        return "the circle covers a pole"
    reach_lon_deg = reach_lat_deg / cos(radians(abs(lat_deg) + reach_lat_deg))
    if abs(lon_deg) + reach_lon_deg > 180:
        return "the circle crosses the 180° meridian; draw a polygon on one side of it"
    return None


def middle(ring: Ring) -> tuple[float, float]:
    """A point of a sound polygon that stands for it: its centroid, or one surely inside."""
    shape = Polygon([(lon, lat) for lat, lon in ring])
    point = shape.centroid if shape.contains(shape.centroid) else shape.representative_point()
    return point.y, point.x


def shared_part(a: Place, b: Place) -> float:
    """The part of the smaller zone's area that both cover: 0.0 when they only touch, 1.0 when one holds the other."""
    if a.radius_m is not None and b.radius_m is not None and _apart_m(a, b) >= a.radius_m + b.radius_m:
        return 0.0
    origin = (a.lat_deg, a.lon_deg)
    one, other = _flat(a, origin), _flat(b, origin)
    shared = one.intersection(other).area / min(one.area, other.area)
    return round(shared) if min(shared, 1 - shared) < TOUCHING else shared


def holds(place: Place, lat_deg: float, lon_deg: float) -> bool:
    """Whether a point is inside a zone, its edge included; a place without zone holds none."""
    if place.polygon is not None:
        return bool(Polygon([(lon, lat) for lat, lon in place.polygon]).intersects(Point(lon_deg, lat_deg)))
    return distance_m((place.lat_deg, place.lon_deg), (lat_deg, lon_deg)) <= (place.radius_m or -1.0)


def _apart_m(a: Place, b: Place) -> float:
    return distance_m((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg))


def _flat(place: Place, origin: tuple[float, float]) -> Polygon:
    """The zone in metres east and north of `origin`: true enough for the few km a zone is wide."""
    if place.polygon is not None:
        return Polygon([_metres(point, origin) for point in place.polygon])
    return Point(_metres((place.lat_deg, place.lon_deg), origin)).buffer(place.radius_m or 0.0, quad_segs=32)


def _metres(point: tuple[float, float], origin: tuple[float, float]) -> tuple[float, float]:
    metres_per_degree = radians(MEAN_RADIUS_M)
    east = (point[1] - origin[1]) * metres_per_degree * cos(radians(origin[0]))
    return east, (point[0] - origin[0]) * metres_per_degree
