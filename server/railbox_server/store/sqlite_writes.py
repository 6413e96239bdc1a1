"""How a group of batches becomes rows: plain functions over a connection inside a transaction.

Rows are prepared a table at a time, so a group costs a handful of `executemany`, not a statement a value.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from railbox_server.ledger import Ledger
from railbox_server.store.values import Derived, Group, Outbox, Quarantined, Row, Status, StoredBatch
from railbox_telemetry.tables import ACCURACY, CHANNEL_SCALAR_BASE, COURSE, FLAGS, SATS, SPEED
from railbox_telemetry.values import BootClock, Events, Positions, Readings, Undated

STORED, QUARANTINED, DISCARDED = 0, 1, 2

Ids = Mapping[Outbox, tuple[int, int]]
"""(device id, outbox id)."""
Table = dict[str, list[tuple[int | None, ...]]]

_INSERTS: Final = {
    "knots": "INSERT OR IGNORE INTO knots VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
    # Two values of a channel in one second: the greater, so that the order of arrival decides nothing.
    "readings": "INSERT INTO readings VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
    "events": "INSERT OR IGNORE INTO events VALUES (?,?,?,?,?,?,?)",
    "undated": "INSERT OR IGNORE INTO undated VALUES (?,?,?,?,?,?,?,?)",
    "boot_clocks": "INSERT OR IGNORE INTO boot_clocks VALUES (?,?,?,?,?)",
}
_STATE_COLUMNS: Final = tuple(scalar.bit for scalar in (SPEED, COURSE, ACCURACY, SATS, FLAGS))


def write_group(db: sqlite3.Connection, group: Group) -> None:
    ids = _ids(db, group)
    db.executemany(
        "INSERT OR IGNORE INTO batches VALUES (?,?,?,?)",
        [(ids[item.outbox][1], item.batch.seq, item.received_at_ms, item.payload) for item in group.batches],
    )
    for table, rows in _rows(group.batches, ids).items():
        db.executemany(_INSERTS[table], rows)
    for outbox, ledger in group.ledgers.items():
        _write_ledger(db, ids[outbox][1], ledger)
    db.executemany("DELETE FROM quarantine WHERE id = ?", [(row_id,) for row_id in group.released])
    db.executemany(
        "INSERT OR IGNORE INTO quarantine (device, reason, detail, digest, received_at_ms, epoch, seq, payload) "
        "VALUES (?,?,?,?,?,?,?,?)",
        map(_quarantine_row, group.quarantined),
    )
    db.executemany("INSERT OR REPLACE INTO statuses VALUES (?,?,?,?)", map(_status_row, group.statuses))


def device_id(db: sqlite3.Connection, device: str) -> int:
    """The device's number, given now when it has none."""
    db.execute("INSERT OR IGNORE INTO devices (device) VALUES (?)", (device,))
    return int(db.execute("SELECT id FROM devices WHERE device = ?", (device,)).fetchone()[0])


def write_derived(db: sqlite3.Connection, derived: Derived) -> bool:
    """Whether visits or crossings changed. What is already so is not written again."""
    visits_changed = _replace_rows(db, "visits", derived.unit, map(_visit_columns, derived.visits))
    crossings_changed = _replace_rows(db, "crossings", derived.unit, map(_crossing_columns, derived.crossings))
    trip_changed = _replace_progress(db, derived)
    _replace_rows(db, "custody", derived.unit, ((json.dumps(row),) for row in derived.custody))
    if crossings_changed or trip_changed:
        _count_statistics(db)
    db.execute("INSERT OR REPLACE INTO units VALUES (?,?)", (derived.unit, json.dumps(derived.row)))
    wanted = {(derived.unit, item.device, item.epoch, item.time_s, item.reason) for item in derived.untrusted}
    there = set(db.execute("SELECT * FROM untrusted WHERE unit = ?", (derived.unit,)))
    db.executemany(
        "DELETE FROM untrusted WHERE unit = ? AND device = ? AND epoch = ? AND time_s = ?",
        [item[:4] for item in there - wanted],
    )
    db.executemany("INSERT OR REPLACE INTO untrusted VALUES (?,?,?,?,?)", wanted - there)
    return visits_changed or crossings_changed


def drop_derived(db: sqlite3.Connection, unit: str) -> None:
    for table in ("units", "visits", "crossings", "untrusted", "progress", "custody"):
        db.execute(f"DELETE FROM {table} WHERE unit = ?", (unit,))  # noqa: S608 - names of this list
    _count_statistics(db)


def _replace_progress(db: sqlite3.Connection, derived: Derived) -> bool:
    """Whether the unit's trip changed."""
    trip = None if derived.trip is None else json.dumps(derived.trip)
    there = db.execute("SELECT trip FROM progress WHERE unit = ?", (derived.unit,)).fetchone()
    if derived.progress is None:
        db.execute("DELETE FROM progress WHERE unit = ?", (derived.unit,))
    else:
        db.execute("INSERT OR REPLACE INTO progress VALUES (?,?,?)", (derived.unit, json.dumps(derived.progress), trip))
    return (there[0] if there else None) != trip


