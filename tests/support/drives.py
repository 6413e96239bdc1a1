"""A freight train's fixes, for tests of what becomes of them."""

import random
from collections.abc import Iterator, Sequence

from railbox_agent.thinning.plane import Point, moved, velocity
from railbox_agent.thinning.track import Track
from railbox_telemetry.values import Fix

START_S = 1_795_309_200


def drive(seed: int, seconds: int, noise_m: float = 1.5, lost: range = range(0), period_s: int = 1) -> list[Fix]:
    """Stretches of steady, faster, slower and curved running, and stops; correlated noise."""
    rng = random.Random(seed)
    speed, heading, turn, pull = rng.choice((0.0, 15.0)), rng.uniform(0, 360), 0.0, 0.0
    at, fixes, drift = Point(START_S, 36.5, 61.1), list[Fix](), [0.0, 0.0]
    for second in range(seconds):
        if second % 90 == 0:
            turn, pull = rng.choice((0, 0, 0.2, -0.4)), rng.choice((0, 0, 0.1, -0.15, -0.3))
        speed = min(max(speed + pull, 0.0), 25.0)
        heading += turn if speed else 0
        at = moved(at, START_S + second, *velocity(speed, heading))
        drift = [0.98 * axis + rng.gauss(0, 0.2 * noise_m) for axis in drift]
        if second not in lost and second % period_s == 0:
            fixes.append(fix_at(moved(at, at.time_s, *drift), speed, heading % 360))
    return fixes


def fix_at(point: Point, speed_mps: float, course: float) -> Fix:
    return Fix(point.time_s * 1000, point.lat_deg, point.lon_deg, speed_mps, course, hdop=0.9, sats=9)


def smoothed_track(fixes: Sequence[Fix], period_s: int = 1) -> Iterator[Point]:
    """The track that thinning promises to be near: what its filter makes of the fixes."""
    track = Track(period_s)
    for fix in fixes:
        yield from track.add(fix)
