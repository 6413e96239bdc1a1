"""What is assumed of speeds and waits before the fleet has measured any: published figures, as tables.

The fleet's own experience is pooled with these and soon outweighs them (see experience.py). Pure facts.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import fmean
from typing import Final

from railbox_server.geo.model import GAUGE_BREAK_EXTRA_H, LIMIT_H, Border, Corridor, Mode, Place
from railbox_server.progress.times import Times, spread

HOUR_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Monitored:
    """A year's means on the CAREC corridors. `with_delay_kmh` is None where the report at hand does not tell it."""

    mode: Mode
    year: int
    border_h: float
    without_delay_kmh: float
    with_delay_kmh: float | None


CAREC: Final = (
    Monitored("rail", 2019, 20.6, 45.0, 19.0),
    Monitored("rail", 2020, 23.0, 42.2, 16.8),
    Monitored("rail", 2021, 51.9, 41.6, None),
    Monitored("rail", 2022, 40.6, 53.9, None),
    Monitored("road", 2019, 12.2, 43.6, 22.6),
    Monitored("road", 2020, 15.1, 42.9, 22.7),
    Monitored("road", 2021, 13.6, 41.6, 21.5),
    Monitored("road", 2022, 9.9, 42.0, 23.4),
)
"""CAREC Corridor Performance Measurement and Monitoring, annual reports 2020 and 2022 (cpmm.carecprogram.org).

Trade facilitation indicators 1 (hours to clear a border) and 4 (speed without and with delay).
"""

TRANSFER_H: Final = 24.0
"""From rail to road or back: assumed, a day, like a border; no figure was found."""


def pace_prior(corridor: Corridor, mode: Mode) -> Times:
    """Seconds per km between borders, halts on the way included.

    Slowest tenth: CAREC's speed with all delay. Median: half way (geometric) between that and the speed without any,
    29 km/h by rail and 31 by road. A service with a timetable keeps it: its whole time over its whole distance is the
    slowest tenth, and the same without the hours expected at borders is the median.
    """
    if mode == "rail" and (service := _service_pace(corridor)):
        return service
    rows = [row for row in CAREC if row.mode == mode]
    with_delay_kmh = fmean(row.with_delay_kmh for row in rows if row.with_delay_kmh is not None)
    without_delay_kmh = fmean(row.without_delay_kmh for row in rows)
    return spread(HOUR_S / sqrt(with_delay_kmh * without_delay_kmh), HOUR_S / with_delay_kmh)


def border_prior(border: Border) -> Times:
    """Seconds from arrival to departure: what the corridor expects is the median, its limit the slowest tenth."""
    return _wait(border.expected_h, border.limit_h)


def place_prior(place: Place) -> Times:
    """Seconds at a gauge break or transfer; what the corridor does not say is 12 h or 24 h, at most 48 h mostly."""
    usual_h = GAUGE_BREAK_EXTRA_H if "gauge-break" in place.roles else TRANSFER_H
    return _wait(place.expected_h or usual_h, place.limit_h or LIMIT_H)


def _wait(usual_h: float, slow_h: float) -> Times:
    usual_h = max(usual_h, 1 / 60)
    return spread(usual_h * HOUR_S, max(usual_h, slow_h) * HOUR_S)


def _service_pace(corridor: Corridor) -> Times | None:
    hours = next((stop.arrival_h for stop in corridor.timetable[-1:]), None)
    running_h = (hours or 0.0) - sum(border.expected_h for border in corridor.borders)
    if not hours or running_h <= 0:
        return None
    return spread(running_h * HOUR_S / corridor.km, hours * HOUR_S / corridor.km)
