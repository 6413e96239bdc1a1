"""Who travels in the demo: one table. Seeds are chosen so that the dwells include one far over its limit."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Group:
    """Trackers that leave one after the other on a corridor; their recordings share start and end."""

    corridor: str
    units: int
    seed: int


FLEET: Final = (
    Group("karachi-moscow", units=2, seed=1),
    Group("moscow-termez-peshawar", units=2, seed=1),
    Group("pyongyang-moscow", units=2, seed=1),
)
DAYS: Final = 30
HZ: Final = 1 / 60
"""One fix a minute: a month is 43,200 of them a tracker."""
KNOT_INTERVAL_S: Final = 300
REPORT_INTERVAL_S: Final = 1_800
"""Knots and batches as a tracker on a satellite link would space them."""
REPLAY_SPEED: Final = 30 * 86_400 / 75
"""Recorded seconds a second: a month takes about 75 s."""
