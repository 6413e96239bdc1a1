"""The corridors as the engine uses them: zones of places and of border areas, and which side of a border a point is.

Near a border the side is that of a line square to the way across it; farther away it is told by chainage. Built once
from the corridors; views of cells are kept, because journeys come by the same places.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from railbox_server.geo.model import Border, Corridor, Place
from railbox_server.journey.ground import Frame, frame_at
from railbox_server.journey.model import Waypoint
from railbox_server.journey.zones import Cell, Zone, ZoneIndex, circle, middle_of, zone_of

AREA_EXTRA_M: Final = 10_000.0
"""How far a border's area reaches beyond its yards."""
LEAST_AREA_M: Final = 15_000.0
OFF_CORRIDOR_M: Final = 100_000.0
"""Farther from a corridor its chainage says nothing. Shipped geometry is straight between stations, rails are not."""
NEAR_CELL_M: Final = 40_000.0
"""Cells so near a border's area are not judged as one: their points are, one by one."""
NEAR_ZONE_M: Final = 6_000.0
"""A zone concerns steps within this: more than an excursion may lead away (5 km) and any usual margin."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A corridor's stations as a line with chainage."""

    corridor: Corridor
    stations: tuple[Place, ...]

    def chainage_km(self, lat_deg: float, lon_deg: float) -> tuple[float, float]:
        """km along the corridor of the nearest point of its line, and how far off that is in metres."""
        frame = frame_at(lat_deg, lon_deg)
        at = [frame.at(station.lat_deg, station.lon_deg) for station in self.stations]
        best_km, best_m = self.stations[0].km or 0.0, math.hypot(*at[0])
        for (a, b), (place, after) in zip(pairwise(at), pairwise(self.stations), strict=True):
            dx, dy = b[0] - a[0], b[1] - a[1]
            square = dx * dx + dy * dy
            part = min(1.0, max(0.0, -(a[0] * dx + a[1] * dy) / square)) if square else 0.0
            off_m = math.hypot(a[0] + part * dx, a[1] + part * dy)
            if off_m < best_m:
                best_km, best_m = (place.km or 0.0) + part * ((after.km or 0.0) - (place.km or 0.0)), off_m
        return best_km, best_m


@dataclass(frozen=True, slots=True)
class BorderArea:
    """A border with its yards by side, and the line across it: `ahead` points from the first side to the second."""

    border: Border
    yards: tuple[tuple[Place, ...], tuple[Place, ...]]
    yard_zones: tuple[tuple[Zone, ...], tuple[Zone, ...]]
    chain: Chain
    """Of the first corridor with this border."""
    chain_number: int
    corridors: tuple[str, ...]
    frame: Frame
    ahead: tuple[float, float]
    reach_m: float
    zone: Zone

    def ahead_m(self, point: Waypoint) -> float:
        """How far a point is beyond the border's line (negative: before it)."""
        x, y = self.frame.at(point.lat_deg, point.lon_deg)
        return x * self.ahead[0] + y * self.ahead[1]

    def away_m(self, lat_deg: float, lon_deg: float) -> float:
        return math.hypot(*self.frame.at(lat_deg, lon_deg))

    def km(self, point: Waypoint) -> float:
        return self.chain.chainage_km(point.lat_deg, point.lon_deg)[0]

    def off_m(self, point: Waypoint) -> float:
        """How far a point is from the corridor."""
        return self.chain.chainage_km(point.lat_deg, point.lon_deg)[1]

    def side(self, point: Waypoint) -> int | None:
        """0 or 1: on which side a point surely is; None: too near the line, or too far from the corridor, to say."""
        if self.away_m(point.lat_deg, point.lon_deg) <= self.reach_m:
            ahead_m = self.ahead_m(point)
            return None if abs(ahead_m) <= point.margin_m else int(ahead_m > 0)
        return self.side_by_chainage(*self.chain.chainage_km(point.lat_deg, point.lon_deg))

    def side_by_chainage(self, km: float, off_m: float) -> int | None:
        return None if off_m > OFF_CORRIDOR_M else int(km > self.border.km)


Sides = tuple[int | None, ...]
"""On which side of each border area (in the order of the network's) something is; None: nobody can say."""


