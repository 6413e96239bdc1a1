"""What goes into the store and comes out of it, as plain values: no SQL, no JSON of the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from railbox_server.ledger import Ledger
from railbox_telemetry.values import Batch

T = TypeVar("T")

Row = dict[str, Any]
"""A visit or crossing as `railbox borders --json` prints it."""
TimeSpan = tuple[float, float]
"""Seconds; both ends are in it, and may be infinite."""
Mark = tuple[str | int, ...]
"""Where a page of rows ended: for the same question's next page, and for nothing else. JSON takes it as it is."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of the rows; `after` is where the next page begins, None: there is no more."""

    items: tuple[T, ...]
    after: Mark | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """South to north and west to east, in 1e-5 degree, edges included; over the antimeridian where west > east."""

    south_e5: int
    west_e5: int
    north_e5: int
    east_e5: int

    def __contains__(self, place: tuple[int, int]) -> bool:
        """Of (lat_e5, lon_e5)."""
        lat_e5, lon_e5 = place
        if not self.south_e5 <= lat_e5 <= self.north_e5:
            return False
        if self.west_e5 <= self.east_e5:
            return self.west_e5 <= lon_e5 <= self.east_e5
        return lon_e5 >= self.west_e5 or lon_e5 <= self.east_e5


class Reason(StrEnum):
    """Why a message is in quarantine."""

    UNDECODABLE = "undecodable"
    IMPLAUSIBLE = "implausible"
    UNKNOWN_DEVICE = "unknown_device"
    NUMBER_TAKEN = "number_taken"
    WRONG_TOPIC = "wrong_topic"
    NOT_STORABLE = "not_storable"


class Outbox(NamedTuple):
    """One life of a device's outbox: its numbers are its own. A tuple, since nearly everything is looked up by it."""

    device: str
    epoch: int


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch that goes into the store: its wire bytes, and what of it was believed."""

    device: str
    batch: Batch
    payload: bytes
    received_at_ms: int

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.device, self.batch.epoch)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message kept whole. `epoch` and `seq` are there when it could be decoded; `row_id` once it is stored."""

    device: str
    reason: Reason
    detail: str
    payload: bytes
    received_at_ms: int
    epoch: int | None = None
    seq: int | None = None
    row_id: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What a device last said of itself: the keys of `tables.STATUS_KEYS` that it knows."""

    device: str
    received_at_ms: int
    online: bool
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """What one transaction writes. `ledgers` are the new ones of the outboxes that changed."""

    batches: tuple[StoredBatch, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    released: tuple[int, ...] = ()
    """Rows of the quarantine that `batches` replaces."""
    statuses: tuple[Status, ...] = ()
    ledgers: Mapping[Outbox, Ledger] = field(default_factory=dict[Outbox, Ledger])


@dataclass(frozen=True, slots=True)
class Point:
    """A stored knot. The state columns are there where a section ended with it; wire units (`tables.STATE`)."""

    device: str
    epoch: int
    seq: int
    time_s: int
    lat_e5: int
    lon_e5: int
    dark_s: int
    received_at_s: int
    speed_dmps: int | None
    course_deg: int | None
    accuracy_m: int | None


class TrackPoint(NamedTuple):
    """A stored knot as far as drawing a track needs it: a tuple, because there are many."""

    epoch: int
    time_s: int
    lat_e5: int
    lon_e5: int
    dark_s: int


@dataclass(frozen=True, slots=True)
class StoredReading:
    device: str
    time_s: int
    channel: int
    value: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    device: str
    time_s: int
    code: int
    value: int


@dataclass(frozen=True, slots=True)
class OutboxState:
    outbox: Outbox
    ledger: Ledger
    last_received_at_ms: int
    missing_since_ms: int | None = None
    """When the first number after a gap came, of the gap that is longest known; None: nothing is missing, or the wire
    bytes that would tell are let go."""


@dataclass(frozen=True, slots=True)
class Untrusted:
    device: str
    epoch: int
    time_s: int
    reason: str


@dataclass(frozen=True, slots=True)
class DerivedChange:
    """What is said of one unit in another way than before. `anew`: nothing of what was said before holds any more."""

    unit: str
    visits_gone: tuple[Row, ...] = ()
    visits: tuple[Row, ...] = ()
    crossings_gone: tuple[Row, ...] = ()
    crossings: tuple[Row, ...] = ()
    judged: tuple[tuple[str, TimeSpan], ...] = ()
    """Device and time: of these `untrusted` has all knots that are not believed."""
    untrusted: tuple[Untrusted, ...] = ()
    row: Row | None = None
    """None: as before."""
    anew: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing that is stored is another thing."""
        rows = (self.visits_gone, self.visits, self.crossings_gone, self.crossings)
        return not (any(rows) or self.judged or self.anew or self.row)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a unit's journey comes to. Trips and custody are those that touch some spans of time; others hold."""

    unit: str
    row: Row
    progress: Row | None
    """None: it is on no corridor."""
    travelled: tuple[TimeSpan, ...]
    trips: tuple[Row, ...]
    """Its ways along that corridor, for statistics."""
    kept: tuple[TimeSpan, ...]
    custody: tuple[Row, ...]
