"""Crossings and trips from the rows that were stored of them: what statistics are made of, long after the journeys."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from railbox_server.geo.model import Border
from railbox_server.journey.model import Bounds, Crossing, Dwell, Flag
from railbox_server.statistics.model import Trip
from railbox_telemetry.iso import to_s

Row = Mapping[str, Any]


def crossing_of(row: Row, borders: Mapping[str, Border]) -> Crossing:
    """The crossing that `journey.report.crossing_row` tells of; KeyError where its border is not among them."""
    return Crossing(
        unit=row["unit"],
        border=None if row["border"] is None else borders[row["border"]],
        corridor=row["corridor"],
        candidates=tuple(row["candidates"]),
        from_side=row["from_side"],
        to_side=row["to_side"],
        arrived=_bounds(row["arrived"]) or Bounds(None, None, None),
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


def trip_row(trip: Trip) -> dict[str, Any]:
    return asdict(trip)


def trip_of(row: Row) -> Trip:
    return Trip(
        unit=row["unit"],
        corridor=row["corridor"],
        km=row["km"],
        from_s=row["from_s"],
        to_s=row["to_s"],
        delay_s=row["delay_s"],
        borders_s=tuple(row["borders_s"]),
    )


def _bounds(row: Row | None) -> Bounds | None:
    return None if row is None else Bounds(_time_s(row["earliest"]), _time_s(row["est"]), _time_s(row["latest"]))


def _dwell(row: Row) -> Dwell:
    return Dwell(row["dwell_min_s"], row["dwell_est_s"], row["dwell_max_s"])


def _time_s(text: str | None) -> int | None:
    return None if text is None else to_s(text)
