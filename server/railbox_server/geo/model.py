"""What a corridor is: places, borders and legs in order of chainage, and perhaps drawn lines and a timetable.

Frozen values and the figures that hold where a file gives none. Reads nothing; knows no file format.
"""

from dataclasses import dataclass
from typing import Final, Literal

ROLES: Final = frozenset({"border-yard", "gauge-break", "terminal", "transfer", "yard", "station"})
"""`station` is the only role without a zone: it is kept for chainage and naming."""

Mode = Literal["rail", "road"]

EXPECTED_H: Final = 24.0
"""A border takes about a day: CAREC monitoring, rail border mean 23 h in 2020."""
LIMIT_H: Final = 48.0
"""Too long, at a border or in any zone: CAREC monitoring, rail border mean 51.9 h in 2021, 40.6 h in 2022."""
GAUGE_BREAK_EXTRA_H: Final = 12.0
"""What changing bogies or wagons inside a crossing adds to its limit."""


@dataclass(frozen=True, slots=True)
class Place:
    """A station or a zone: a circle of `radius_m` about the point, or a polygon of (lat, lon) pairs, not closed.

    `km` is None for a place beside the corridor; `gauges_mm` is empty where there is no rail. `border_id` and `side`
    (a country) tell whose yard it is. `limit_h` is given for every zone, `expected_h` only where the file says so.
    """

    id: str
    name: str
    roles: frozenset[str]
    country: str
    lat_deg: float
    lon_deg: float
    radius_m: float | None
    polygon: tuple[tuple[float, float], ...] | None
    km: float | None
    gauges_mm: tuple[int, ...]
    tz: str | None
    unlocode: str | None
    border_id: str | None
    side: str | None
    expected_h: float | None
    limit_h: float | None

    @property
    def is_zone(self) -> bool:
        return self.radius_m is not None or self.polygon is not None


@dataclass(frozen=True, slots=True)
class Border:
    """A point on the line, `assumed` where nobody gave it; its yards are the places that name it.

    `sides` are the two countries in corridor order. `gauge_break`: one of its yards changes the gauge.
    """

    id: str
    name: str
    lat_deg: float
    lon_deg: float
    assumed: bool
    sides: tuple[str, str]
    km: float
    gauge_break: bool
    expected_h: float
    limit_h: float


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of the corridor."""

    mode: Mode
    from_km: float
    to_km: float


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody drew of the corridor's course: (lat, lon) pairs. `id` is None where the file gives none."""

    id: str | None
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class TimetableStop:
    """Hours since the service's departure. None: no arrival at the first place, no departure from the last.

    `assumed`: reckoned from the distance between published times, not published itself.
    """

    place_id: str
    arrival_h: float | None
    departure_h: float | None
    assumed: bool


@dataclass(frozen=True, slots=True)
class Corridor:
    """Places (those without km last), borders and legs, each in order of km; the timetable in order of travel."""

    name: str
    title: str
    places: tuple[Place, ...]
    borders: tuple[Border, ...]
    legs: tuple[Leg, ...]
    attribution: str
    lines: tuple[Line, ...] = ()
    timetable: tuple[TimetableStop, ...] = ()

    @property
    def km(self) -> float:
        """How long it is."""
        kms = [place.km for place in self.places if place.km is not None]
        return max(kms) - min(kms)

    @property
    def countries(self) -> tuple[str, ...]:
        """In corridor order, each once."""
        return tuple(dict.fromkeys(country for border in self.borders for country in border.sides))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a corridor, and where. A warning may be meant: the corridor is used all the same."""

    feature: str
    """As the file calls it: `place "pk-taftan"`, `feature 3`, or "" for the file as a whole."""
    reason: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.feature}: {self.reason}" if self.feature else self.reason
