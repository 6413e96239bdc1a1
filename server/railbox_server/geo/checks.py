"""Whether the features of a corridor make sense together: an ordered list of rules, each a pure function.

Knows values only; the shapes of zones are judged by zones.py, and single features were judged when they were read.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import Final

from railbox_server.geo import zones
from railbox_server.geo.drawn import NEAR_M
from railbox_server.geo.earth import distance_m
from railbox_server.geo.model import Border, Corridor, Line, Place, Problem
from railbox_server.geo.way import Way

Rule = Callable[[Corridor], Iterator[Problem]]

STRAY_FACTOR: Final = 2.0
STRAY_KM: Final = 20.0
"""Published km run below the straight line by a third and more; beyond this a coordinate is mistyped."""
APART_M: Final = 1_000.0
"""The points of two borders are farther apart than the margins of any position."""


def problems(corridor: Corridor) -> tuple[Problem, ...]:
    return tuple(problem for rule in RULES for problem in rule(corridor))


def disagreements(corridors: Sequence[Corridor]) -> tuple[Problem, ...]:
    """Where corridors that are used together say different things of one id."""
    first: dict[str, tuple[str, Place | Border]] = {}
    found: list[Problem] = []
    for corridor in corridors:
        for value in (*corridor.places, *corridor.borders):
            other, known = first.setdefault(value.id, (corridor.name, value))
            if _facts(value) != _facts(known):
                reason = f"is not the same in corridors {other} and {corridor.name}: give one of them another id"
                found.append(Problem(_called(value), reason))
    return tuple(found)


def _has_borders(corridor: Corridor) -> Iterator[Problem]:
    if not corridor.borders:
        yield Problem("", "there is no border: a corridor needs at least one feature of kind border")


def _has_length(corridor: Corridor) -> Iterator[Problem]:
    along = _along(corridor)
    if len(along) < 2 or along[0][1] == along[-1][1]:
        yield Problem("", "the corridor has no length: at least two places need different km")


def _yards_know_their_border(corridor: Corridor) -> Iterator[Problem]:
    borders = {border.id: border for border in corridor.borders}
    for place in corridor.places:
        if place.border_id is None:
            continue
        border = borders.get(place.border_id)
        if border is None:
            yield Problem(_called(place), f"border_id: there is no border {place.border_id!r} in this file")
        elif place.side not in border.sides:
            yield Problem(_called(place), f"side: {place.side} is not a side of {border.id} ({'/'.join(border.sides)})")
        elif place.side != place.country:
            yield Problem(_called(place), f"side: {place.side}, but its country is {place.country}")


def _countries_change_at_borders(corridor: Corridor) -> Iterator[Problem]:
    for before, after in pairwise(corridor.borders):
        if before.sides[1] != after.sides[0]:
            reason = f"sides: comes from {after.sides[0]}, but {before.id} before it leads to {before.sides[1]}"
            yield Problem(_called(after), reason)
    for place, km in _along(corridor):
        before = next((border for border in reversed(corridor.borders) if border.km < km), None)
        after = next((border for border in corridor.borders if border.km > km), None)
        at = [side for border in corridor.borders if border.km == km for side in border.sides]
        expected = at or [side for side in (before and before.sides[1], after and after.sides[0]) if side]
        if expected and place.country not in expected:
            sides = " or ".join(sorted(set(expected)))
            reason = f"country: {place.country}, but by the borders' sides km {km:g} is in {sides}"
            yield Problem(_called(place), reason)


def _km_suit_coordinates(corridor: Corridor) -> Iterator[Problem]:
    for (a, a_km), (b, b_km) in pairwise(_along(corridor)):
        straight_km = distance_m((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg)) / 1000
        if straight_km > (b_km - a_km) * STRAY_FACTOR + STRAY_KM:
            reason = (
                f"is {straight_km:.0f} km from {a.id}, but {b_km - a_km:.0f} km by chainage: are lon, lat and km right?"
            )
            yield Problem(_called(b), reason)


def _zones_keep_apart(corridor: Corridor) -> Iterator[Problem]:
    """Yards of two borders, or of two sides of one, must not share ground: nobody could say at which a unit stands."""
    for a, b in combinations([place for place in corridor.places if place.is_zone], 2):
        shared = zones.shared_part(a, b)
        rivals = a.border_id and b.border_id and (a.border_id, a.side) != (b.border_id, b.side)
        if not shared or (shared == 1.0 and not rivals):
            continue
        of = f", and they belong to {'two borders' if a.border_id != b.border_id else 'two sides'}" if rivals else ""
        yield Problem(_called(b), f"overlaps {a.id} by {shared:.0%} of the smaller zone{of}", warning=not rivals)


def _borders_keep_apart(corridor: Corridor) -> Iterator[Problem]:
    """Nobody could say which of two borders was crossed where their lines meet, or where one runs through a yard of
    the other."""
    for a, b in combinations(corridor.borders, 2):
        apart_m = distance_m((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg))
        if apart_m < APART_M:
            yield Problem(_called(b), f"overlaps border {a.id}: their points are {apart_m:.0f} m apart")
    for border in corridor.borders:
        for yard in corridor.places:
            if yard.border_id not in (None, border.id) and zones.holds(yard, border.lat_deg, border.lon_deg):
                yield Problem(_called(border), f"its point lies in {yard.id}, a yard of border {yard.border_id}")


def _legs_join(corridor: Corridor) -> Iterator[Problem]:
    along = _along(corridor)
    for before, after in pairwise(corridor.legs):
        if after.from_km != before.to_km:
            word = "a gap" if after.from_km > before.to_km else "an overlap"
            reason = f"{word} between km {before.to_km:g} and km {after.from_km:g}"
            yield Problem(f"leg from km {after.from_km:g}", reason)
    if corridor.legs and along:
        ends = (corridor.legs[0].from_km, corridor.legs[-1].to_km)
        if ends[0] > along[0][1] or ends[1] < along[-1][1]:
            reason = f"reach from km {ends[0]:g} to km {ends[1]:g}, places from {along[0][1]:g} to {along[-1][1]:g}"
            yield Problem("legs", reason)


def _lines_lead_from_place_to_place(corridor: Corridor) -> Iterator[Problem]:
    for line in Way(corridor).unused_lines if len(_along(corridor)) > 1 else ():
        reason = (
            f"passes near no two places that follow each other (within {NEAR_M / 1000:g} km), "
            "or leads a long way around between them: it is not used"
        )
        yield Problem(_called_line(line), reason, warning=True)


def _timetable_leads_along(corridor: Corridor) -> Iterator[Problem]:
    kms = {place.id: km for place, km in _along(corridor)}
    for stop in corridor.timetable:
        if stop.place_id not in kms:
            yield Problem("timetable", f"there is no place {stop.place_id!r} with km in this file")
    stops = [stop for stop in corridor.timetable if stop.place_id in kms]
    for before, after in pairwise(stops):
        if before.departure_h is None or after.arrival_h is None or after.arrival_h < before.departure_h:
            reason = (
                f"from {before.place_id} to {after.place_id} it needs a departure_h, and an arrival_h not before it"
            )
            yield Problem("timetable", reason)
    steps_km = [kms[after.place_id] - kms[before.place_id] for before, after in pairwise(stops)]
    if min(steps_km, default=0) < 0 < max(steps_km, default=0):
        yield Problem("timetable", "km run forwards and backwards: it has to lead one way along the corridor")


RULES: Final[Sequence[Rule]] = (
    _has_borders,
    _has_length,
    _yards_know_their_border,
    _countries_change_at_borders,
    _km_suit_coordinates,
    _zones_keep_apart,
    _borders_keep_apart,
    _legs_join,
    _lines_lead_from_place_to_place,
    _timetable_leads_along,
)


def _along(corridor: Corridor) -> list[tuple[Place, float]]:
    return [(place, place.km) for place in corridor.places if place.km is not None]


def _facts(value: Place | Border) -> object:
    """What has to be the same in every corridor; km and direction are each one's own."""
    if isinstance(value, Border):
        return "border", value.lat_deg, value.lon_deg, frozenset(value.sides)
    return "place", value.lat_deg, value.lon_deg, value.radius_m, value.polygon, value.border_id


def _called(value: Place | Border) -> str:
    return f'{"border" if isinstance(value, Border) else "place"} "{value.id}"'


def _called_line(line: Line) -> str:
    lat_deg, lon_deg = line.points[0]
    return f'line "{line.id}"' if line.id else f"line from [{lon_deg:g}, {lat_deg:g}]"
