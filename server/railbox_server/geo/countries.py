"""Which countries a position may lie in: its time zone by tzfpy, and the zone's country by tzdata's own tables.

Right to about 500 m at best (tzfpy: 99.1 % of positions, on a grid along the borders), so a position is asked about
together with the ring around it, and what does not fit is told, not corrected. Zones and line points decide journeys.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from math import cos, degrees, pi, radians, sin
from typing import Final

import tzfpy

from railbox_server.geo.earth import MEAN_RADIUS_M
from railbox_server.geo.model import Border, Corridor, Place, Problem

SURE_M: Final = 500.0
FAR_M: Final = 5_000.0
"""What lies so deep in another country is a mistake, not a doubt."""
RINGS: Final = 5
POINTS: Final = 16


def problems(corridor: Corridor) -> Iterator[Problem]:
    """Places whose country or time zone their position contradicts, and line points far from their countries.

    A country that has no time zone in the tables (a made-up one) is not judged.
    """
    for place in corridor.places:
        yield from _of_place(place)
    for border in corridor.borders:
        yield from _of_border(border)


def zones_around(lat_deg: float, lon_deg: float, within_m: float) -> frozenset[str]:
    """The time zones of a position and of rings around it; over the open sea there are none."""
    found = {tzfpy.get_tz(lon, lat) for lat, lon in _around(lat_deg, lon_deg, within_m)}
    return frozenset(found) & _countries_of_zones().keys()


def countries_around(lat_deg: float, lon_deg: float, within_m: float) -> frozenset[str]:
    known = _countries_of_zones()
    return frozenset(country for zone in zones_around(lat_deg, lon_deg, within_m) for country in known[zone])


def _of_place(place: Place) -> Iterator[Problem]:
    label, at = f'place "{place.id}"', (place.lat_deg, place.lon_deg)
    near = countries_around(*at, SURE_M)
    if near and _is_known(place.country) and place.country not in near:
        is_far = place.country not in countries_around(*at, FAR_M)
        by = f"over {FAR_M / 1000:g} km" if is_far else f"over {SURE_M:g} m"
        reason = f"country: {place.country}, but by its position it is in {_either(near)}, {by} from {place.country}"
        yield Problem(label, reason, warning=not is_far)
    elif place.tz is not None and near and place.tz not in zones_around(*at, SURE_M):
        zones = _either(zones_around(*at, SURE_M))
        yield Problem(label, f"tz: {place.tz}, but by its position it is {zones}", warning=True)


def _of_border(border: Border) -> Iterator[Problem]:
    """A line point that was assumed lies halfway between yards, wherever that is."""
    near = countries_around(border.lat_deg, border.lon_deg, FAR_M)
    away = [side for side in border.sides if _is_known(side) and side not in near]
    if near and away and not border.assumed:
        reason = f"its point is over {FAR_M / 1000:g} km from {' and '.join(away)}: in {_either(near)}"
        yield Problem(f'border "{border.id}"', reason, warning=True)


def _is_known(country: str) -> bool:
    return any(country in own for own in _countries_of_zones().values())


def _either(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))


def _around(lat_deg: float, lon_deg: float, within_m: float) -> Iterator[tuple[float, float]]:
    yield lat_deg, lon_deg
    for ring in range(1, RINGS + 1):
        reach_deg = degrees(within_m * ring / RINGS / MEAN_RADIUS_M)
        for point in range(POINTS):
            angle = 2 * pi * point / POINTS
            lat = max(-90.0, min(90.0, lat_deg + reach_deg * cos(angle)))
            lon = lon_deg + reach_deg * sin(angle) / max(0.01, cos(radians(lat_deg)))
            yield lat, (lon + 180.0) % 360.0 - 180.0


@cache
def _countries_of_zones() -> Mapping[str, frozenset[str]]:
    """Zone -> country by zone.tab; a zone that stands only in zone1970.tab may have several."""
    found: dict[str, frozenset[str]] = {}
    for table in ("zone1970.tab", "zone.tab"):
        for line in (files("tzdata") / "zoneinfo" / table).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                countries, _, zone, *_ = line.split("\t")
                found[zone] = frozenset(countries.split(","))
    return found
