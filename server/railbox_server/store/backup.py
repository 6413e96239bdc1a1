"""A copy of a store while it is in use. What brings one back is restore.py."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from railbox_server.store.health import check
from railbox_server.store.interface import StoreError

Progress = Callable[[int, int], None]
"""Done, and in all."""

_PAGES: Final = 2_000


def silent(done: int, whole: int) -> None:
    """Nobody watches."""


def backup(source: Path, target: Path, progress: Progress = silent) -> int:
    """Copies the store as it is at this moment, while others read and write it; returns the copy's bytes.

    The copy is beside the target until it is whole and checked. Raises StoreError.
    """
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(part)) as copy, closing(_reader(source)) as db:
            # One transaction over all steps: else each write of another process would start the copy anew.
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            db.backup(copy, pages=_PAGES, progress=lambda _, left, whole: progress(whole - left, whole), sleep=0)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, which can be read where nothing can be written
        whole, damage = check(part, None)
        if damage or not whole:
            raise StoreError(f"the copy is not sound ({damage}): is {source} damaged? railbox store check says so")
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"backup of {source} to {target}: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def _reader(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StoreError(f"{path}: no store is there; give the folder that the server's settings name as data")
    return sqlite3.connect(path, isolation_level=None, timeout=30.0)
