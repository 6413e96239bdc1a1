"""What every store keeps in SQLite: batches, ledgers, quarantine, and registry.

Each call is one transaction. Connections are database.py's, rows of a group sqlite_writes.py's; the time series are
those of the class that inherits this.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from railbox_server.fleet import Assignment, Span, check_new, open_assignment
from railbox_server.ledger import Ledger
from railbox_server.store import sqlite_writes as writes
from railbox_server.store.database import Database
from railbox_server.store.near import spans_near
from railbox_server.store.past import note
from railbox_server.store.rebuild import rebuild_ledgers, rebuild_rows
from railbox_server.store.sqlite_derived import SqliteDerived
from railbox_server.store.sqlite_rows import INSERTS, SERIES
from railbox_server.store.values import (
    Box,
    Group,
    Outbox,
    OutboxState,
    Quarantined,
    Reason,
    Status,
)
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import SeqRange

_EARLIEST_S = -(2**62)
_GAPS_DATED = 20
_KNOWN = 100_000
"""Outboxes of which is kept what need not be looked up."""
_STORED_AMONG = """
    SELECT first, last FROM seq_ranges
     WHERE state = ? AND last >= ? AND first <= ? AND outbox_id =
           (SELECT id FROM outboxes WHERE device_id = (SELECT id FROM devices WHERE device = ?) AND epoch = ?)"""
_BOOT_SPANS = """
    SELECT DISTINCT u.first + c.utc_offset_s, u.last + c.utc_offset_s
      FROM (SELECT device_id, boot_id, min(monotonic_s) AS first, max(monotonic_s) AS last FROM undated
             WHERE device_id = (SELECT id FROM devices WHERE device = ?) AND boot_id = ? GROUP BY device_id, boot_id) u
      JOIN boot_clocks c ON c.device_id = u.device_id AND c.boot_id = u.boot_id"""
_STORED_COUNTS = """
    SELECT d.device, o.epoch, sum(r.last - r.first + 1)
      FROM devices d JOIN outboxes o ON o.device_id = d.id JOIN seq_ranges r ON r.outbox_id = o.id AND r.state = ?
     {where} GROUP BY o.id"""
_ALL_COUNTS = _STORED_COUNTS.format(where="")
_COUNTS_OF = _STORED_COUNTS.format(where="WHERE d.device = ?")
_OUTBOXES = """
    SELECT o.id, d.device, o.epoch, o.last_received_at_ms, r.state, r.first, r.last
      FROM outboxes o JOIN devices d ON d.id = o.device_id JOIN seq_ranges r ON r.outbox_id = o.id
     WHERE ?1 IS NULL OR d.device = ?1
     ORDER BY d.device, o.last_received_at_ms, o.epoch"""


class SqliteBooks(SqliteDerived):
    """Any thread may call it, and other processes may have the same file open."""

    def __init__(self, db: Database, *, series: bool = True, spooled: bool = False) -> None:
        """`series`: they are in this database; `spooled`: batches wait on the spool for another one."""
        super().__init__(db)
        self._series = series
        self._spooled = spooled
        self._known = writes.Known()
        self._restored = -1

    @property
    def database(self) -> Database:
        """For those who care for the file as a whole."""
        return self._db

    def close(self) -> None:
        self._db.close()

    # --- ingest ------------------------------------------------------------------------------------------------------

    def write(self, group: Group) -> None:
        with self._db.writing() as db:
            restored = _count(db, "restored")
            if restored != self._restored or len(self._known.ids) > _KNOWN:
                self._known, self._restored = writes.Known(), restored
            known = writes.write_group(db, group, self._known, series=self._series, spooled=self._spooled)
        # Only now it is sure to stay.
        self._known.ids.update(known.ids)
        self._known.ledgers.update(known.ledgers)

    def ledger(self, outbox: Outbox) -> Ledger:
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT state, first, last FROM seq_ranges JOIN outboxes ON id = outbox_id "
                "WHERE device_id = (SELECT id FROM devices WHERE device = ?) AND epoch = ?",
                (outbox.device, outbox.epoch),
            )
            return writes.read_ledgers(rows)

    def without_data(self, outbox: Outbox, among: SeqRange) -> tuple[SeqRange, ...]:
        if among.last - among.first < 2:
            return ()  # whoever asks has something of both
        with self._db.reading() as db:
            rows = db.execute(_STORED_AMONG, (writes.STORED, among.first, among.last, outbox.device, outbox.epoch))
            stored = [SeqRange(first, last) for first, last in rows]
        return tuple(each for each in SeqSet(stored).missing(among.last) if each.last >= among.first)

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

    # --- care --------------------------------------------------------------------------------------------------------

    def adopt(
        self, outbox: Outbox, table: str, rows: Sequence[Sequence[Any]], device_at: int | None, outbox_at: int | None
    ) -> int:
        """Takes rows of another store, in which the numbers of device and outbox stand at these places; returns how
        many are new. Where another database holds the series, theirs are left out."""
        if not self._series and table in SERIES:
            return 0
        with self._db.writing() as db:
            device_id, outbox_id = writes.numbers_of(db, outbox)
            own = {device_at: device_id, outbox_at: outbox_id}
            before = db.total_changes
            db.executemany(INSERTS[table], [tuple(own.get(at, value) for at, value in enumerate(row)) for row in rows])
            return db.total_changes - before

    def note_let_go(self, device: str, kind: str, before_s: int) -> None:
        """The device's rows of this kind are gone up to a time."""
        with self._db.writing() as db:
            note(db, kind, {writes.device_id(db, device): before_s})

    def let_go(self, outbox: Outbox, seqs: SeqSet) -> None:
        """These numbers are stored and their wire bytes are not kept."""
        with self._db.writing() as db:
            writes.add_expired(db, writes.numbers_of(db, outbox)[1], seqs)

    def batches(self) -> int:
        """Whose wire bytes are here."""
        with self._db.reading() as db:
            return int(db.execute("SELECT count(*) FROM batches").fetchone()[0])

    def rebuild(self, progress: Callable[[int], None]) -> int:
        """Makes all that batches say again from their wire bytes; returns of how many."""
        with self._db.writing() as db:
            count = rebuild_rows(db, series=self._series, spooled=self._spooled, anew=True, progress=progress)
            rebuild_ledgers(db)
        self.count_restore()
        return count

    def count_restore(self) -> None:
        """Lets a running server know that there is more in the store than it put there."""
        with self._db.writing() as db:
            db.execute("INSERT INTO meta VALUES ('restored', 1) ON CONFLICT DO UPDATE SET value = value + 1")

    def restored_version(self) -> int:
        return self._count("restored")

    # --- devices and assignments -------------------------------------------------------------------------------------

    def known_devices(self) -> frozenset[str]:
        with self._db.reading() as db:
            rows = db.execute("SELECT device FROM devices WHERE registered_at_ms IS NOT NULL")
            return frozenset(row[0] for row in rows)

    def registry_version(self) -> int:
        return self._count("registry_version")

    def probe(self) -> None:
        with self._db.writing() as db:
            db.execute("INSERT INTO meta VALUES ('probes', 1) ON CONFLICT DO UPDATE SET value = value + 1")

    def register(self, device: str, now_ms: int) -> None:
        with self._db.writing() as db:
            _register(db, device, now_ms)

    def revoke(self, device: str) -> None:
        with self._db.writing() as db:
            db.execute("UPDATE devices SET registered_at_ms = NULL WHERE device = ?", (device,))
            _count_change(db)

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
        found: dict[tuple[int, Outbox, int], list[tuple[int, int, int]]] = {}
        with self._db.reading() as db:
            for number, name, epoch, received_at_ms, *row in db.execute(_OUTBOXES, (device,)):
                found.setdefault((number, Outbox(name, epoch), received_at_ms), []).append((row[0], row[1], row[2]))
            states: list[OutboxState] = []
            for (number, outbox, received_at_ms), ranges in found.items():
                ledger = writes.read_ledgers(ranges)
                states.append(OutboxState(outbox, ledger, received_at_ms, _missing_since_ms(db, number, ledger)))
        return states

    @contextmanager
    def at_one_moment(self, devices: Collection[str]) -> Generator[Mapping[tuple[str, int], int]]:
        with self._db.at_one_moment():
            yield self._counts_of(devices)

    def stored_counts(self) -> Mapping[tuple[str, int], int]:
        with self._db.reading() as db:
            return {(device, epoch): count for device, epoch, count in db.execute(_ALL_COUNTS, (writes.STORED,))}

    def _counts_of(self, devices: Collection[str]) -> Mapping[tuple[str, int], int]:
        with self._db.reading() as db:
            return {
                (name, epoch): count
                for device in devices
                for name, epoch, count in db.execute(_COUNTS_OF, (writes.STORED, device))
            }

    def boot_spans(self, device: str, boot_id: int) -> Sequence[tuple[int, int]]:
        with self._db.reading() as db:
            return db.execute(_BOOT_SPANS, (device, boot_id)).fetchall()

    # --- what the API reads ------------------------------------------------------------------------------------------

    def spans_near(self, box: Box, from_s: int, to_s: int) -> Sequence[tuple[str, Span]]:
        with self._db.reading() as db:
            return spans_near(db, box, from_s, to_s)

    def statuses(self) -> Sequence[Status]:
        with self._db.reading() as db:
            rows = db.execute("SELECT device, received_at_ms, online, body FROM statuses ORDER BY device")
            return [Status(device, at_ms, bool(online), json.loads(body)) for device, at_ms, online, body in rows]

    def _count(self, key: str) -> int:
        with self._db.reading() as db:
            return _count(db, key)


def _count(db: sqlite3.Connection, key: str) -> int:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return int(row[0]) if row else 0


def _missing_since_ms(db: sqlite3.Connection, outbox_id: int, ledger: Ledger) -> int | None:
    """Of the first gaps, which are the oldest but for what was sent late."""
    query = "SELECT received_at_ms FROM batches WHERE outbox_id = ? AND seq = ?"
    found = [db.execute(query, (outbox_id, item.last + 1)).fetchone() for item in ledger.missing()[:_GAPS_DATED]]
    return min((row[0] for row in found if row), default=None)


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
