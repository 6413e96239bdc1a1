"""Which of the board's samples become readings: one row an interval, each channel summed up by its kind.

Pure; times come with the samples.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from railbox_telemetry.tables import CHANNEL_BY_NAME


@dataclass(frozen=True, slots=True)
class Samples:
    """A channel's samples since the last row."""

    last: int
    lowest: int
    highest: int
    total: int
    count: int

    @property
    def mean(self) -> int:
        return round(self.total / self.count)

    def and_then(self, value: int) -> "Samples":
        lowest, highest = min(self.lowest, value), max(self.highest, value)
        return Samples(value, lowest, highest, self.total + value, self.count + 1)


def _last(samples: Samples) -> int:
    return samples.last


def _lowest(samples: Samples) -> int:
    return samples.lowest


def _highest(samples: Samples) -> int:
    return samples.highest


def _mean(samples: Samples) -> int:
    return samples.mean


KEPT: Final[Mapping[str, Callable[[Samples], int]]] = {
    "temp_c": _mean,
    "humidity_pct": _mean,
    "board_temp_c": _mean,
    # A tracker starves at the lowest voltage, not at the mean.
    "battery_v": _lowest,
    "supply_v": _lowest,
    "light_lux": _highest,
    "shock_peak_g": _highest,
    "vibration_mg": _highest,
    "door_open": _last,
    "tilt_deg": _last,
    "shock_count": _last,
    "door_count": _last,
}
"""What a row keeps of a channel's samples. Extremes that matter in between are thresholds' business."""

_KEPT_BY_BIT: Final = {CHANNEL_BY_NAME[name].bit: kept for name, kept in KEPT.items()}


class ReadingRows:
    """Samples in, one row an interval out. Times are monotonic milliseconds."""

    def __init__(self, interval_s: int = 60) -> None:
        self._interval_ms = interval_s * 1000
        self._emitted_ms: int | None = None
        self._at_ms = 0
        self._samples: dict[int, Samples] = {}

    def set_interval(self, interval_s: int) -> None:
        """From the next row on; what is collected stays."""
        self._interval_ms = interval_s * 1000

    def add(self, mono_ms: int, values: Mapping[int, int]) -> dict[int, int] | None:
        """The row, when it is due with this sample: it is the sample's time that it holds for."""
        for channel, value in values.items():
            before = self._samples.get(channel)
            self._samples[channel] = before.and_then(value) if before else Samples(value, value, value, value, 1)
        self._at_ms = mono_ms
        # Half a second of slack: a board that samples every interval must not miss every other row by jitter.
        if self._emitted_ms is not None and mono_ms - self._emitted_ms < self._interval_ms - 500:
            return None
        return self.flush()[1]

    @property
    def pending(self) -> dict[int, int]:
        """What holds now and no row has told: the last values, and the highest of those whose peaks count."""
        return {
            channel: samples.highest if _KEPT_BY_BIT.get(channel) is _highest else samples.last
            for channel, samples in self._samples.items()
        }

    def flush(self) -> tuple[int, dict[int, int]]:
        """What is collected, and the time of its newest sample; empty when there is nothing."""
        row = {channel: _KEPT_BY_BIT.get(channel, _last)(samples) for channel, samples in self._samples.items()}
        self._samples = {}
        self._emitted_ms = self._at_ms
        return self._at_ms, row
