"""The board and the corridors."""

from pydantic import BaseModel

from railbox_server.api.models.common import BoundsRow, Certainty, DwellRow, Level, Listed
from railbox_server.api.models.journeys import CrossingRow


class BoardRow(DwellRow):
    unit: str
    place: str | None
    place_name: str | None
    side: str | None
    since: BoundsRow
    flag: Level
    certainty: Certainty | None
    no_contact_since: str | None
    open: bool


class BoardBorder(BaseModel):
    border: str
    name: str
    corridors: list[str]
    sides: list[str]
    limit_s: int
    expected_s: int
    rows: list[BoardRow]
    recent: list[CrossingRow]


class Board(BaseModel):
    now: str
    borders: list[BoardBorder]


class CorridorRow(BaseModel):
    name: str
    title: str
    km: float
    countries: list[str]


class Corridors(Listed):
    corridors: list[CorridorRow]
