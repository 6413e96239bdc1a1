"""Great-circle arcs: where along one a point is nearest, and how far off.

Unit vectors, so that neither poles nor the 180° meridian are special, and straight between two stations 900 km apart
means the same from everywhere. Knows no places.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, atan2, cos, pi, radians, sin, sqrt
from typing import Final

Point = tuple[float, float]
"""lat, lon in degrees."""
Vector = tuple[float, float, float]

LEAST_RAD: Final = 1e-8
"""6 cm: shorter arcs have no direction, and neither have those that lead all but half around the earth."""


@dataclass(frozen=True, slots=True)
class Arc:
    """Base vectors at its start (there, along it, to its left), its end, and its angle."""

    start: Vector
    along: Vector
    left: Vector
    end: Vector
    length_rad: float

    def nearest(self, at: Vector) -> tuple[float, float]:
        """How far along the arc it is nearest to `at`, and how far off that is: both in radians."""
        # The dot products are written out: this is what locating a position comes down to.
        (x, y, z), (ax, ay, az), (sx, sy, sz) = at, self.along, self.start
        along_rad = atan2(x * ax + y * ay + z * az, x * sx + y * sy + z * sz)
        if 0.0 <= along_rad <= self.length_rad:
            return along_rad, abs(asin(max(-1.0, min(1.0, dot(at, self.left)))))
        to_start_rad, to_end_rad = angle_rad(at, self.start), angle_rad(at, self.end)
        return (0.0, to_start_rad) if to_start_rad <= to_end_rad else (self.length_rad, to_end_rad)

    def at(self, along_rad: float) -> Vector:
        c, s = cos(along_rad), sin(along_rad)
        (x, y, z), (dx, dy, dz) = self.start, self.along
        return c * x + s * dx, c * y + s * dy, c * z + s * dz


def vector(point: Point) -> Vector:
    lat_rad, lon_rad = radians(point[0]), radians(point[1])
    return cos(lat_rad) * cos(lon_rad), cos(lat_rad) * sin(lon_rad), sin(lat_rad)


def dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def angle_rad(a: Vector, b: Vector) -> float:
    """By the chord, which holds for short distances too."""
    dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return 2 * asin(min(1.0, sqrt(dx * dx + dy * dy + dz * dz) / 2))


def arcs_through(vectors: Sequence[Vector]) -> Iterator[Arc]:
    """From each to the next; what is repeated is passed over."""
    kept = list(vectors[:1])
    kept += [b for a, b in pairwise(vectors) if angle_rad(a, b) > LEAST_RAD]
    for a, b in pairwise(kept):
        length_rad = angle_rad(a, b)
        if LEAST_RAD < length_rad < pi - LEAST_RAD:
            left = _unit(_cross(a, b))
            yield Arc(a, _cross(left, a), left, b, length_rad)


def circle_around(arcs: Sequence[Arc]) -> tuple[Vector, float]:
    """A middle, and how far from it in radians the arcs may lead."""
    middle = arcs[len(arcs) // 2].start
    # An arc bulges beyond its ends by less than half its length.
    reaches = (max(angle_rad(middle, arc.start), angle_rad(middle, arc.end)) + arc.length_rad / 2 for arc in arcs)
    return middle, max(reaches)


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _unit(a: Vector) -> Vector:
    length = sqrt(dot(a, a))
    return a[0] / length, a[1] / length, a[2] / length
