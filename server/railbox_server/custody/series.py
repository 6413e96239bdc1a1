"""One channel over a span of time: lowest, mean by time, highest, and how long beyond its limit.

Between two readings that are close enough the value is taken to run straight; between others nobody knows it. Pure
arithmetic on (time, value) pairs; knows no channels.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import fsum

Sample = tuple[float, float]
"""Time in seconds, value."""
TimeSpan = tuple[float, float]


@dataclass(slots=True)
class Sums:
    """What several series of one channel come to in one span."""

    values: list[float] = field(default_factory=list[float])
    areas: list[float] = field(default_factory=list[float])
    known: list[TimeSpan] = field(default_factory=list[TimeSpan])
    over: list[TimeSpan] = field(default_factory=list[TimeSpan])
    under: list[TimeSpan] = field(default_factory=list[TimeSpan])

    @property
    def mean(self) -> float:
        """By time; where no time is known, of the readings. Needs values."""
        known_s = fsum(b - a for a, b in self.known)
        mean = fsum(self.areas) / known_s if known_s > 0 else fsum(self.values) / len(self.values)
        return min(max(mean, min(self.values)), max(self.values))


def in_order(samples: Iterable[Sample]) -> list[Sample]:
    """By time; of several at one time the lowest, so that the order they came in does not matter."""
    kept: list[Sample] = []
    for sample in sorted(set(samples)):
        if not kept or sample[0] > kept[-1][0]:
            kept.append(sample)
    return kept


def add(
    sums: Sums,
    samples: Sequence[Sample],
    span: TimeSpan,
    gap_s: float,
    low: float | None = None,
    high: float | None = None,
) -> None:
    """Adds one device's samples (in order) within a span; times beyond `low` and `high` are told apart."""
    from_s, to_s = span
    first = max(0, bisect_right(samples, (from_s, float("-inf"))) - 1)
    last = bisect_left(samples, (to_s, float("inf"))) + 1
    near = samples[first:last]
    sums.values += [value for time_s, value in near if from_s <= time_s <= to_s]
    for a, b in pairwise(near):
        if b[0] - a[0] > gap_s:
            continue
        start, end = _at(a, b, max(a[0], from_s)), _at(a, b, min(b[0], to_s))
        if start[0] >= end[0]:
            continue
        sums.values += [start[1], end[1]]
        sums.areas.append((start[1] + end[1]) / 2 * (end[0] - start[0]))
        sums.known.append((start[0], end[0]))
        if high is not None and (part := _above(start, end, high)):
            sums.over.append(part)
        if low is not None and (part := _above(_negative(start), _negative(end), -low)):
            sums.under.append(part)


def covered_s(spans: Iterable[TimeSpan]) -> float:
    """How long at least one of the spans lasts."""
    length_s, reached_s = 0.0, float("-inf")
    for from_s, to_s in sorted(spans):
        length_s += max(0.0, to_s - max(from_s, reached_s))
        reached_s = max(reached_s, to_s)
    return length_s


def _at(a: Sample, b: Sample, time_s: float) -> Sample:
    if time_s <= a[0]:
        return a
    if time_s >= b[0]:
        return b
    value = a[1] + (b[1] - a[1]) * (time_s - a[0]) / (b[0] - a[0])
    return time_s, min(max(value, min(a[1], b[1])), max(a[1], b[1]))


def _above(a: Sample, b: Sample, level: float) -> TimeSpan | None:
    """When the straight line from `a` to `b` is above a level."""
    if max(a[1], b[1]) <= level:
        return None
    if min(a[1], b[1]) >= level:
        return a[0], b[0]
    crossing_s = a[0] + (level - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
    return (crossing_s, b[0]) if b[1] > a[1] else (a[0], crossing_s)


def _negative(sample: Sample) -> Sample:
    return sample[0], -sample[1]
