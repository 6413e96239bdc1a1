"""Whose velocity to go by: the receiver's own, or where that is none or nonsense, the one since the fixes before.

Receivers measure Doppler, to a tenth of a metre per second; but some do not say it, and some say what is not so.
"""

import math
from collections import deque
from dataclasses import replace
from typing import Final, Literal

from railbox_agent.thinning.plane import Point, velocity_between

BASE_S: Final = 5
"""Shorter, and the noise of two positions makes the velocity between them; longer, and it lags."""
CHECK_S: Final = 10
DOUBT_MPS: Final = 5.0
DOUBT_GAIN: Final = 0.3
"""Off by so much on average, over three checks or so, is not measured: no train that brakes is."""

Source = Literal["said", "moved", "none"]


class Velocity:
    """Takes fixes in time order. `lost_after_s`: nothing is concluded across a longer gap."""

    def __init__(self, lost_after_s: float) -> None:
        self.source: Source = "none"
        self._lost_after_s = lost_after_s
        self._recent: deque[Point] = deque()
        self._check: Point | None = None
        self._reckoned_m = (0.0, 0.0)
        self._doubt_mps = 0.0

    def of(self, fix: Point, says: bool) -> Point:
        """The fix with the velocity to go by; `says`: its own is the receiver's. `source` is then whose it is."""
        recent = self._recent
        if recent and fix.time_s - recent[-1].time_s > self._lost_after_s:
            recent.clear()
            self._check = None
        while len(recent) > 1 and fix.time_s - recent[0].time_s > BASE_S:
            recent.popleft()
        if says:
            self._compare(fix)
        if says and self._doubt_mps <= DOUBT_MPS:
            self.source = "said"
        elif recent:
            north_mps, east_mps = velocity_between(recent[0], fix)
            self.source, fix = "moved", replace(fix, north_mps=north_mps, east_mps=east_mps)
        else:
            self.source = "none"
        recent.append(fix)
        return fix

    def _compare(self, fix: Point) -> None:
        """What the velocities said since the last check add up to, against the way that the positions made."""
        if self._check is None:
            self._check, self._reckoned_m = fix, (0.0, 0.0)
            return
        step_s = fix.time_s - self._recent[-1].time_s
        self._reckoned_m = (
            self._reckoned_m[0] + fix.north_mps * step_s,
            self._reckoned_m[1] + fix.east_mps * step_s,
        )
        passed_s = fix.time_s - self._check.time_s
        if passed_s < CHECK_S:
            return
        north_mps, east_mps = velocity_between(self._check, fix)
        off_mps = math.hypot(north_mps - self._reckoned_m[0] / passed_s, east_mps - self._reckoned_m[1] / passed_s)
        self._doubt_mps += DOUBT_GAIN * (off_mps - self._doubt_mps)
        self._check, self._reckoned_m = fix, (0.0, 0.0)
