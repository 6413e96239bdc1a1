"""Bounds on the board's channels: which are exceeded. Pure; values are in wire units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threshold:
    """A channel is exceeded beyond a bound, and cleared once it is `hysteresis` inside of every bound again."""

    channel: int
    above: int | None = None
    below: int | None = None
    hysteresis: int = 0

    def exceeded_by(self, value: int, already: bool) -> bool:
        margin = self.hysteresis if already else 0
        too_high = self.above is not None and value > self.above - margin
        too_low = self.below is not None and value < self.below + margin
        return too_high or too_low


def exceeded(thresholds: Iterable[Threshold], before: frozenset[int], values: Mapping[int, int]) -> frozenset[int]:
    """The channels that are exceeded after a sample. Of a channel that is not in it, what was so before holds on."""
    return frozenset(
        one.channel
        for one in thresholds
        if (
            one.exceeded_by(values[one.channel], one.channel in before)
            if one.channel in values
            else one.channel in before
        )
    )
