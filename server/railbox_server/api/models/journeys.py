"""Visits of places and crossings of borders, with bounds and flags."""

from typing import Literal

from pydantic import BaseModel, Field

from railbox_server.api.models.common import BoundsRow, Certainty, DwellRow, JudgedRow, Listed


class VisitRow(JudgedRow):
    type: Literal["visit"]
    id: str
    unit: str
    place: str
    place_name: str
    country: str
    roles: list[str]
    entered: BoundsRow
    exited: BoundsRow | None
    already_inside: bool


class CrossingRow(JudgedRow):
    type: Literal["crossing"]
    id: str
    unit: str
    corridor: str | None
    border: str | None
    border_name: str | None
    candidates: list[str]
    from_side: str
    to_side: str | None
    arrived: BoundsRow
    left: BoundsRow | None
    crossed: BoundsRow | None
    reached: BoundsRow | None
    departed: BoundsRow | None
    dwell_by_side: dict[str, DwellRow]
    gauge_change: bool
    returned: bool


class Visits(Listed):
    visits: list[VisitRow]


class Crossings(Listed):
    crossings: list[CrossingRow]


class FlagRow(BaseModel):
    kind: Literal["visit", "crossing", "contact"]
    id: str | None = Field(description="Of the visit or crossing")
    unit: str
    flag: Literal["over", "critical", "no_contact"]
    certainty: Certainty | None = Field(description="Null for `no_contact`, which is certain always")
    place: str | None
    place_name: str | None
    border: str | None
    border_name: str | None
    since: BoundsRow | None = Field(description="When the visit or crossing began")
    dwell_min_s: int | None
    dwell_est_s: int | None
    dwell_max_s: int | None
    limit_s: int | None
    no_contact_since: str | None


class Flags(Listed):
    now: str
    flags: list[FlagRow]
