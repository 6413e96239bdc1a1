"""A corridor on the ground: km along it that never run below its geometry, and where along it a position is.

Published km are shorter than the straight line between some neighbours, so `way_km` is reckoned anew: between two
places it is the longest of what is published, what is drawn, and the straight line. Published km remain for display.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil, sqrt
from typing import Final, NamedTuple

from railbox_server.geo.arcs import Arc, Point, Vector, angle_rad, arcs_through, circle_around, vector
from railbox_server.geo.drawn import DrawnLines
from railbox_server.geo.earth import MEAN_RADIUS_M
from railbox_server.geo.model import Corridor, Mode, Place

LEAST_ROOM_M: Final = 10_000.0
"""Drawn lines are simplified, and run up to 9 km beside stations."""
ROOM_SHARE: Final = 0.45
"""Of the straight line between two places: so far aside the way may lead where nobody drew it.

Measured on 121 known lines of the shipped corridors: at most 0.44 (Serakhs-Tejen), and 90 km (Krasnoyarsk-Novosibirsk).
"""
MOST_ROOM_M: Final = 100_000.0
SAME_M: Final = 3_000.0
"""Parts of the way whose distances differ by less are equally near: then the one reached before is meant."""
SAME_KM: Final = 50.0
"""Parts of the way within this along it are one pass: only the nearest of its points is meant."""
TRACK_M: Final = 20.0
"""Points of one pass whose distances differ by less are the same place, passed out and back."""


class Spot(NamedTuple):
    """A position seen from the way: km along it, metres off it, and how far off is not yet astray there."""

    way_km: float
    off_m: float
    room_m: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """An arc with its chainage."""

    arc: Arc
    from_km: float
    km_per_rad: float
    room_m: float

    def spot(self, at: Vector) -> Spot:
        along_rad, off_rad = self.arc.nearest(at)
        return Spot(self.from_km + along_rad * self.km_per_rad, off_rad * MEAN_RADIUS_M, self.room_m)


@dataclass(frozen=True, slots=True)
class _Block:
    """Pieces that follow each other, in a circle: told off as one where another is surely nearer."""

    middle: Vector
    reach_rad: float
    pieces: tuple[_Piece, ...]

    def least_m(self, at: Vector) -> float:
        return (angle_rad(self.middle, at) - self.reach_rad) * MEAN_RADIUS_M


class Way:
    """Built once from a corridor; `locate` then costs a few dozen microseconds."""

    def __init__(self, corridor: Corridor) -> None:
        self.corridor = corridor
        self.places = tuple(place for place in corridor.places if place.km is not None)
        self._published = [place.km or 0.0 for place in self.places]
        drawn = DrawnLines(corridor.lines)
        stretches = [_stretch(a, b, drawn) for a, b in pairwise(self.places)]
        self.unused_lines = tuple(line for i, line in enumerate(corridor.lines) if i not in drawn.used)
        start_km = self._published[0] if self._published else 0.0
        self._kms = list(accumulate((length_km for length_km, _, _ in stretches), initial=start_km))
        self._pieces = [
            piece
            for from_km, (length_km, arcs, room_m) in zip(self._kms, stretches, strict=False)
            for piece in _pieces(arcs, from_km, length_km, room_m)
        ]
        self._starts_km = [piece.from_km for piece in self._pieces]
        self._ends_km = [piece.from_km + piece.arc.length_rad * piece.km_per_rad for piece in self._pieces]
        self._blocks = tuple(_blocks(self._pieces))

    @property
    def from_km(self) -> float:
        return self._kms[0]

    @property
    def to_km(self) -> float:
        return self._kms[-1]

    def way_km(self, published_km: float) -> float:
        """The chainage of a published km; between two places in proportion."""
        return _between(published_km, self._published, self._kms)

    def published_km(self, way_km: float) -> float:
        """For display: what a sign beside the way would say."""
        return _between(way_km, self._kms, self._published)

    def modes(self, from_km: float, to_km: float) -> dict[Mode, float]:
        """How many way_km between two chainages, in either order, are rail and road."""
        low, high = min(from_km, to_km), max(from_km, to_km)
        found: dict[Mode, float] = {}
        for leg in self.corridor.legs:
            length_km = min(high, self.way_km(leg.to_km)) - max(low, self.way_km(leg.from_km))
            if length_km > 0:
                found[leg.mode] = found.get(leg.mode, 0.0) + length_km
        return found

    def mode_at(self, way_km: float) -> Mode | None:
        legs = self.corridor.legs
        return next((leg.mode for leg in legs if self.way_km(leg.from_km) <= way_km <= self.way_km(leg.to_km)), None)

    def locate(self, point: Point, near_km: float | None = None) -> Spot:
        """Where along the way a (lat, lon) is. Where the way passes it twice, the pass next to `near_km` is meant."""
        at = vector(point)
        if near_km is None:
            return min(self._nearest(at), key=_by_distance)
        # Nearly always this is all: nothing could be meant before what is next to where the unit was.
        around = _meant(self._around(at, near_km), near_km)
        if around is not None and around.off_m <= SAME_M:
            return around
        spots = (_meant(each, near_km) for each in _passes(self._nearest(at)))
        return min((spot for spot in spots if spot), key=lambda spot: (abs(spot.way_km - near_km), spot.off_m))

    def _around(self, at: Vector, near_km: float) -> list[Spot]:
        first = bisect_left(self._ends_km, near_km - SAME_KM / 2)
        last = bisect_right(self._starts_km, near_km + SAME_KM / 2)
        return [piece.spot(at) for piece in self._pieces[first:last]]

    def _nearest(self, at: Vector) -> list[Spot]:
        """The spots that are about as near as the nearest, by chainage."""
        found: list[Spot] = []
        best_m = float("inf")
        for least_m, block in sorted(((block.least_m(at), block) for block in self._blocks), key=lambda item: item[0]):
            if least_m > best_m + SAME_M:
                break
            spots = [piece.spot(at) for piece in block.pieces]
            best_m = min(best_m, *(spot.off_m for spot in spots))
            found += spots
        return sorted((spot for spot in found if spot.off_m <= best_m + SAME_M), key=lambda spot: spot.way_km)


def _by_distance(spot: Spot) -> tuple[float, float]:
    return spot.off_m, spot.way_km


def _passes(spots: Sequence[Spot]) -> list[list[Spot]]:
    """Spots in order of chainage, parted where the way leads away between them."""
    passes: list[list[Spot]] = []
    for spot in spots:
        if passes and spot.way_km - passes[-1][-1].way_km <= SAME_KM:
            passes[-1].append(spot)
        else:
            passes.append([spot])
    return passes


def _meant(spots: Sequence[Spot], near_km: float) -> Spot | None:
    """The nearest; of those that are all but as near, the one next to `near_km`."""
    if len(spots) < 2:
        return spots[0] if spots else None
    most_m = min([spot.off_m for spot in spots]) + TRACK_M
    same = [spot for spot in spots if spot.off_m <= most_m]
    return same[0] if len(same) == 1 else min(same, key=lambda spot: (abs(spot.way_km - near_km), spot.way_km))


def _stretch(a: Place, b: Place, drawn: DrawnLines) -> tuple[float, Sequence[Arc], float]:
    """Between neighbours: length in km, arcs, and how far off is not astray."""
    start, end = vector((a.lat_deg, a.lon_deg)), vector((b.lat_deg, b.lon_deg))
    straight_m = angle_rad(start, end) * MEAN_RADIUS_M
    published_km = (b.km or 0.0) - (a.km or 0.0)
    portion = drawn.portion(start, end, straight_m)
    arcs = portion or tuple(arcs_through([start, end]))
    length_km = max(published_km, straight_m / 1000, sum(arc.length_rad for arc in arcs) * MEAN_RADIUS_M / 1000)
    room_m = LEAST_ROOM_M if portion else min(MOST_ROOM_M, max(LEAST_ROOM_M, ROOM_SHARE * straight_m))
    return length_km, arcs, room_m


def _pieces(arcs: Sequence[Arc], from_km: float, length_km: float, room_m: float) -> Iterator[_Piece]:
    """The length is shared out evenly along the arcs."""
    km_per_rad = length_km / (sum(arc.length_rad for arc in arcs) or 1.0)
    for arc in arcs:
        yield _Piece(arc, from_km, km_per_rad, room_m)
        from_km += arc.length_rad * km_per_rad


def _blocks(pieces: Sequence[_Piece]) -> Iterator[_Block]:
    """About as many blocks as pieces in each."""
    size = max(1, ceil(sqrt(len(pieces))))
    for first in range(0, len(pieces), size):
        own = tuple(pieces[first : first + size])
        yield _Block(*circle_around([piece.arc for piece in own]), own)


def _between(value: float, values: Sequence[float], others: Sequence[float]) -> float:
    """`value` carried from one ascending scale to the other; beyond the ends as at them."""
    after = bisect_right(values, value)
    if after == 0:
        return others[0]
    if after == len(values):
        return others[-1]
    part = (value - values[after - 1]) / (values[after] - values[after - 1])
    return others[after - 1] + part * (others[after] - others[after - 1])
