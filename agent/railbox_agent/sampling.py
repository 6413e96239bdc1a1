"""Which fixes become knots, and which samples become readings: the thinning policy, to be replaced as a whole.

Pure: (state, fix) → (state, knots). Here the first policy: one knot an interval, and both ends of every dark span.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from railbox_agent.items import KnotItem
from railbox_telemetry.tables import ACCURACY, CHANNEL_BY_NAME, COURSE, FLAG_STOPPED, FLAGS, SATS, SPEED, Quantity
from railbox_telemetry.values import DEGREE_E5, Fix, Knot

ACCURACY_PER_HDOP_M: Final = 5.0
"""User-equivalent range error of a single-frequency receiver, rounded up (GPS SPS Performance Standard 2020: 4.8 m)."""
STOPPED_MPS: Final = 0.5
METRES_PER_DEGREE: Final = 111_195.0
"""Of a great circle on a sphere of 6,371.0 km."""


def dark_after_ms(fix_period_s: float) -> int:
    """How long without a trusted fix is dark: more than max(3 s, 3 periods)."""
    return round(max(3.0, 3 * fix_period_s) * 1000)


def whole_second(fix: Fix) -> int:
    """The second nearest to the fix: where its knot stands."""
    return (fix.fix_time_ms + 500) // 1000


def knot_of(fix: Fix, dark_s: int = 0) -> KnotItem:
    """The fix moved along its velocity to the nearest whole second, and the state at it (FLAGS included, always)."""
    time_s = whole_second(fix)
    lat_deg, lon_deg = _moved(fix, (time_s * 1000 - fix.fix_time_ms) / 1000)
    knot = Knot(time_s, round(lat_deg * DEGREE_E5), round(lon_deg * DEGREE_E5), dark_s)
    stopped = fix.speed_mps is not None and fix.speed_mps < STOPPED_MPS
    state = {FLAGS.bit: FLAG_STOPPED if stopped else 0}
    for quantity, value in (
        (SPEED, fix.speed_mps),
        (COURSE, None if stopped else fix.course_deg),
        (ACCURACY, None if fix.hdop is None else fix.hdop * ACCURACY_PER_HDOP_M),
        (SATS, fix.sats),
    ):
        if value is not None:
            state[quantity.bit] = _wire(quantity, value)
    return KnotItem(knot, dict(sorted(state.items())))


def _wire(quantity: Quantity, value: float) -> int:
    wire = quantity.to_wire(value)
    if quantity is COURSE:
        wire %= 360
    return min(max(wire, quantity.low), quantity.high)


def _moved(fix: Fix, seconds: float) -> tuple[float, float]:
    if not seconds or fix.speed_mps is None or fix.course_deg is None:
        return fix.lat_deg, fix.lon_deg
    course = math.radians(fix.course_deg)
    along_m = fix.speed_mps * seconds
    lat_deg = fix.lat_deg + along_m * math.cos(course) / METRES_PER_DEGREE
    parallel_m = METRES_PER_DEGREE * max(math.cos(math.radians(fix.lat_deg)), 1e-6)
    lon_deg = fix.lon_deg + along_m * math.sin(course) / parallel_m
    return max(-90.0, min(90.0, lat_deg)), (lon_deg + 180) % 360 - 180


@dataclass(frozen=True, slots=True)
class SamplingState:
    """The last trusted fix; the second of the last knot; whether that fix became it."""

    last: Fix | None = None
    knot_s: int | None = None
    kept: bool = False


class Policy(Protocol):
    """What decides which fixes are kept. `dark_s`: for how long nothing was trusted before the very first fix."""

    def step(
        self, state: SamplingState, fix: Fix | None, now_ms: int, dark_s: int = 1
    ) -> tuple[SamplingState, tuple[KnotItem, ...]]: ...


@dataclass(frozen=True, slots=True)
class IntervalPolicy:
    """One knot an interval from the newest trusted fix; the last before a dark span and the first after it."""

    interval_s: int = 60
    dark_after_ms: int = 3_000

    def step(
        self, state: SamplingState, fix: Fix | None, now_ms: int, dark_s: int = 1
    ) -> tuple[SamplingState, tuple[KnotItem, ...]]:
        """Take a trusted fix, or (None) that time has come to `now_ms` without one."""
        if fix is None:
            return self._quiet(state, now_ms)
        if state.last is None:
            return self._keep(state, fix, max(1, dark_s))
        gap_ms = fix.fix_time_ms - state.last.fix_time_ms
        if gap_ms < 0:
            # The receiver's time was put back: what lies between is not known.
            return self._keep(SamplingState(), fix, 1)
        if gap_ms > self.dark_after_ms:
            state, before = self._keep(state, state.last, 0)
            state, after = self._keep(state, fix, max(1, round(gap_ms / 1000)))
            return state, before + after
        if state.knot_s is None or whole_second(fix) >= state.knot_s + self.interval_s:
            return self._keep(state, fix, 0)
        return SamplingState(fix, state.knot_s), ()

    def _quiet(self, state: SamplingState, now_ms: int) -> tuple[SamplingState, tuple[KnotItem, ...]]:
        if state.last is None or state.kept or now_ms - state.last.fix_time_ms <= self.dark_after_ms:
            return state, ()
        return self._keep(state, state.last, 0)

    def _keep(self, state: SamplingState, fix: Fix, dark_s: int) -> tuple[SamplingState, tuple[KnotItem, ...]]:
        time_s = whole_second(fix)
        if state.knot_s is not None and time_s <= state.knot_s:
            return SamplingState(fix, state.knot_s, kept=True), ()
        return SamplingState(fix, time_s, kept=True), (knot_of(fix, dark_s),)


# What a row keeps of a channel's samples; the last one where nothing is said.
_MERGE: Final[Mapping[int, Callable[[int, int], int]]] = {
    CHANNEL_BY_NAME["shock_peak_g"].bit: max,
    CHANNEL_BY_NAME["vibration_mg"].bit: max,
}


class ReadingRows:
    """Samples in, one row an interval out. Times are monotonic milliseconds."""

    def __init__(self, interval_s: int = 60) -> None:
        self._interval_ms = interval_s * 1000
        self._emitted_ms: int | None = None
        self._at_ms = 0
        self._row: dict[int, int] = {}

    def add(self, mono_ms: int, values: Mapping[int, int]) -> dict[int, int] | None:
        """The row, when it is due with this sample: it is the sample's time that it holds for."""
        for channel, value in values.items():
            merge = _MERGE.get(channel)
            before = self._row.get(channel)
            self._row[channel] = value if merge is None or before is None else merge(before, value)
        self._at_ms = mono_ms
        # Half a second of slack: a board that samples every interval must not miss every other row by jitter.
        if self._emitted_ms is not None and mono_ms - self._emitted_ms < self._interval_ms - 500:
            return None
        return self.flush()[1]

    def flush(self) -> tuple[int, dict[int, int]]:
        """What is collected, and the time of its newest sample; empty when there is nothing."""
        row, self._row = self._row, {}
        self._emitted_ms = self._at_ms
        return self._at_ms, row
