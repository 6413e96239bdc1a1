"""What batches say, made again from their wire bytes: time series, boxes, undated events, and the ledger of numbers.

Functions over a connection inside a transaction: until it ends, readers see what was there before. What the engine
derives it derives anew at every start of the server.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from typing import Final

from railbox_server.ingest.limits import believed
from railbox_server.store.sqlite_rows import INSERTS, SERIES, rows_of
from railbox_server.store.sqlite_writes import DISCARDED, EXPIRED, QUARANTINED, STORED
from railbox_server.store.values import StoredBatch
from railbox_telemetry import wire
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import Discarded

log = logging.getLogger(__name__)

_PAGE: Final = 2_000
_BATCHES: Final = """
    SELECT b.outbox_id, b.seq, b.received_at_ms, b.payload, d.id, d.device
      FROM batches b JOIN outboxes o ON o.id = b.outbox_id JOIN devices d ON d.id = o.device_id
     ORDER BY b.outbox_id, b.seq"""


def rebuild_rows(
    db: sqlite3.Connection,
    *,
    series: bool,
    spooled: bool,
    anew: bool,
    progress: Callable[[int], None] = lambda count: None,
) -> int:
    """Returns of how many batches. `anew`: rows that no batch gives go first, but for those of batches that retention
    let go. `series`: they are in this database; `spooled`: another one is sent all of them again."""
    if anew:
        _clear(db)
    if spooled:
        db.execute("INSERT OR IGNORE INTO spool SELECT outbox_id, seq FROM batches")
    count = 0
    for page in _pages(db):
        batches = tuple(item for _, item in page)
        ids = {item.outbox: key for key, item in page}
        for table, rows in rows_of(batches, ids).items():
            if series or table not in SERIES:
                db.executemany(INSERTS[table], rows)
        count += len(page)
        progress(len(page))
    return count


def rebuild_ledgers(db: sqlite3.Connection) -> int:
    """Stored is what is there, or was let go by retention; returns how many numbers that were stored are so no more."""
    stored, quarantined, discarded = dict[int, SeqSet](), dict[int, SeqSet](), dict[int, SeqSet]()
    for outbox, seq in db.execute("SELECT outbox_id, seq FROM batches ORDER BY outbox_id, seq"):
        stored.setdefault(outbox, SeqSet()).add(seq)
    query = """SELECT o.id, q.seq FROM quarantine q JOIN devices d ON d.device = q.device
                 JOIN outboxes o ON o.device_id = d.id AND o.epoch = q.epoch"""
    for outbox, seq in db.execute(query):
        quarantined.setdefault(outbox, SeqSet()).add(seq)
    for page in _pages(db):
        for (_, outbox), item in page:
            for section in item.batch.sections:
                if isinstance(section, Discarded):
                    for part in section.ranges:
                        discarded.setdefault(outbox, SeqSet()).add(part.first, part.last)
    before = dict[int, SeqSet]()
    for outbox, state, first, last in db.execute("SELECT * FROM seq_ranges").fetchall():
        into = {STORED: before, QUARANTINED: quarantined, DISCARDED: discarded, EXPIRED: stored}[state]
        into.setdefault(outbox, SeqSet()).add(first, last)
    db.execute("DELETE FROM seq_ranges WHERE state IN (?,?,?)", (STORED, QUARANTINED, DISCARDED))
    for state, found in ((STORED, stored), (QUARANTINED, quarantined), (DISCARDED, discarded)):
        for outbox, seqs in found.items():
            kept = _without(seqs, stored.get(outbox)) if state == QUARANTINED else seqs
            db.executemany(
                "INSERT INTO seq_ranges VALUES (?,?,?,?)",
                [(outbox, state, item.first, item.last) for item in kept.ranges],
            )
    return sum(len(_without(seqs, stored.get(outbox))) for outbox, seqs in before.items())


def _clear(db: sqlite3.Connection) -> None:
    """Rows of batches that retention let go stay as they are: nothing could make them again."""
    if not db.execute("SELECT 1 FROM seq_ranges WHERE state = ? LIMIT 1", (EXPIRED,)).fetchone():
        for table in INSERTS:
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - our tables
        return
    for table in ("knots", "events", "undated", "boot_clocks"):
        db.execute(f"DELETE FROM {table} WHERE (outbox_id, seq) IN (SELECT outbox_id, seq FROM batches)")  # noqa: S608 - our tables


def _pages(db: sqlite3.Connection) -> Iterator[list[tuple[tuple[int, int], StoredBatch]]]:
    """((device id, outbox id), batch): as ingest stored them."""
    cursor = db.execute(_BATCHES)
    while rows := cursor.fetchmany(_PAGE):
        page: list[tuple[tuple[int, int], StoredBatch]] = []
        for outbox, seq, received_at_ms, payload, device_id, device in rows:
            try:
                batch, _ = believed(wire.decode(payload))
            except wire.WireError as error:  # what of it was understood once stays with the raw batch
                log.error("%s: batch %d cannot be decoded: %s", device, seq, error)
                continue
            page.append(((device_id, outbox), StoredBatch(device, batch, payload, received_at_ms)))
        yield page


def _without(seqs: SeqSet, others: SeqSet | None) -> SeqSet:
    if others is None:
        return seqs
    gone = SeqSet(others.ranges)
    result = SeqSet()
    for item in seqs.ranges:
        for part in _outside(item.first, item.last, gone):
            result.add(*part)
    return result


def _outside(first: int, last: int, others: SeqSet) -> Iterator[tuple[int, int]]:
    """The parts of first..last that are in no range of the others."""
    for item in others.ranges:
        if item.last < first:
            continue
        if item.first > last:
            break
        if item.first > first:
            yield first, item.first - 1
        first = item.last + 1
    if first <= last:
        yield first, last
