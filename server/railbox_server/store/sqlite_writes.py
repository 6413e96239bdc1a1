"""How a group is written: plain functions over a connection inside a transaction.

What batches become is sqlite_rows.py's.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from railbox_server.ledger import Ledger
from railbox_server.store.sqlite_rows import INSERTS, SERIES, Ids, rows_of
from railbox_server.store.values import Group, Outbox, Quarantined, Status
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import SeqRange

STORED, QUARANTINED, DISCARDED, EXPIRED = 0, 1, 2, 3
"""States of seq_ranges."""
# A last will says nothing but that the device is offline: what it said of itself before still holds.
_PUT_STATUS = """
INSERT INTO statuses (device, received_at_ms, online, body) VALUES (?,?,?,?)
ON CONFLICT (device) DO UPDATE SET received_at_ms = excluded.received_at_ms, online = excluded.online,
    body = iif(
        json_extract(excluded.body, '$.counters') IS NULL, json_patch(statuses.body, excluded.body), excluded.body
    )
"""
_LEDGER_STATES = (STORED, QUARANTINED, DISCARDED)

LedgerRows = set[tuple[int, int, int]]
"""(state, first, last): numbers first..last of an outbox."""


@dataclass(frozen=True, slots=True)
class Known:
    """What need not be looked up, of devices and outboxes that were written before."""

    ids: dict[Outbox, tuple[int, int]] = field(default_factory=dict[Outbox, tuple[int, int]])
    """(device id, outbox id)."""
    ledgers: dict[int, LedgerRows] = field(default_factory=dict[int, LedgerRows])
    """By outbox id. There may be more by now, if another process wrote it."""


def write_group(
    db: sqlite3.Connection, group: Group, known: Known, *, series: bool = True, spooled: bool = False
) -> Known:
    """All of it; returns what is known now of its devices and outboxes. `series`: with the rows of knots, readings and
    events; `spooled`: another database waits for them."""
    ids = _ids(db, group, known.ids)
    db.executemany(
        "INSERT OR IGNORE INTO batches VALUES (?,?,?,?)",
        [(ids[item.outbox][1], item.batch.seq, item.received_at_ms, item.payload) for item in group.batches],
    )
    if spooled:
        db.executemany(
            "INSERT OR IGNORE INTO spool VALUES (?,?)",
            [(ids[item.outbox][1], item.batch.seq) for item in group.batches],
        )
    for table, rows in rows_of(group.batches, ids).items():
        if series or table not in SERIES:
            db.executemany(INSERTS[table], rows)
    ledgers = _write_ledgers(db, {ids[outbox][1]: ledger for outbox, ledger in group.ledgers.items()}, known.ledgers)
    db.executemany("DELETE FROM quarantine WHERE id = ?", [(row_id,) for row_id in group.released])
    db.executemany(
        "INSERT OR IGNORE INTO quarantine (device, reason, detail, digest, received_at_ms, epoch, seq, payload) "
        "VALUES (?,?,?,?,?,?,?,?)",
        map(_quarantine_row, group.quarantined),
    )
    db.executemany(_PUT_STATUS, map(_status_row, group.statuses))
    return Known(ids, ledgers)


def device_id(db: sqlite3.Connection, device: str) -> int:
    """The device's number, given now when it has none."""
    db.execute("INSERT OR IGNORE INTO devices (device) VALUES (?)", (device,))
    return int(db.execute("SELECT id FROM devices WHERE device = ?", (device,)).fetchone()[0])


def numbers_of(db: sqlite3.Connection, outbox: Outbox) -> tuple[int, int]:
    """(device id, outbox id), given now when it has none."""
    return _ids(db, Group(ledgers={outbox: Ledger()}), {})[outbox]


def add_expired(db: sqlite3.Connection, outbox_id: int, seqs: SeqSet) -> None:
    """These numbers are stored, and their wire bytes are let go."""
    rows = db.execute("SELECT first, last FROM seq_ranges WHERE outbox_id = ? AND state = ?", (outbox_id, EXPIRED))
    whole = SeqSet((*(SeqRange(*row) for row in rows.fetchall()), *seqs.ranges))
    db.execute("DELETE FROM seq_ranges WHERE outbox_id = ? AND state = ?", (outbox_id, EXPIRED))
    db.executemany(
        "INSERT INTO seq_ranges VALUES (?,?,?,?)",
        [(outbox_id, EXPIRED, item.first, item.last) for item in whole.ranges],
    )


