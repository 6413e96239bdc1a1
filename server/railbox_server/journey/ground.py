"""The flat earth around a point: degrees to metres, exact to a metre within the few dozen kilometres it is used for."""

import math
from dataclasses import dataclass
from typing import Final

from railbox_server.geo.earth import MEAN_RADIUS_M

DEGREE_M: Final = math.radians(MEAN_RADIUS_M)
"""Metres of one degree of latitude."""


@dataclass(frozen=True, slots=True)
class Frame:
    """East and north in metres from an origin."""

    lat_deg: float
    lon_deg: float
    east_m: float
    """Metres of one degree of longitude here."""

    def at(self, lat_deg: float, lon_deg: float) -> tuple[float, float]:
        turn_deg = lon_deg - self.lon_deg
        if not -180 <= turn_deg < 180:
            turn_deg = (turn_deg + 180) % 360 - 180
        return turn_deg * self.east_m, (lat_deg - self.lat_deg) * DEGREE_M


def frame_at(lat_deg: float, lon_deg: float) -> Frame:
    return Frame(lat_deg, lon_deg, DEGREE_M * math.cos(math.radians(lat_deg)))
