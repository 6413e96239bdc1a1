"""What goes into the store and comes out of it, as plain values: no SQL, no JSON of the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from railbox_server.ledger import Ledger
from railbox_telemetry.values import Batch

Row = dict[str, Any]
"""A visit or crossing as `railbox borders --json` prints it."""


class Reason(StrEnum):
    """Why a message is in quarantine."""

    UNDECODABLE = "undecodable"
    IMPLAUSIBLE = "implausible"
    UNKNOWN_DEVICE = "unknown_device"
    NUMBER_TAKEN = "number_taken"
    WRONG_TOPIC = "wrong_topic"
    NOT_STORABLE = "not_storable"


@dataclass(frozen=True, slots=True)
class Outbox:
    """One life of a device's outbox: its numbers are its own."""

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


@dataclass(frozen=True, slots=True)
class Untrusted:
    device: str
    epoch: int
    time_s: int
    reason: str


@dataclass(frozen=True, slots=True)
class Derived:
    """All that the engine says about one unit."""

    unit: str
    row: Row
    visits: tuple[Row, ...]
    crossings: tuple[Row, ...]
    untrusted: tuple[Untrusted, ...]
    progress: Row | None = None
    """None: it is on no corridor."""
    trip: Row | None = None
    """Its way along that corridor, for statistics; only with progress."""
    custody: tuple[Row, ...] = ()
