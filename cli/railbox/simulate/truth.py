"""The truth about a journey: its visits and crossings by the noise-free path, in rows like those of `railbox borders`.

The same definition as the border engine's (docs/design.md), by separate and plain code that walks the true path. It
must not import the engine: the two are held against each other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import hypot
from typing import Any, Final

from railbox.simulate import sphere
from railbox.simulate.fleet import Journey
from railbox.simulate.ground import Ground
from railbox.simulate.passages import Passage, Zone, passages, spans_inside, turn
from railbox.simulate.sphere import Point
from railbox_server.geo.corridors import Border, Place
from railbox_telemetry import iso

Row = dict[str, Any]

EXCURSION_S: Final = 900.0
EXCURSION_M: Final = 5_000.0
AREA_M: Final = 15_000.0
AREA_BEYOND_YARDS_M: Final = 10_000.0
HOUR_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class Stay:
    """Inside a place; None: since before the recording began, or until after it ended."""

    place: Place
    entered_s: float | None
    exited_s: float | None


@dataclass(frozen=True, slots=True)
class Moments:
    """Of one crossing, None where they have not come. `to_side`: as `from_side` of one that has returned."""

    from_side: str
    to_side: str | None
    arrived_s: float
    left_s: float | None = None
    crossed_s: float | None = None
    reached_s: float | None = None
    departed_s: float | None = None


def rows(journey: Journey) -> list[Row]:
    """Sorted by time of entry or arrival, then by id."""
    visits = stays(journey)
    found = [(stay.entered_s or 0.0, stay.place.id, visit_row(journey, stay)) for stay in visits]
    found += [
        (moments.arrived_s, border.id, crossing_row(journey, border, moments))
        for border in journey.corridor.borders
        for moments in crossings(journey, border, visits)
    ]
    return [row for _, _, row in sorted(found, key=lambda item: item[:2])]


# --- visits ----------------------------------------------------------------------------------------------------------


def stays(journey: Journey) -> list[Stay]:
    """All visits by time of entry; short excursions do not end one."""
    places = journey.ground.places
    zones = [journey.ground.zones[place.id] for place in places]
    spans = [journey.ground.spans[place.id] for place in places]
    edges_m = [edge_m for own in spans for span in own for edge_m in span]
    passed = passages(journey.itinerary.motion, edges_m, journey.length_s)
    inside = [list(spells(own, passed, start_of(journey))) for own in spans]
    found: list[Stay] = []
    for place, zone, own in zip(places, zones, inside, strict=True):
        elsewhere = [
            spell for other, theirs in zip(zones, inside, strict=True) if apart(zone, other) for spell in theirs
        ]
        found += [Stay(place, *spell) for spell in joined(journey, zone, own, elsewhere)]
    return sorted(found, key=lambda stay: (stay.entered_s or 0.0, stay.place.id))


Spell = tuple[float | None, float | None]
"""Seconds from and to, without excursions taken into account; None as in `Stay`."""


def spells(spans: Sequence[tuple[float, float]], passed: Sequence[Passage], start_m: float) -> Iterator[Spell]:
    """Every single time inside the spans, for a unit that begins at `start_m`."""
    entrances, exits = {from_m for from_m, _ in spans}, {to_m for _, to_m in spans}
    inside = any(from_m <= start_m < to_m for from_m, to_m in spans)
    entered_s: float | None = None
    for passage in passed:
        if passage.chainage_m in (entrances if passage.onwards else exits):
            inside, entered_s = True, passage.time_s
        elif inside and passage.chainage_m in (exits if passage.onwards else entrances):
            yield entered_s, passage.time_s
            inside = False
    if inside:
        yield entered_s, None


def start_of(journey: Journey) -> float:
    return journey.itinerary.motion.phase_at(0.0).chainage_m(0.0)


def joined(journey: Journey, zone: Zone, own: Sequence[Spell], elsewhere: Sequence[Spell]) -> Iterator[Spell]:
    """Spells with no real excursion between them are one; one that has only just ended may go on."""
    open_spell: Spell | None = None
    for spell in own:
        if open_spell is None:
            open_spell = spell
        elif is_excursion(journey, zone, open_spell[1] or 0.0, spell[0] or 0.0, elsewhere):
            yield open_spell
            open_spell = spell
        else:
            open_spell = (open_spell[0], spell[1])
    if open_spell is not None:
        entered_s, exited_s = open_spell
        over = exited_s is not None and is_excursion(journey, zone, exited_s, journey.length_s, elsewhere)
        yield entered_s, exited_s if over else None


def is_excursion(journey: Journey, zone: Zone, from_s: float, to_s: float, elsewhere: Sequence[Spell]) -> bool:
    """Whether leaving a zone for this time is more than shunting: too long, into another yard, or too far."""
    if to_s - from_s > EXCURSION_S:
        return True
    if any((start_s or 0.0) < to_s and (end_s is None or end_s > from_s) for start_s, end_s in elsewhere):
        return True
    seconds = range(int(from_s), int(to_s) + 1, 10)
    phases = journey.itinerary.motion.follow(seconds)
    points = (journey.route.point(phase.chainage_m(s)) for s, phase in zip(seconds, phases, strict=True))
    return any(sphere.distance_m(point, zone.centre) - zone.radius_m > EXCURSION_M for point in points)


def apart(a: Zone, b: Zone) -> bool:
    return sphere.distance_m(a.centre, b.centre) >= a.radius_m + b.radius_m


# --- crossings -------------------------------------------------------------------------------------------------------


def crossings(journey: Journey, border: Border, visits: Sequence[Stay]) -> Iterator[Moments]:
    """The journey's passages of a border, as far as they came, in order of time."""
    for spell in area_spells(journey, border, visits):
        moments = crossing(journey, border, spell, visits)
        if moments is not None:
            yield moments


