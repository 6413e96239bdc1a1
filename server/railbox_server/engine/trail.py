"""The cells of a unit's trail in the engine's book: `progress.following.Trail`. Decides nothing."""

import sqlite3
from collections.abc import Iterator, Sequence
from json import dumps, loads
from typing import Any, Final

from railbox_server.journey.model import Waypoint
from railbox_server.progress.follow import End, Excursion, Mark, Run, Stop, Trace
from railbox_server.progress.following import Cell, Standing

CELLS: Final = "/cells"
"""Their stream in the book: no device is named so."""


class StoredTrail:
    def __init__(self, db: sqlite3.Connection, unit: str, standing: Any) -> None:
        """`standing`: as `plain_standing` gave it; None: nothing is kept."""
        self._db = db
        self._unit = unit
        self.standing = Standing() if standing is None else _standing(standing)

    def cells(self, from_s: float, until_s: float) -> Iterator[Cell]:
        rows = self._db.execute(
            "SELECT from_s, body FROM spans WHERE unit = ? AND stream = ? AND from_s >= ? AND from_s < ? "
            "ORDER BY from_s",
            (self._unit, CELLS, from_s, until_s),
        )
        return (_cell(int(at_s), loads(body)) for at_s, body in rows)

    def put(self, from_s: float, until_s: float, cells: Sequence[Cell]) -> None:
        self._db.execute(
            "DELETE FROM spans WHERE unit = ? AND stream = ? AND from_s >= ? AND from_s < ?",
            (self._unit, CELLS, from_s, until_s),
        )
        self._db.executemany(
            "INSERT INTO spans VALUES (?,?,?,?,?)",
            [(self._unit, CELLS, cell.from_s, cell.from_s, dumps(_plain_cell(cell))) for cell in cells],
        )


def plain_standing(standing: Standing) -> list[Any]:
    return [standing.corridor, _plain_trace(standing.trace), standing.votes]


def _standing(body: Any) -> Standing:
    corridor, trace, votes = body
    return Standing(corridor, _trace(trace), _votes(votes))


def _plain_cell(cell: Cell) -> list[Any]:
    return [
        _plain_trace(cell.before),
        cell.stops,
        cell.excursions,
        cell.runs,
        cell.votes,
    ]


def _cell(from_s: int, body: Any) -> Cell:
    before, stops, excursions, runs, votes = body
    return Cell(
        from_s,
        _trace(before),
        tuple(Stop(*each) for each in stops),
        tuple(Excursion(*each) for each in excursions),
        tuple(Run(*each) for each in runs),
        _votes(votes),
    )


def _plain_trace(trace: Trace) -> list[Any]:
    return [trace.mark, trace.seen, trace.heading, trace.low, trace.high, trace.excursion, trace.halt]


def _trace(body: Any) -> Trace:
    mark, seen, heading, low, high, excursion, halt = body
    return Trace(
        mark and Mark(*mark),
        seen and Waypoint(*seen),
        heading,
        low and _end(low),
        high and _end(high),
        excursion and Excursion(*excursion),
        halt and Stop(*halt),
    )


def _end(body: Any) -> End:
    far_km, records, left_km, left_s = body
    return End(far_km, tuple((km, time_s) for km, time_s in records), left_km, left_s)


def _votes(body: dict[str, list[int]]) -> dict[str, tuple[int, int]]:
    return {name: (count, off_m) for name, (count, off_m) in body.items()}
