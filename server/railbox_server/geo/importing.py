"""Makes corridor GeoJSON, schema 1, from stations that somebody lists (listing.py).

Pure: stations in, documents out. The shipped corridors are made by it; so are a user's own.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from railbox_server.geo import survey
from railbox_server.geo.earth import distance_m
from railbox_server.geo.listing import BORDER_LINE, Station, TableError, of_csv, slug
from railbox_server.geo.model import EXPECTED_H, GAUGE_BREAK_EXTRA_H, LIMIT_H

YARD_RADIUS_M: Final = 3000.0
ZONE_RADIUS_M: Final = 2000.0
LEAST_RADIUS_M: Final = 500.0
"""A station's tracks are about 1 km long: zones are never smaller, though two stations of one city then overlap."""
SHARE: Final = 0.4
"""Of the distance to the neighbour: leaves a fifth of it between two zones."""


@dataclass(frozen=True, slots=True)
class Change:
    """Where the country changes between two neighbours in the table, and what belongs to that border."""

    sides: tuple[str, str]
    km: float
    yards: tuple[Station, ...]
    line: Station | None

    @property
    def id(self) -> str:
        return slug(*self.sides, *(yard.short for yard in self.yards))

    @property
    def name(self) -> str:
        spots = self.yards or ((self.line,) if self.line else ())
        return " / ".join([spot.short for spot in spots] or self.sides)


def documents(text: str) -> dict[str, dict[str, Any]]:
    """Of a CSV table: corridor name -> GeoJSON document, in the table's order; raises TableError."""
    return documents_of(of_csv(text))


def documents_of(stations: Sequence[Station]) -> dict[str, dict[str, Any]]:
    radii_m = _radii(stations)
    names = dict.fromkeys(station.corridor for station in stations)
    return {name: _document(name, [row for row in stations if row.corridor == name], radii_m) for name in names}


def dumps(document: Mapping[str, Any]) -> str:
    """The document as text, a feature or stop a line, so that a change is a line in a diff."""
    lists = [key for key in ("timetable", "features") if key in document]
    head = {key: value for key, value in document.items() if key not in lists}
    opening = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    return opening + "".join(_listed(key, document[key]) for key in lists) + "\n}\n"


def _listed(key: str, items: Sequence[object]) -> str:
    lines = ",\n".join("  " + json.dumps(item, ensure_ascii=False) for item in items)
    return f',\n "{key}": [\n{lines}\n ]'


