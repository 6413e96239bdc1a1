"""Metres on the ground between points that are near each other: the flat earth of a few dozen kilometres.

Both ends compute with these, so what the tracker believes the server knows is what the server knows.
"""

import math
from dataclasses import dataclass
from typing import Final

DEGREE_M: Final = 111_195.08
"""One degree of latitude on the sphere of mean radius 6,371,008.8 m (IUGG)."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where something was at a whole second, and how fast it went there."""

    time_s: int
    lat_deg: float
    lon_deg: float
    north_mps: float = 0.0
    east_mps: float = 0.0

    @property
    def speed_mps(self) -> float:
        return math.hypot(self.north_mps, self.east_mps)


def offset_m(origin: Point, lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """North and east of `origin`, in metres; the east is measured at the origin's latitude, across 180° too."""
    turn_deg = (lon_deg - origin.lon_deg + 180) % 360 - 180
    return (lat_deg - origin.lat_deg) * DEGREE_M, turn_deg * DEGREE_M * math.cos(math.radians(origin.lat_deg))


def moved(origin: Point, time_s: int, north_m: float, east_m: float) -> Point:
    """`origin` moved by metres; it keeps its velocity."""
    # At the poles themselves every direction is south; no railway is near enough for it to matter.
    parallel_m = DEGREE_M * max(math.cos(math.radians(origin.lat_deg)), 1e-6)
    lon_deg = origin.lon_deg + east_m / parallel_m
    return Point(
        time_s, origin.lat_deg + north_m / DEGREE_M, (lon_deg + 180) % 360 - 180, origin.north_mps, origin.east_mps
    )


def reckoned(origin: Point, time_s: int) -> Point:
    """Dead reckoning: where `origin`'s velocity leads until `time_s`."""
    ahead_s = time_s - origin.time_s
    return moved(origin, time_s, origin.north_mps * ahead_s, origin.east_mps * ahead_s)


def distance_m(origin: Point, other: Point) -> float:
    return math.hypot(*offset_m(origin, other.lat_deg, other.lon_deg))


def velocity_between(before: Point, after: Point) -> tuple[float, float]:
    """North and east in m/s that lead from one to the other; the times must differ."""
    step_s = after.time_s - before.time_s
    north_m, east_m = offset_m(before, after.lat_deg, after.lon_deg)
    return north_m / step_s, east_m / step_s


def velocity(speed_mps: float, course_deg: float) -> tuple[float, float]:
    """North and east in m/s."""
    course_rad = math.radians(course_deg)
    return speed_mps * math.cos(course_rad), speed_mps * math.sin(course_rad)


def course_deg(north_mps: float, east_mps: float) -> float:
    """Degrees clockwise from north, 0 ≤ course < 360."""
    return math.degrees(math.atan2(east_mps, north_mps)) % 360
