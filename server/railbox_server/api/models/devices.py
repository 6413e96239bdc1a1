"""Trackers: assignments, health, quarantine and what is missing."""

from pydantic import BaseModel, Field


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
