"""The values of the border engine: what it is given (tracks) and what it concludes (visits, crossings)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from railbox_server.geo.model import Border, Place
from railbox_telemetry.values import SeqRange

FixKey = tuple[str, int, int]
"""(device, epoch, time_s): names one knot."""

Level = Literal["none", "over", "critical"]
Certainty = Literal["certain", "possible"]


class SeenKnot(NamedTuple):
    """A knot as the store has it. `accuracy_m` is None where the receiver said nothing of it. A tuple, because there
    are many."""

    time_s: int
    lat_e5: int
    lon_e5: int
    dark_s: int
    accuracy_m: int | None
    seq: int
    received_at_s: int


@dataclass(frozen=True, slots=True)
class Track:
    """What one outbox of a device said while it was fixed to the unit; `missing` never arrived."""

    device: str
    epoch: int
    knots: Sequence[SeenKnot]
    missing: tuple[SeqRange, ...] = ()


class Waypoint(NamedTuple):
    """A trusted place on the path. Within `margin_m` of a zone's edge it is neither surely in nor surely out."""

    time_s: float
    lat_deg: float
    lon_deg: float
    margin_m: float


class Step(NamedTuple):
    """From one waypoint to the next. Continuous: the unit followed the line between them; dark: nobody knows."""

    start: Waypoint
    end: Waypoint
    continuous: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """When something happened: surely between `earliest_s` and `latest_s`, probably at `est_s`. None: unbounded."""

    earliest_s: int | None
    est_s: int | None
    latest_s: int | None


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long: at least, probably, at most (None: since before anything was known)."""

    min_s: int
    est_s: int
    max_s: int | None


@dataclass(frozen=True, slots=True)
class Flag:
    """Whether a dwell is too long: surely (min over the limit) or possibly (max over it)."""

    level: Level = "none"
    certainty: Certainty | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """An interval inside a place. `exited` is None while it lasts."""

    unit: str
    place: Place
    entered: Bounds
    exited: Bounds | None
    already_inside: bool
    dwell: Dwell
    dark_s: int
    """Dark spans between entry and exit that are too long to count as surely stayed."""
    limit_s: int
    flag: Flag
    no_contact_since_s: int | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """One passage of a border. A moment is None while it has not come; `border` is None where several fit."""

    unit: str
    border: Border | None
    corridor: str | None
    candidates: tuple[str, ...]
    from_side: str
    to_side: str | None
    arrived: Bounds
    left: Bounds | None
    crossed: Bounds | None
    reached: Bounds | None
    departed: Bounds | None
    dwell: Dwell
    dwell_by_side: Mapping[str, Dwell]
    limit_s: int
    flag: Flag
    no_contact_since_s: int | None
    gauge_change: bool
    returned: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """All that is concluded of one unit. `untrusted` says which knots count for nothing, and why."""

    visits: tuple[Visit, ...]
    crossings: tuple[Crossing, ...]
    untrusted: Mapping[FixKey, str]
    last: Waypoint | None
    path: Sequence[Step] = field(default=(), compare=False, repr=False)
    """What it was concluded from, in time order."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The engine's figures; what each one bounds is in docs/design.md, "Border engine"."""

    track_error_m: float = 25.0
    least_accuracy_m: float = 15.0
    worst_accuracy_m: float = 1_000.0
    max_speed_mps: float = 200 / 3.6
    travel_mps: float = 30 / 3.6
    """What a freight train makes of the way on average: by it is guessed what nobody saw."""
    future_s: int = 300
    cluster_s: int = 12 * 3_600
    """How long a cluster far away must last before it, rather than what was before, is believed."""
    sampled_s: int = 600
    """Knots no farther apart may be samples by the clock, between which a unit may have stopped or turned: only they
    are sure. Farther apart and not dark they come of thinning, which promises `track_error_m` in between."""
    excursion_s: int = 900
    excursion_m: float = 5_000.0
    dark_inside_s: int = 900
    heartbeat_s: int = 3_600
    contact_heartbeats: float = 1.5
    """A unit is in contact until its last trusted fix is older than so many heartbeats. Longer between two knots,
    nobody knows where it was."""

    @property
    def silence_s(self) -> float:
        return self.contact_heartbeats * self.heartbeat_s

    def margin_m(self, accuracy_m: int | None) -> float:
        return self.track_error_m + max(self.least_accuracy_m, accuracy_m or 0)
