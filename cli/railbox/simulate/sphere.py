"""Distances and directions on a sphere: enough for a simulation, and written apart from the server's own on purpose.

The truth must not share a mistake with what it is compared to.
"""

from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt

EARTH_M = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""
DEGREE_M = radians(1.0) * EARTH_M

Point = tuple[float, float]
"""Latitude and longitude in degrees."""


def distance_m(a: Point, b: Point) -> float:
    """Great circle by haversine."""
    lat_a, lat_b = radians(a[0]), radians(b[0])
    chord = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(chord)))


def course_deg(a: Point, b: Point) -> float:
    """From `a` to a near `b`, clockwise from north."""
    east = (b[1] - a[1]) * cos(radians((a[0] + b[0]) / 2))
    return degrees(atan2(east, b[0] - a[0])) % 360.0


def between(a: Point, b: Point, share: float) -> Point:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


def shifted(point: Point, north_m: float, east_m: float) -> Point:
    return (point[0] + north_m / DEGREE_M, point[1] + east_m / (DEGREE_M * cos(radians(point[0]))))


def plane(point: Point, origin: Point) -> Point:
    """Metres north and east of a near origin."""
    return (
        (point[0] - origin[0]) * DEGREE_M,
        (point[1] - origin[1]) * DEGREE_M * cos(radians((point[0] + origin[0]) / 2)),
    )


def nearest_share(point: Point, a: Point, b: Point) -> tuple[float, float]:
    """Where between `a` and `b` (0 to 1) the straight line is nearest to `point`, and how far that is in metres."""
    (north_a, east_a), (north_b, east_b) = plane(a, point), plane(b, point)
    north, east = north_b - north_a, east_b - east_a
    length2 = north * north + east * east
    share = 0.0 if length2 == 0.0 else min(1.0, max(0.0, -(north_a * north + east_a * east) / length2))
    return share, hypot(north_a + share * north, east_a + share * east)