def crossing(journey: Journey, border: Border, spell: Spell, visits: Sequence[Stay]) -> Moments | None:
    """What a time in the border's area comes to: nothing, if in that it neither went over the line nor visited a yard.

    A side without a visited yard has the line's moment, or the other yard's where that reaches over the line.
    """
    area = border_area(journey.ground, border)
    entered_s, exited_s = spell
    from_s, to_s = entered_s or 0.0, journey.length_s if exited_s is None else exited_s
    own = [stay for stay in visits if stay.place.border_id == border.id and from_s <= (stay.entered_s or 0.0) < to_s]
    was_beyond, is_beyond = is_beyond_line(journey, area, from_s), is_beyond_line(journey, area, to_s)
    near_side, far_side = reversed(area.sides) if was_beyond else area.sides
    if was_beyond != is_beyond:
        crossed_s = max(one.time_s for one in line_passages(journey, area) if from_s <= one.time_s <= to_s)
        near = [s for s in own if s.place.side == near_side and (s.entered_s or 0.0) < crossed_s]
        far = [s for s in own if s.place.side == far_side and (s.exited_s is None or s.exited_s > crossed_s)]
        yard_ahead = exited_s is None and has_yard(journey, border, far_side)
        return Moments(near_side, far_side, *through(crossed_s, near, far, yard_ahead=yard_ahead))
    if own and exited_s is None:
        return Moments(near_side, None, own[0].entered_s or 0.0, own[-1].exited_s)
    if own and entered_s is not None:
        left_s = own[-1].exited_s
        return Moments(near_side, near_side, own[0].entered_s or 0.0, left_s, departed_s=left_s)
    return None


def through(
    crossed_s: float, near: Sequence[Stay], far: Sequence[Stay], *, yard_ahead: bool
) -> tuple[float, float | None, float, float | None, float | None]:
    """Arrived, left, crossed, reached and departed of a passage from side to side."""
    left_s = near[-1].exited_s if near else min([crossed_s, *(stay.entered_s or 0.0 for stay in far[:1])])
    beyond_s = None if left_s is None or (yard_ahead and not far) else max(crossed_s, left_s)
    return (
        (near[0].entered_s or 0.0) if near else left_s or crossed_s,
        left_s,
        crossed_s,
        far[0].entered_s if far else beyond_s,
        far[-1].exited_s if far else beyond_s,
    )


@dataclass(frozen=True, slots=True)
class BorderArea:
    """Around a border's line point: the stretches of the route inside, and where the route last leads over the line,
    which is square to the way from side to side. `sides` in order of travel."""

    zone: Zone
    spans: Sequence[tuple[float, float]]
    line_m: float | None
    sides: tuple[str, str]


@lru_cache(maxsize=256)
def border_area(ground: Ground, border: Border) -> BorderArea:
    zone = Zone(point_of(border), reach_m(ground, border))
    first, second = border.sides
    sides = (second, first) if ground.reverse else (first, second)
    return BorderArea(zone, spans_inside(ground.route, zone), line_m(ground, border, sides), sides)


def area_spells(journey: Journey, border: Border, visits: Sequence[Stay]) -> list[Spell]:
    """When the unit was in the border's area, short excursions left out."""
    area = border_area(journey.ground, border)
    edges_m = [edge_m for span in area.spans for edge_m in span]
    passed = passages(journey.itinerary.motion, edges_m, journey.length_s)
    own = list(spells(area.spans, passed, start_of(journey)))
    elsewhere = [
        (stay.entered_s, stay.exited_s) for stay in visits if apart(area.zone, journey.ground.zones[stay.place.id])
    ]
    return list(joined(journey, area.zone, own, elsewhere))


def line_passages(journey: Journey, area: BorderArea) -> list[Passage]:
    return [] if area.line_m is None else passages(journey.itinerary.motion, [area.line_m], journey.length_s)


