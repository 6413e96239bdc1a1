"""Statistics as JSON rows, in hours: what the API and exports show."""

from typing import Any

from railbox_server.progress.priors import CAREC, Monitored
from railbox_server.statistics.model import BorderStatistics, Dwells, Indicators, Interval, Statistics, Trend

Row = dict[str, Any]


def statistics_row(statistics: Statistics) -> Row:
    return {
        "type": "statistics",
        "borders": [border_row(border) for border in statistics.borders],
        "returned": statistics.returned,
        "unplaced": statistics.unplaced,
    }


def border_row(border: BorderStatistics) -> Row:
    return {
        "border": border.border,
        "border_name": border.name,
        "from_side": border.from_side,
        "to_side": border.to_side,
        **_dwells_row(border.all),
        "by_month": {month: _dwells_row(dwells) for month, dwells in border.by_month.items()},
        "trend": _trend_row(border.trend),
    }


def indicators_row(indicators: Indicators) -> Row:
    return {
        "type": "indicators",
        "corridor": indicators.corridor,
        "trips": indicators.trips,
        "km": round(indicators.km),
        "borders": indicators.borders,
        "hours_per_border": _rounded(indicators.hours_per_border),
        "speed_without_delay_kmh": _rounded(indicators.speed_without_delay_kmh),
        "speed_with_delay_kmh": _rounded(indicators.speed_with_delay_kmh),
    }


def published_rows() -> list[Row]:
    """What CAREC published, to be shown beside one's own."""
    return [_published_row(monitored) for monitored in CAREC]


def _published_row(monitored: Monitored) -> Row:
    return {
        "type": "published",
        "mode": monitored.mode,
        "year": monitored.year,
        "hours_per_border": monitored.border_h,
        "speed_without_delay_kmh": monitored.without_delay_kmh,
        "speed_with_delay_kmh": monitored.with_delay_kmh,
    }


def _dwells_row(dwells: Dwells) -> Row:
    return {
        "n": dwells.n,
        "p50_h": _hours(dwells.p50_s),
        "p90_h": _hours(dwells.p90_s),
        "mean_h": _hours(dwells.mean_s),
        "p50_bounds_h": _interval_row(dwells.p50),
        "p90_bounds_h": _interval_row(dwells.p90),
        "mean_bounds_h": _interval_row(dwells.mean),
        "open": dwells.open,
        "cut": dwells.cut,
        "longest_open_h": _hours(dwells.longest_open_s),
    }


def _interval_row(interval: Interval | None) -> list[float | None] | None:
    return None if interval is None else [_hours(interval.low_s), _hours(interval.high_s)]


def _trend_row(trend: Trend | None) -> Row | None:
    return None if trend is None else {"hours_per_month": _hours(trend.slope_s), "months": trend.months}


def _hours(length_s: float | None) -> float | None:
    return None if length_s is None else round(length_s / 3_600, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
