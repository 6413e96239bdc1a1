"""What another store's file has and this one has not, brought into it, whether a server uses it or not.

Adds and takes nothing away: so it serves after a lost disk, when new data has come already, as well as for a file that
was set aside. Writes as ingest does, in groups of some milliseconds.
"""

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from railbox_server.fleet import Assignment, AssignmentError, Span
from railbox_server.ingest.limits import believed
from railbox_server.ledger import Ledger
from railbox_server.store.backup import Progress, silent
from railbox_server.store.health import check
from railbox_server.store.interface import StoreError
from railbox_server.store.past import let_go_of, past_of
from railbox_server.store.salvage import salvage
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.sqlite_books import SqliteBooks
from railbox_server.store.sqlite_writes import DISCARDED, EXPIRED, QUARANTINED, STORED
from railbox_server.store.values import Group, Outbox, Quarantined, Reason, Status, StoredBatch
from railbox_telemetry import wire
from railbox_telemetry.seqset import SeqSet

log = logging.getLogger(__name__)

_GROUP: Final = 200
_ROWS: Final = 1_000
_OUTBOXES: Final = "SELECT o.id, d.device, o.epoch FROM outboxes o JOIN devices d ON d.id = o.device_id ORDER BY o.id"
_WITHOUT_BATCH: Final = (
    "WHERE {device} outbox_id = :outbox AND seq NOT IN (SELECT seq FROM batches WHERE outbox_id = :outbox)"
)
_OF_OUTBOX: Final = _WITHOUT_BATCH.format(device="")
_OF_DEVICE: Final = _WITHOUT_BATCH.format(device="device_id = :device AND")
_ROWS_OF: Final = {
    "knots": (f"SELECT * FROM knots {_OF_OUTBOX}", None, 0),  # noqa: S608 - our own text
    "events": (f"SELECT * FROM events {_OF_DEVICE}", 0, 2),  # noqa: S608 - our own text
    "undated": (f"SELECT * FROM undated {_OF_DEVICE}", 0, 2),  # noqa: S608 - our own text
    "boot_clocks": (f"SELECT * FROM boot_clocks {_OF_DEVICE}", 0, 2),  # noqa: S608 - our own text
    "readings": ("SELECT * FROM readings WHERE device_id = :device", 0, None),
    "boxes": ("SELECT * FROM boxes WHERE outbox_id = :outbox", None, 1),
}
"""How to read a table, and where in its rows the numbers of device and outbox stand, which are other ones here."""
_QUARANTINE: Final = "SELECT device, reason, detail, payload, received_at_ms, epoch, seq FROM quarantine ORDER BY id"


@dataclass(slots=True)
class Restored:
    """What came in. `rows`: whose batches, or data, retention had let go; `conflicts`: assignments left out."""

    batches: int = 0
    rows: int = 0
    quarantined: int = 0
    conflicts: int = 0

    def __str__(self) -> str:
        return (
            f"{self.batches} batches, {self.rows} rows whose batches were let go, {self.quarantined} messages in "
            f"quarantine; {self.conflicts} assignments left out"
        )


def restore(source: Path, target: SqliteBooks, folder: Path, progress: Progress = silent) -> Restored:
    """`folder` takes a copy meanwhile when the file is of an older version or damaged. Raises StoreError."""
    with ExitStack() as stack:
        try:
            old = stack.enter_context(closing(_readable(source, folder, stack)))
            done = Restored()
            _restore_registry(old, target, done)
            _restore_batches(old, target, done, progress)
            _restore_rest(old, target, done)
            _restore_past(old, target, done)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"restoring {source}: {error}") from error
    target.count_restore()
    return done


def _readable(source: Path, folder: Path, stack: ExitStack) -> sqlite3.Connection:
    """The file itself, or a copy of what it has where it is old or damaged."""
    if not source.is_file():
        raise StoreError(f"{source}: no such file")
    with closing(sqlite3.connect(source)) as db:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version == len(SCRIPTS) and check(source, None) == (True, None):
        return sqlite3.connect(source, isolation_level=None)
    copy = folder / "restoring.db"
    for suffix in ("", "-wal", "-shm"):
        stack.callback(copy.with_name(copy.name + suffix).unlink, missing_ok=True)
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    log.info("reading %s: %s", source, salvage(source, copy))
    return sqlite3.connect(copy, isolation_level=None)


def _restore_registry(old: sqlite3.Connection, target: SqliteBooks, done: Restored) -> None:
    known, there = target.known_devices(), set(target.assignments())
    for device, at_ms in old.execute("SELECT device, registered_at_ms FROM devices WHERE registered_at_ms IS NOT NULL"):
        if device not in known:
            target.register(device, at_ms)
    query = "SELECT device, unit, from_s, to_s FROM assignments JOIN devices d ON d.id = device_id"
    for device, unit, from_s, to_s in old.execute(query):
        new = Assignment(device, unit, Span(from_s, to_s))
        try:
            if new not in there:
                target.assign(new, 0)
        except AssignmentError as error:
            log.warning("left out: %s", error)
            done.conflicts += 1


