"""A corridor in one direction as ground to travel on: the route, its stops, and where the route lies inside each zone.

Made once for all units that travel it; nothing of it is left to chance.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    """`places` have a zone: the corridor's own, and others that matter. `zones` and `spans` (the stretches of the
    route inside) are by place."""

    corridor: Corridor
    reverse: bool
    places: Sequence[Place]
    route: Route
    stops: Sequence[Stop]
    service: Service
    zones: Mapping[str, Zone]
    spans: Mapping[str, Sequence[Span]]


def ground(corridor: Corridor, lines: Lines, *, reverse: bool = False, others: Iterable[Corridor] = ()) -> Ground:
    """`others`: corridors whose places count too where the route leads through them."""
    met = stations.in_order(corridor, reverse=reverse)
    route = build([station.waypoint for station in met], lines)
    places = {place.id: place for one in (corridor, *others) for place in one.places if place.is_zone}
    zones = {name: zone_of(place) for name, place in places.items()}
    spans = {name: spans_inside(route, zone) for name, zone in zones.items()}
    stops = stations.stops(met, route, spans)
    service = services.service_of(corridor.name)
    return Ground(corridor, reverse, tuple(places.values()), route, stops, service, zones, spans)


def zone_of(place: Place) -> Zone:
    centre = (place.lat_deg, place.lon_deg)
    if place.polygon is None:
        return Zone(centre, place.radius_m or 0.0)
    return Zone(centre, max(sphere.distance_m(centre, corner) for corner in place.polygon), place.polygon)