def _radii(stations: Sequence[Station]) -> dict[str, float]:
    """Place id -> radius, the same in every corridor: border yards first, other zones fit between them."""
    zones = {station.id: station for station in stations if station.is_zone}
    yards = [station for station in zones.values() if station.is_yard]
    radii = {yard.id: min([YARD_RADIUS_M, *(SHARE * gap_m for _, gap_m in _gaps(yard, yards))]) for yard in yards}
    for zone in zones.values():
        if not zone.is_yard:
            room_m = [gap_m - radii[yard.id] for yard, gap_m in _gaps(zone, yards)]
            share_m = [SHARE * gap_m for _, gap_m in _gaps(zone, zones.values())]
            radii[zone.id] = max(LEAST_RADIUS_M, min([ZONE_RADIUS_M, *room_m, *share_m]))
    return {name: radius_m // 10 * 10 for name, radius_m in radii.items()}


def _gaps(station: Station, others: Iterable[Station]) -> list[tuple[Station, float]]:
    return [(other, distance_m(station.point, other.point)) for other in others if other.id != station.id]


def _document(name: str, stations: Sequence[Station], radii_m: Mapping[str, float]) -> dict[str, Any]:
    changes = _changes(stations)
    change_of = {yard.id: change for change in changes for yard in change.yards}
    places = [station for station in stations if BORDER_LINE not in station.roles]
    sources = {station.source for station in stations}
    credits_ = [credit for source, credit in survey.CREDITS.items() if source in sources]
    timetable = _timetable(places, survey.SERVICE_HOURS[name]) if name in survey.SERVICE_HOURS else []
    return {
        "type": "FeatureCollection",
        "schema": 1,
        "name": name,
        "title": survey.TITLES.get(name, name),
        **({"attribution": "; ".join(credits_)} if credits_ else {}),
        **({"timetable": timetable} if timetable else {}),
        "features": [
            *(_place(place, radii_m.get(place.id), change_of.get(place.id)) for place in places),
            *(_border(change) for change in changes),
            *_legs(places),
        ],
    }


def _timetable(places: Sequence[Station], hours: float) -> list[dict[str, Any]]:
    """The ends as published; between them in proportion to km, and marked assumed."""
    first, last = places[0], places[-1]
    stops: list[dict[str, Any]] = [{"place": first.id, "departure_h": 0}]
    for place in places[1:-1]:
        hour = round((place.at_km - first.at_km) / (last.at_km - first.at_km) * hours, 2)
        stops.append({"place": place.id, "arrival_h": hour, "departure_h": hour, "assumed": True})
    return [*stops, {"place": last.id, "arrival_h": _short(hours)}]


def _changes(stations: Sequence[Station]) -> list[Change]:
    """The borders. A border yard belongs to the nearest change of country by km."""
    places = [station for station in stations if BORDER_LINE not in station.roles]
    steps = [(a, b) for a, b in pairwise(places) if a.country != b.country]
    middles_km = [(a.at_km + b.at_km) / 2 for a, b in steps]
    yards_of: list[list[Station]] = [[] for _ in steps]
    for yard in places:
        if yard.is_yard and steps:
            nearest = min(range(len(steps)), key=lambda i: abs(middles_km[i] - yard.at_km))
            yards_of[nearest].append(yard)
    lines = [station for station in stations if BORDER_LINE in station.roles]
    return [
        Change(
            (a.country, b.country),
            km,
            tuple(yards),
            next((line for line in lines if a.at_km <= line.at_km <= b.at_km), None),
        )
        for (a, b), km, yards in zip(steps, middles_km, yards_of, strict=True)
    ]


def _place(station: Station, radius_m: float | None, change: Change | None) -> dict[str, Any]:
    facts = {
        "kind": "place",
        "id": station.id,
        "name": station.name,
        "roles": list(station.roles),
        "country": station.country,
        "radius_m": radius_m,
        "km": station.at_km,
        "gauge_mm": list(station.gauges_mm),
        "tz": station.tz,
        "unlocode": station.unlocode,
        "border_id": change.id if change else None,
        "side": station.country if change else None,
        "source": station.source,
    }
    return _feature(facts, station.point)


def _border(change: Change) -> dict[str, Any]:
    gauge_break = any("gauge-break" in yard.roles for yard in change.yards)
    line = _line_point(change)
    facts = {
        "kind": "border",
        "id": change.id,
        "name": change.name,
        "sides": list(change.sides),
        "km": line.km,
        "assumed": line.assumed,
        "expected_h": EXPECTED_H,
        "limit_h": LIMIT_H + GAUGE_BREAK_EXTRA_H * gauge_break,
    }
    return _feature(facts, (line.lat_deg, line.lon_deg))


def _line_point(change: Change) -> survey.LinePoint:
    """As listed, else as surveyed, else halfway between the yards."""
    if change.line:
        return survey.LinePoint(*change.line.point, change.line.at_km, assumed=False)
    if known := survey.LINE_POINTS.get(change.id):
        return known
    if not change.yards:
        raise TableError(
            f"{change.sides[0]}/{change.sides[1]} at km {change.km:g}: no row with role border or border-line"
        )
    lats, lons = zip(*(yard.point for yard in change.yards), strict=True)
    count = len(change.yards)
    km = sum(yard.at_km for yard in change.yards) / count
    return survey.LinePoint(round(sum(lats) / count, 5), round(sum(lons) / count, 5), km, assumed=True)


def _legs(places: Sequence[Station]) -> Iterator[dict[str, Any]]:
    """Rail and road take turns at the places where goods change from one to the other."""
    ends = [places[0], *(place for place in places[1:-1] if "transfer" in place.roles), places[-1]]
    first = 0 if places[0].gauges_mm else 1
    for i, (a, b) in enumerate(pairwise(ends), first):
        facts = {"kind": "leg", "mode": ("rail", "road")[i % 2], "from_km": a.at_km, "to_km": b.at_km}
        yield _feature(facts, None)


def _feature(facts: Mapping[str, Any], point: tuple[float, float] | None) -> dict[str, Any]:
    properties = {key: _short(value) for key, value in facts.items() if value is not None}
    geometry = {"type": "Point", "coordinates": [point[1], point[0]]} if point else None
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _short(value: object) -> object:
    """1410.0 is written 1410."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
