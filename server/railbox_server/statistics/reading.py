"""Trips from the rows that were stored of them: what statistics are made of, long after the journeys."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from railbox_server.statistics.model import Trip

Row = Mapping[str, Any]


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