def _restore_batches(old: sqlite3.Connection, target: SqliteBooks, done: Restored, progress: Progress) -> None:
    whole = int(old.execute("SELECT count(*) FROM batches").fetchone()[0])
    seen = 0
    for outbox_id, device, epoch in old.execute(_OUTBOXES).fetchall():
        outbox = Outbox(device, epoch)
        there = target.ledger(outbox).stored
        cursor = old.execute(
            "SELECT seq, received_at_ms, payload FROM batches WHERE outbox_id = ? ORDER BY seq", (outbox_id,)
        )
        while rows := cursor.fetchmany(_GROUP):
            batches = tuple(_batches(device, (row for row in rows if row[0] not in there)))
            if batches:
                stored = Ledger()
                for item in batches:
                    stored.stored.add(item.batch.seq)
                target.write(Group(batches, ledgers={outbox: stored}))
            done.batches += len(batches)
            seen += len(rows)
            progress(seen, whole)


def _batches(device: str, rows: Iterable[tuple[int, int, bytes]]) -> Iterator[StoredBatch]:
    for seq, received_at_ms, payload in rows:
        try:
            batch, _ = believed(wire.decode(payload))
        except wire.WireError as error:
            log.error("%s: batch %d cannot be decoded: %s", device, seq, error)
            continue
        yield StoredBatch(device, batch, payload, received_at_ms)


def _restore_rest(old: sqlite3.Connection, target: SqliteBooks, done: Restored) -> None:
    """Ledgers and rows of batches that are no more, quarantine, and statuses of devices that have none here."""
    for outbox_id, device, epoch in old.execute(_OUTBOXES).fetchall():
        ledger, expired = Ledger(), SeqSet()
        into = {STORED: None, QUARANTINED: ledger.quarantined, DISCARDED: ledger.discarded, EXPIRED: ledger.stored}
        ranges = old.execute("SELECT state, first, last FROM seq_ranges WHERE outbox_id = ?", (outbox_id,))
        for state, first, last in ranges.fetchall():
            if (seqs := into[state]) is not None:
                seqs.add(first, last)
            if state == EXPIRED:
                expired.add(first, last)
        outbox = Outbox(device, epoch)
        target.write(Group(ledgers={outbox: ledger}))
        if expired:
            target.let_go(outbox, expired)
            done.rows += _restore_rows(old, target, outbox_id, outbox)
    statuses = {status.device for status in target.statuses()}
    rows = old.execute("SELECT device, received_at_ms, online, body FROM statuses")
    for device, at_ms, online, body in rows:
        if device not in statuses:
            target.write(Group(statuses=(Status(device, at_ms, bool(online), json.loads(body)),)))
    for device, reason, detail, payload, at_ms, epoch, seq in old.execute(_QUARANTINE):
        if epoch is None or seq not in target.ledger(Outbox(device, epoch)).stored:
            item = Quarantined(device, Reason(reason), detail, payload, at_ms, epoch, seq)
            target.write(Group(quarantined=(item,)))
            done.quarantined += 1


def _restore_past(old: sqlite3.Connection, target: SqliteBooks, done: Restored) -> None:
    """What was derived of data that retention let go; the rest is derived anew."""
    query = "SELECT device, kind, before_s FROM let_go JOIN devices ON id = device_id"
    for device, kind, before_s in old.execute(query).fetchall():
        target.note_let_go(device, kind, before_s)
    for (unit,) in old.execute("SELECT unit FROM units").fetchall():
        let_go = let_go_of(old, unit)
        for table in ("visits", "crossings", "trips", "custody"):
            before_s = let_go.custody_s if table == "custody" else let_go.stays_s
            if rows := past_of(old, table, unit, before_s):
                done.rows += target.adopt_past(unit, table, rows)


def _restore_rows(old: sqlite3.Connection, target: SqliteBooks, outbox_id: int, outbox: Outbox) -> int:
    """Rows whose batches were let go, under this store's numbers of device and outbox."""
    (old_device,) = old.execute("SELECT device_id FROM outboxes WHERE id = ?", (outbox_id,)).fetchone()
    count = 0
    for table, (query, device_at, outbox_at) in _ROWS_OF.items():
        cursor = old.execute(query, {"outbox": outbox_id, "device": old_device})
        while rows := cursor.fetchmany(_ROWS):
            count += target.adopt(outbox, table, rows, device_at, outbox_at)
    return count
