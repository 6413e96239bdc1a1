"""Values of the border engine made by hand: places, borders, corridors, paths, visits and crossings.

What a test does not say is what does not matter to it.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import asin, atan2, ceil, degrees
from typing import Any

from railbox_server.geo.arcs import arcs_through, vector
from railbox_server.geo.earth import distance_m
from railbox_server.geo.model import Border, Corridor, Leg, Place, TimetableStop
from railbox_server.journey.model import Bounds, Crossing, Dwell, Flag, Journey, Step, Visit, Waypoint

Point = tuple[float, float]
HOUR_S = 3_600
DAY_S = 24 * HOUR_S
T0_S = 1_793_000_000  # 2026-10-26T07:33:20Z
DEGREE_KM = 111.195


def place(place_id: str, km: float, country: str = "AA", **facts: Any) -> Place:
    """On the meridian 20° east, so many km north of 10° north; a zone of 2 km, unless a station."""
    roles: frozenset[str] = frozenset(facts.pop("roles", {"yard"}))
    values: dict[str, Any] = {
        "id": place_id,
        "name": place_id,
        "roles": roles,
        "country": country,
        "lat_deg": 10 + km / DEGREE_KM,
        "lon_deg": 20.0,
        "radius_m": 2_000.0 if roles - {"station"} else None,
        "polygon": None,
        "km": km,
        "gauges_mm": (1520,),
        "tz": None,
        "unlocode": None,
        "border_id": None,
        "side": country if facts.get("border_id") else None,
        "expected_h": None,
        "limit_h": 48.0,
    }
    return Place(**(values | facts))


def border(border_id: str, km: float, sides: tuple[str, str] = ("AA", "BB"), **facts: Any) -> Border:
    values: dict[str, Any] = {
        "id": border_id,
        "name": border_id,
        "lat_deg": 10 + km / DEGREE_KM,
        "lon_deg": 20.0,
        "assumed": True,
        "sides": sides,
        "km": km,
        "gauge_break": False,
        "expected_h": 24.0,
        "limit_h": 48.0,
    }
    return Border(**(values | facts))


def corridor(
    places: Sequence[Place],
    borders: Sequence[Border] = (),
    legs: Sequence[Leg] = (),
    timetable: Sequence[TimetableStop] = (),
    name: str = "made",
) -> Corridor:
    kms = [each.km for each in places if each.km is not None]
    whole = (Leg("rail", kms[0], kms[-1]),)
    return Corridor(name, name, tuple(places), tuple(borders), tuple(legs) or whole, "", (), tuple(timetable))


def two_countries(**facts: Any) -> Corridor:
    """1,000 km north: terminal, yard at 400, border at 500 with a yard a side, yard at 700, terminal."""
    return corridor(
        [
            place("start", 0, roles={"terminal"}),
            place("a-yard", 400),
            place("a-border", 490, border_id="a-b", roles={"border-yard"}),
            place("b-border", 510, "BB", border_id="a-b", roles={"border-yard"}),
            place("b-yard", 700, "BB"),
            place("end", 1_000, "BB", roles={"terminal"}),
        ],
        [border("a-b", 500)],
        **facts,
    )


def point_at(km: float, off_km: float = 0.0) -> Point:
    """On the meridian of `place`, or so far east of it."""
    return 10 + km / DEGREE_KM, 20.0 + off_km / (DEGREE_KM * 0.98)


def path(*stops: tuple[float, Point], dark: bool = False, every_s: int = 600) -> list[Step]:
    """Continuous (or dark) steps through (hours since T0, point), on great circles between them."""
    points: list[Waypoint] = []
    for (from_h, a), (to_h, b) in pairwise(stops):
        length_s = (to_h - from_h) * HOUR_S
        parts = 1 if dark else max(1, ceil(length_s / every_s))
        points += [
            Waypoint(T0_S + round(from_h * HOUR_S + length_s * i / parts), *between(a, b, i / parts), 40.0)
            for i in range(parts)
        ]
    last_h, last = stops[-1]
    points.append(Waypoint(T0_S + round(last_h * HOUR_S), *last, 40.0))
    return [Step(a, b, not dark) for a, b in pairwise(points)] or [Step(points[0], points[0], True)]


def between(a: Point, b: Point, part: float) -> Point:
    """On the great circle."""
    if distance_m(a, b) < 1:
        return a
    (arc,) = arcs_through([vector(a), vector(b)])
    x, y, z = arc.at(part * arc.length_rad)
    return degrees(asin(z)), degrees(atan2(y, x))


def at(hours: float, give_s: int = 0) -> Bounds:
    """So many hours after T0, sure to `give_s` either way."""
    time_s = T0_S + round(hours * HOUR_S)
    return Bounds(time_s - give_s, time_s, time_s + give_s)


def dwell(hours: float, give_s: int = 0) -> Dwell:
    length_s = round(hours * HOUR_S)
    return Dwell(max(0, length_s - 2 * give_s), length_s, length_s + 2 * give_s)


def visit(where: Place, from_h: float, to_h: float | None, unit: str = "U", give_s: int = 0, **facts: Any) -> Visit:
    values: dict[str, Any] = {
        "unit": unit,
        "place": where,
        "entered": at(from_h, give_s),
        "exited": None if to_h is None else at(to_h, give_s),
        "already_inside": False,
        "dwell": dwell((from_h if to_h is None else to_h) - from_h, give_s),
        "dark_s": 0,
        "limit_s": 48 * HOUR_S,
        "flag": Flag(),
        "no_contact_since_s": None,
    }
    return Visit(**(values | facts))


def crossing(
    where: Border | None, from_h: float, to_h: float | None, unit: str = "U", give_s: int = 0, **facts: Any
) -> Crossing:
    """From the first side to the second, unless `from_side` says otherwise."""
    sides = where.sides if where else ("AA", "BB")
    from_side = facts.get("from_side", sides[0])
    to_side = sides[1] if from_side == sides[0] else sides[0]
    over = to_h is not None
    values: dict[str, Any] = {
        "unit": unit,
        "border": where,
        "corridor": "made",
        "candidates": (),
        "from_side": from_side,
        "to_side": to_side if over else None,
        "arrived": at(from_h, give_s),
        "left": None,
        "crossed": None,
        "reached": None,
        "departed": at(to_h, give_s) if to_h is not None else None,
        "dwell": dwell((from_h if to_h is None else to_h) - from_h, give_s),
        "dwell_by_side": {},
        "limit_s": 48 * HOUR_S,
        "flag": Flag(),
        "no_contact_since_s": None,
        "gauge_change": False,
        "returned": False,
    }
    return Crossing(**(values | facts))


def journey(visits: Sequence[Visit] = (), crossings: Sequence[Crossing] = ()) -> Journey:
    return Journey(tuple(visits), tuple(crossings), {}, None)
