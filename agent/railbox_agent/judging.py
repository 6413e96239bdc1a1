"""How near a log's reports came to its fixes: what thinning promised, held against what it was given.

Pure: items in, errors out.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from railbox_agent.items import Item, Report
from railbox_agent.thinning.knots import point_of
from railbox_agent.thinning.known import Miss, misses
from railbox_agent.thinning.plane import Point
from railbox_agent.thinning.track import Track
from railbox_telemetry.values import Fix


@dataclass(frozen=True, slots=True)
class Judgement:
    """`raw`: the trusted fixes, one a second. `track`: what the filter makes of them, which the promise is about.

    `errors`: of each point of the track, `raw_errors`: of each fix, as known `after_s` later.
    """

    after_s: int
    raw: tuple[Point, ...]
    track: tuple[Point, ...]
    reports: tuple[Report, ...]
    errors: tuple[Miss, ...]
    raw_errors: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Errors in metres; `unknown`: how many instants nothing was known of."""

    count: int
    unknown: int
    median_m: float
    p95_m: float
    p999_m: float
    worst_m: float


def judged(items: Iterable[Item], after_s: int = 60) -> Judgement:
    """All items of a log, in the order they became known. What came at the log's very end has no `after_s` to wait."""
    raw: list[Point] = []
    fixes: list[Fix] = []
    reports: list[Report] = []
    for item in items:
        if isinstance(item, Report):
            reports.append(item)
        elif isinstance(item, Fix) and item.trusted:
            point = point_of(item)
            if not raw or point.time_s > raw[-1].time_s:
                raw.append(point)
                fixes.append(item)
    filtered = Track(period_s(raw))
    track = [point for fix in fixes for point in filtered.add(fix)]
    errors, raw_errors = misses(track, reports, after_s), misses(raw, reports, after_s)
    return Judgement(after_s, tuple(raw), tuple(track), tuple(reports), tuple(errors), tuple(raw_errors))


def spread(errors: Sequence[Miss]) -> Spread | None:
    """None when nothing was known at all."""
    known = sorted(miss.error_m for miss in errors if miss.error_m is not None)
    if not known:
        return None

    def quantile(part: float) -> float:
        return known[min(len(known) - 1, int(part * len(known)))]

    return Spread(len(errors), len(errors) - len(known), quantile(0.5), quantile(0.95), quantile(0.999), known[-1])


def period_s(points: Sequence[Point]) -> float:
    """The median step of a receiver; a second when there are too few to tell."""
    steps_s = [after.time_s - before.time_s for before, after in pairwise(points)]
    return statistics.median_low(steps_s) if steps_s else 1.0