@dataclass(frozen=True, slots=True)
class CellView:
    """What matters in a cell: zones that may be near, sides, and the areas whose sides its points tell one by one."""

    zones: tuple[Zone, ...]
    sides: Sides
    near: tuple[tuple[int, BorderArea], ...]

    @property
    def is_quiet(self) -> bool:
        return not self.zones and not self.near

    def sides_at(self, point: Waypoint) -> Sides:
        if not self.near:
            return self.sides
        sides = list(self.sides)
        for number, area in self.near:
            sides[number] = area.side(point)
        return tuple(sides)


class Network:
    """All corridors together. Places and borders that several corridors share are one."""

    def __init__(self, corridors: Sequence[Corridor]) -> None:
        self.chains = tuple(
            Chain(corridor, tuple(place for place in corridor.places if place.km is not None)) for corridor in corridors
        )
        self.places = {place.id: place for corridor in corridors for place in corridor.places if place.is_zone}
        self.places_of = {corridor.name: frozenset(place.id for place in corridor.places) for corridor in corridors}
        self.areas = tuple(self._areas())
        self.zones = {zone.id: zone for zone in (*map(zone_of, self.places.values()), *(a.zone for a in self.areas))}
        self.index = ZoneIndex(self.zones.values(), NEAR_ZONE_M)
        self._views: dict[Cell, CellView] = {}
        self._touching: dict[tuple[str, str], bool] = {}

    def touch(self, zone: str, other: str) -> bool:
        """Whether two zones may overlap."""
        found = self._touching.get((zone, other))
        if found is None:
            found = self._touching[zone, other] = self.zones[zone].touches(self.zones[other])
        return found

    def view(self, cell: Cell) -> CellView:
        found = self._views.get(cell)
        if found is None:
            found = self._views[cell] = self._view(cell)
        return found

    def _view(self, cell: Cell) -> CellView:
        middle = middle_of(cell)
        near = tuple(
            (number, area)
            for number, area in enumerate(self.areas)
            if area.away_m(*middle) <= area.reach_m + NEAR_CELL_M
        )
        chainages = [chain.chainage_km(*middle) for chain in self.chains]
        sides = tuple(area.side_by_chainage(*chainages[area.chain_number]) for area in self.areas)
        return CellView(tuple(self.index.at(cell)), sides, near)

    def _areas(self) -> Iterator[BorderArea]:
        seen: dict[str, list[tuple[int, Border]]] = {}
        for number, chain in enumerate(self.chains):
            for border in chain.corridor.borders:
                seen.setdefault(border.id, []).append((number, border))
        for shared in seen.values():
            number, border = shared[0]
            corridors = tuple(self.chains[number].corridor.name for number, _ in shared)
            yield _area(border, self.chains[number], number, corridors, tuple(self.places.values()))


def _area(border: Border, chain: Chain, number: int, corridors: tuple[str, ...], places: Sequence[Place]) -> BorderArea:
    first, second = (
        tuple(place for place in places if place.border_id == border.id and place.side == side) for side in border.sides
    )
    frame = frame_at(border.lat_deg, border.lon_deg)
    before = first or tuple(place for place in chain.stations if (place.km or 0.0) < border.km)[-1:]
    after = second or tuple(place for place in chain.stations if (place.km or 0.0) > border.km)[:1]
    (ax, ay), (bx, by) = _middle(frame, before), _middle(frame, after)
    length_m = math.hypot(bx - ax, by - ay) or 1.0
    ahead = ((bx - ax) / length_m, (by - ay) / length_m)
    zones = tuple(map(zone_of, first)), tuple(map(zone_of, second))
    yards_m = [
        math.hypot(*frame.at(yard.frame.lat_deg, yard.frame.lon_deg)) + yard.shape.reach_m
        for yard in (*zones[0], *zones[1])
    ]
    reach_m = max([LEAST_AREA_M, *(yard_m + AREA_EXTRA_M for yard_m in yards_m)])
    zone = circle(f"border {border.id}", border.lat_deg, border.lon_deg, reach_m)
    return BorderArea(border, (first, second), zones, chain, number, corridors, frame, ahead, reach_m, zone)


def _middle(frame: Frame, places: Sequence[Place]) -> tuple[float, float]:
    """Where the places are on average; the line's own point when there are none."""
    at = [frame.at(place.lat_deg, place.lon_deg) for place in places]
    return sum(x for x, _ in at) / max(1, len(at)), sum(y for _, y in at) / max(1, len(at))
