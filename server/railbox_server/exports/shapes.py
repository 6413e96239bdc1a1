"""Rows as GeoJSON features: what a map draws of an export. Pure.

A track is cut where the receiver was dark, so that no line is drawn as known which nobody saw.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from railbox_server.exports.columns import Table, flat
from railbox_server.geo.model import Corridor
from railbox_server.store.values import Row

Feature = dict[str, Any]
Position = tuple[float, float]
"""Longitude and latitude, as GeoJSON has them."""


@dataclass(frozen=True, slots=True)
class Spots:
    """Where places and borders are, by id."""

    places: Mapping[str, Position]
    borders: Mapping[str, Position]


def spots_of(corridors: Iterable[Corridor]) -> Spots:
    known = list(corridors)
    return Spots(
        {place.id: (place.lon_deg, place.lat_deg) for corridor in known for place in corridor.places},
        {border.id: (border.lon_deg, border.lat_deg) for corridor in known for border in corridor.borders},
    )


@dataclass(frozen=True, slots=True)
class Run:
    """Positions that belong together. A dark run is the two ends of a step on which the receiver saw nothing."""

    rows: tuple[Row, ...]
    is_dark: bool


def runs(rows: Iterable[Row]) -> Iterator[Run]:
    """The runs of one unit's trusted positions, which are given in order of time; each device's line is its own."""
    growing: dict[str, list[Row]] = {}
    for row in rows:
        if not row["trusted"]:
            continue
        own = growing.setdefault(row["device"], [])
        if row["dark_s"] and own:
            yield Run(tuple(own), is_dark=False)
            yield Run((own[-1], row), is_dark=True)
            own.clear()
        own.append(row)
    yield from (Run(tuple(own), is_dark=False) for own in growing.values())


def features(table: Table, rows: Iterable[Row], spots: Spots) -> Iterator[Feature]:
    return FEATURES[table.name](table, rows, spots)


def _track_features(_table: Table, rows: Iterable[Row], _spots: Spots) -> Iterator[Feature]:
    for unit, own in groupby(rows, key=lambda row: row["unit"]):
        for run in runs(own):
            yield _line(unit, run)


def _line(unit: str, run: Run) -> Feature:
    places = [(row["lon"], row["lat"]) for row in run.rows]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": places}
        if len(places) > 1
        else {"type": "Point", "coordinates": places[0]},
        "properties": {
            "unit": unit,
            "device": run.rows[0]["device"],
            "from": run.rows[0]["time"],
            "to": run.rows[-1]["time"],
            "dark": run.is_dark,
            "times": [row["time"] for row in run.rows],
        },
    }


def _visit_features(table: Table, rows: Iterable[Row], spots: Spots) -> Iterator[Feature]:
    return (_point(table, row, spots.places.get(row["place"])) for row in rows)


def _crossing_features(table: Table, rows: Iterable[Row], spots: Spots) -> Iterator[Feature]:
    return (_point(table, row, spots.borders.get(row["border"] or "")) for row in rows)


def _point(table: Table, row: Row, at: Position | None) -> Feature:
    """Where it is not known, as at a border of several candidates, the geometry is null (RFC 7946, 3.2)."""
    geometry = None if at is None else {"type": "Point", "coordinates": at}
    return {"type": "Feature", "geometry": geometry, "properties": flat(table, row)}


FEATURES: Final[Mapping[str, Callable[[Table, Iterable[Row], Spots], Iterator[Feature]]]] = {
    "track": _track_features,
    "visits": _visit_features,
    "crossings": _crossing_features,
}
