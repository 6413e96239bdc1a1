"""The values of statistics: dwells at a border in one direction, and the indicators of a corridor."""

from collections.abc import Mapping
from dataclasses import dataclass

Key = tuple[str, str, str]
"""Border, the side that is left, the side that is reached."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Surely between; None: unbounded."""

    low_s: float
    high_s: float | None


@dataclass(frozen=True, slots=True)
class Dwells:
    """Of `n` crossings that are over and were seen to begin: estimates, and between which bounds they surely lie.

    Crossings that are not over, or whose beginning nobody saw, have lasted at least as long as is known: they are apart
    from the estimates, and count in the bounds with no upper end. None: there is nothing to tell of.
    """

    n: int
    p50_s: float | None
    p90_s: float | None
    mean_s: float | None
    p50: Interval | None
    p90: Interval | None
    mean: Interval | None
    open: int
    """Not over yet."""
    cut: int
    """Over, but there already when anything was first known of the unit."""
    longest_open_s: int | None


@dataclass(frozen=True, slots=True)
class Trend:
    """Change of the monthly median, in seconds per month, over `months` months that have one."""

    slope_s: float
    months: int


@dataclass(frozen=True, slots=True)
class BorderStatistics:
    border: str
    name: str
    from_side: str
    to_side: str
    all: Dwells
    by_month: Mapping[str, Dwells]
    """By month of arrival (UTC), as `2026-11`."""
    trend: Trend | None
    """None with fewer than three months that have a median."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """`returned` crossings went back by the side they came, `unplaced` could have been at several borders."""

    borders: tuple[BorderStatistics, ...]
    returned: int
    unplaced: int


@dataclass(frozen=True, slots=True)
class Trip:
    """A unit's way along a corridor from one time to another; `delay_s` of that it stood, or was at a border."""

    unit: str
    corridor: str
    km: float
    from_s: int
    to_s: int
    delay_s: int
    borders_s: tuple[int, ...]
    """What each border that it crossed took."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """CAREC's trade facilitation indicators 1 and 4 for one corridor; None where there is nothing to divide."""

    corridor: str
    trips: int
    km: float
    borders: int
    hours_per_border: float | None
    speed_without_delay_kmh: float | None
    speed_with_delay_kmh: float | None