def is_beyond_line(journey: Journey, area: BorderArea, time_s: float) -> bool:
    if area.line_m is None:
        return False
    return journey.itinerary.motion.phase_at(time_s).chainage_m(time_s) >= area.line_m


def yards(ground: Ground, border: Border, side: str) -> list[Place]:
    return [place for place in ground.corridor.places if place.border_id == border.id and place.side == side]


def has_yard(journey: Journey, border: Border, side: str) -> bool:
    return bool(yards(journey.ground, border, side))


def reach_m(ground: Ground, border: Border) -> float:
    """How far the area of a border extends from its line point."""
    own = [place for side in border.sides for place in yards(ground, border, side)]
    edges_m = [sphere.distance_m(point_of(border), point_of(yard)) + (yard.radius_m or 0.0) for yard in own]
    return max(AREA_M, *(edge_m + AREA_BEYOND_YARDS_M for edge_m in edges_m), 0.0)


def line_m(ground: Ground, border: Border, sides: tuple[str, str]) -> float | None:
    """The chainage at which the route last leads over the border's line."""
    route, within_m, ahead_m = ground.route, reach_m(ground, border), ahead(ground, border, sides)
    near_m = [
        chainage_m
        for point, chainage_m in zip(route.points, route.chainages_m, strict=True)
        if abs(point[0] - border.lat_deg) * sphere.DEGREE_M <= within_m
        and sphere.distance_m(point, point_of(border)) <= within_m
    ]

    def is_beyond(chainage_m: float) -> bool:
        return ahead_m(route.point(chainage_m)) > 0

    lines_m = [turn(a, b, is_beyond) for a, b in pairwise(near_m) if not is_beyond(a) and is_beyond(b)]
    return lines_m[-1] if lines_m else None


def ahead(ground: Ground, border: Border, sides: tuple[str, str]) -> Callable[[Point], float]:
    """How many metres a point near a border is beyond its line; negative: before it."""
    before, beyond = (middle(ground, border, side) for side in sides)
    north, east = sphere.plane(beyond, before)

    def ahead_m(point: Point) -> float:
        point_north, point_east = sphere.plane(point, point_of(border))
        return (point_north * north + point_east * east) / hypot(north, east)

    return ahead_m


def middle(ground: Ground, border: Border, side: str) -> Point:
    """Of a side's yards; of the next place on that side where it has none."""
    own = yards(ground, border, side)
    if not own:
        on_line = [place for place in ground.corridor.places if place.km is not None]
        before = [place for place in on_line if (place.km or 0.0) < border.km]
        beyond = [place for place in on_line if (place.km or 0.0) > border.km]
        own = before[-1:] if side == border.sides[0] else beyond[:1]
    return (sum(place.lat_deg for place in own) / len(own), sum(place.lon_deg for place in own) / len(own))


def point_of(spot: Place | Border) -> Point:
    return (spot.lat_deg, spot.lon_deg)


# --- rows ------------------------------------------------------------------------------------------------------------


def visit_row(journey: Journey, stay: Stay) -> Row:
    limit_s = round((stay.place.limit_h or 0.0) * HOUR_S)
    return {
        "type": "visit",
        "unit": journey.unit,
        "place": stay.place.id,
        "entered": at(journey, stay.entered_s),
        "exited": at(journey, stay.exited_s),
        "already_inside": stay.entered_s is None,
        **dwell(journey, stay.entered_s or 0.0, stay.exited_s, limit_s),
    }


def crossing_row(journey: Journey, border: Border, moments: Moments) -> Row:
    return {
        "type": "crossing",
        "unit": journey.unit,
        "corridor": journey.corridor.name,
        "border": border.id,
        "from_side": moments.from_side,
        "to_side": moments.to_side,
        "arrived": at(journey, moments.arrived_s),
        "left": at(journey, moments.left_s),
        "crossed": at(journey, moments.crossed_s),
        "reached": at(journey, moments.reached_s),
        "departed": at(journey, moments.departed_s),
        "gauge_change": border.gauge_break,
        "returned": moments.to_side == moments.from_side,
        **dwell(journey, moments.arrived_s, moments.departed_s, round(border.limit_h * HOUR_S)),
    }


def dwell(journey: Journey, from_s: float, to_s: float | None, limit_s: int) -> Mapping[str, Any]:
    """How long, until the recording's end where it lasts, and whether that is too long."""
    dwell_s = (journey.length_s if to_s is None else to_s) - from_s
    flag = "critical" if dwell_s > 2 * limit_s else "over" if dwell_s > limit_s else "none"
    return {"dwell_s": round(dwell_s, 3), "limit_s": limit_s, "flag": flag}


def at(journey: Journey, time_s: float | None) -> str | None:
    return None if time_s is None else iso.from_ms(journey.started_at_s * 1000 + round(time_s * 1000))
