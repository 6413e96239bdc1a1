"""A corridor as a traveller sees it: its places and border lines in order of travel, and why a unit waits at each.

The only file here besides `truth` that knows the server's corridors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Final

from railbox.simulate.itinerary import EVERYWHERE, Purpose, Stop
from railbox.simulate.route import Route, Waypoint
from railbox_server.geo.corridors import Border, Corridor, Place

PURPOSES: Final[Mapping[str, Purpose]] = MappingProxyType(
    {
        "border-yard": Purpose.BORDER,
        "gauge-break": Purpose.GAUGE_BREAK,
        "terminal": Purpose.TERMINAL,
        "transfer": Purpose.TRANSFER,
        "yard": Purpose.YARD,
    }
)


@dataclass(frozen=True, slots=True)
class Station:
    """Somewhere on the way; a border line has no purpose: it is passed."""

    waypoint: Waypoint
    purposes: frozenset[Purpose]
    border: str | None
    side: str | None


def in_order(corridor: Corridor, *, reverse: bool = False) -> list[Station]:
    """Every place on the corridor, and every border line whose point is given, as they are met."""
    places = [(place.km, place) for place in corridor.places if place.km is not None]
    lines = [(border.km, border) for border in corridor.borders if not border.assumed]
    met: list[tuple[float, Place | Border]] = sorted([*places, *lines], key=itemgetter(0), reverse=reverse)
    before_km = [met[0][0], *(km for km, _ in met)] if met else []
    return [_station(spot, by_rail(corridor, from_km, km)) for from_km, (km, spot) in zip(before_km, met, strict=False)]


def by_rail(corridor: Corridor, from_km: float, to_km: float) -> bool:
    """Whether the way between two places that follow each other is a rail leg."""
    middle_km = (from_km + to_km) / 2
    return not any(leg.mode == "road" and leg.from_km <= middle_km <= leg.to_km for leg in corridor.legs)


def stops(
    stations: list[Station], route: Route, spans: Mapping[str, Sequence[tuple[float, float]]] = MappingProxyType({})
) -> list[Stop]:
    """`spans`: the stretches of the route inside the zone of each place."""
    return [
        Stop(chainage_m, station.purposes, station.border, station.side, station.waypoint.by_rail, edges_m)
        for station, chainage_m in zip(stations, route.waypoints_m, strict=True)
        for edges_m in [_around(chainage_m, spans.get(station.waypoint.name, ()))]
    ]


def _around(chainage_m: float, spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return next((span for span in spans if span[0] <= chainage_m <= span[1]), EVERYWHERE)


def _station(spot: Place | Border, rail: bool) -> Station:
    waypoint = Waypoint(spot.id, (spot.lat_deg, spot.lon_deg), rail)
    if isinstance(spot, Border):
        return Station(waypoint, frozenset(), None, None)
    purposes = frozenset(PURPOSES[role] for role in spot.roles if role in PURPOSES)
    return Station(waypoint, purposes, spot.border_id, spot.side)
