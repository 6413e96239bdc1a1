"""Who travels in the demo: one table.

Seeds and days are chosen so that somebody arrives on each corridor, and at the end somebody stands too long at a
border.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Group:
    """Trackers that leave one after the other on a corridor; their recordings share start and end."""

    corridor: str
    units: int
    seed: int
    days: int


FLEET: Final = (
    Group("karachi-moscow", units=2, seed=8, days=13),
    Group("moscow-termez-peshawar", units=2, seed=4, days=13),
    Group("pyongyang-moscow", units=2, seed=1, days=10),
)
HZ: Final = 1 / 60
"""One fix a minute."""
KNOT_INTERVAL_S: Final = 300
REPORT_INTERVAL_S: Final = 1_800
"""Knots and batches as a tracker on a satellite link would space them."""
REPLAY_SPEED: Final = 20_000.0
"""Recorded seconds a second: the longest recording takes about a minute."""
