"""What is let go after its time, in steps of a few milliseconds between the groups of ingest.

The decisions are the settings'; a number of the ledger stays what it was, and so does what was derived of what goes
(past.py). Freed space is used again: the file does not shrink.
"""

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Final

from railbox_server.store import sqlite_writes as writes
from railbox_server.store.database import Database
from railbox_server.store.interface import StoreError, UnstorableError
from railbox_server.store.past import note, span_of
from railbox_server.store.settings import RetentionSettings
from railbox_server.store.sqlite_derived import count_statistics
from railbox_server.store.sqlite_rows import PART_S, SERIES
from railbox_server.store.values import Row
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.tables import CHANNELS

log = logging.getLogger(__name__)

STEP_ROWS: Final = 500
DAY_S: Final = 86_400
MEGABYTE: Final = 1_000_000
LOOK_S: Final = 10.0
"""How often quarantine is held against its limit."""
ROUND_S: Final = 3_600.0
LEAST_REST_S: Final = 0.005
_OUTSIDE_S: Final = DAY_S
"""Kept before a stay, so that its beginning stays known, and what held then."""
_STAYS: Final = """
    WITH own AS (SELECT unit FROM assignments WHERE device_id = :device
                  UNION SELECT device FROM devices WHERE id = :device)
    SELECT row FROM visits WHERE unit IN own UNION ALL SELECT row FROM crossings WHERE unit IN own"""
_NEWEST: Final = """
    SELECT (SELECT max(time_s) FROM knots WHERE outbox_id = o.id) FROM outboxes o WHERE o.device_id = ?"""

_PAST_KEYS: Final = {"visits": "nth", "crossings": "nth", "trips": "from_s", "custody": "from_s, until_s, what"}
"""What a unit leaves behind, and what tells its rows apart."""

Step = Callable[[], int]
"""Lets some rows go in one transaction; returns how many, 0 when there are no more. What to let go is looked for by a
reader, for whom nobody waits."""


def let_go(db: Database, settings: RetentionSettings, now_s: float) -> Iterator[tuple[str, int]]:
    """Kind and number of rows after each step, until all that is over its time is gone. Raises StoreError."""
    for kind, step in _steps(db, settings, int(now_s)):
        while count := step():
            yield kind, count


def hold_quarantine(db: Database, settings: RetentionSettings) -> Iterator[tuple[str, int]]:
    """Until quarantine is within its limit: the oldest of whoever has most there goes first, so that a stranger who
    sends without end costs others nothing. Raises StoreError."""
    limit = settings.quarantine_mb * MEGABYTE
    while limit and (count := _shrink_quarantine(db, limit)):
        yield "quarantine", count


class Keeper:
    """A thread that does both, for as long as the server runs."""

    def __init__(self, db: Database, settings: RetentionSettings, now_s: Callable[[], float] = time.time) -> None:
        self.gone: Counter[str] = Counter()
        """Rows let go since the start, by kind."""
        self._db = db
        self._settings = settings
        self._now_s = now_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        next_s = float("-inf")
        while not self._stopping.is_set():
            try:
                self._work(hold_quarantine(self._db, self._settings))
                if time.monotonic() >= next_s:
                    self._work(let_go(self._db, self._settings, self._now_s()))
                    next_s = time.monotonic() + ROUND_S
            except (StoreError, UnstorableError) as error:
                log.error("retention: %s; trying again in %.0f s", error, LOOK_S)
            self._stopping.wait(LOOK_S)

    def _work(self, steps: Iterator[tuple[str, int]]) -> None:
        """Rests after each step as long as it took, so that ingest has the store for half of the time at least."""
        gone: Counter[str] = Counter()
        started_s = time.monotonic()
        for kind, count in steps:
            gone[kind] += count
            self.gone[kind] += count
            ended_s = time.monotonic()
            if self._stopping.wait(max(LEAST_REST_S, ended_s - started_s)):
                break
            started_s = time.monotonic()
        if gone:
            log.info("retention: let go of %s", ", ".join(f"{count} {kind}" for kind, count in sorted(gone.items())))


