"""Groups of batches as ingest hands them to a store, and all that a store's file holds, for comparing two."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from railbox_server.ledger import Ledger
from railbox_server.store.sqlite import FILE
from railbox_server.store.values import Group, Outbox, StoredBatch
from railbox_telemetry.values import Discarded, Section, SeqRange
from railbox_telemetry.wire import decode
from support.batches import DEVICE, PERIOD_S, START_S, payload, positions, temperatures

RECEIVED_MS = (START_S + 100_000) * 1000


def stored(data: bytes, device: str = DEVICE, received_at_ms: int = RECEIVED_MS) -> StoredBatch:
    return StoredBatch(device, decode(data), data, received_at_ms)


def group_of(batches: Iterable[StoredBatch]) -> Group:
    """With the ledgers that such batches alone make."""
    batches = tuple(batches)
    ledgers: dict[Outbox, Ledger] = {}
    for item in batches:
        ledger = ledgers.setdefault(item.outbox, Ledger())
        ledger.stored.add(item.batch.seq)
        for section in item.batch.sections:
            for part in section.ranges if isinstance(section, Discarded) else ():
                ledger.discarded.add(part.first, part.last)
    return Group(batches, ledgers=ledgers)


def journey(device: str, batches: int, epoch: int = 7, received_at_ms: int = RECEIVED_MS) -> Group:
    """So many batches of three knots and a temperature."""
    return group_of(
        stored(payload(seq, *_sections(seq), epoch=epoch), device, received_at_ms + seq * 1000)
        for seq in range(1, batches + 1)
    )


def _sections(seq: int) -> tuple[Section, ...]:
    return positions(range(3 * seq, 3 * seq + 3)), temperatures([START_S + 3 * PERIOD_S * seq], [200 + seq % 50])


def numbers(ledger: Ledger) -> tuple[tuple[SeqRange, ...], ...]:
    """Stored, quarantined, discarded."""
    return ledger.stored.ranges, ledger.quarantined.ranges, ledger.discarded.ranges


def contents(folder: Path, *without: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but those named."""
    db = sqlite3.connect(folder / FILE)
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found = {table: sorted(db.execute(f"SELECT * FROM {table}"), key=repr) for table in tables if table not in without}
    db.close()
    return found
