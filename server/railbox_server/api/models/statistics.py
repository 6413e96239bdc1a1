"""Statistics of borders and the corridor indicators."""

from typing import Literal

from pydantic import BaseModel, Field

Interval = tuple[float, float | None]


class StandingRow(BaseModel):
    n: int = Field(description="Crossings that are over and were seen to begin: the estimates are theirs")
    p50_h: float | None
    p90_h: float | None
    mean_h: float | None
    p50_bounds_h: Interval | None = Field(description="Surely between, of all crossings; an upper null: unbounded")
    p90_bounds_h: Interval | None
    mean_bounds_h: Interval | None
    open: int = Field(description="Not over yet")
    cut: int = Field(description="Over, but there already when anything was first known")
    longest_open_h: float | None


class TrendRow(BaseModel):
    hours_per_month: float = Field(description="Change of the monthly median")
    months: int


class BorderStatisticsRow(StandingRow):
    border: str
    border_name: str
    from_side: str
    to_side: str
    by_month: dict[str, StandingRow] = Field(description="By month of arrival (UTC), as 2026-11")
    trend: TrendRow | None = Field(description="Null: fewer than three months with a median")


class PublishedRow(BaseModel):
    mode: Literal["rail", "road"]
    year: int
    hours_per_border: float
    speed_without_delay_kmh: float
    speed_with_delay_kmh: float | None


class IndicatorsRow(BaseModel):
    corridor: str
    trips: int
    km: int
    borders: int
    hours_per_border: float | None
    speed_without_delay_kmh: float | None
    speed_with_delay_kmh: float | None


class Statistics(BaseModel):
    borders: list[BorderStatisticsRow]
    returned: int = Field(description="Crossings that went back by the side they came: counted nowhere else")
    unplaced: int = Field(description="Crossings that could have been at several borders")
    indicators: list[IndicatorsRow] = Field(description="CAREC's corridor indicators, of the fleet's own trips")
    published: list[PublishedRow] = Field(description="What CAREC published, to hold them against")
