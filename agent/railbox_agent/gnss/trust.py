"""Whether a fix can be believed: it is marked, never dropped, and never mended.

Decides from what the receiver said and from the fixes before; the server judges again with all it has. Pure: (state,
fix) → (state, fix).
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from railbox_telemetry.values import Fix

REASONS: Final = {
    "estimated": "the receiver reckons on without satellites",
    "manual": "somebody typed the position in",
    "simulated": "the receiver demonstrates",
    "receiver_doubts": "one sentence of the epoch calls the position void, another valid",
    "positions_disagree": "the sentences of one epoch are at different places: two receivers, or bit flips",
    "satellites_alike": "all satellites are equally strong, which only one transmitter can do",
    "hdop": "the satellites stand too close together",
    "speed": "faster than any train",
    "jump": "too far from the fix before",
    "time_jump": "receiver time runs backwards, or not as fast as the host's clock",
    "before_floor": "dated before this could have been built",
}

EARTH_M: Final = 6_371_008.8
CLOCK_DRIFT: Final = 200e-6
"""How far a host's crystal may be off: 50 ppm are specified, and cold containers are not."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is believed. `accept_after` consecutive fixes that agree with each other overrule the ones before them."""

    hdop_max: float = 20.0
    speed_max_mps: float = 100.0
    jump_slack_m: float = 150.0
    time_jump_ms: int = 5_000
    accept_after: int = 30
    disagree_m: float = 200.0
    alike_satellites: int = 6
    floor_ms: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A fix, and when its epoch began to come by the host's monotonic clock (None: no clock ran)."""

    fix: Fix
    mono_ms: int | None


@dataclass(frozen=True, slots=True)
class TrustState:
    """The last trusted fix; the latest of a run of doubtful ones that agree, and how many these are."""

    last: Seen | None = None
    rival: Seen | None = None
    run: int = 0


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) in degrees, by the haversine formula on a sphere."""
    lat_a, lat_b = math.radians(a[0]), math.radians(b[0])
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b[1] - a[1]) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(1.0, h)))


def judge(state: TrustState, fix: Fix, mono_ms: int | None, limits: Limits) -> tuple[TrustState, Fix]:
    """Mark a fix with the first reason that holds. One doubted already (by what its sentences said) stays so."""
    reason = fix.reason or _implausible(fix, limits)
    if reason is not None:
        return state, replace(fix, trusted=False, reason=reason)
    seen = Seen(fix, mono_ms)
    if state.last is None:
        return TrustState(last=seen), fix
    reason = _breaks(state.last, seen, limits)
    if reason is None:
        return TrustState(last=seen), fix
    run = state.run + 1 if state.rival is not None and _breaks(state.rival, seen, limits) is None else 1
    if run >= limits.accept_after:
        return TrustState(last=seen), fix
    return TrustState(state.last, seen, run), replace(fix, trusted=False, reason=reason)


def _implausible(fix: Fix, limits: Limits) -> str | None:
    if fix.fix_time_ms < limits.floor_ms:
        return "before_floor"
    if fix.hdop is not None and fix.hdop > limits.hdop_max:
        return "hdop"
    if fix.speed_mps is not None and fix.speed_mps > limits.speed_max_mps:
        return "speed"
    return None


def _breaks(before: Seen, now: Seen, limits: Limits) -> str | None:
    """Why these two cannot follow each other."""
    passed_ms = now.fix.fix_time_ms - before.fix.fix_time_ms
    if passed_ms <= 0:
        return "time_jump"
    if before.mono_ms is not None and now.mono_ms is not None:
        drift_ms = passed_ms - (now.mono_ms - before.mono_ms)
        if abs(drift_ms) > limits.time_jump_ms + CLOCK_DRIFT * passed_ms:
            return "time_jump"
    moved_m = distance_m((before.fix.lat_deg, before.fix.lon_deg), (now.fix.lat_deg, now.fix.lon_deg))
    if moved_m > limits.jump_slack_m + limits.speed_max_mps * passed_ms / 1000:
        return "jump"
    return None
