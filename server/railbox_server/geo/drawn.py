"""Drawn lines: the portion of one that leads from a place to the next.

A line may be drawn for one stretch or for a whole corridor, in either direction. It counts where it passes near both
places; where none does, the way between them is taken to be straight. Knows no corridor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from railbox_server.geo.arcs import Arc, Vector, angle_rad, arcs_through, circle_around, vector
from railbox_server.geo.earth import MEAN_RADIUS_M
from railbox_server.geo.model import Line

NEAR_M: Final = 9_000.0
"""A line passes a place within this: stations lie beside simplified lines, not on them."""
DETOUR_MAX: Final = 2.2
"""A portion longer than so many times the straight line leads somewhere else first.

Measured on the known lines of the shipped corridors: around Lake Baikal 1.8, Baranovsky-Ussuriysk 2.1.
"""


@dataclass(frozen=True, slots=True)
class _Hit:
    """Where on a line it is nearest to a place."""

    off_m: float
    arc: int
    along_rad: float

    @property
    def order(self) -> tuple[int, float]:
        return self.arc, self.along_rad


class DrawnLines:
    """The lines of a corridor; remembers which of them were of use."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = [tuple(arcs_through([vector(point) for point in line.points])) for line in lines]
        self._circles = [circle_around(arcs) if arcs else None for arcs in self._lines]
        self.used: set[int] = set()

    def portion(self, a: Vector, b: Vector, straight_m: float) -> Sequence[Arc]:
        """From near `a` to near `b` along the line that passes nearest to both; empty where none does."""
        found: list[tuple[float, int, Sequence[Arc]]] = []
        for number, (arcs, circle) in enumerate(zip(self._lines, self._circles, strict=True)):
            if circle is None or not (_may_pass(circle, a) and _may_pass(circle, b)):
                continue
            hit_a, hit_b = _nearest(arcs, a), _nearest(arcs, b)
            if max(hit_a.off_m, hit_b.off_m) > NEAR_M:
                continue
            portion = _cut(arcs, hit_a, hit_b)
            if portion and _length_m(portion) <= DETOUR_MAX * straight_m:
                found.append((hit_a.off_m + hit_b.off_m, number, portion))
        if not found:
            return ()
        _, number, portion = min(found, key=lambda item: item[:2])
        self.used.add(number)
        return portion


def _length_m(arcs: Sequence[Arc]) -> float:
    return MEAN_RADIUS_M * sum(arc.length_rad for arc in arcs)


def _may_pass(circle: tuple[Vector, float], at: Vector) -> bool:
    """A cheap look before measuring."""
    middle, reach_rad = circle
    return (angle_rad(middle, at) - reach_rad) * MEAN_RADIUS_M <= NEAR_M


def _nearest(arcs: Sequence[Arc], at: Vector) -> _Hit:
    hits = ((arc.nearest(at), number) for number, arc in enumerate(arcs))
    off_rad, number, along_rad = min((off_rad, number, along_rad) for (along_rad, off_rad), number in hits)
    return _Hit(off_rad * MEAN_RADIUS_M, number, along_rad)


def _cut(arcs: Sequence[Arc], first: _Hit, last: _Hit) -> Sequence[Arc]:
    """The line between two hits, from the first to the last."""
    if first.order > last.order:
        return _reversed(_cut(arcs, last, first))
    inner = [arc.start for arc in arcs[first.arc + 1 : last.arc + 1]]
    ends = (arcs[first.arc].at(first.along_rad), arcs[last.arc].at(last.along_rad))
    return tuple(arcs_through([ends[0], *inner, ends[1]]))


def _reversed(arcs: Sequence[Arc]) -> Sequence[Arc]:
    return tuple(arcs_through([arc.end for arc in reversed(arcs)] + [arc.start for arc in arcs[:1]]))
