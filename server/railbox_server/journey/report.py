"""Visits and crossings as JSON rows (docs/design.md, "Commands and formats"): what `railbox borders` and the API show.

An id is made of what the row is about, never of when or in which order anything arrived.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from railbox_server.journey.model import Bounds, Crossing, Dwell, Journey, Visit
from railbox_telemetry.iso import from_s

Row = dict[str, Any]


def visit_row(visit: Visit) -> Row:
    return {
        "type": "visit",
        "id": _id("visit", visit.unit, visit.place.id, visit.entered),
        "unit": visit.unit,
        "place": visit.place.id,
        "place_name": visit.place.name,
        "country": visit.place.country,
        "roles": sorted(visit.place.roles),
        "entered": bounds_row(visit.entered),
        "exited": bounds_row(visit.exited),
        "already_inside": visit.already_inside,
        **_dwell_fields(visit.dwell),
        "limit_s": visit.limit_s,
        "flag": visit.flag.level,
        "certainty": visit.flag.certainty,
        "no_contact_since": _time(visit.no_contact_since_s),
    }


def crossing_row(crossing: Crossing) -> Row:
    border = crossing.border
    return {
        "type": "crossing",
        "id": _id("crossing", crossing.unit, border.id if border else ",".join(crossing.candidates), crossing.arrived),
        "unit": crossing.unit,
        "corridor": crossing.corridor,
        "border": border.id if border else None,
        "border_name": border.name if border else None,
        "candidates": list(crossing.candidates),
        "from_side": crossing.from_side,
        "to_side": crossing.to_side,
        "arrived": bounds_row(crossing.arrived),
        "left": bounds_row(crossing.left),
        "crossed": bounds_row(crossing.crossed),
        "reached": bounds_row(crossing.reached),
        "departed": bounds_row(crossing.departed),
        **_dwell_fields(crossing.dwell),
        "dwell_by_side": {side: _dwell_fields(dwell) for side, dwell in _by_name(crossing.dwell_by_side)},
        "limit_s": crossing.limit_s,
        "flag": crossing.flag.level,
        "certainty": crossing.flag.certainty,
        "no_contact_since": _time(crossing.no_contact_since_s),
        "gauge_change": crossing.gauge_change,
        "returned": crossing.returned,
    }


def rows(journeys: Iterable[Journey]) -> list[Row]:
    """Every visit and crossing, sorted by unit, earliest time, id."""
    found = [row for journey in journeys for row in map(visit_row, journey.visits)]
    found += [row for journey in journeys for row in map(crossing_row, journey.crossings)]
    return sorted(found, key=row_order)


def row_order(row: Mapping[str, Any]) -> tuple[str, str, str]:
    first = row["entered"] if row["type"] == "visit" else row["arrived"]
    return row["unit"], first["earliest"] or "", row["id"]


def bounds_row(bounds: Bounds | None) -> Row | None:
    if bounds is None:
        return None
    return {
        "earliest": _time(bounds.earliest_s),
        "est": _time(bounds.est_s),
        "latest": _time(bounds.latest_s),
    }


def _dwell_fields(dwell: Dwell) -> Row:
    return {"dwell_min_s": dwell.min_s, "dwell_est_s": dwell.est_s, "dwell_max_s": dwell.max_s}


def _by_name(dwells: Mapping[str, Dwell]) -> list[tuple[str, Dwell]]:
    return sorted(dwells.items())


def _time(time_s: int | None) -> str | None:
    return None if time_s is None else from_s(time_s)


def _id(kind: str, unit: str, where: str, first: Bounds) -> str:
    return sha256(f"{kind} {unit} {where} {first.latest_s}".encode()).hexdigest()[:16]
