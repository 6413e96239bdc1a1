"""The outbox's file: opened, checked, set aside when damaged, and what can still be read out of a damaged one.

SQLite in WAL mode with synchronous=FULL: what was committed survives a power cut. Knows no batches, only rows.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from railbox_agent import AgentError

NAME: Final = "outbox.db"
KEEP_SET_ASIDE: Final = 3
EPOCH_BITS: Final = 28
LOCK_TIMEOUT_S: Final = 0.5
"""How long the process before this one gets to let go of the file."""
PAGE_BYTES: Final = 1_024
"""A commit writes one page as a rule: with SQLite's usual 4,096 bytes it took two blocks of the card each time."""
LOG_BYTES: Final = 1_048_576
"""At this size the write-ahead log is folded into the file: it counts against the space that the cap speaks of."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outbox (epoch INTEGER NOT NULL, schema INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused, also when the highest row was deleted
    urgent INTEGER NOT NULL,               -- 1: holds an event, evicted last
    open INTEGER NOT NULL,                 -- 1: still being collected, rewritten at every commit, not to be sent
    tries INTEGER NOT NULL,                -- how often it was sent; may lag behind by a few seconds
    time_s INTEGER,                        -- newest time inside
    payload BLOB NOT NULL
);
-- Batches that had to go, and that no batch tells the server of yet.
CREATE TABLE IF NOT EXISTS discarded (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
-- What else is to survive a restart, written together with the batches it belongs to.
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
"""
_SCHEMA_VERSION: Final = 1
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class OutboxInUseError(AgentError):
    """Another process holds the outbox: two of them would give out the same numbers."""


@dataclass(frozen=True, slots=True)
class Opened:
    """`set_aside`: where a damaged predecessor was moved to. `error`: why the file is one in memory only."""

    database: sqlite3.Connection
    epoch: int
    set_aside: Path | None = None
    error: str | None = None


def open_file(folder: Path) -> Opened:
    """The folder's outbox; a new one where there is none or it is damaged, and one in memory where none can be written.

    Raises OutboxInUseError.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _opened(str(path), None)
    except sqlite3.Error as error:
        if is_damage(error):
            return replace_file(folder)
        if _code(error) == sqlite3.SQLITE_BUSY:
            raise OutboxInUseError(f"{path}: another railbox process uses this outbox; stop it first") from error
        return open_in_memory(f"{path}: {error}")
    except OSError as error:
        return open_in_memory(f"{path}: {error.strerror}")


def replace_file(folder: Path) -> Opened:
    """A new outbox after the damaged one, which nobody has open, was set aside; in memory where that fails too."""
    try:
        set_aside = _put_aside(folder)
        return _opened(str(folder / NAME), set_aside)
    except (OSError, sqlite3.Error) as error:
        return open_in_memory(f"{folder / NAME}: {error}")


def open_in_memory(error: str | None = None) -> Opened:
    opened = _opened(":memory:", None)
    return Opened(opened.database, opened.epoch, None, error)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, rather than the disk full, read-only or failing."""
    return _code(error) in _DAMAGED


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 on errors that Python's module raises by itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _put_aside(folder: Path) -> Path:
    """Renames the outbox out of the way and removes the oldest of those before it. Raises OSError."""
    earlier = sorted(folder.glob("outbox.damaged-*.db"), key=_number)
    for old in earlier[: -(KEEP_SET_ASIDE - 1)]:
        _remove(old)
    target = folder / f"outbox.damaged-{_number(earlier[-1]) + 1 if earlier else 1}.db"
    for suffix in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            (folder / (NAME + suffix)).rename(f"{target}{suffix}")
    return target


def salvage(path: Path) -> Iterator[bytes]:
    """The payloads that can still be read, from the oldest up to the damage and from the newest down to it."""
    seen: set[int] = set()
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
            rows = database.execute(f"SELECT seq, payload FROM batches ORDER BY seq {order}")  # noqa: S608 - two constants
            for seq, payload in rows:
                if seq in seen:
                    return
                seen.add(seq)
                if isinstance(payload, bytes):
                    yield payload


def _opened(path: str, set_aside: Path | None) -> Opened:
    database = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
    try:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute(f"PRAGMA page_size={PAGE_BYTES}")  # of a new file; an old one keeps its own
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        (page_bytes,) = database.execute("PRAGMA page_size").fetchone()
        database.execute(f"PRAGMA wal_autocheckpoint={LOG_BYTES // page_bytes}")
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _damage(str(verdict))
        database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        # What was being collected when the power went is complete now.
        database.execute("UPDATE batches SET open = 0 WHERE open = 1")
        return Opened(database, _epoch(database), set_aside)
    except sqlite3.Error:
        database.close()
        raise


def _epoch(database: sqlite3.Connection) -> int:
    row = database.execute("SELECT epoch, schema FROM outbox").fetchone()
    if row is None:
        epoch = secrets.randbits(EPOCH_BITS)
        database.execute("INSERT INTO outbox VALUES (?, ?)", (epoch, _SCHEMA_VERSION))
        return epoch
    if row[1] != _SCHEMA_VERSION:
        raise _damage(f"schema {row[1]}, this agent knows {_SCHEMA_VERSION}")
    return int(row[0])


def _damage(what: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _number(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _remove(path: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
