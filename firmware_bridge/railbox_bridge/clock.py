"""Clocks: ticks that wrap made to count on, and the board's time mapped to the host's.

Asks no clock itself. All times are milliseconds; "board ms" counts on from the first tick seen, without wrapping.
"""

from railbox_bridge.value import Value

HEADER_PERIOD_MS = 1 << 32  # where a frame's ticks wrap

KEPT_TRIPS = 64
DRIFT_MAX_PPM = 200.0  # crystals are within 50 ppm, ceramic resonators and RC oscillators need a reading of their own
DRIFT_SPAN_MS = 30000  # a drift is only read from trips this far apart
DELAY_SCALE_MS = 1.0  # how soon a trip's weight falls off above the least delay


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
    """One question and answer: board clock at its middle, host minus board there, and the time spent on the way."""

    def __init__(self, board_ms: float, offset_ms: float, delay_ms: int) -> None:
        self.board_ms = board_ms
        self.offset_ms = offset_ms
        self.delay_ms = delay_ms


class BoardClock:
    """Maps the board's time to the host's: a line with drift through the round trips with the least delay.

    Until the first round trip the earliest arrival stands in: late by that frame's time on the way, never early.
    """

    def __init__(self) -> None:
        self.drift_ppm = 0.0  # by how much the host's clock gains on the board's
        self._trips: "list[RoundTrip]" = []
        self._arrival_offset_ms: "int | None" = None
        self._origin_ms = 0.0
        self._offset_ms = 0.0

    @property
    def synced(self) -> bool:
        return len(self._trips) > 0

    @property
    def error_ms(self) -> "int | None":
        """Half the least delay seen: the mapping cannot be further off at that trip. None before the first."""
        if not self._trips:
            return None
        return (min([trip.delay_ms for trip in self._trips]) + 1) // 2

    def arrival(self, board_ms: int, host_ms: int) -> None:
        """Note that a frame sent at `board_ms` was here at `host_ms`."""
        offset_ms = host_ms - board_ms
        if self._arrival_offset_ms is None or offset_ms < self._arrival_offset_ms:
            self._arrival_offset_ms = offset_ms

    def round_trip(self, asked_ms: int, received_board_ms: int, answered_board_ms: int, answer_ms: int) -> None:
        """Note a question and its answer: asked and back at host ms, received and answered at board ms."""
        delay_ms = (answer_ms - asked_ms) - (answered_board_ms - received_board_ms)
        if delay_ms < 0 or answered_board_ms < received_board_ms:
            return
        board_ms = (received_board_ms + answered_board_ms) / 2
        self._trips.append(RoundTrip(board_ms, (asked_ms + answer_ms) / 2 - board_ms, delay_ms))
        self._trips = self._trips[-KEPT_TRIPS:]
        self._fit()

    def to_host_ms(self, board_ms: int) -> int:
        """Return the host's time at the board's `board_ms`. At least one arrival must have been noted."""
        if not self._trips:
            return board_ms + (self._arrival_offset_ms or 0)
        drifted_ms = (board_ms - self._origin_ms) * self.drift_ppm / 1e6
        return int(board_ms + self._offset_ms + drifted_ms + 0.5)

    def _fit(self) -> None:
        """Fit a line to offset over board time by weighted least squares."""
        least = min([trip.delay_ms for trip in self._trips])
        first = self._trips[0]
        weights = [1.0 / (DELAY_SCALE_MS + trip.delay_ms - least) ** 2 for trip in self._trips]
        times = [trip.board_ms - first.board_ms for trip in self._trips]
        offsets = [trip.offset_ms - first.offset_ms for trip in self._trips]
        total = sum(weights)
        mean_time = sum([w * t for w, t in zip(weights, times)]) / total
        mean_offset = sum([w * o for w, o in zip(weights, offsets)]) / total
        if times[-1] >= DRIFT_SPAN_MS:
            spread = sum([w * (t - mean_time) ** 2 for w, t in zip(weights, times)])
            slope = sum([w * (t - mean_time) * (o - mean_offset) for w, t, o in zip(weights, times, offsets)]) / spread
            self.drift_ppm = max(-DRIFT_MAX_PPM, min(DRIFT_MAX_PPM, slope * 1e6))
        self._origin_ms = first.board_ms + mean_time
        self._offset_ms = first.offset_ms + mean_offset
