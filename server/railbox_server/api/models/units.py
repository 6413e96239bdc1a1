"""Units: where they are, and how far along their way."""

from typing import Literal

from pydantic import BaseModel, Field

from railbox_server.api.models.common import BoundsRow, Certainty, DwellRow, Level, Listed
from railbox_server.api.models.journeys import CrossingRow, VisitRow


class Latest(BaseModel):
    time: str
    lat: float
    lon: float
    speed_mps: float | None
    course_deg: int | None
    accuracy_m: int | None
    device: str
    received_at: str


class PlaceRef(BaseModel):
    id: str
    name: str
    country: str


class EtaRow(BaseModel):
    p50: str = Field(description="As likely before as after")
    p90: str = Field(description="Nine times of ten before")
    observations: int = Field(description="Waits and runs of the fleet that it rests on; 0: on published figures alone")


class AheadRow(BaseModel):
    id: str
    name: str
    km: float
    distance_km: float = Field(description="Along the way, to its near edge")
    eta: EtaRow | None = Field(description="Null: it is there, beyond, or off the corridor")


class TimetableRow(BaseModel):
    late_min: int = Field(description="Behind the timetable where it was last seen; negative: before it")
    late_at_end_min: int | None = Field(description="And, probably, at the end")
    assumed: bool = Field(description="The times it is held against are reckoned, not published")


class ProgressRow(BaseModel):
    corridor: str = Field(description="The one that its path keeps to")
    time: str = Field(description="Of the position that all this is as of")
    km: float = Field(description="As signs beside the way would say")
    way_km: float = Field(description="Never shorter than the ground: what distances and forecasts are reckoned with")
    off_m: int = Field(description="How far off the corridor")
    off_since: str | None = Field(description="Since when it is astray; null: it is not")
    mode: Literal["rail", "road"] | None
    heading: Literal["forward", "backward"] | None = Field(description="With or against the corridor's km")
    standing_at: str | None = Field(description="The border or place of a wait that lasts")
    next_border: AheadRow | None
    terminal: AheadRow | None
    timetable: TimetableRow | None = Field(description="Null: the service has none, or nobody knows when it left")


class UnitRow(BaseModel):
    unit: str
    kind: Literal["container", "wagon", "device"]
    devices: list[str]
    corridor: str | None
    latest: Latest | None = Field(description="The newest trusted position")
    age_s: int | None = Field(description="How old that is, by the server's clock")
    place: PlaceRef | None = Field(description="Where it stands")
    since: str | None = Field(description="Since when, as estimated")
    flag: Level
    certainty: Certainty | None
    no_contact_since: str | None
    condition: dict[str, float]
    progress: ProgressRow | None = Field(description="Null: it follows no corridor")


class Units(Listed):
    units: list[UnitRow]


class LatestRow(Latest):
    unit: str
    age_s: int
    place: str | None = Field(description="Where it stands")
    flag: Level
    certainty: Certainty | None
    no_contact_since: str | None


class LatestRows(BaseModel):
    now: str
    latest: list[LatestRow]


class TransferRow(DwellRow):
    place: str
    place_name: str
    from_mode: Literal["rail", "road"] | None
    to_mode: Literal["rail", "road"] | None
    entered: BoundsRow
    exited: BoundsRow | None


class ExcursionRow(BaseModel):
    from_: str = Field(serialization_alias="from", validation_alias="from")
    to: str | None = Field(description="Null: it lasts")
    way_km: float
    worst_m: int


class StopRow(BaseModel):
    from_: str = Field(serialization_alias="from", validation_alias="from")
    to: str
    dark_s: int = Field(description="So long of it nobody knows that it did not move")
    lat: float
    lon: float
    way_km: float


class UnitDetail(UnitRow):
    visits: list[VisitRow]
    crossings: list[CrossingRow]
    transfers: list[TransferRow] = Field(description="Visits between rail and road")
    excursions: list[ExcursionRow] = Field(description="When it was astray from its corridor")
    stops: list[StopRow] = Field(description="Where it stood for half an hour or longer")
