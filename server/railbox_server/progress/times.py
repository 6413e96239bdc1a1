"""How long something may take: 30 equally likely durations, ascending.

Adding two independent times is adding every duration of one to every duration of the other, sorting the sums, and
taking the mean of each thirtieth of them. No random numbers, no assumed shape, the mean is exact, and one property
that honest forecasts need holds by construction: a further part never makes any quantile smaller. Pure arithmetic.
"""

from collections.abc import Iterable, Sequence
from math import exp, fsum, log
from statistics import NormalDist
from typing import Final

Times = tuple[float, ...]
"""SIZE durations in seconds (or seconds per km), ascending, equally likely."""

SIZE: Final = 30
_NORMAL: Final = NormalDist()
_Z: Final = tuple(_NORMAL.inv_cdf((i + 0.5) / SIZE) for i in range(SIZE))
_Z90: Final = _NORMAL.inv_cdf(0.9)

NOTHING: Final[Times] = (0.0,) * SIZE


def spread(p50: float, p90: float) -> Times:
    """Log-normal between a median and a ninetieth percentile: waiting has a long tail. Needs 0 < p50 <= p90."""
    width = log(p90 / p50) / _Z90
    return tuple(p50 * exp(width * z) for z in _Z)


def scaled(times: Times, factor: float) -> Times:
    return tuple(each * factor for each in times)


def total(parts: Iterable[Times]) -> Times:
    """One after the other, each independent of the others."""
    result = NOTHING
    for part in parts:
        sums = sorted([a + b for a in result for b in part])
        result = tuple(fsum(sums[first : first + SIZE]) / SIZE for first in range(0, SIZE * SIZE, SIZE))
    return result


def pooled(prior: Times, weight: float, observed: Iterable[float]) -> Times:
    """What is assumed, counting as `weight` observations, together with what was observed."""
    assumed = [(each, weight / SIZE) for each in prior] if weight > 0 else []
    return _grouped(sorted([*assumed, *((each, 1.0) for each in observed)]))


def remaining(times: Times, elapsed: float) -> Times:
    """What is still to come of something that has lasted `elapsed` already.

    Those of the durations that are longer, less what has passed. That it takes as long again as it has taken counts as
    one duration more: it keeps the forecast from ending where experience does.
    """
    if elapsed <= 0:
        return times
    longer = [(each - elapsed, 1.0) for each in times if each > elapsed]
    again = [(elapsed * (i + 0.5) / SIZE, 1 / SIZE) for i in range(SIZE)]
    return _grouped(sorted(longer + again))


def quantile(times: Times, part: float) -> float:
    """Interpolated between the middles of the thirtieths; beyond the first and the last as at them."""
    place = min(max(part * SIZE - 0.5, 0.0), SIZE - 1.0)
    before = min(int(place), SIZE - 2)
    return times[before] + (place - before) * (times[before + 1] - times[before])


def _grouped(weighted: Sequence[tuple[float, float]]) -> Times:
    """Sorted values with weights, as the means of SIZE groups of equal weight."""
    share = fsum(weight for _, weight in weighted) / SIZE
    groups: list[float] = []
    held, filled = 0.0, 0.0
    for value, weight in weighted:
        left = weight
        while len(groups) < SIZE - 1 and filled + left >= share:
            groups.append((held + value * (share - filled)) / share)
            left -= share - filled
            held, filled = 0.0, 0.0
        held += value * left
        filled += left
    first, last = weighted[0][0], weighted[-1][0]
    groups += [held / filled if filled > 0 else last] * (SIZE - len(groups))
    # Rounding may leave a mean a hair beyond what it is the mean of, or neighbours out of order.
    return tuple(sorted(min(max(group, first), last) for group in groups))