def _ids(db: sqlite3.Connection, group: Group, known: Ids) -> dict[Outbox, tuple[int, int]]:
    """The numbers of the group's devices and outboxes, given now where they have none."""
    newest: dict[Outbox, int] = dict.fromkeys(group.ledgers, 0)
    for item in group.batches:
        newest[item.outbox] = max(newest.get(item.outbox, 0), item.received_at_ms)
    for item in group.quarantined:
        if item.epoch is not None and (outbox := Outbox(item.device, item.epoch)) in newest:
            newest[outbox] = max(newest[outbox], item.received_at_ms)
    ids = {outbox: known[outbox] for outbox in newest if outbox in known}
    heard = [(newest[outbox], outbox_id, newest[outbox]) for outbox, (_, outbox_id) in ids.items()]
    db.executemany("UPDATE outboxes SET last_received_at_ms = ? WHERE id = ? AND last_received_at_ms < ?", heard)
    for outbox, received_at_ms in newest.items():
        if outbox in ids:
            continue
        device = device_id(db, outbox.device)
        row = db.execute(
            "INSERT INTO outboxes (device_id, epoch, last_received_at_ms) VALUES (?,?,?) ON CONFLICT DO UPDATE "
            "SET last_received_at_ms = max(last_received_at_ms, excluded.last_received_at_ms) RETURNING id",
            (device, outbox.epoch, received_at_ms),
        ).fetchone()
        ids[outbox] = (device, int(row[0]))
    return ids


def _write_ledgers(
    db: sqlite3.Connection, ledgers: Mapping[int, Ledger], known: Mapping[int, LedgerRows]
) -> dict[int, LedgerRows]:
    """Adds to what is there, by outbox id: nothing that was settled is taken back, whoever wrote it meanwhile. A row
    that is another one by now is not deleted; ranges may overlap."""
    found: dict[int, LedgerRows] = {}
    gone: list[tuple[int, int, int, int]] = []
    new: list[tuple[int, int, int, int]] = []
    for outbox_id, ledger in ledgers.items():
        there = known[outbox_id] if outbox_id in known else _ledger_rows_of(db, outbox_id)
        found[outbox_id] = wanted = _joined(there, ledger_rows(ledger))
        longer = {(state, first): last for state, first, last in wanted}
        gone += [(outbox_id, *row) for row in there - wanted if longer.get(row[:2], 0) < row[2]]
        new += [(outbox_id, *row) for row in wanted - there]
    db.executemany("DELETE FROM seq_ranges WHERE outbox_id = ? AND state = ? AND first = ? AND last = ?", gone)
    db.executemany(
        "INSERT INTO seq_ranges VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)", new
    )
    return found


def _joined(there: LedgerRows, wanted: LedgerRows) -> LedgerRows:
    """The rows of both together."""
    if all(any(row[0] == it[0] and it[1] <= row[1] and row[2] <= it[2] for it in wanted) for row in there - wanted):
        return wanted
    both = read_ledgers(there | wanted)
    for seq in [seq for seq in both.quarantined if seq in both.stored]:
        both.quarantined.discard(seq)
    return ledger_rows(both)


def _ledger_rows_of(db: sqlite3.Connection, outbox_id: int) -> LedgerRows:
    rows = db.execute("SELECT state, first, last FROM seq_ranges WHERE outbox_id = ?", (outbox_id,))
    return {row for row in rows if row[0] in _LEDGER_STATES}


def ledger_rows(ledger: Ledger) -> LedgerRows:
    return {
        (state, item.first, item.last)
        for state, seqs in ((STORED, ledger.stored), (QUARANTINED, ledger.quarantined), (DISCARDED, ledger.discarded))
        for item in seqs.ranges
    }


def read_ledgers(rows: Iterable[tuple[int, int, int]]) -> Ledger:
    """The ledger of rows (state, first, last)."""
    ranges: dict[int, list[SeqRange]] = {state: [] for state in _LEDGER_STATES}
    for state, first, last in rows:
        if state in ranges:
            ranges[state].append(SeqRange(first, last))
    return Ledger(SeqSet(ranges[STORED]), SeqSet(ranges[QUARANTINED]), SeqSet(ranges[DISCARDED]))


def _quarantine_row(item: Quarantined) -> tuple[object, ...]:
    digest = hashlib.blake2b(item.payload, digest_size=16).digest()
    return (
        item.device,
        item.reason.value,
        item.detail,
        digest,
        item.received_at_ms,
        item.epoch,
        item.seq,
        item.payload,
    )


def _status_row(item: Status) -> tuple[object, ...]:
    return (item.device, item.received_at_ms, item.online, json.dumps(item.body))
