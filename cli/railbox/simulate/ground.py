"""A corridor in one direction as ground to travel on: the route, its stops, and where the route lies inside each zone.

Made once for all units that travel it; nothing of it is left to chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from railbox.simulate import services, sphere, stations
from railbox.simulate.itinerary import Stop
from railbox.simulate.lines import Lines
from railbox.simulate.passages import Zone, spans_inside
from railbox.simulate.route import Route, build
from railbox.simulate.services import Service
from railbox_server.geo.corridors import Corridor, Place

Span = tuple[float, float]
"""From and to, as chainages; without bound at the route's ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """`zones` and `spans` (the stretches of the route inside) are by place."""

    corridor: Corridor
    reverse: bool
    route: Route
    stops: Sequence[Stop]
    service: Service
    zones: Mapping[str, Zone]
    spans: Mapping[str, Sequence[Span]]


def ground(corridor: Corridor, lines: Lines, *, reverse: bool = False) -> Ground:
    met = stations.in_order(corridor, reverse=reverse)
    route = build([station.waypoint for station in met], lines)
    zones = {place.id: zone_of(place) for place in corridor.places if place.is_zone}
    spans = {name: spans_inside(route, zone) for name, zone in zones.items()}
    stops = stations.stops(met, route, spans)
    return Ground(corridor, reverse, route, stops, services.service_of(corridor.name), zones, spans)


def zone_of(place: Place) -> Zone:
    centre = (place.lat_deg, place.lon_deg)
    if place.polygon is None:
        return Zone(centre, place.radius_m or 0.0)
    return Zone(centre, max(sphere.distance_m(centre, corner) for corner in place.polygon), place.polygon)
