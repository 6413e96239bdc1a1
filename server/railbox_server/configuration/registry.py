"""The file of wanted configurations and of what became of them, beside the store in the data folder.

Its own file: losing it loses no data of any tracker, and versions rise with the clock, so trackers heed the next one
all the same. Knows nothing of the broker.
"""

import json
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from railbox_server.configuration.model import Heard, Report, Stand, Wanted
from railbox_server.store.database import Database
from railbox_server.store.interface import StoreError

log = logging.getLogger(__name__)

FILE: Final = "configuration.db"
DAMAGED: Final = "configuration.damaged.db"
KEPT: Final = 20
"""Configurations of a device that are kept: the wanted one, and those before it."""
_SCRIPTS: Final = (
    """
CREATE TABLE wanted (
    device TEXT NOT NULL,
    version INTEGER NOT NULL,
    settings TEXT NOT NULL,           -- JSON
    wanted_at_ms INTEGER NOT NULL,
    stand TEXT NOT NULL,
    reason TEXT,
    reported_at_ms INTEGER,
    PRIMARY KEY (device, version)
) WITHOUT ROWID;
CREATE TABLE heard (
    device TEXT PRIMARY KEY,
    in_force INTEGER,
    received_at_ms INTEGER NOT NULL,
    unreadable TEXT
) WITHOUT ROWID;
""",
)
_COLUMNS: Final = "device, version, settings, wanted_at_ms, stand, reason, reported_at_ms"
_NEWEST: Final = "version = (SELECT max(version) FROM wanted AS other WHERE other.device = wanted.device)"


class Registry:
    """Safe from several threads. Everything raises StoreError."""

    def __init__(self, folder: Path) -> None:
        self._database = _opened(folder / FILE)

    def close(self) -> None:
        self._database.close()

    def want(self, devices: Sequence[str], settings: Mapping[str, object], now_ms: int) -> list[Wanted]:
        """Each device's new wanted configuration, all or none of them: newer than any it can have seen."""
        with self._database.writing() as database:
            return [_insert(database, device, settings, now_ms) for device in devices]

    def newest(self, device: str) -> Wanted | None:
        found = self.history(device, 1)
        return found[0] if found else None

    def history(self, device: str, limit: int = KEPT) -> list[Wanted]:
        """The newest first."""
        return self._wanted("WHERE device = ? ORDER BY version DESC LIMIT ?", device, limit)

    def all_newest(self) -> list[Wanted]:
        """Of every device that has one, by name."""
        return self._wanted(f"WHERE {_NEWEST} ORDER BY device")

    def pending(self) -> list[Wanted]:
        """Those that are wanted and of which nothing was heard."""
        return self._wanted(f"WHERE {_NEWEST} AND stand = ? ORDER BY device", Stand.PENDING)

    def heard(self, device: str | None = None) -> dict[str, Heard]:
        """What was heard last, of this device or of all."""
        query = "SELECT device, in_force, received_at_ms, unreadable FROM heard WHERE device = coalesce(?, device)"
        with self._database.reading() as database:
            return {name: Heard(*rest) for name, *rest in database.execute(query, (device,))}

    def report(self, reports: Sequence[Report]) -> list[bool]:
        """Notes what trackers said, all of it together; False of whom nothing was ever wanted. The same again changes
        nothing, and costs next to nothing: the broker says every tracker's last word at each connection."""
        with self._database.reading() as database:
            is_wanted = [_is_wanted(database, each.device) for each in reports]
            wanted = [each for each, is_one in zip(reports, is_wanted, strict=True) if is_one]
            if all(_is_known(database, each) for each in wanted):
                return is_wanted
        with self._database.writing() as database:
            for each in wanted:
                if not _is_known(database, each):
                    _note(database, each)
        return is_wanted

    def _wanted(self, clause: str, *values: object) -> list[Wanted]:
        with self._database.reading() as database:
            rows = database.execute(f"SELECT {_COLUMNS} FROM wanted {clause}", values)  # noqa: S608 - constants above
            return [_wanted_of(row) for row in rows]


def _is_wanted(database: sqlite3.Connection, device: str) -> bool:
    return database.execute("SELECT 1 FROM wanted WHERE device = ? LIMIT 1", (device,)).fetchone() is not None


def _is_known(database: sqlite3.Connection, report: Report) -> bool:
    """Whether it would change no row."""
    device, result = report.device, report.result
    heard = database.execute("SELECT in_force, unreadable FROM heard WHERE device = ?", (device,)).fetchone()
    changed = database.execute(
        "SELECT 1 FROM wanted WHERE device = ?1 AND "
        "((version = ?2 AND (stand, reason) IS NOT (?3, ?4)) OR (version = ?5 AND stand = ?6))",
        (device, result.version, result.state, result.reason, result.in_force, Stand.PENDING),
    ).fetchone()
    return heard == (result.in_force, report.unreadable) and changed is None


def _note(database: sqlite3.Connection, report: Report) -> None:
    device, result, at_ms = report.device, report.result, report.received_at_ms
    change = "UPDATE wanted SET stand = ?, reason = ?, reported_at_ms = ? WHERE device = ? AND version = ?"
    database.execute(
        f"{change} AND (stand, reason) IS NOT (?, ?)",
        (result.state, result.reason, at_ms, device, result.version, result.state, result.reason),
    )
    # What holds there was applied, also when the tracker's word of it gave way to a later one.
    database.execute(f"{change} AND stand = ?", (Stand.APPLIED, None, at_ms, device, result.in_force, Stand.PENDING))
    database.execute(
        "INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?)", (device, result.in_force, at_ms, report.unreadable)
    )


def _insert(database: sqlite3.Connection, device: str, settings: Mapping[str, object], now_ms: int) -> Wanted:
    (newest,) = database.execute("SELECT max(version) FROM wanted WHERE device = ?", (device,)).fetchone()
    version = max(now_ms // 1000, (newest or 0) + 1)
    database.execute(
        f"INSERT INTO wanted ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, NULL, NULL)",  # noqa: S608 - a constant above
        (device, version, json.dumps(settings), now_ms, Stand.PENDING),
    )
    database.execute(
        "DELETE FROM wanted WHERE device = ?1 AND version NOT IN "
        "(SELECT version FROM wanted WHERE device = ?1 ORDER BY version DESC LIMIT ?2)",
        (device, KEPT),
    )
    return Wanted(device, version, settings, now_ms)


def _wanted_of(row: Sequence[Any]) -> Wanted:
    device, version, settings, wanted_at_ms, stand, reason, reported_at_ms = row
    return Wanted(device, version, json.loads(settings), wanted_at_ms, Stand(stand), reason, reported_at_ms)


def _opened(path: Path) -> Database:
    """A damaged file is set aside: the server starts."""
    try:
        return Database(path, _SCRIPTS)
    except StoreError as error:
        code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
        if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        aside = path.with_name(DAMAGED)
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
        log.error("%s: damaged, set aside as %s: which configurations were wanted is not known any more", path, aside)
        return Database(path, _SCRIPTS)
