"""Groups of batches as ingest hands them to a store, and all that a store's file holds, for comparing two."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from railbox_server.ledger import Ledger
from railbox_server.store.database import Database
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.sqlite import FILE
from railbox_server.store.sqlite_rows import INSERTS, PART_S
from railbox_server.store.state import pack_state
from railbox_server.store.values import Group, Outbox, StoredBatch
from railbox_telemetry.tables import STATE
from railbox_telemetry.values import Discarded, Section, SeqRange
from railbox_telemetry.wire import decode
from support.batches import DEVICE, EPOCH, PERIOD_S, START_S, payload, positions, temperatures

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


FIRST, SECOND, THIRD = 1, 2, 3
VISIT = '{"id": "a", "entered": {"est": "2026-10-26T07:33:20Z"}, "exited": null}'
CROSSING = '{"id": "b", "arrived": {"est": "2026-10-26T07:33:20Z"}, "departed": {"est": "2026-10-26T09:33:20Z"}}'
TRIP = '{"unit": "U1", "from_s": 5, "to_s": 9}'
CUSTODY = '{"place": "a", "start": {"est": "2026-10-26T07:33:20Z"}, "end": null}'
KnotOfOld = tuple[int, int, int, int, int, int, int, int, int | None, int | None, int | None, int | None, int | None]
KNOTS_OF_OLD: tuple[KnotOfOld, ...] = (
    (1, START_S, 1, 5, 2_500_000, 6_700_000, 0, 60, None, None, None, None, None),
    (1, START_S + 20_000, 1, 5, -3_300_000, -7_000_000, 300, -1, 0, 359, 10_000, 0, 65_535),
)


def old_file(folder: Path, version: int) -> None:
    """A store as the release of that version of the schema wrote it, with a row of everything."""
    database = Database(folder / FILE, SCRIPTS[:version])
    with database.writing() as db:
        db.execute("INSERT INTO devices VALUES (1, ?, 0)", (DEVICE,))
        db.execute("INSERT INTO assignments VALUES (1, 1, 'U1', NULL, NULL)")
        db.execute("INSERT INTO outboxes VALUES (1, 1, ?, 60000)", (EPOCH,))
        db.execute("INSERT INTO seq_ranges VALUES (1, 0, 5, 5), (1, 1, 6, 6), (1, 2, 2, 3)")
        db.execute("INSERT INTO batches VALUES (1, 5, 60000, ?)", (payload(5),))
        db.execute(
            "INSERT INTO quarantine VALUES (1, ?, 'undecodable', 'why', x'00', 5, NULL, NULL, x'fffe')", (DEVICE,)
        )
        db.execute("INSERT INTO statuses VALUES (?, 5, 1, '{}')", (DEVICE,))
        if version >= THIRD:
            db.executemany("INSERT INTO knots VALUES (?,?,?,?,?,?,?,?)", map(_packed, KNOTS_OF_OLD))
            boxes = [(time_s // PART_S, 1, lat, lat, lon, lon) for _, time_s, _, _, lat, lon, *_ in KNOTS_OF_OLD]
            db.executemany(INSERTS["boxes"], boxes)
        else:
            db.executemany(f"INSERT INTO knots VALUES ({','.join('?' * 13)})", KNOTS_OF_OLD)
        db.execute("INSERT INTO readings VALUES (1, 0, ?, -35)", (START_S,))
        db.execute("INSERT INTO events VALUES (1, ?, 1, 5, 0, 1, 0)", (START_S,))
        db.execute("INSERT INTO undated VALUES (1, 9, 1, 5, 0, 12, 2, 0)")
        db.execute("INSERT INTO boot_clocks VALUES (1, 9, 1, 5, ?)", (START_S,))
        db.execute("INSERT INTO units VALUES ('U1', ?)", ('{"unit": "U1"}',))
        db.execute("INSERT INTO visits (unit, nth, open, row) VALUES ('U1', 0, 1, ?)", (VISIT,))
        db.execute("INSERT INTO crossings (unit, nth, open, row, border) VALUES ('U1', 0, 1, ?, 'x')", (CROSSING,))
        db.execute("INSERT INTO untrusted VALUES ('U1', ?, ?, ?, 'jump')", (DEVICE, EPOCH, START_S))
        if version >= SECOND:
            db.execute("INSERT INTO progress VALUES ('U1', ?, ?)", ('{"km": 1}', TRIP))
            db.execute("INSERT INTO custody VALUES ('U1', 0, ?)", (CUSTODY,))
    database.close()


def _packed(row: KnotOfOld) -> tuple[int | None, ...]:
    """As schema 3 has it."""
    _, time_s, outbox, seq, lat_e5, lon_e5, dark_s, delay_s, *state = row
    scalars = {quantity.bit: value for quantity, value in zip(STATE, state, strict=True) if value is not None}
    return outbox, time_s, seq, lat_e5, lon_e5, dark_s, delay_s, pack_state(scalars)
