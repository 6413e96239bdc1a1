"""The values of progress: where a unit is on its corridor, what lies ahead, and when it will be there."""

from dataclasses import dataclass
from typing import Literal

from railbox_server.geo.model import Mode
from railbox_server.journey.model import Visit
from railbox_server.progress.follow import Excursion, Mark, Stop

Heading = Literal[1, -1]
"""With the corridor's km, or against them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody knows of a journey and no position tells. None: concluded from the path."""

    heading: Heading | None = None
    """Which way it is going, before it has gone 40 km."""
    departure_s: int | None = None
    """When its service left the first stop of the timetable, or should have."""
    destination: str | None = None
    """The place where it ends; None: where the corridor ends in its direction."""


@dataclass(frozen=True, slots=True)
class Eta:
    """As likely before `p50_s` as after; nine times of ten before `p90_s`."""

    p50_s: int
    p90_s: int
    observations: int
    """How many waits and runs of the fleet it rests on; 0: on published figures alone."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A border or the terminal. `km` is published chainage, `distance_km` is along the way; both to its near edge."""

    id: str
    name: str
    km: float
    distance_km: float
    eta: Eta | None
    """None: the unit is there, or beyond, or astray."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Minutes behind the timetable (negative: before it) where it was last seen, and, probably, at the end."""

    late_min: int
    late_at_end_min: int | None
    assumed: bool
    """The times it is held against are reckoned, not published."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A visit of a place between rail and road. A mode is None at an end of the corridor."""

    visit: Visit
    from_mode: Mode | None
    to_mode: Mode | None


@dataclass(frozen=True, slots=True)
class Progress:
    """One unit on one corridor, as of `mark`, the last trusted position."""

    unit: str
    corridor: str
    mark: Mark
    km: float
    """Published chainage, for display; `mark.way_km` is what is reckoned with."""
    mode: Mode | None
    heading: Heading | None
    standing_at: str | None
    """The border or place of a wait that lasts."""
    next_border: Ahead | None
    terminal: Ahead | None
    deviation: Deviation | None
    transfers: tuple[Transfer, ...]
    excursions: tuple[Excursion, ...]
    stops: tuple[Stop, ...]

    @property
    def off_since_s(self) -> int | None:
        """Since when it is astray; None: it is not."""
        return next((each.from_s for each in self.excursions[-1:] if each.to_s is None), None)
