"""What the engine derived, in SQLite: visits, crossings, trust, trips, progress, custody, and a row of each unit.

Only what differs is written. Rows are JSON as commands and the API show them; beside them stands what they are looked
for by.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from pydantic_core import from_json

from railbox_server.journey.reading import est_span
from railbox_server.store.database import Database
from railbox_server.store.past import NEVER_S, OPEN_S, let_go_of, new_of, outlasts, overlap, past_of
from railbox_server.store.values import Conclusion, DerivedChange, Mark, Page, Row, TimeSpan, Untrusted
from railbox_telemetry import iso

_ID_BITS = 31
"""Of a row's id, which fit beside a time in seconds."""
_TABLES: Final = ("units", "visits", "crossings", "untrusted", "trips", "progress", "custody")


@lru_cache(maxsize=20_000)
def _unit_row(text: str) -> Row:
    """All of them are read for every look at the fleet, and few are others than last time."""
    return from_json(text)


class SqliteDerived:
    """Any thread may call it, and other processes may have the same file open."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- what the engine writes --------------------------------------------------------------------------------------

    def change_derived(self, changes: Sequence[DerivedChange]) -> Sequence[str]:
        if not changes:
            return []
        with self._db.writing() as db:
            return [change.unit for change in changes if _change(db, change)]

    def conclude(self, conclusions: Sequence[Conclusion]) -> Sequence[str]:
        with self._db.writing() as db:
            return [conclusion.unit for conclusion in conclusions if _conclude(db, conclusion)]

    def drop_derived(self, unit: str) -> None:
        with self._db.writing() as db:
            for table in _TABLES:
                db.execute(f"DELETE FROM {table} WHERE unit = ?", (unit,))  # noqa: S608 - names of this list
            count_statistics(db)

    def adopt_past(self, unit: str, table: str, rows: Sequence[Row]) -> int:
        """Takes what another store has of a time whose data is gone; returns how many rows are new."""
        with self._db.writing() as db:
            there = past_of(db, table, unit, OPEN_S)
            new = [row for row in new_of(rows, there, OPEN_S) if row not in there]
            _put(db, table, [{"unit": unit, **_COLUMNS[table](row)} for row in new])
            if new:
                count_statistics(db)
        return len(new)

    # --- what the engine reads ---------------------------------------------------------------------------------------

    def derived_units(self) -> frozenset[str]:
        with self._db.reading() as db:
            return frozenset(row[0] for row in db.execute("SELECT unit FROM units"))

    def visits_near(self, unit: str, span: TimeSpan) -> Sequence[Row]:
        from_s, until_s = _stored(span)
        with self._db.reading() as db:
            rows = db.execute(
                """SELECT row FROM visits WHERE unit = ?1 AND (
                     (from_s <= ?3 AND until_s >= ?2)
                     OR until_s = (SELECT max(until_s) FROM visits WHERE unit = ?1 AND until_s < ?2)
                     OR from_s = (SELECT min(from_s) FROM visits WHERE unit = ?1 AND from_s > ?3)) ORDER BY nth""",
                (unit, from_s, until_s),
            )
            return [json.loads(row) for (row,) in rows]

    def visits_touching(self, unit: str, span: TimeSpan) -> Sequence[Row]:
        return self._touching("visits", unit, span)

    def crossings_touching(self, unit: str, span: TimeSpan) -> Sequence[Row]:
        return self._touching("crossings", unit, span)

    def _touching(self, table: str, unit: str, span: TimeSpan) -> Sequence[Row]:
        from_s, until_s = _stored(span)
        query = f"SELECT row FROM {table} WHERE unit = ? AND from_s <= ? AND until_s >= ? ORDER BY nth"  # noqa: S608 - names of ours
        with self._db.reading() as db:
            return [json.loads(row) for (row,) in db.execute(query, (unit, until_s, from_s))]

    # --- what the API reads ------------------------------------------------------------------------------------------

    def unit_rows(self, unit: str | None = None) -> Sequence[Row]:
        with self._db.reading() as db:
            if unit is None:
                rows = db.execute("SELECT row FROM units ORDER BY unit").fetchall()
            else:
                rows = db.execute("SELECT row FROM units WHERE unit = ?", (unit,)).fetchall()
        return [_unit_row(row) for (row,) in rows]

    def visits(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]:
        return self._rows("visits", "unit, nth", unit, open_only)

    def crossings(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]:
        return self._rows("crossings", "unit, nth", unit, open_only)

    def recent_crossings(self, border: str, limit: int) -> Sequence[Row]:
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT row FROM crossings WHERE border = ? AND NOT open ORDER BY departed DESC, unit LIMIT ?",
                (border, limit),
            )
            return [json.loads(row) for (row,) in rows]

    def progress(self, unit: str) -> Row | None:
        with self._db.reading() as db:
            row = db.execute("SELECT row FROM progress WHERE unit = ?", (unit,)).fetchone()
            return row and json.loads(row[0])

    def custody(self, unit: str) -> Sequence[Row]:
        return self._rows("custody", "from_s, until_s, what", unit)

    def data_since_s(self, unit: str) -> float:
        with self._db.reading() as db:
            return let_go_of(db, unit).custody_s

    def trips(self) -> Sequence[Row]:
        return self._rows("trips", "unit, from_s")

    def statistics_version(self) -> int:
        with self._db.reading() as db:
            return int(db.execute("SELECT value FROM meta WHERE key = 'statistics_version'").fetchone()[0])

    def untrusted(self, unit: str) -> Sequence[Untrusted]:
        with self._db.reading() as db:
            rows = db.execute("SELECT device, epoch, time_s, reason FROM untrusted WHERE unit = ?", (unit,))
            return [Untrusted(*row) for row in rows]

    def visit_page(
        self, unit: str | None, limit: int, after: Mark | None = None, *, open_only: bool = False
    ) -> Page[Row]:
        return self._page("visits", unit, limit, after, open_only)

    def crossing_page(
        self, unit: str | None, limit: int, after: Mark | None = None, *, open_only: bool = False
    ) -> Page[Row]:
        return self._page("crossings", unit, limit, after, open_only)

    def _page(self, table: str, unit: str | None, limit: int, after: Mark | None, open_only: bool) -> Page[Row]:
        """An open one stands at its number as every other."""
        wheres = ["(unit, nth) > (?, ?)", *(["unit = ?"] if unit is not None else []), *(["open"] if open_only else [])]
        args = (*(("", -1) if after is None else after), *(() if unit is None else (unit,)), limit + 1)
        query = f"SELECT unit, nth, row FROM {table} WHERE {' AND '.join(wheres)} ORDER BY unit, nth LIMIT ?"  # noqa: S608 - names of ours
        with self._db.reading() as db:
            rows = db.execute(query, args).fetchall()
        more = len(rows) > limit
        return Page(tuple(json.loads(row[2]) for row in rows[:limit]), rows[limit - 1][:2] if more else None)

    def _rows(self, table: str, order: str, unit: str | None = None, open_only: bool = False) -> Sequence[Row]:
        wheres = [*(["unit = ?"] if unit is not None else []), *(["open"] if open_only else [])]
        where = f"WHERE {' AND '.join(wheres)}" if wheres else ""
        args: tuple[Any, ...] = () if unit is None else (unit,)
        with self._db.reading() as db:
            rows = db.execute(f"SELECT row FROM {table} {where} ORDER BY {order}", args)  # noqa: S608 - names of ours
            return [json.loads(row) for (row,) in rows]


# --- in a transaction -------------------------------------------------------------------------------------------------


def _change(db: sqlite3.Connection, change: DerivedChange) -> bool:
    """Whether visits or crossings changed. What is of the past (past.py) stays."""
    unit, let_go = change.unit, let_go_of(db, change.unit)
    if change.anew:
        db.execute("DELETE FROM untrusted WHERE unit = ?", (unit,))
    changed = change.anew
    tables = (
        ("visits", change.visits_gone, change.visits, _visit_columns),
        ("crossings", change.crossings_gone, change.crossings, _crossing_columns),
    )
    for table, gone, new, columns in tables:
        past = past_of(db, table, unit, let_go.stays_s)
        rows = [{"unit": unit, **columns(row)} for row in new_of(new, past, let_go.stays_s, let_go.gone_s)]
        kept = {*(row["nth"] for row in rows), *map(_nth, past)}
        lost = [(unit, nth) for nth in (_nths(db, table, unit) if change.anew else map(_nth, gone)) if nth not in kept]
        changed |= bool(rows or lost)
        db.executemany(f"DELETE FROM {table} WHERE unit = ? AND nth = ?", lost)  # noqa: S608 - names of this list
        _put(db, table, rows)
    if change.anew or change.crossings or change.crossings_gone:
        count_statistics(db)
    db.executemany(
        "DELETE FROM untrusted WHERE unit = ? AND device = ? AND time_s BETWEEN ? AND ?",
        [(unit, device, *_stored(span)) for device, span in change.judged],
    )
    db.executemany(
        "INSERT OR REPLACE INTO untrusted VALUES (?,?,?,?,?)",
        [(unit, item.device, item.epoch, item.time_s, item.reason) for item in change.untrusted],
    )
    if change.row is not None:
        db.execute("INSERT OR REPLACE INTO units VALUES (?,?)", (unit, json.dumps(change.row)))
    return changed


def _nths(db: sqlite3.Connection, table: str, unit: str) -> list[int]:
    return [nth for (nth,) in db.execute(f"SELECT nth FROM {table} WHERE unit = ?", (unit,))]  # noqa: S608 - names of ours


def _conclude(db: sqlite3.Connection, conclusion: Conclusion) -> bool:
    """Whether custody changed. What is of the past (past.py) stays."""
    unit, let_go = conclusion.unit, let_go_of(db, conclusion.unit)
    db.execute("INSERT OR REPLACE INTO units VALUES (?,?)", (unit, json.dumps(conclusion.row)))
    if conclusion.progress is None:
        db.execute("DELETE FROM progress WHERE unit = ?", (unit,))
    else:
        db.execute("INSERT OR REPLACE INTO progress VALUES (?,?)", (unit, json.dumps(conclusion.progress)))
    if _exchange_trips(db, conclusion, let_go.stays_s):
        count_statistics(db)
    past = past_of(db, "custody", unit, let_go.custody_s)
    new = [*past, *new_of(conclusion.custody, past, let_go.custody_s, let_go.gone_s)]
    return _exchange(db, "custody", unit, conclusion.kept, map(_custody_columns, new))


def _exchange_trips(db: sqlite3.Connection, conclusion: Conclusion, before_s: int) -> bool:
    past = [row for row in past_of(db, "trips", conclusion.unit, before_s) if outlasts(row, conclusion.trips, before_s)]
    new = [row for row in conclusion.trips if not any(overlap(row, old) for old in past)]
    return _exchange(db, "trips", conclusion.unit, conclusion.travelled, map(_trip_columns, (*past, *new)))


def _exchange(
    db: sqlite3.Connection, table: str, unit: str, spans: Sequence[TimeSpan], new: Iterable[Mapping[str, object]]
) -> bool:
    """Instead of what touches some spans of time; returns whether that is another thing."""
    wanted = {tuple(row.items()): row for row in ({"unit": unit, **row} for row in new)}
    there: set[tuple[tuple[str, object], ...]] = set()
    for span in spans:
        from_s, until_s = _stored(span)
        rows = db.execute(
            f"SELECT * FROM {table} WHERE unit = ? AND from_s <= ? AND until_s >= ?",  # noqa: S608 - a name of ours
            (unit, until_s, from_s),
        )
        names = [item[0] for item in rows.description]
        there |= {tuple(zip(names, row, strict=True)) for row in rows}
    gone, fresh = there - wanted.keys(), wanted.keys() - there
    for old in map(dict, gone):
        keys = [(name, value) for name, value in old.items() if name != "row"]
        where = " AND ".join(f"{name} = ?" for name, _ in keys)
        db.execute(f"DELETE FROM {table} WHERE {where}", [value for _, value in keys])  # noqa: S608 - names of ours
    _put(db, table, [wanted[key] for key in fresh])
    return bool(gone or fresh)


def _put(db: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, object]]) -> None:
    for row in rows:
        query = f"INSERT OR REPLACE INTO {table} ({','.join(row)}) VALUES ({','.join('?' * len(row))})"  # noqa: S608 - names of ours
        db.execute(query, tuple(row.values()))


def count_statistics(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET value = value + 1 WHERE key = 'statistics_version'")


def _visit_columns(row: Row) -> dict[str, object]:
    span = _span(row["entered"], row["exited"])
    return {"nth": _nth(row), "open": row["exited"] is None, "row": json.dumps(row), **span}


def _crossing_columns(row: Row) -> dict[str, object]:
    departed: Row | None = row["departed"]
    return {
        "nth": _nth(row),
        "open": departed is None,
        "row": json.dumps(row),
        "border": row.get("border"),
        "departed": departed and (departed["latest"] or departed["est"]),
        **_span(row["arrived"], departed),
    }


def _trip_columns(row: Row) -> dict[str, object]:
    return {"from_s": row["from_s"], "until_s": row["to_s"], "row": json.dumps(row)}


def _custody_columns(row: Row) -> dict[str, object]:
    what = "leg" if row["place"] is None else f"at {row['place']}"
    return {**_span(row["start"], row["end"]), "what": what, "row": json.dumps(row)}


_COLUMNS: Final = {
    "visits": _visit_columns, "crossings": _crossing_columns, "custody": _custody_columns, "trips": _trip_columns
}  # fmt: skip
"""What stays of a time whose data is gone."""


def _span(first: Row | None, last: Row | None) -> dict[str, float]:
    from_s, until_s = _stored(est_span(first, last))
    return {"from_s": from_s, "until_s": until_s}


def _stored(span: TimeSpan) -> tuple[float, float]:
    """Infinite times as numbers that SQLite can compare with."""
    return max(span[0], NEVER_S), min(span[1], OPEN_S)


def _nth(row: Row) -> int:
    """A number that tells a unit's visits, or crossings, apart, in their order: earliest time, then id."""
    first: Row = row.get("entered") or row.get("arrived") or {}
    earliest: str | None = first.get("earliest")
    return (iso.to_s(earliest) if earliest else 0) << _ID_BITS | int(row["id"][:8].ljust(8, "0"), 16) >> 1
