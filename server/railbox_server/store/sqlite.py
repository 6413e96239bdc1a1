"""The store in one SQLite file (docs/design.md, "Store"): the interface's calls, each one transaction.

Connections are database.py's, rows of a group sqlite_writes.py's.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from railbox_server.fleet import Assignment, Span, check_new, open_assignment
from railbox_server.journey.model import SeenKnot
from railbox_server.ledger import Ledger
from railbox_server.store import sqlite_writes as writes
from railbox_server.store.database import Database
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.values import (
    Box,
    Derived,
    Group,
    Mark,
    Outbox,
    OutboxState,
    Page,
    Point,
    Quarantined,
    Reason,
    Row,
    Status,
    StoredEvent,
    StoredReading,
    TrackPoint,
    Untrusted,
)

FILE = "railbox.db"

_EARLIEST_S, _LATEST_S = -(2**62), 2**62

_OUTBOXES = """
    SELECT d.device, o.epoch, o.last_received_at_ms, r.state, r.first, r.last
      FROM outboxes o JOIN devices d ON d.id = o.device_id JOIN seq_ranges r ON r.outbox_id = o.id
     WHERE ?1 IS NULL OR d.device = ?1
     ORDER BY d.device, o.last_received_at_ms, o.epoch"""
_SEEN_KNOTS = """
    SELECT o.epoch, k.time_s, k.lat_e5, k.lon_e5, k.dark_s, k.accuracy_m, k.seq, k.time_s + k.delay_s
      FROM devices d JOIN knots k ON k.device_id = d.id JOIN outboxes o ON o.id = k.outbox_id
     WHERE d.device = ?1 AND k.time_s >= ?2 AND k.time_s < ?3
     ORDER BY k.time_s, k.seq"""
_POINTS = """
    SELECT o.epoch, k.seq, k.time_s, k.lat_e5, k.lon_e5, k.dark_s, k.time_s + k.delay_s,
           k.speed_dmps, k.course_deg, k.accuracy_m
      FROM devices d JOIN knots k ON k.device_id = d.id JOIN outboxes o ON o.id = k.outbox_id
     WHERE d.device = ?1 AND k.time_s >= ?2 AND k.time_s < ?3
     ORDER BY k.time_s, k.seq"""
_TRACK = """
    SELECT o.epoch, k.time_s, k.lat_e5, k.lon_e5, k.dark_s
      FROM devices d JOIN knots k ON k.device_id = d.id JOIN outboxes o ON o.id = k.outbox_id
     WHERE d.device = ?1 AND k.time_s >= ?2 AND k.time_s < ?3
     ORDER BY k.time_s, k.seq LIMIT ?4"""
_LATEST = """
    SELECT d.device, o.epoch, k.seq, k.time_s, k.lat_e5, k.lon_e5, k.dark_s, k.time_s + k.delay_s,
           k.speed_dmps, k.course_deg, k.accuracy_m
      FROM devices d JOIN knots k ON k.device_id = d.id JOIN outboxes o ON o.id = k.outbox_id
     WHERE (k.time_s, k.outbox_id, k.seq) = (
           SELECT n.time_s, n.outbox_id, n.seq FROM knots n WHERE n.device_id = d.id AND n.time_s <= ?1
            ORDER BY n.time_s DESC, n.outbox_id DESC, n.seq DESC LIMIT 1)
     ORDER BY d.device"""
_IN_BOX = """
    SELECT k.outbox_id, k.time_s, k.seq,
           d.device, o.epoch, k.seq, k.time_s, k.lat_e5, k.lon_e5, k.dark_s, k.time_s + k.delay_s,
           k.speed_dmps, k.course_deg, k.accuracy_m
      FROM outboxes o JOIN devices d ON d.id = o.device_id JOIN knots k ON k.device_id = d.id AND k.outbox_id = o.id
     WHERE k.time_s >= ?1 AND k.time_s < ?2 AND k.lat_e5 BETWEEN ?3 AND ?4
       AND (k.lon_e5 BETWEEN ?5 AND ?6 OR ?5 > ?6 AND (k.lon_e5 >= ?5 OR k.lon_e5 <= ?6))
       AND (k.outbox_id, k.time_s, k.seq) > (?7, ?8, ?9)
     ORDER BY k.outbox_id, k.time_s, k.seq LIMIT ?10"""
_READINGS = """
    SELECT r.time_s, r.channel, r.value
      FROM devices d JOIN readings r ON r.device_id = d.id
     WHERE d.device = ?1 AND r.time_s >= ?2 AND r.time_s < ?3
     ORDER BY r.time_s DESC, r.channel DESC LIMIT ?4"""
_READINGS_OF_CHANNEL = """
    SELECT r.time_s, r.channel, r.value
      FROM devices d JOIN readings r ON r.device_id = d.id
     WHERE d.device = ?1 AND r.time_s >= ?2 AND r.time_s < ?3 AND r.channel = ?5
     ORDER BY r.time_s DESC LIMIT ?4"""
_EVENTS = """
    SELECT e.time_s, e.code, e.value
      FROM devices d JOIN dated_events e ON e.device_id = d.id
     WHERE d.device = ?1 AND e.time_s >= ?2 AND e.time_s < ?3
     ORDER BY e.time_s DESC, e.code DESC, e.value DESC LIMIT ?4"""


class SqliteStore:
    """Implements `interface.Store`. Any thread may call it, and other processes may have the same file open."""

    def __init__(self, folder: Path) -> None:
        self._db = Database(folder / FILE, SCRIPTS)

    def close(self) -> None:
        self._db.close()

    # --- ingest ------------------------------------------------------------------------------------------------------

    def write(self, group: Group) -> None:
        with self._db.writing() as db:
            writes.write_group(db, group)

    def ledger(self, outbox: Outbox) -> Ledger:
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT state, first, last FROM seq_ranges JOIN outboxes ON id = outbox_id "
                "WHERE device_id = (SELECT id FROM devices WHERE device = ?) AND epoch = ?",
                (outbox.device, outbox.epoch),
            )
            return writes.read_ledgers(rows)

    def payload(self, outbox: Outbox, seq: int) -> bytes | None:
        with self._db.reading() as db:
            row = db.execute(
                "SELECT payload FROM batches WHERE seq = ? AND outbox_id = "
                "(SELECT id FROM outboxes WHERE device_id = (SELECT id FROM devices WHERE device = ?) AND epoch = ?)",
                (seq, outbox.device, outbox.epoch),
            ).fetchone()
            return row and row[0]

    def quarantined(self, device: str | None = None, limit: int = 1000, after_row: int = 0) -> Sequence[Quarantined]:
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT device, reason, detail, payload, received_at_ms, epoch, seq, id FROM quarantine "
                "WHERE id > ? AND (?2 IS NULL OR device = ?2) ORDER BY id LIMIT ?3",
                (after_row, device, limit),
            )
            return [Quarantined(row[0], Reason(row[1]), *row[2:]) for row in rows]

    def quarantine_counts(self) -> Mapping[str, int]:
        with self._db.reading() as db:
            return dict(db.execute("SELECT device, count(*) FROM quarantine GROUP BY device ORDER BY device"))

    # --- devices and assignments -------------------------------------------------------------------------------------

    def known_devices(self) -> frozenset[str]:
        with self._db.reading() as db:
            rows = db.execute("SELECT device FROM devices WHERE registered_at_ms IS NOT NULL")
            return frozenset(row[0] for row in rows)

    def registry_version(self) -> int:
        return self._count("registry_version")

    def register(self, device: str, now_ms: int) -> None:
        with self._db.writing() as db:
            _register(db, device, now_ms)

    def assignments(self) -> Sequence[Assignment]:
        with self._db.reading() as db:
            return _assignments(db)

    def assign(self, new: Assignment, now_ms: int) -> None:
        with self._db.writing() as db:
            check_new(new, _assignments(db))
            _register(db, new.device, now_ms)
            db.execute(
                "INSERT INTO assignments (device_id, unit, from_s, to_s) "
                "VALUES ((SELECT id FROM devices WHERE device = ?),?,?,?)",
                (new.device, new.unit, new.span.from_s, new.span.to_s),
            )

    def end_assignment(self, device: str, to_s: int) -> Assignment:
        with self._db.writing() as db:
            found = open_assignment(device, _assignments(db))
            ended = Assignment(device, found.unit, Span(found.span.from_s, to_s))
            check_new(ended, ())
            db.execute(
                "UPDATE assignments SET to_s = ? "
                "WHERE to_s IS NULL AND device_id = (SELECT id FROM devices WHERE device = ?)",
                (to_s, device),
            )
            _count_change(db)
            return ended

    # --- what the engine reads and writes ----------------------------------------------------------------------------

    def outboxes(self, device: str | None = None) -> Sequence[OutboxState]:
        found: dict[tuple[Outbox, int], list[tuple[int, int, int]]] = {}
        with self._db.reading() as db:
            for name, epoch, received_at_ms, state, first, last in db.execute(_OUTBOXES, (device,)):
                found.setdefault((Outbox(name, epoch), received_at_ms), []).append((state, first, last))
        return [
            OutboxState(outbox, writes.read_ledgers(ranges), received_at_ms)
            for (outbox, received_at_ms), ranges in found.items()
        ]

    def seen_knots(self, device: str, span: Span) -> Mapping[int, Sequence[SeenKnot]]:
        knots: dict[int, list[SeenKnot]] = {}
        with self._db.reading() as db:
            for epoch, *row in db.execute(_SEEN_KNOTS, (device, *_bounds(span))):
                knots.setdefault(epoch, []).append(SeenKnot(*row))
        return knots

    def point(self, device: str, epoch: int, time_s: int) -> Point | None:
        points = [point for point in self.points(device, Span(time_s, time_s + 1)) if point.epoch == epoch]
        return min(points, key=lambda point: point.seq, default=None)

    def newest_readings(self, device: str, span: Span, channels: Sequence[int]) -> Sequence[StoredReading]:
        return [reading for channel in channels for reading in self.readings(device, span, channel, 1)]

    def derived_units(self) -> frozenset[str]:
        with self._db.reading() as db:
            return frozenset(row[0] for row in db.execute("SELECT unit FROM units"))

    def put_derived(self, derived: Derived) -> bool:
        with self._db.writing() as db:
            return writes.write_derived(db, derived)

    def drop_derived(self, unit: str) -> None:
        with self._db.writing() as db:
            writes.drop_derived(db, unit)

    # --- what the API reads ------------------------------------------------------------------------------------------

    def unit_rows(self, unit: str | None = None) -> Sequence[Row]:
        with self._db.reading() as db:
            rows = db.execute("SELECT row FROM units WHERE ?1 IS NULL OR unit = ?1 ORDER BY unit", (unit,))
            return [json.loads(row) for (row,) in rows]

    def visits(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]:
        return self._derived_rows("visits", unit, open_only)

    def crossings(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]:
        return self._derived_rows("crossings", unit, open_only)

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
        return self._derived_rows("custody", unit, open_only=False)

    def trips(self) -> Sequence[Row]:
        with self._db.reading() as db:
            rows = db.execute("SELECT trip FROM progress WHERE trip IS NOT NULL ORDER BY unit")
            return [json.loads(row) for (row,) in rows]

    def statistics_version(self) -> int:
        return self._count("statistics_version")

    def points(self, device: str, span: Span) -> Sequence[Point]:
        with self._db.reading() as db:
            rows = db.execute(_POINTS, (device, *_bounds(span)))
            return [Point(device, *row) for row in rows]

    def untrusted(self, unit: str) -> Sequence[Untrusted]:
        with self._db.reading() as db:
            rows = db.execute("SELECT device, epoch, time_s, reason FROM untrusted WHERE unit = ?", (unit,))
            return [Untrusted(*row) for row in rows]

    def track(self, device: str, span: Span, limit: int) -> Sequence[TrackPoint]:
        with self._db.reading() as db:
            return list(map(TrackPoint._make, db.execute(_TRACK, (device, *_bounds(span), limit))))

    def latest(self, until_s: int) -> Sequence[Point]:
        with self._db.reading() as db:
            return [Point(*row) for row in db.execute(_LATEST, (until_s,))]

    def points_in_box(self, box: Box, span: Span, limit: int, after: Mark | None = None) -> Page[Point]:
        mark = (0, 0, 0) if after is None else after
        with self._db.reading() as db:
            edges = (box.south_e5, box.north_e5, box.west_e5, box.east_e5)
            rows = db.execute(_IN_BOX, (*_bounds(span), *edges, *mark, limit + 1)).fetchall()
        more = len(rows) > limit
        return Page(tuple(Point(*row[3:]) for row in rows[:limit]), rows[limit - 1][:3] if more else None)

    def readings(
        self, device: str, span: Span, channel: int | None, limit: int, *, oldest: bool = False
    ) -> Sequence[StoredReading]:
        query = _READINGS if channel is None else _READINGS_OF_CHANNEL
        args = (device, *_bounds(span), limit, *(() if channel is None else (channel,)))
        return [StoredReading(device, *row) for row in self._ascending(query, args, oldest)]

    def events(self, device: str, span: Span, limit: int, *, oldest: bool = False) -> Sequence[StoredEvent]:
        rows = self._ascending(_EVENTS, (device, *_bounds(span), limit), oldest)
        return [StoredEvent(device, *row) for row in rows]

    def visit_page(
        self, unit: str | None, limit: int, after: Mark | None = None, *, open_only: bool = False
    ) -> Page[Row]:
        return self._derived_page("visits", unit, limit, after, open_only)

    def crossing_page(
        self, unit: str | None, limit: int, after: Mark | None = None, *, open_only: bool = False
    ) -> Page[Row]:
        return self._derived_page("crossings", unit, limit, after, open_only)

    def statuses(self) -> Sequence[Status]:
        with self._db.reading() as db:
            rows = db.execute("SELECT device, received_at_ms, online, body FROM statuses ORDER BY device")
            return [Status(device, at_ms, bool(online), json.loads(body)) for device, at_ms, online, body in rows]

    def _count(self, key: str) -> int:
        with self._db.reading() as db:
            return int(db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])

    def _ascending(self, query: str, args: tuple[Any, ...], oldest: bool) -> list[tuple[Any, ...]]:
        """The rows of a query that is written newest first."""
        with self._db.reading() as db:
            rows = db.execute(query.replace(" DESC", "") if oldest else query, args).fetchall()
        return rows if oldest else rows[::-1]

    def _derived_page(self, table: str, unit: str | None, limit: int, after: Mark | None, open_only: bool) -> Page[Row]:
        """An open one stands at its number as every other."""
        wheres = ["(unit, nth) > (?, ?)", *(["unit = ?"] if unit is not None else []), *(["open"] if open_only else [])]
        args = (*(("", -1) if after is None else after), *(() if unit is None else (unit,)), limit + 1)
        query = f"SELECT unit, nth, row FROM {table} WHERE {' AND '.join(wheres)} ORDER BY unit, nth LIMIT ?"  # noqa: S608 - names of ours
        with self._db.reading() as db:
            rows = db.execute(query, args).fetchall()
        more = len(rows) > limit
        return Page(tuple(json.loads(row[2]) for row in rows[:limit]), rows[limit - 1][:2] if more else None)

    def _derived_rows(self, table: str, unit: str | None, open_only: bool) -> Sequence[Row]:
        wheres = [*(["unit = ?"] if unit is not None else []), *(["open"] if open_only else [])]
        where = f"WHERE {' AND '.join(wheres)}" if wheres else ""
        args: tuple[Any, ...] = () if unit is None else (unit,)
        with self._db.reading() as db:
            rows = db.execute(f"SELECT row FROM {table} {where} ORDER BY unit, nth", args)  # noqa: S608 - names of ours
            return [json.loads(row) for (row,) in rows]


def _bounds(span: Span) -> tuple[int, int]:
    return (
        _EARLIEST_S if span.from_s is None else span.from_s,
        _LATEST_S if span.to_s is None else span.to_s,
    )


def _register(db: sqlite3.Connection, device: str, now_ms: int) -> None:
    db.execute(
        "UPDATE devices SET registered_at_ms = ? WHERE id = ? AND registered_at_ms IS NULL",
        (now_ms, writes.device_id(db, device)),
    )
    _count_change(db)


def _count_change(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET value = value + 1 WHERE key = 'registry_version'")


def _assignments(db: sqlite3.Connection) -> list[Assignment]:
    rows = db.execute(
        "SELECT device, unit, from_s, to_s FROM assignments JOIN devices d ON d.id = device_id "
        "ORDER BY device, ifnull(from_s, ?), unit",
        (_EARLIEST_S,),
    )
    return [Assignment(device, unit, Span(from_s, to_s)) for device, unit, from_s, to_s in rows]
