"""Custody: in which visit, or on which leg between two, what happened to a unit."""

from typing import Literal

from pydantic import BaseModel, Field

from railbox_server.api.models.common import BoundsRow, Listed


class ConditionRow(BaseModel):
    min: float
    mean: float = Field(description="By time, over what is known")
    max: float
    known_s: int
    unknown_s: int
    over_s: int | None = Field(description="Surely above its limit; null: it has none")
    under_s: int | None


class TallyRow(BaseModel):
    times: int
    seen: int = Field(description="By events")
    counted: int | None = Field(description="By the board's own counter, which loses none; null: not heard of")


class ShocksRow(TallyRow):
    worst_g: float | None


class IncidentRow(BaseModel):
    event: str
    time: str
    device: str
    value: float | None
    ended: str | None
    doubt: Literal["before", "after"] | None = Field(
        description="By the bounds of the visit it may have happened in the span before, or after"
    )
    lat: float | None
    lon: float | None


class CustodyRow(BaseModel):
    type: Literal["custody"]
    unit: str
    kind: Literal["visit", "leg"]
    place: str | None
    place_name: str | None
    country: str | None
    from_place: str | None
    to_place: str | None
    start: BoundsRow | None = Field(description="Null: since before anything is known")
    end: BoundsRow | None = Field(description="Null: it lasts")
    conditions: dict[str, ConditionRow] = Field(description="By channel, whose name ends with its unit")
    shocks: ShocksRow
    doors: TallyRow
    incidents: list[IncidentRow]


class Custody(Listed):
    unit: str
    custody: list[CustodyRow]
