"""Visits of places and crossings of borders, with bounds and flags."""

from typing import Literal

from pydantic import BaseModel

from railbox_server.api.models.common import BoundsRow, DwellRow, JudgedRow


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


class Visits(BaseModel):
    visits: list[VisitRow]


class Crossings(BaseModel):
    crossings: list[CrossingRow]
