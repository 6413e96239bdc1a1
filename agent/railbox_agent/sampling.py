"""Which of the board's samples become readings: one row an interval, with the last values and the highest peaks.

Pure; times come with the samples.
"""

from collections.abc import Callable, Mapping
from typing import Final

from railbox_telemetry.tables import CHANNEL_BY_NAME

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

    @property
    def pending(self) -> Mapping[int, int]:
        """What was sampled since the last row."""
        return self._row

    def flush(self) -> tuple[int, dict[int, int]]:
        """What is collected, and the time of its newest sample; empty when there is nothing."""
        row, self._row = self._row, {}
        self._emitted_ms = self._at_ms
        return self._at_ms, row
