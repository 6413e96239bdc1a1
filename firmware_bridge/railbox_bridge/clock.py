"""Clocks: ticks that wrap made to count on, and the board's time mapped to the host's.

Asks no clock itself. All times are milliseconds; "board ms" counts on from the first tick seen, without wrapping.
"""

from railbox_bridge.value import Value

HEADER_PERIOD_MS = 1 << 32  # where a frame's ticks wrap

KEPT_TRIPS = 128
DRIFT_MAX_PPM = 200.0  # crystals are within 50 ppm; an RC oscillator off by more shows in error_ms
DRIFT_SPAN_MS = 30000  # a drift is only read from trips this far apart
DRIFT_PERIOD_MS = 20000  # and not more often than this, since it takes a search
SEARCH_STEPS = 24  # that leave two thirds of ±DRIFT_MAX_PPM each time: to 0.02 ppm
EDGE_STEPS = 12  # that leave half each time: to 0.05 ppm


class Unwrapper:
    """Turns a counter that wraps into one that does not; readings may be up to half a period late or early."""

    def __init__(self, period_ms: int) -> None:
        self._period_ms = period_ms
        self._last_ms: "int | None" = None

    def extend(self, ticks_ms: int) -> int:
        """Return `ticks_ms` counted on. The first is taken as it is."""
        if self._last_ms is None:
            self._last_ms = ticks_ms
            return ticks_ms
        half = self._period_ms // 2
        ahead = (ticks_ms - self._last_ms + half) % self._period_ms - half
        extended = self._last_ms + ahead
        self._last_ms = max(self._last_ms, extended)
        return extended


class RoundTrip(Value):
    """One question and answer, as bounds of host minus board: at least `low_ms` at first, at most `high_ms` at last.

    A question cannot arrive before it was asked, nor an answer before it was given, however long they were on the way.
    """

    def __init__(self, asked_ms: int, received_ms: int, answered_ms: int, back_ms: int) -> None:
        self.received_ms = received_ms  # board
        self.low_ms = asked_ms - received_ms
        self.answered_ms = answered_ms  # board
        self.high_ms = back_ms - answered_ms


class BoardClock:
    """Maps the board's time to the host's: a line midway between the bounds of the round trips with the least delay.

    Each way counts by its own least delay, so that jitter averages out and only a lasting difference of the two ways
    remains: half of it. Until the first round trip the earliest arrival stands in, late by that frame's delay.
    """

    def __init__(self) -> None:
        self.drift_ppm = 0.0  # by how much the host's clock gains on the board's
        self._trips: "list[RoundTrip]" = []
        self._arrival_offset_ms: "int | None" = None
        self._drift_read_ms = -DRIFT_PERIOD_MS
        self._origin_ms = 0
        self._low_ms = 0.0  # bounds of host minus board at the origin
        self._high_ms = 0.0

    @property
    def error_ms(self) -> "int | None":
        """How far off the mapping may be at the latest round trip; None before the first."""
        return int(max(0.0, self._high_ms - self._low_ms) / 2 + 1) if self._trips else None

    def arrival(self, board_ms: int, host_ms: int) -> None:
        """Note that a frame sent at `board_ms` was here at `host_ms`."""
        offset_ms = host_ms - board_ms
        if self._arrival_offset_ms is None or offset_ms < self._arrival_offset_ms:
            self._arrival_offset_ms = offset_ms

    def round_trip(self, asked_ms: int, received_ms: int, answered_ms: int, back_ms: int) -> None:
        """Note a question and its answer: asked and back by the host's clock, received and answered by the board's."""
        if not 0 <= answered_ms - received_ms <= back_ms - asked_ms:
            return
        self._trips.append(RoundTrip(asked_ms, received_ms, answered_ms, back_ms))
        self._trips = self._trips[-KEPT_TRIPS:]
        self._origin_ms = answered_ms
        span_ms = answered_ms - self._trips[0].received_ms
        if span_ms >= DRIFT_SPAN_MS and answered_ms - self._drift_read_ms >= DRIFT_PERIOD_MS:
            self._drift_read_ms = answered_ms
            self.drift_ppm = self._middle_drift_ppm()
        self._low_ms, self._high_ms = self._bounds(self.drift_ppm)

    def to_host_ms(self, board_ms: int) -> int:
        """Return the host's time at the board's `board_ms`. At least one arrival must have been noted."""
        if not self._trips:
            return board_ms + (self._arrival_offset_ms or 0)
        drifted_ms = (board_ms - self._origin_ms) * self.drift_ppm / 1e6
        return board_ms + round((self._low_ms + self._high_ms) / 2 + drifted_ms)

    def _bounds(self, drift_ppm: float) -> "tuple[float, float]":
        """Return between what host minus board lies at the origin, if the drift is `drift_ppm`."""
        origin_ms = self._origin_ms
        rate = drift_ppm / 1e6
        low_ms = max([trip.low_ms + (origin_ms - trip.received_ms) * rate for trip in self._trips])
        high_ms = min([trip.high_ms + (origin_ms - trip.answered_ms) * rate for trip in self._trips])
        return low_ms, high_ms

    def _gap_ms(self, drift_ppm: float) -> float:
        """Return how far apart the bounds are with this drift: with a wrong one they close in, and cross."""
        low_ms, high_ms = self._bounds(drift_ppm)
        return high_ms - low_ms

    def _middle_drift_ppm(self) -> float:
        """Return the middle of the drifts with which the bounds do not cross; if all cross, that with which least."""
        widest_ppm = self._widest_drift_ppm()
        if self._gap_ms(widest_ppm) <= 0:
            return widest_ppm
        return (self._edge_ppm(widest_ppm, -DRIFT_MAX_PPM) + self._edge_ppm(widest_ppm, DRIFT_MAX_PPM)) / 2

    def _widest_drift_ppm(self) -> float:
        """Return the drift that leaves the bounds furthest apart, by ternary search: the gap has one maximum."""
        least_ppm, most_ppm = -DRIFT_MAX_PPM, DRIFT_MAX_PPM
        for _ in range(SEARCH_STEPS):
            third_ppm = (most_ppm - least_ppm) / 3
            if self._gap_ms(least_ppm + third_ppm) < self._gap_ms(most_ppm - third_ppm):
                least_ppm += third_ppm
            else:
                most_ppm -= third_ppm
        return (least_ppm + most_ppm) / 2

    def _edge_ppm(self, possible_ppm: float, limit_ppm: float) -> float:
        """Return the drift furthest towards `limit_ppm` with which the bounds do not cross."""
        if self._gap_ms(limit_ppm) >= 0:
            return limit_ppm
        for _ in range(EDGE_STEPS):
            middle_ppm = (possible_ppm + limit_ppm) / 2
            if self._gap_ms(middle_ppm) >= 0:
                possible_ppm = middle_ppm
            else:
                limit_ppm = middle_ppm
        return possible_ppm
