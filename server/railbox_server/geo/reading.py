"""A corridor's GeoJSON, schema 1, read into values.

Pure: takes the parsed document and collects what is wrong, one problem a feature, instead of stopping at the first.
Whether the features make sense together is checks.py's.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeVar, cast

from railbox_server.geo import zones
from railbox_server.geo.features import COUNTRY, NAME, UNLOCODE, BadFeatureError, Feature, Json, feature_of, position_of
from railbox_server.geo.model import (
    EXPECTED_H,
    GAUGE_BREAK_EXTRA_H,
    LIMIT_H,
    ROLES,
    Border,
    Corridor,
    Leg,
    Line,
    Place,
    Problem,
    TimetableStop,
)

T = TypeVar("T")
Point = tuple[float, float]
"""lat, lon."""

SCHEMA: Final = 1


def read(document: object) -> tuple[Corridor | None, tuple[Problem, ...]]:
    """The corridor, or None when a problem is worse than a warning."""
    try:
        head = _head(document)
    except BadFeatureError as error:
        return None, (Problem("", str(error)),)
    problems: list[Problem] = []
    features = _each(
        list(enumerate(head.features, 1)), lambda item: f"feature {item[0]}", lambda item: feature_of(*item), problems
    )
    places = _each(_of(features, "place"), _label, _place, problems)
    borders = _each(_of(features, "border"), _label, lambda feature: _border(feature, places), problems)
    legs = _each(_of(features, "leg"), _label, _leg, problems)
    drawn = _each(_of(features, "line"), _label, _lines, problems)
    timetable = _each(list(enumerate(head.stops, 1)), lambda item: f"timetable stop {item[0]}", _stop, problems)
    problems += [*_repeated("place", places), *_repeated("border", borders), *_backwards(places)]
    if problems:
        return None, tuple(problems)
    in_order = sorted(places, key=lambda place: float("inf") if place.km is None else place.km)
    return (
        Corridor(
            head.name,
            head.title,
            tuple(in_order),
            tuple(sorted(borders, key=lambda border: border.km)),
            tuple(sorted(legs, key=lambda leg: leg.from_km)) or _all_rail(in_order),
            head.attribution,
            tuple(line for lines in drawn for line in lines),
            tuple(timetable),
        ),
        (),
    )


class _Head(NamedTuple):
    """The members of the document; what stands in its lists is not read yet."""

    name: str
    title: str
    attribution: str
    features: list[object]
    stops: list[object]


def _head(document: object) -> _Head:
    if not isinstance(document, dict) or cast("Json", document).get("type") != "FeatureCollection":
        raise BadFeatureError("not a GeoJSON FeatureCollection")
    members = cast("Json", document)
    if members.get("schema") != SCHEMA:
        raise BadFeatureError(f"schema {members.get('schema')!r} is not known; this version reads schema {SCHEMA}")
    head = Feature("", "", None, members)
    raw, stops = members.get("features"), members.get("timetable", [])
    if not isinstance(raw, list):
        raise BadFeatureError("features: expected a list")
    if not isinstance(stops, list):
        raise BadFeatureError("timetable: expected a list of stops")
    name = head.needed_text("name", NAME)
    title, attribution = head.text("title") or name, head.text("attribution") or ""
    return _Head(name, title, attribution, cast("list[object]", raw), cast("list[object]", stops))


def _each(
    items: Sequence[Any], label: Callable[[Any], str], parse: Callable[[Any], T], problems: list[Problem]
) -> list[T]:
    """What could be parsed; what could not becomes a problem."""
    parsed: list[T] = []
    for item in items:
        try:
            parsed.append(parse(item))
        except BadFeatureError as error:
            problems.append(Problem(label(item), str(error)))
    return parsed


def _place(feature: Feature) -> Place:
    roles = frozenset(feature.list_of("roles", str))
    if unknown := roles - ROLES:
        raise BadFeatureError(f"roles: {', '.join(sorted(unknown))} unknown; known are {', '.join(sorted(ROLES))}")
    if not roles:
        raise BadFeatureError(f"roles: expected at least one of {', '.join(sorted(ROLES))}")
    lat_deg, lon_deg, radius_m, polygon = _zone(feature)
    is_zone = radius_m is not None or polygon is not None
    if not is_zone and roles - {"station"}:
        raise BadFeatureError(f"a place that is a {', '.join(sorted(roles))} needs radius_m or a polygon")
    country = feature.needed_text("country", COUNTRY)
    border_id = feature.text("border_id", NAME)
    if "border-yard" in roles and border_id is None:
        raise BadFeatureError("border_id is missing: a border-yard says whose it is")
    limit_h = feature.number("limit_h")
    return Place(
        id=feature.needed_text("id", NAME),
        name=feature.needed_text("name"),
        roles=roles,
        country=country,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        radius_m=radius_m,
        polygon=polygon,
        km=feature.number("km"),
        gauges_mm=feature.list_of("gauge_mm", int),
        tz=feature.text("tz"),
        unlocode=feature.text("unlocode", UNLOCODE),
        border_id=border_id,
        side=(feature.text("side", COUNTRY) or country) if border_id else None,
        expected_h=feature.number("expected_h"),
        limit_h=LIMIT_H if limit_h is None and is_zone else limit_h,
    )


def _zone(feature: Feature) -> tuple[float, float, float | None, zones.Ring | None]:
    """(lat, lon, radius, polygon) of a place."""
    if feature.geometry is not None and feature.geometry.get("type") == "Polygon":
        ring = _ring(feature.geometry.get("coordinates"))
        if fault := zones.ring_fault(ring):
            raise BadFeatureError(f"geometry: {fault}")
        return *zones.middle(ring), None, ring
    point = feature.point()
    if point is None:
        raise BadFeatureError("geometry: expected a Point or a Polygon")
    radius_m = feature.number("radius_m", low=1.0)
    if radius_m is not None and (fault := zones.circle_fault(*point, radius_m)):
        raise BadFeatureError(f"geometry: {fault}")
    return *point, radius_m, None


def _ring(coordinates: object) -> zones.Ring:
    if not isinstance(coordinates, list) or len(cast("list[object]", coordinates)) != 1:
        raise BadFeatureError("geometry: expected a polygon of one ring, without holes")
    ring = cast("list[object]", coordinates)[0]
    if not isinstance(ring, list):
        raise BadFeatureError("geometry: expected a ring of [lon, lat] pairs")
    points = tuple(position_of(position) for position in cast("list[object]", ring))
    return points[:-1] if len(points) > 1 and points[0] == points[-1] else points


def _border(feature: Feature, places: Sequence[Place]) -> Border:
    border_id = feature.needed_text("id", NAME)
    sides = feature.list_of("sides", str)
    if len(sides) != 2 or sides[0] == sides[1] or not all(COUNTRY.fullmatch(side) for side in sides):
        raise BadFeatureError(f"sides: expected two different countries in corridor order, found {list(sides)!r}")
    yards = [place for place in places if place.border_id == border_id]
    point, km = feature.point(), feature.number("km")
    if point is None and not yards:
        raise BadFeatureError("has neither a point of its own nor a yard that names it")
    yard_kms = [yard.km for yard in yards if yard.km is not None]
    if km is None and not yard_kms:
        raise BadFeatureError("km is missing, and no yard has one")
    gauge_break = any("gauge-break" in yard.roles for yard in yards)
    expected_h, limit_h = feature.number("expected_h"), feature.number("limit_h")
    lat_deg, lon_deg = point or _between(yards)
    return Border(
        id=border_id,
        name=feature.needed_text("name"),
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        assumed=point is None or feature.properties.get("assumed") is True,
        sides=sides,
        km=sum(yard_kms) / len(yard_kms) if km is None else km,
        gauge_break=gauge_break,
        expected_h=EXPECTED_H if expected_h is None else expected_h,
        limit_h=LIMIT_H + GAUGE_BREAK_EXTRA_H * gauge_break if limit_h is None else limit_h,
    )


def _between(yards: Sequence[Place]) -> Point:
    """Halfway between the two sides; yards of one side count as one."""
    of_side: dict[str | None, list[Point]] = {}
    for yard in yards:
        of_side.setdefault(yard.side, []).append((yard.lat_deg, yard.lon_deg))
    return _mean_point([_mean_point(points) for points in of_side.values()])


def _leg(feature: Feature) -> Leg:
    mode = feature.needed_text("mode")
    if mode not in ("rail", "road"):
        raise BadFeatureError(f"mode: expected rail or road, found {mode!r}")
    leg = Leg(mode, feature.needed_number("from_km"), feature.needed_number("to_km"))
    if leg.to_km <= leg.from_km:
        raise BadFeatureError(f"runs backwards: from km {leg.from_km:g} to km {leg.to_km:g}")
    return leg


def _lines(feature: Feature) -> list[Line]:
    return lines_of(feature.text("id", NAME), feature.geometry or {})


def lines_of(line_id: str | None, geometry: Json) -> list[Line]:
    """One, or several of a MultiLineString; raises BadFeatureError."""
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "LineString":
        parts: list[object] = [coordinates]
    elif kind == "MultiLineString" and isinstance(coordinates, list):
        parts = cast("list[object]", coordinates)
    else:
        raise BadFeatureError(f"geometry: expected a LineString or a MultiLineString, found {kind!r}")
    return [Line(line_id, _line_points(part)) for part in parts]


def _line_points(positions: object) -> tuple[Point, ...]:
    if not isinstance(positions, list):
        raise BadFeatureError("geometry: expected a line of [lon, lat] pairs")
    points = tuple(position_of(position) for position in cast("list[object]", positions))
    if len(set(points)) < 2:
        raise BadFeatureError("geometry: a line needs at least two different points")
    if off := next((point for point in points if abs(point[0]) > 90 or abs(point[1]) > 180), None):
        raise BadFeatureError(f"geometry: [{off[1]:g}, {off[0]:g}] is not on the earth; coordinates are [lon, lat]")
    return points


def _stop(item: tuple[int, object]) -> TimetableStop:
    number, raw = item
    if not isinstance(raw, dict):
        raise BadFeatureError(f"expected an object, found {raw!r}")
    stop = Feature(f"timetable stop {number}", "", None, cast("Json", raw))
    arrival_h, departure_h = stop.number("arrival_h"), stop.number("departure_h")
    if arrival_h is None and departure_h is None:
        raise BadFeatureError("has neither arrival_h nor departure_h")
    if arrival_h is not None and departure_h is not None and departure_h < arrival_h:
        raise BadFeatureError(f"departs after {departure_h:g} h, before it arrives after {arrival_h:g} h")
    assumed = stop.properties.get("assumed") is True
    return TimetableStop(stop.needed_text("place", NAME), arrival_h, departure_h, assumed)


def _all_rail(places: Sequence[Place]) -> tuple[Leg, ...]:
    kms = [place.km for place in places if place.km is not None]
    return (Leg("rail", kms[0], kms[-1]),) if kms and kms[0] < kms[-1] else ()


def _repeated(kind: str, values: Sequence[Place] | Sequence[Border]) -> list[Problem]:
    counts = Counter(value.id for value in values)
    return [
        Problem(f'{kind} "{name}"', f"stands {count} times in the file") for name, count in counts.items() if count > 1
    ]


def _backwards(places: Sequence[Place]) -> list[Problem]:
    along = [(place.id, place.km) for place in places if place.km is not None]
    return [
        Problem(f'place "{name}"', f"km runs backwards: {km:g} follows {before_km:g} of {before!r}")
        for (before, before_km), (name, km) in pairwise(along)
        if km < before_km
    ]


def _of(features: Sequence[Feature], kind: str) -> list[Feature]:
    return [feature for feature in features if feature.kind == kind]


def _label(feature: Feature) -> str:
    return feature.label


def _mean_point(points: Sequence[Point]) -> Point:
    return sum(lat for lat, _ in points) / len(points), sum(lon for _, lon in points) / len(points)
