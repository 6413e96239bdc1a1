"""Distances on the ground. Points are (lat, lon) in degrees; the earth is a sphere of its mean radius."""

from math import asin, cos, radians, sin, sqrt
from typing import Final

MEAN_RADIUS_M: Final = 6_371_008.8
"""IUGG mean radius; a sphere is right to about 0.5 %."""


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great circle between two points, by the haversine formula, which holds for short distances too."""
    lat_a, lat_b = radians(a[0]), radians(b[0])
    half_lat, half_lon = (lat_b - lat_a) / 2, radians(b[1] - a[1]) / 2
    chord = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2
    return 2 * MEAN_RADIUS_M * asin(min(1.0, sqrt(chord)))
