"""The pre-filter: a track that a freight train can drive, out of what a receiver says each second.

Doppler velocity carries the position on, the measured position pulls it back; outliers are left out, and a unit that
stands is held still. Figures: docs/design.md, "Thinning", measured on simulated freight and on real trains.
"""

from dataclasses import dataclass, replace
from typing import Final

from railbox_agent.thinning.plane import Point, offset_m, reckoned

GATE_M: Final = 12.0
HARDEST_MPS2: Final = 1.0
"""No train brakes or accelerates harder (emergency braking of freight: 0.5; lorries on a road leg: below 1)."""
GAIN: Final = 0.15
VELOCITY_GAIN: Final = 0.4
MAX_REJECTED_S: Final = 30
MAX_MISSING: Final = 3

FREEZE_MPS: Final = 0.5
FREEZE_AFTER_S: Final = 20
THAW_MPS: Final = 0.8
THAW_FIXES: Final = 3
ANCHOR_M: Final = 25.0
ANCHOR_AFTER_S: Final = 120
SLOW_S: Final = 3.0
"""A receiver slower than this has no fixes to spare for being sure: what it says is taken at once."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """The filter's state after a fix. `point` is the smoothed fix, or where dead reckoning put a rejected one."""

    point: Point
    accepted: bool = True
    rejected: int = 0
    slow_since_s: int | None = None
    frozen: bool = False
    fast_fixes: int = 0
    off_since_s: int | None = None


def smoothed(state: Smoothing | None, fix: Point, period_s: float = 1.0) -> Smoothing:
    """The state after `fix`, whose velocity is the Doppler velocity; `period_s`: the receiver's time between fixes."""
    if state is None or fix.time_s - state.point.time_s > MAX_MISSING * period_s:
        return Smoothing(fix)
    return _held(state, fix, period_s >= SLOW_S) if state.frozen else _driven(state, fix, period_s)


def _driven(state: Smoothing, fix: Point, period_s: float) -> Smoothing:
    last = state.point
    # With slower receivers the step is longer, and so is the pull back: the same filter, sampled less often.
    step_s = fix.time_s - last.time_s
    gain, velocity_gain = 1 - (1 - GAIN) ** step_s, 1 - (1 - VELOCITY_GAIN) ** step_s
    north_mps = last.north_mps + velocity_gain * (fix.north_mps - last.north_mps)
    east_mps = last.east_mps + velocity_gain * (fix.east_mps - last.east_mps)
    ahead = reckoned(replace(last, north_mps=north_mps, east_mps=east_mps), fix.time_s)
    north_m, east_m = offset_m(ahead, fix.lat_deg, fix.lon_deg)
    gate_m = max(GATE_M * step_s, HARDEST_MPS2 * step_s**2 / 2)
    if north_m**2 + east_m**2 > gate_m**2:
        if state.rejected * period_s >= MAX_REJECTED_S:
            return Smoothing(fix)
        return replace(state, point=ahead, accepted=False, rejected=state.rejected + 1)
    point = replace(
        ahead,
        lat_deg=ahead.lat_deg + gain * (fix.lat_deg - ahead.lat_deg),
        lon_deg=ahead.lon_deg + gain * ((fix.lon_deg - ahead.lon_deg + 180) % 360 - 180),
    )
    slow_since_s = _since(state.slow_since_s, fix.time_s, fix.speed_mps < FREEZE_MPS)
    if slow_since_s is not None and fix.time_s - slow_since_s >= FREEZE_AFTER_S:
        return Smoothing(replace(point, north_mps=0.0, east_mps=0.0), frozen=True)
    return Smoothing(point, slow_since_s=slow_since_s)


def _held(state: Smoothing, fix: Point, at_once: bool) -> Smoothing:
    """A unit that stands stays where it stood, whatever the receiver wanders."""
    fast_fixes = state.fast_fixes + 1 if fix.speed_mps > THAW_MPS else 0
    north_m, east_m = offset_m(state.point, fix.lat_deg, fix.lon_deg)
    off_since_s = _since(state.off_since_s, fix.time_s, north_m**2 + east_m**2 > ANCHOR_M**2)
    moved_away = off_since_s is not None and fix.time_s - off_since_s >= (0 if at_once else ANCHOR_AFTER_S)
    if fast_fixes >= (1 if at_once else THAW_FIXES) or moved_away:
        return Smoothing(fix)
    return replace(state, point=replace(state.point, time_s=fix.time_s), fast_fixes=fast_fixes, off_since_s=off_since_s)


def _since(since_s: int | None, time_s: int, holds: bool) -> int | None:
    """Since when a condition has held without a break."""
    if not holds:
        return None
    return time_s if since_s is None else since_s


class Filter:
    """The filtered track, point by point: what the promise of thinning is about.

    While fixes are rejected nobody knows who is right. Once one fits again, the way that was reckoned between was the
    track; when they are believed instead, it was not, and that time is dark.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._state: Smoothing | None = None
        self._reckoned: list[Point] = []

    def add(self, fix: Point) -> tuple[Point, ...]:
        """The points of the track that are sure by this fix, itself the last; none while it does not fit."""
        before, self._state = self._state, smoothed(self._state, fix, self._period_s)
        if not self._state.accepted:
            self._reckoned.append(self._state.point)
            return ()
        reckoned_, self._reckoned = self._reckoned, []
        fits = before is not None and not before.accepted and self._state.point != fix
        return (*(reckoned_ if fits else ()), self._state.point)

    def begin_anew(self) -> None:
        self._state = None
        self._reckoned = []
