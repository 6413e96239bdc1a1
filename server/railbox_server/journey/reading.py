"""Visits and crossings from the rows that were stored of them, long after the journeys. The reverse of report.py."""

import math
from collections.abc import Mapping
from typing import Any

from railbox_server.geo.model import Border, Place
from railbox_server.journey.model import Bounds, Crossing, Dwell, Flag, Visit
from railbox_telemetry.iso import to_s

Row = Mapping[str, Any]
UNKNOWN = Bounds(None, None, None)


def visit_of(row: Row, places: Mapping[str, Place]) -> Visit:
    """But for `dark_s`, which no row tells; KeyError where its place is not among them."""
    return Visit(
        unit=row["unit"],
        place=places[row["place"]],
        entered=_bounds(row["entered"]) or UNKNOWN,
        exited=_bounds(row["exited"]),
        already_inside=row["already_inside"],
        dwell=_dwell(row),
        dark_s=0,
        limit_s=row["limit_s"],
        flag=Flag(row["flag"], row["certainty"]),
        no_contact_since_s=_time_s(row["no_contact_since"]),
    )


def crossing_of(row: Row, borders: Mapping[str, Border]) -> Crossing:
    """KeyError where its border is not among them."""
    return Crossing(
        unit=row["unit"],
        border=None if row["border"] is None else borders[row["border"]],
        corridor=row["corridor"],
        candidates=tuple(row["candidates"]),
        from_side=row["from_side"],
        to_side=row["to_side"],
        arrived=_bounds(row["arrived"]) or UNKNOWN,
        left=_bounds(row["left"]),
        crossed=_bounds(row["crossed"]),
        reached=_bounds(row["reached"]),
        departed=_bounds(row["departed"]),
        dwell=_dwell(row),
        dwell_by_side={side: _dwell(dwell) for side, dwell in row["dwell_by_side"].items()},
        limit_s=row["limit_s"],
        flag=Flag(row["flag"], row["certainty"]),
        no_contact_since_s=_time_s(row["no_contact_since"]),
        gauge_change=row["gauge_change"],
        returned=row["returned"],
    )


def est_span(first: Row | None, last: Row | None) -> tuple[float, float]:
    """From when until when by the estimates of two moments: since ever where the first has none, and for ever where
    there is no last."""
    from_text: str | None = first["est"] if first else None
    until_text: str | None = last["est"] if last else None
    return to_s(from_text) if from_text else -math.inf, to_s(until_text) if until_text else math.inf


def _bounds(row: Row | None) -> Bounds | None:
    return None if row is None else Bounds(_time_s(row["earliest"]), _time_s(row["est"]), _time_s(row["latest"]))


def _dwell(row: Row) -> Dwell:
    return Dwell(row["dwell_min_s"], row["dwell_est_s"], row["dwell_max_s"])


def _time_s(text: str | None) -> int | None:
    return None if text is None else to_s(text)
