"""Weather in a container by place and time: plain formulas that go the right way, not a model.

The sun stands high at local noon and in July, and cold is north.
"""

from math import cos, pi
from typing import Final

from railbox.simulate.sphere import Point

DAY_S: Final = 86_400
YEAR_S: Final = 365.25 * DAY_S
HOTTEST_S: Final = 200 * DAY_S
"""After New Year's day 1970, and each year since: 20 July."""
WARMEST_HOUR: Final = 15.0


def temp_c(point: Point, time_s: float) -> float:
    """Yearly mean and swing by latitude, daily swing under a steel roof; `time_s` is UTC."""
    lat_deg, lon_deg = abs(point[0]), point[1]
    mean_c, season_c = 38.0 - 0.6 * lat_deg, 0.35 * lat_deg - 3.0
    hour = (time_s % DAY_S) / 3600 + lon_deg / 15
    season = cos(2 * pi * (time_s - HOTTEST_S) / YEAR_S)
    return mean_c + season_c * season + 6.0 * cos(2 * pi * (hour - WARMEST_HOUR) / 24)


def humidity_pct(temp: float) -> float:
    """Cold air is damp."""
    return min(98.0, max(15.0, 75.0 - 1.1 * temp))
