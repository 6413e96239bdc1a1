"""Fixes in the terms of the wire: a knot at a whole second, and the state at it.

Pure. Nothing is decided here.
"""

import math
from typing import Final

from railbox_agent.thinning.plane import Point, moved, velocity
from railbox_telemetry.tables import ACCURACY, COURSE, FLAG_STOPPED, FLAGS, SATS, SPEED, Quantity
from railbox_telemetry.values import DEGREE_E5, Fix, Knot

ACCURACY_PER_HDOP_M: Final = 5.0
"""User-equivalent range error of a single-frequency receiver, rounded up (GPS SPS Performance Standard 2020: 4.8 m)."""
STOPPED_MPS: Final = 0.5
COURSELESS_MPS: Final = 1.5
"""Receivers leave the course out when they are too slow to measure one; faster, they do not know it."""


def dark_after_ms(fix_period_s: float) -> int:
    """How long without a trusted fix is dark: more than max(3 s, 3 periods)."""
    return round(max(3.0, 3 * fix_period_s) * 1000)


def whole_second(fix: Fix) -> int:
    """The second nearest to the fix: where its knot stands."""
    return (fix.fix_time_ms + 500) // 1000


def velocity_of(fix: Fix) -> tuple[float, float] | None:
    """North and east in m/s; None when the receiver does not say. Without a course it can only say that it stands."""
    if fix.speed_mps is None:
        return None
    if fix.course_deg is None:
        return (0.0, 0.0) if fix.speed_mps < COURSELESS_MPS else None
    return velocity(fix.speed_mps, fix.course_deg)


def point_of(fix: Fix) -> Point:
    """The fix moved along its velocity (0 where it says none) to the nearest whole second."""
    time_s = whole_second(fix)
    north_mps, east_mps = velocity_of(fix) or (0.0, 0.0)
    ahead_s = (time_s * 1000 - fix.fix_time_ms) / 1000
    point = Point(time_s, fix.lat_deg, fix.lon_deg, north_mps, east_mps)
    return moved(point, time_s, north_mps * ahead_s, east_mps * ahead_s) if ahead_s else point


def knot_at(point: Point, dark_s: int = 0) -> Knot:
    """The point as the wire rounds it."""
    lat_deg, lon_deg = max(-90.0, min(90.0, point.lat_deg)), max(-180.0, min(180.0, point.lon_deg))
    return Knot(point.time_s, round(lat_deg * DEGREE_E5), round(lon_deg * DEGREE_E5), dark_s)


def knot_of(fix: Fix, dark_s: int = 0) -> Knot:
    return knot_at(point_of(fix), dark_s)


def quality_of(fix: Fix) -> dict[int, int]:
    """How good the fix is, by scalar bit."""
    accuracy_m = None if fix.hdop is None else fix.hdop * ACCURACY_PER_HDOP_M
    return {
        quantity.bit: to_wire(quantity, value)
        for quantity, value in ((ACCURACY, accuracy_m), (SATS, fix.sats))
        if value is not None
    }


def motion(speed_mps: float | None, course_deg: float | None) -> dict[int, int]:
    """Speed, course and whether it stands, by scalar bit; standing has no course."""
    if speed_mps is None:
        return {}
    if speed_mps < STOPPED_MPS:
        return {SPEED.bit: to_wire(SPEED, speed_mps), FLAGS.bit: FLAG_STOPPED}
    course = {} if course_deg is None else {COURSE.bit: to_wire(COURSE, course_deg)}
    return {SPEED.bit: to_wire(SPEED, speed_mps), **course}


def state_of(fix: Fix) -> dict[int, int]:
    """All that a fix says beside its position, by scalar bit."""
    return dict(sorted({**motion(fix.speed_mps, fix.course_deg), **quality_of(fix)}.items()))


def to_wire(quantity: Quantity, value: float) -> int:
    if not math.isfinite(value):
        return quantity.high
    wire = quantity.to_wire(value)
    if quantity is COURSE:
        wire %= 360
    return min(max(wire, quantity.low), quantity.high)
