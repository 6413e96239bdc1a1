"""Quantiles, and the slope through a few points. Arithmetic only."""

from collections.abc import Sequence
from itertools import combinations
from math import inf
from statistics import median


def quantile(values: Sequence[float], part: float) -> float:
    """Linear between the order statistics (Hyndman and Fan's type 7); needs values, which may be infinite.

    Each order statistic rises with every value, so from lower and upper bounds of values come bounds of the quantile.
    """
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    before = int(place)
    low, high = ordered[before], ordered[min(before + 1, len(ordered) - 1)]
    if place == before or low == high:
        return low
    return inf if high == inf else low + (place - before) * (high - low)


def theil_sen(points: Sequence[tuple[float, float]]) -> float | None:
    """The median of the slopes between all pairs: one bad month does not turn it. None where no two x differ."""
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(sorted(points), 2) if b[0] != a[0]]
    return median(slopes) if slopes else None
