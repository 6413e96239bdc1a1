"""The outbox's file while no agent holds it: read, never written. An edge; `judge` judges what is found."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, cast

from railbox_agent.doctor.facts import Stored
from railbox_agent.outbox_file import NAME
from railbox_agent.parts import RATES_NOTE

DAMAGED: Final = "outbox.damaged-*.db"


def look(folder: Path) -> Stored:
    path = folder / NAME
    try:
        damaged = sum(1 for _ in folder.glob(DAMAGED))
        if not path.exists():
            return Stored(damaged=damaged)
    except OSError as error:
        return Stored(error=f"{error.filename}: {error.strerror}")
    if not os.access(path, os.R_OK | os.W_OK):
        return Stored(exists=True, damaged=damaged, error=f"{path}: Permission denied")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.5)) as database:
            return _read(database, damaged)
    except sqlite3.Error as error:
        busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        return Stored(exists=True, in_use=busy, damaged=damaged, error=None if busy else f"{path}: {error}")


def _read(database: sqlite3.Connection, damaged: int) -> Stored:
    """Raises sqlite3.Error."""
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(str(verdict))
    count, used = database.execute("SELECT count(*), coalesce(sum(length(payload)), 0) FROM batches").fetchone()
    oldest = database.execute("SELECT time_s FROM batches WHERE time_s IS NOT NULL ORDER BY seq LIMIT 1").fetchone()
    notes = dict(cast("list[tuple[str, str]]", database.execute("SELECT name, text FROM notes").fetchall()))
    return Stored(
        exists=True,
        damaged=damaged,
        batches=count,
        used_bytes=used,
        oldest_time_s=oldest and oldest[0],
        rates=json.loads(notes.get(RATES_NOTE, "{}")),
    )
