"""Trackers: assignments, health, quarantine and what is missing."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from railbox_server.api import examples
from railbox_server.api.models.common import Listed
from railbox_telemetry.tables import HEALTH_KEYS

_HEALTH = "What it last said of itself, as far as it knows. " + "; ".join(
    f"{key}: {meaning}" for key, meaning in HEALTH_KEYS.items()
)


class WorryRow(BaseModel):
    counter: str
    count: int
    meaning: str
    todo: str


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
    outbox_batches: int | None = Field(description="Waiting there to be committed, as it last said; null: it never did")
    outbox_oldest_s: int | None = Field(description="Age of the oldest of them; null: none waits")
    worries: list[WorryRow] = Field(description="Of the counters, those that somebody should do something about")
    counters: dict[str, int | float] = Field(description="What it skipped, dropped and retried since it started")
    health: dict[str, Any] = Field(description=_HEALTH)


class Devices(Listed):
    devices: list[DeviceRow]


class AssignmentRow(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"device": "TRK2", "unit": "MSKU 123456-5"}]})

    device: str
    unit: str
    from_: str | None = Field(
        default=None,
        serialization_alias="from",
        validation_alias="from",
        description="Not given: a device's first assignment covers all it ever sent, a later one starts now",
    )
    to: str | None = None


class Assignments(Listed):
    assignments: list[AssignmentRow]


class GapRow(BaseModel):
    device: str
    epoch: int
    last_received_at: str
    arrived: int = Field(description="Batches stored")
    highest: int = Field(description="The greatest number heard of")
    missing: list[tuple[int, int]] = Field(description="First and last number of each run")
    missing_since: str | None = Field(description="When a number after them came")
    quarantined: list[tuple[int, int]]
    discarded: list[tuple[int, int]] = Field(description="The tracker had no room for them any more")


class DeviceDetail(DeviceRow):
    assignments: list[AssignmentRow]
    outboxes: list[GapRow]
    status_at: str | None = Field(description="When it last said how it is; null: never")
    status: dict[str, Any] | None = Field(description="That, as it said it")


class End(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"to": examples.TO}]})

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


class Quarantine(Listed):
    batches: list[QuarantineRow]
    devices: list[QuarantineCount]


class Admitted(BaseModel):
    admitted: int


class Revoked(BaseModel):
    revoked: str


class Gaps(Listed):
    devices: list[GapRow]