def _count_statistics(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET value = value + 1 WHERE key = 'statistics_version'")


def _ids(db: sqlite3.Connection, group: Group) -> Ids:
    """The numbers of the group's devices and outboxes, given now where they have none."""
    newest: dict[Outbox, int] = dict.fromkeys(group.ledgers, 0)
    for item in group.batches:
        newest[item.outbox] = max(newest.get(item.outbox, 0), item.received_at_ms)
    for item in group.quarantined:
        if item.epoch is not None and (outbox := Outbox(item.device, item.epoch)) in newest:
            newest[outbox] = max(newest[outbox], item.received_at_ms)
    ids: dict[Outbox, tuple[int, int]] = {}
    for outbox, received_at_ms in newest.items():
        device = device_id(db, outbox.device)
        row = db.execute(
            "INSERT INTO outboxes (device_id, epoch, last_received_at_ms) VALUES (?,?,?) ON CONFLICT DO UPDATE "
            "SET last_received_at_ms = max(last_received_at_ms, excluded.last_received_at_ms) RETURNING id",
            (device, outbox.epoch, received_at_ms),
        ).fetchone()
        ids[outbox] = (device, int(row[0]))
    return ids


def _rows(batches: Iterable[StoredBatch], ids: Ids) -> Table:
    table: Table = {name: [] for name in _INSERTS}
    for item in batches:
        device, outbox = ids[item.outbox]
        seq, received_at_s = item.batch.seq, item.received_at_ms // 1000
        for nth, section in enumerate(item.batch.sections):
            match section:
                case Positions():
                    table["knots"] += _knot_rows(section, device, outbox, seq, received_at_s)
                    table["readings"] += _state_readings(section.state, device, section.knots[-1].time_s)
                case Readings():
                    table["readings"] += _reading_rows(section, device)
                    table["readings"] += _state_readings(section.state, device, section.rows[-1].time_s)
                case Events():
                    table["events"] += [
                        (device, event.time_s, outbox, seq, nth << 16 | place, event.code, event.value)
                        for place, event in enumerate(section.events)
                    ]
                case Undated(boot_id, events):
                    table["undated"] += [
                        (device, boot_id, outbox, seq, nth << 16 | place, event.monotonic_s, event.code, event.value)
                        for place, event in enumerate(events)
                    ]
                case BootClock():
                    table["boot_clocks"].append((device, section.boot_id, outbox, seq, section.utc_offset_s))
                case _:  # discarded ranges are in the ledger, sections of a later version in the raw batch
                    pass
    return table


def _knot_rows(
    section: Positions, device: int, outbox: int, seq: int, received_at_s: int
) -> Iterator[tuple[int | None, ...]]:
    last = section.knots[-1]
    nothing = (None,) * len(_STATE_COLUMNS)
    for knot in section.knots:
        state = tuple(map(section.state.get, _STATE_COLUMNS)) if knot is last else nothing
        delay_s = received_at_s - knot.time_s
        yield (device, knot.time_s, outbox, seq, knot.lat_e5, knot.lon_e5, knot.dark_s, delay_s, *state)


def _reading_rows(section: Readings, device: int) -> Iterator[tuple[int, ...]]:
    for row in section.rows:
        for channel, value in zip(section.channels, row.values, strict=True):
            yield (device, channel, row.time_s, value)


def _state_readings(state: Mapping[int, int], device: int, time_s: int) -> Iterator[tuple[int, ...]]:
    for bit, value in state.items():
        if bit >= CHANNEL_SCALAR_BASE:
            yield (device, bit - CHANNEL_SCALAR_BASE, time_s, value)


def _write_ledger(db: sqlite3.Connection, outbox_id: int, ledger: Ledger) -> None:
    wanted = {
        (state, item.first, item.last)
        for state, seqs in ((STORED, ledger.stored), (QUARANTINED, ledger.quarantined), (DISCARDED, ledger.discarded))
        for item in seqs.ranges
    }
    there = set(db.execute("SELECT state, first, last FROM seq_ranges WHERE outbox_id = ?", (outbox_id,)))
    db.executemany(
        "DELETE FROM seq_ranges WHERE outbox_id = ? AND state = ? AND first = ?",
        [(outbox_id, state, first) for state, first, _ in there - wanted],
    )
    db.executemany(
        "INSERT INTO seq_ranges VALUES (?,?,?,?)",
        [(outbox_id, state, first, last) for state, first, last in wanted - there],
    )


def read_ledgers(rows: Iterable[tuple[int, int, int]]) -> Ledger:
    """The ledger of rows (state, first, last)."""
    ledger = Ledger()
    sets = {STORED: ledger.stored, QUARANTINED: ledger.quarantined, DISCARDED: ledger.discarded}
    for state, first, last in rows:
        sets[state].add(first, last)
    return ledger


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


def _visit_columns(row: Row) -> tuple[object, ...]:
    return (row["exited"] is None, json.dumps(row))


def _crossing_columns(row: Row) -> tuple[object, ...]:
    departed: Row | None = row["departed"]
    return (departed is None, json.dumps(row), row.get("border"), departed and (departed["latest"] or departed["est"]))


def _replace_rows(db: sqlite3.Connection, table: str, unit: str, rows: Iterable[tuple[object, ...]]) -> bool:
    """Whether they were others before. Only those that differ are written."""
    wanted = {(unit, nth, *row) for nth, row in enumerate(rows)}
    there = set(db.execute(f"SELECT * FROM {table} WHERE unit = ?", (unit,)))  # noqa: S608 - a name of ours
    db.executemany(f"DELETE FROM {table} WHERE unit = ? AND nth = ?", [row[:2] for row in there - wanted])  # noqa: S608 - as above
    for row in wanted - there:
        db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)  # noqa: S608 - as above
    return wanted != there
