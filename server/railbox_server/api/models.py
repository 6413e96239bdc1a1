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


class Custody(BaseModel):
    unit: str
    custody: list[CustodyRow]


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
