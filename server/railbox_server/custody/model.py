"""The values of custody: what is asked (limits), what is given (logs), and what is concluded of each span."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from railbox_server.journey.model import Bounds, Visit
from railbox_telemetry.values import Event, Reading

Side = Literal["before", "after"]
Point = tuple[float, float]
"""lat, lon."""


@dataclass(frozen=True, slots=True)
class DeviceLog:
    """What one device said while it was fixed to the unit, in any order."""

    device: str
    readings: Sequence[Reading]
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a channel (by name, see telemetry's table) should keep within, in its unit. None: no bound."""

    channel: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    channels: tuple[str, ...] = ("temp_c", "humidity_pct")
    """Of which the condition is told."""
    limits: tuple[Limit, ...] = ()
    gap_s: int = 7_200
    """Between readings farther apart than this (two heartbeats of a standing unit) nobody knows the condition."""


DEFAULTS: Final = Settings()


@dataclass(frozen=True, slots=True)
class Condition:
    """One channel in its unit. The mean is by time, over what is known; min <= mean <= max."""

    low: float
    mean: float
    high: float
    known_s: int
    unknown_s: int
    over_s: int | None
    """How long surely above its limit; None: it has none."""
    under_s: int | None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happened to the unit, where it was, and whether it was surely in this span.

    `value` is in the event's unit (shock: g, tilt: degrees, light: lux), None where it has none. `ended_s`: when the
    door was closed again. `doubt`: by the bounds of the visit it may have happened in the span before, or after.
    """

    kind: str
    time_s: int
    device: str
    value: float | None
    ended_s: int | None
    doubt: Side | None
    at: Point | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened: by events, and as the board counted where events were lost."""

    seen: int
    counted: int | None
    """None: the board's counter was not heard of in this span."""

    @property
    def times(self) -> int:
        return max(self.seen, self.counted or 0)


@dataclass(frozen=True, slots=True)
class Span:
    """A visit, or the leg between two. `start` None: since before anything is known; `end` None: it lasts."""

    unit: str
    visit: Visit | None
    from_place: str | None
    to_place: str | None
    start: Bounds | None
    end: Bounds | None


@dataclass(frozen=True, slots=True)
class Custody:
    """The condition and the incidents of one span, in time order."""

    span: Span
    conditions: Mapping[str, Condition]
    shocks: Tally
    worst_shock_g: float | None
    doors: Tally
    incidents: tuple[Incident, ...]
