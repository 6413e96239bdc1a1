"""Where units wait along a corridor: borders with their yards, gauge breaks, transfers, and the two ends.

Between two nodes is running; what a node takes is one wait, from its first yard to its last. Knows no journey.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from railbox_server.geo.model import Border, Place
from railbox_server.geo.way import Way

WAITS: Final = frozenset({"gauge-break", "transfer"})


@dataclass(frozen=True, slots=True)
class Node:
    """Between two chainages of the way; `border` or `place` is what it is. An end has no wait."""

    id: str
    name: str
    low_km: float
    high_km: float
    border: Border | None
    place: Place | None
    is_end: bool = False

    def near_km(self, heading: int) -> float:
        return self.low_km if heading > 0 else self.high_km

    def far_km(self, heading: int) -> float:
        return self.high_km if heading > 0 else self.low_km


def nodes(way: Way) -> tuple[Node, ...]:
    """In order of chainage."""
    if not way.places:
        return ()
    borders = [_border_node(way, border) for border in way.corridor.borders]
    places = [node for node in _place_nodes(way) if not any(_inside(node, border) for border in borders)]
    return tuple(sorted([*borders, *places], key=lambda node: (node.low_km, node.high_km, node.id)))


def _border_node(way: Way, border: Border) -> Node:
    yards_km = [place.km for place in way.places if place.border_id == border.id and place.km is not None]
    kms = [way.way_km(km) for km in (border.km, *yards_km)]
    return Node(border.id, border.name, min(kms), max(kms), border, None)


def _place_nodes(way: Way) -> Iterator[Node]:
    ends = (way.places[0].id, way.places[-1].id)
    for place in way.places:
        if place.id in ends or place.roles & WAITS:
            km = way.way_km(place.km or 0.0)
            yield Node(place.id, place.name, km, km, None, place, is_end=place.id in ends)


def _inside(node: Node, border: Node) -> bool:
    return not node.is_end and border.low_km <= node.low_km <= border.high_km