def _steps(db: Database, settings: RetentionSettings, now_s: int) -> Iterator[tuple[str, Step]]:
    """Every kind that has a time, by outbox, device or unit where its rows are clustered so."""
    with db.reading() as reader:
        outboxes: list[tuple[int, int]] = reader.execute("SELECT id, device_id FROM outboxes").fetchall()
        units: list[str] = [unit for (unit,) in reader.execute("SELECT unit FROM units")]
    cut = {
        field.name.removesuffix("_days"): now_s - getattr(settings, field.name) * DAY_S
        for field in fields(settings)
        if field.name.endswith("_days") and getattr(settings, field.name)
    }
    before_s = _before_s(db, cut, sorted({device for _, device in outboxes}))
    with db.writing() as at:
        for kind, times_s in before_s.items():
            note(at, kind, times_s)
    if "batches" in cut:
        for outbox, _ in outboxes:
            yield "batches", partial(_let_batches_go, db, outbox, cut["batches"] * 1000)
    for kind in (kind for kind in SERIES if kind in before_s):
        for key, device in _clusters(kind, outboxes):
            margin_s = 0 if kind == "knots" else _OUTSIDE_S
            yield kind, partial(_delete_before, db, kind, key, before_s[kind][device] - margin_s)
    if "knots" in before_s:
        yield "boxes", partial(_delete_boxes, db, min(before_s["knots"].values(), default=0) // PART_S)
    if "visits" in cut:
        for unit in units:
            for table in _PAST_KEYS:
                yield table, partial(_delete_past, db, table, unit, cut["visits"])
    for table, key in (("quarantine", "id"), ("statuses", "device")):
        if table in cut:
            yield table, partial(_delete_received, db, table, key, cut[table] * 1000)


def _before_s(db: Database, cut: Mapping[str, int], devices: Sequence[int]) -> dict[str, dict[int, int]]:
    """By kind and device, until when goes what visits and custody are made of, and they themselves."""
    found = {kind: dict.fromkeys(devices, cut[kind]) for kind in (*SERIES, "visits") if kind in cut}
    if "knots" in found:
        found["knots"] = {device: _before_stays(db, device, cut["knots"]) for device in devices}
    return found


def _clusters(table: str, outboxes: Sequence[tuple[int, int]]) -> Iterator[tuple[dict[str, int], int]]:
    """What the rows of a time series are clustered by, before their time: a key and the device."""
    if table == "knots":
        yield from (({"outbox_id": outbox}, device) for outbox, device in outboxes)
        return
    for device in sorted({device for _, device in outboxes}):
        if table == "readings":
            yield from (({"device_id": device, "channel": channel.bit}, device) for channel in CHANNELS)
        else:
            yield {"device_id": device}, device


def _before_stays(db: Database, device: int, cut_s: int) -> int:
    """The time, or an earlier one, that is within no visit and no crossing of the device's units: one that lost its
    beginning would be judged anew as another one. Nor is it near the device's last knot: where it was seen last stays
    known."""
    with db.reading() as reader:
        rows: list[Row] = [json.loads(row) for (row,) in reader.execute(_STAYS, {"device": device})]
        newest: list[int] = [row[0] for row in reader.execute(_NEWEST, (device,)) if row[0] is not None]
    if newest:
        cut_s = min(cut_s, max(newest) - _OUTSIDE_S)
    spans = sorted(map(span_of, rows), reverse=True)
    for start_s, end_s in spans:
        if start_s - _OUTSIDE_S < cut_s <= end_s:
            cut_s = start_s - _OUTSIDE_S
    return cut_s


def _let_batches_go(db: Database, outbox: int, before_ms: int) -> int:
    """Those that another database waits for stay."""
    query = """SELECT seq FROM batches b WHERE outbox_id = ?1 AND received_at_ms < ?2
                  AND NOT EXISTS (SELECT 1 FROM spool s WHERE s.outbox_id = ?1 AND s.seq = b.seq) LIMIT ?3"""
    with db.reading() as reader:
        seqs: list[int] = [row[0] for row in reader.execute(query, (outbox, before_ms, STEP_ROWS))]
    if seqs:
        expired = SeqSet()
        for seq in seqs:
            expired.add(seq)
        with db.writing() as at:
            at.executemany("DELETE FROM batches WHERE outbox_id = ? AND seq = ?", [(outbox, seq) for seq in seqs])
            writes.add_expired(at, outbox, expired)
    return len(seqs)


def _delete_before(db: Database, table: str, key: Mapping[str, int], before_s: int) -> int:
    """The oldest rows of a table that is clustered by this key and time."""
    where = " AND ".join(f"{column} = ?" for column in key) + " AND time_s < ?"
    args = (*key.values(), before_s)
    with db.reading() as reader:
        query = f"SELECT time_s FROM {table} WHERE {where} ORDER BY time_s LIMIT ?"  # noqa: S608 - our tables
        times: list[int] = [row[0] for row in reader.execute(query, (*args, STEP_ROWS))]
    if not times:
        return 0
    with db.writing() as at:
        return at.execute(f"DELETE FROM {table} WHERE {where}", (*key.values(), times[-1] + 1)).rowcount  # noqa: S608 - our tables


def _delete_boxes(db: Database, before_part: int) -> int:
    some = "SELECT part, outbox_id FROM boxes WHERE part < ? LIMIT ?"
    with db.writing() as at:
        query = f"DELETE FROM boxes WHERE (part, outbox_id) IN ({some})"  # noqa: S608 - as above
        return at.execute(query, (before_part, STEP_ROWS)).rowcount


def _delete_past(db: Database, table: str, unit: str, before_s: int) -> int:
    """What a unit's table says of the time before, and was over by then."""
    keys = _PAST_KEYS[table]
    query = f"SELECT {keys} FROM {table} WHERE unit = ? AND until_s < ? LIMIT ?"  # noqa: S608 - our tables
    with db.reading() as reader:
        gone = reader.execute(query, (unit, before_s, STEP_ROWS)).fetchall()
    if gone:
        values = ",".join("?" * len(gone[0]))
        with db.writing() as at:
            query = f"DELETE FROM {table} WHERE unit = ? AND ({keys}) = ({values})"  # noqa: S608 - our tables
            at.executemany(query, [(unit, *key) for key in gone])
            count_statistics(at)
    return len(gone)


def _delete_received(db: Database, table: str, key: str, before_ms: int) -> int:
    query = f"SELECT {key} FROM {table} WHERE received_at_ms < ? LIMIT ?"  # noqa: S608 - our tables
    with db.reading() as reader:
        keys = reader.execute(query, (before_ms, STEP_ROWS)).fetchall()
    if keys:
        with db.writing() as at:
            at.executemany(f"DELETE FROM {table} WHERE {key} = ?", keys)  # noqa: S608 - our tables
    return len(keys)


def _shrink_quarantine(db: Database, limit: int) -> int:
    with db.reading() as reader:
        held = int(reader.execute("SELECT value FROM meta WHERE key = 'quarantine_bytes'").fetchone()[0])
        if held <= limit:
            return 0
        (device,) = reader.execute(
            "SELECT device FROM quarantine GROUP BY device ORDER BY sum(length(payload)) DESC LIMIT 1"
        ).fetchone()
        query = "SELECT id, length(payload) FROM quarantine WHERE device = ? ORDER BY id LIMIT ?"
        rows: list[tuple[int, int]] = reader.execute(query, (device, STEP_ROWS)).fetchall()
    gone: list[tuple[int]] = []
    for row_id, size in rows:
        if held > limit:
            gone.append((row_id,))
            held -= size
    with db.writing() as at:
        at.executemany("DELETE FROM quarantine WHERE id = ?", gone)
    return len(gone)
