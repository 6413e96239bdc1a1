"""The shapes of the API's answers: names, types and units of every field, for readers and for OpenAPI.

Times are ISO 8601 with Z, positions degrees (WGS 84).
"""

from typing import Literal

from pydantic import BaseModel, Field

Level = Literal["none", "over", "critical"]
Certainty = Literal["certain", "possible"]


class ClockRow(BaseModel):
    now: str
    mode: Literal["real", "replay"]


class Health(BaseModel):
    status: Literal["ok"]
    engine_pending: int = Field(description="Units and messages not judged yet; 0: every answer is up to date")
    ingest_waiting: int = Field(description="Messages taken from the broker and not stored yet")
    ingest: dict[str, int] = Field(description="Since the start: batches by what became of them, and troubles by name")


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


class BoundsRow(BaseModel):
    earliest: str | None
    est: str | None
    latest: str | None


class DwellRow(BaseModel):
    dwell_min_s: int
    dwell_est_s: int
    dwell_max_s: int | None


class JudgedRow(DwellRow):
    limit_s: int
    flag: Level
    certainty: Certainty | None
    no_contact_since: str | None


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


class Units(BaseModel):
    units: list[UnitRow]


class UnitDetail(UnitRow):
    visits: list[VisitRow]
    crossings: list[CrossingRow]


class TrackPoint(BaseModel):
    time: str
    lat: float
    lon: float
    dark_s: int = Field(description="Seconds without a trusted fix before this point; 0: the line to it is known")
    trusted: bool
    device: str


class Track(BaseModel):
    unit: str
    points: list[TrackPoint]


class ReadingRow(BaseModel):
    time: str
    channel: str = Field(description="Its name ends with its unit")
    value: float
    device: str


class Readings(BaseModel):
    unit: str
    readings: list[ReadingRow]


class EventRow(BaseModel):
    time: str
    event: str
    value: int
    device: str


class Events(BaseModel):
    unit: str
    events: list[EventRow]


class Visits(BaseModel):
    visits: list[VisitRow]


class Crossings(BaseModel):
    crossings: list[CrossingRow]


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


class Corridors(BaseModel):
    corridors: list[CorridorRow]


class DeviceRow(BaseModel):
    device: str
    unit: str | None
    from_: str | None = Field(serialization_alias="from", validation_alias="from")
    to: str | None
    last_seen: str | None
    epoch: int | None = Field(description="Of the outbox heard last")
    batches: int
    missing: int
    online: bool | None
    counters: dict[str, int | float]


class Devices(BaseModel):
    devices: list[DeviceRow]


class AssignmentRow(BaseModel):
    device: str
    unit: str
    from_: str | None = Field(
        default=None,
        serialization_alias="from",
        validation_alias="from",
        description="Not given: a device's first assignment covers all it ever sent, a later one starts now",
    )
    to: str | None = None


class Assignments(BaseModel):
    assignments: list[AssignmentRow]


class End(BaseModel):
    to: str | None = Field(default=None, description="Not given: now")


class QuarantineRow(BaseModel):
    id: int
    device: str
    received_at: str
    reason: str
    detail: str
    seq: int | None
    bytes: int


class QuarantineCount(BaseModel):
    device: str
    batches: int


class Quarantine(BaseModel):
    batches: list[QuarantineRow]
    devices: list[QuarantineCount]


class Admitted(BaseModel):
    admitted: int


class GapRow(BaseModel):
    device: str
    epoch: int
    arrived: int
    highest: int
    missing: list[tuple[int, int]]
    quarantined: list[tuple[int, int]]
    discarded: list[tuple[int, int]]


class Gaps(BaseModel):
    devices: list[GapRow]
