"""What the rest of the server asks of a store, one protocol a reader; an implementation offers them all.

Every call is its own transaction, but for reading at one moment. Writing twice what is there already changes nothing.
Raises StoreError when the store cannot do it now (disk full, locked): nothing of that call was written.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from railbox_server.errors import ServerError
from railbox_server.fleet import Assignment, Span
from railbox_server.journey.model import SeenKnot
from railbox_server.ledger import Ledger
from railbox_server.store.values import (
    Box,
    Conclusion,
    DerivedChange,
    Group,
    Mark,
    Outbox,
    OutboxState,
    Page,
    Point,
    Quarantined,
    Row,
    Status,
    StoredEvent,
    StoredReading,
    TimeSpan,
    TrackPoint,
    Untrusted,
)
from railbox_telemetry.values import SeqRange


class StoreError(ServerError):
    """The store cannot be used now; the message says where it is and why."""


class UnstorableError(ServerError):
    """The store can never take this; the same call again fails the same way."""


class MovedError(ServerError):
    """What was read was not of one moment."""


class IngestStore(Protocol):
    """What ingest needs."""

    def write(self, group: Group) -> None:
        """All of the group or nothing, on disk when it returns."""
        ...

    def ledger(self, outbox: Outbox) -> Ledger: ...

    def outboxes(self, device: str | None = None) -> Sequence[OutboxState]:
        """By device; of one device the last heard is last."""
        ...

    def payload(self, outbox: Outbox, seq: int) -> bytes | None:
        """The wire bytes of a stored batch."""
        ...

    def quarantined(self, device: str | None = None, limit: int = 1000, after_row: int = 0) -> Sequence[Quarantined]:
        """By row, those of one device or of all."""
        ...

    def quarantine_counts(self) -> Mapping[str, int]:
        """Messages in quarantine, by device."""
        ...

    def known_devices(self) -> frozenset[str]: ...

    def register(self, device: str, now_ms: int) -> None:
        """Makes the device known."""
        ...

    def registry_version(self) -> int:
        """Changes whenever devices or assignments do, whichever process did it."""
        ...

    def restored_version(self) -> int:
        """Changes whenever something else than ingest put batches into the store."""
        ...

    def count_restore(self) -> None:
        """Lets a running server know that something else did."""
        ...


class Registry(Protocol):
    """Devices and assignments."""

    def register(self, device: str, now_ms: int) -> None: ...

    def assignments(self) -> Sequence[Assignment]:
        """By device, then start."""
        ...

    def assign(self, new: Assignment, now_ms: int) -> None:
        """Registers the device too. Raises AssignmentError when it contradicts another one."""
        ...

    def revoke(self, device: str) -> None:
        """The device is known no more: what it sends goes to quarantine. Its past and its assignments stay."""
        ...

    def end_assignment(self, device: str, to_s: int) -> Assignment:
        """Ends the open assignment of the device and returns it as it is now; raises AssignmentError."""
        ...

    def known_devices(self) -> frozenset[str]: ...


class JourneyStore(Protocol):
    """What the engine needs."""

    def known_devices(self) -> frozenset[str]: ...

    def assignments(self) -> Sequence[Assignment]: ...

    def registry_version(self) -> int: ...

    def restored_version(self) -> int: ...

    def without_data(self, outbox: Outbox, among: SeqRange) -> tuple[SeqRange, ...]:
        """The numbers between two that are stored which are not: missing, quarantined or discarded."""
        ...

    def payload(self, outbox: Outbox, seq: int) -> bytes | None:
        """The wire bytes of a stored batch; None, too, when they were let go."""
        ...

    def stored_counts(self) -> Mapping[tuple[str, int], int]:
        """How many numbers of each outbox are stored, by device and epoch."""
        ...

    def at_one_moment(self, devices: Collection[str]) -> AbstractContextManager[Mapping[tuple[str, int], int]]:
        """What this thread reads of these devices meanwhile is all as it was at one moment: when this many numbers of
        each outbox (by device and epoch) were stored. Raises MovedError at the end when it was not."""
        ...

    def seen_knots(self, device: str, span: Span) -> Mapping[int, Sequence[SeenKnot]]:
        """By epoch; ascending by (time, seq)."""
        ...

    def boot_spans(self, device: str, boot_id: int) -> Sequence[tuple[int, int]]:
        """Of the events of a boot that had no time: first and last by each clock that it had."""
        ...

    def knot_extent(self, device: str, span: Span) -> tuple[int, int] | None:
        """The times of the first and the last knot in a span."""
        ...

    def point(self, device: str, epoch: int, time_s: int) -> Point | None:
        """The knot at this second, of several the one with the lowest seq."""
        ...

    def newest_readings(self, device: str, span: Span, channels: Sequence[int]) -> Sequence[StoredReading]:
        """The last reading of each channel that has one."""
        ...

    def readings(
        self, device: str, span: Span, channel: int | None, limit: int, *, oldest: bool = False
    ) -> Sequence[StoredReading]: ...

    def events(self, device: str, span: Span, limit: int, *, oldest: bool = False) -> Sequence[StoredEvent]: ...

    def unit_rows(self, unit: str | None = None) -> Sequence[Row]: ...

    def derived_units(self) -> frozenset[str]: ...

    def change_derived(self, changes: Sequence[DerivedChange]) -> Sequence[str]:
        """Writes only what differs; returns the units whose visits or crossings changed."""
        ...

    def conclude(self, conclusions: Sequence[Conclusion]) -> Sequence[str]:
        """Returns the units whose custody changed."""
        ...

    def visits_touching(self, unit: str, span: TimeSpan) -> Sequence[Row]:
        """Those that a span of time touches, by their estimates."""
        ...

    def visits_near(self, unit: str, span: TimeSpan) -> Sequence[Row]:
        """With the last that ended before, and the first that began after."""
        ...

    def crossings_touching(self, unit: str, span: TimeSpan) -> Sequence[Row]: ...

    def trips(self) -> Sequence[Row]:
        """By unit, then time."""
        ...

    def drop_derived(self, unit: str) -> None: ...


class ReadStore(Protocol):
    """What the API reads."""

    def probe(self) -> None:
        """Writes next to nothing; raises StoreError when nothing can be written now."""
        ...

    def unit_rows(self, unit: str | None = None) -> Sequence[Row]:
        """By unit. The rows are shared: whoever changes one copies it first."""
        ...

    def visits(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]: ...

    def crossings(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]: ...

    def recent_crossings(self, border: str, limit: int) -> Sequence[Row]:
        """Those of a border that are over, the newest departure first."""
        ...

    def progress(self, unit: str) -> Row | None: ...

    def custody(self, unit: str) -> Sequence[Row]: ...

    def data_since_s(self, unit: str) -> float:
        """Until when retention let go of anything that the unit's visits, crossings and custody are made of."""
        ...

    def trips(self) -> Sequence[Row]:
        """By unit, then time."""
        ...

    def statistics_version(self) -> int:
        """Changes whenever crossings or trips do."""
        ...

    def points(self, device: str, span: Span, limit: int | None = None) -> Sequence[Point]:
        """The first `limit` knots of the span, or all; ascending by (time, seq)."""
        ...

    def untrusted(self, unit: str) -> Sequence[Untrusted]: ...

    def track(self, device: str, span: Span, limit: int) -> Sequence[TrackPoint]:
        """The first `limit` knots of the span, ascending by (time, seq)."""
        ...

    def track_columns(self, device: str, span: Span, limit: int) -> NDArray[np.int64]:
        """`track` as an array of as many rows, whose columns are TrackPoint's: what thins long tracks reads."""
        ...

    def latest(self, until_s: int) -> Sequence[Point]:
        """The newest knot of each device that is not later than this, by device. Says nothing of trust."""
        ...

    def points_in_box(self, box: Box, span: Span, limit: int, after: Mark | None = None) -> Page[Point]:
        """Knots of all devices in a box and a time: outbox by outbox, each ascending by time."""
        ...

    def spans_near(self, box: Box, from_s: int, to_s: int) -> Sequence[tuple[str, Span]]:
        """By device, when it may have been in a box: holds every knot there and both ends of every step of up to an
        hour and a half that passes through. A device may be there twice."""
        ...

    def readings(
        self, device: str, span: Span, channel: int | None, limit: int, *, oldest: bool = False
    ) -> Sequence[StoredReading]:
        """The newest `limit` of the span, or the oldest; ascending by (time, channel) either way."""
        ...

    def events(self, device: str, span: Span, limit: int, *, oldest: bool = False) -> Sequence[StoredEvent]:
        """The newest `limit` of the span, or the oldest; ascending by (time, code, value) either way. Of undated ones
        those whose boot's clock is known."""
        ...

    def visit_page(
        self, unit: str | None, limit: int, after: Mark | None = None, *, open_only: bool = False
    ) -> Page[Row]:
        """By (unit, time)."""
        ...

    def crossing_page(
        self, unit: str | None, limit: int, after: Mark | None = None, *, open_only: bool = False
    ) -> Page[Row]:
        """By (unit, time)."""
        ...

    def statuses(self) -> Sequence[Status]: ...

    def outboxes(self, device: str | None = None) -> Sequence[OutboxState]: ...

    def quarantined(
        self, device: str | None = None, limit: int = 1000, after_row: int = 0
    ) -> Sequence[Quarantined]: ...

    def quarantine_counts(self) -> Mapping[str, int]:
        """Messages in quarantine, by device."""
        ...


class Store(IngestStore, Registry, JourneyStore, ReadStore, Protocol):
    """One store."""

    def close(self) -> None: ...
