"""Dwells by border, direction and month, honestly: what is not known for sure widens the bounds, and is counted apart.

A function of the crossings as a set.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import fsum, inf
from typing import Final

from railbox_server.journey.model import Crossing
from railbox_server.statistics.model import BorderStatistics, Dwells, Interval, Key, Statistics, Trend
from railbox_server.statistics.numbers import quantile, theil_sen

LEAST_MONTHS: Final = 3
"""A line through two months is not a trend."""


def statistics(crossings: Iterable[Crossing]) -> Statistics:
    """By border id and direction. An open crossing's direction is the one it will have if it goes through."""
    groups: dict[Key, list[Crossing]] = {}
    returned = unplaced = 0
    for crossing in crossings:
        if crossing.border is None:
            unplaced += 1
        elif crossing.returned:
            returned += 1
        else:
            first, second = crossing.border.sides
            to_side = second if crossing.from_side == first else first
            groups.setdefault((crossing.border.id, crossing.from_side, to_side), []).append(crossing)
    found = tuple(_border(key, group) for key, group in sorted(groups.items()))
    return Statistics(found, returned, unplaced)


def _border(key: Key, crossings: Sequence[Crossing]) -> BorderStatistics:
    border_id, from_side, to_side = key
    months: dict[str, list[Crossing]] = {}
    for crossing in crossings:
        months.setdefault(_month(crossing), []).append(crossing)
    by_month = {month: dwells(months[month]) for month in sorted(months)}
    names = {crossing.border.name for crossing in crossings if crossing.border}
    return BorderStatistics(
        border=border_id,
        name=min(names, default=border_id),
        from_side=from_side,
        to_side=to_side,
        all=dwells(crossings),
        by_month=by_month,
        trend=_trend(by_month),
    )


def dwells(crossings: Sequence[Crossing]) -> Dwells:
    lasting = [crossing for crossing in crossings if crossing.departed is None]
    over = [crossing for crossing in crossings if crossing.departed is not None]
    cut = [crossing for crossing in over if _is_cut(crossing)]
    whole = [float(crossing.dwell.est_s) for crossing in over if not _is_cut(crossing)]
    lows = [float(crossing.dwell.min_s) for crossing in crossings]
    highs = [_most_s(crossing) for crossing in crossings]
    return Dwells(
        n=len(whole),
        p50_s=quantile(whole, 0.5) if whole else None,
        p90_s=quantile(whole, 0.9) if whole else None,
        mean_s=fsum(whole) / len(whole) if whole else None,
        p50=_interval(quantile(lows, 0.5), quantile(highs, 0.5)) if crossings else None,
        p90=_interval(quantile(lows, 0.9), quantile(highs, 0.9)) if crossings else None,
        mean=_interval(fsum(lows) / len(lows), fsum(highs) / len(highs)) if crossings else None,
        open=len(lasting),
        cut=len(cut),
        longest_open_s=max((crossing.dwell.est_s for crossing in lasting), default=None),
    )


def _is_cut(crossing: Crossing) -> bool:
    """Nobody saw it begin."""
    return crossing.arrived.earliest_s is None


def _most_s(crossing: Crossing) -> float:
    """How long it may take in the end: without bound where it is not over, or nobody saw it begin."""
    most_s = crossing.dwell.max_s
    return inf if crossing.departed is None or _is_cut(crossing) or most_s is None else float(most_s)


def _interval(low_s: float, high_s: float) -> Interval:
    return Interval(low_s, None if high_s == inf else high_s)


def _month(crossing: Crossing) -> str:
    """Of arrival, in UTC."""
    return datetime.fromtimestamp(crossing.arrived.est_s or 0, UTC).strftime("%Y-%m")


def _trend(by_month: Mapping[str, Dwells]) -> Trend | None:
    points = [(_number(month), each.p50_s) for month, each in by_month.items() if each.p50_s is not None]
    slope_s = theil_sen(points) if len(points) >= LEAST_MONTHS else None
    return None if slope_s is None else Trend(slope_s, len(points))


def _number(month: str) -> int:
    year, number = month.split("-")
    return int(year) * 12 + int(number)
