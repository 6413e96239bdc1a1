"""The values of the domain: what a receiver said, what is kept of it, and what one message carries.

Times are integers in UTC: `time_s` seconds and `fix_time_ms` milliseconds since 1970. Positions kept by thinning are
integers in 1e-5 degree (1.1 m), as the wire carries them, so that both ends compute with the very same numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

DEGREE_E5 = 100_000
"""Wire units in one degree."""

NOTHING: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fix:
    """One epoch of measurement of a receiver. Absent is None, doubtful is `trusted=False` with the reason."""

    fix_time_ms: int
    lat_deg: float
    lon_deg: float
    speed_mps: float | None = None
    course_deg: float | None = None
    alt_m: float | None = None
    sats: int | None = None
    hdop: float | None = None
    trusted: bool = True
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One channel's value at a time, in the channel's wire unit (see `tables.CHANNELS`)."""

    time_s: int
    channel: int
    value: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; what `value` means is the code's (see `tables.EVENTS`)."""

    time_s: int
    code: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class Knot:
    """A fix kept by thinning.

    `dark_s`: how long the receiver had no trusted fix before it (0: the step to it is continuous).
    """

    time_s: int
    lat_e5: int
    lon_e5: int
    dark_s: int = 0

    @property
    def lat_deg(self) -> float:
        return self.lat_e5 / DEGREE_E5

    @property
    def lon_deg(self) -> float:
        return self.lon_e5 / DEGREE_E5


@dataclass(frozen=True, slots=True)
class Positions:
    """Wire kind 0: knots in time order, and the state at the last of them by scalar bit (see `tables`)."""

    knots: tuple[Knot, ...]
    state: Mapping[int, int] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """The values of a `Readings` section's channels at one time."""

    time_s: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Readings:
    """Wire kind 1: one column a channel (ascending channel numbers), rows in time order."""

    channels: tuple[int, ...]
    rows: tuple[ReadingRow, ...]
    state: Mapping[int, int] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Events:
    """Wire kind 2."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class UndatedEvent:
    """An event of which only the boot's monotonic clock is known."""

    monotonic_s: int
    code: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class Undated:
    """Wire kind 3: events of a boot whose UTC was not known when they were sent."""

    boot_id: int
    events: tuple[UndatedEvent, ...]


@dataclass(frozen=True, slots=True)
class BootClock:
    """Wire kind 4: resolves a boot's `Undated`: time_s = monotonic_s + utc_offset_s."""

    boot_id: int
    utc_offset_s: int


@dataclass(frozen=True, slots=True)
class SeqRange:
    """Batch numbers first..last, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Discarded:
    """Wire kind 5: batches that the outbox had to discard, ascending and apart."""

    ranges: tuple[SeqRange, ...]


@dataclass(frozen=True, slots=True)
class UnknownSection:
    """A section of a kind this version does not know: its bytes are kept."""

    kind: int
    body: bytes


Section = Positions | Readings | Events | Undated | BootClock | Discarded | UnknownSection


@dataclass(frozen=True, slots=True)
class Batch:
    """What one MQTT message carries, identified by (device, epoch, seq)."""

    epoch: int
    seq: int
    sections: tuple[Section, ...]
