"""What a table of stations does not say about the shipped corridors: titles, short names, points on border lines.

Facts only, as tables; importing.py joins them to the stations.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class LinePoint:
    """Where a corridor meets a state line. `assumed`: read off a map, not surveyed."""

    lat_deg: float
    lon_deg: float
    km: float
    assumed: bool


TITLES: Final = MappingProxyType(
    {
        "karachi-moscow": "Karachi-Moscow container service",
        "karachi-moscow-incheh-borun": "Karachi-Moscow container service, over Incheh Borun",
        "moscow-termez-peshawar": "Rail-road corridor Moscow-Termez-Peshawar",
        "kabul-kharlachi-kohat": "Rail-road corridor, over Kharlachi",
        "mary-torghundi-chaman-quetta": "Rail-road corridor, over Torghundi and Chaman",
        "pyongyang-moscow": "Pyongyang-Moscow direct service",
    }
)

NAMES: Final = MappingProxyType(
    {
        "Shahid Motahari (Mashhad spur)": "Shahid Motahari",
        "Spezand Jn (Quetta spur 27 km)": "Spezand Jn",
        "Zahedan freight yard (new)": "Zahedan freight yard",
    }
)
"""Listed with a remark; what stands in parentheses after others is another name of the place."""

SHORT_NAMES: Final = MappingProxyType(
    {
        "Aksaraiskaya-II": "Aksaraiskaya",
        "Iletsk-1 (Sol-Iletsk)": "Iletsk",
        "Moscow (Kazansky)": "Moscow Kazansky",
        "Moscow (Paveletsky)": "Moscow Paveletsky",
    }
)
"""For ids and the names of borders; others only lose what stands in parentheses."""

LINE_POINTS: Final = MappingProxyType(
    {
        # The straight between the stations on either side, cut by the state line of Natural Earth (public domain).
        "ru-kz-iletsk": LinePoint(50.737, 56.072, 1778, assumed=True),
        "kz-ru-ganyushkino-aksaraiskaya": LinePoint(46.717, 48.511, 5817, assumed=True),
        # Natural Earth puts the line 7 km before the terminal, which is known to lie nearer: between the two.
        "af-pk-kharlachi": LinePoint(33.815, 69.980, 244.5, assumed=True),
        # The listed point is the gate on the line itself.
        "af-pk-torkham": LinePoint(34.127, 71.093, 5025, assumed=False),
    }
)
"""Borders whose line is not halfway between two yards."""

SERVICE_HOURS: Final = MappingProxyType({"pyongyang-moscow": 8 * 24.0})
"""From the first departure to the last arrival, as published with the distance (8 days for 10,257 km) and nothing more.

Every time between is reckoned from the distance, as at one speed throughout, and marked `assumed`.
"""

CREDITS: Final = MappingProxyType(
    {
        "osm": "© OpenStreetMap contributors (ODbL)",
        "geonames": "GeoNames (CC BY 4.0)",
        "wikipedia": "Wikipedia (CC BY-SA 4.0)",
    }
)
"""Whom to name for each source of coordinates."""
