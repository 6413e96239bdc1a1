"""Whether a store's file can be trusted. One that cannot is set aside, and what can be read of it goes on.

At a start, before anything else has the file open. Never refuses: the worst is a new, empty store beside the old file.
"""

import logging
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from railbox_server.store.database import SUSPECT
from railbox_server.store.interface import StoreError
from railbox_server.store.salvage import Salvaged, salvage

log = logging.getLogger(__name__)

ASIDE: Final = ".damaged-"
_TICKS: Final = 1_000
"""Steps of SQLite's machine between looks at the clock."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a start found. `damage` is None while the file is sound."""

    damage: str | None = None
    set_aside: Path | None = None
    salvaged: Salvaged = field(default_factory=Salvaged)


def mend(path: Path, check_s: float, *, series: bool = True, spooled: bool = False) -> Condition:
    """Looks through the file for so long at most, whole when it is suspect; sets it aside when it is damaged."""
    new = _salvaged_of(path)
    if not path.exists():
        if new.exists():  # cut off between the last two steps, with the work done
            new.rename(path)
        return Condition()
    suspect = path.with_name(path.name + SUSPECT)
    _, damage = check(path, None if suspect.exists() else check_s)
    if damage is None:
        suspect.unlink(missing_ok=True)
        return Condition()
    log.error("store %s is damaged: %s; saving what can be read", path, damage)
    _remove(new)
    try:
        salvaged = salvage(path, new, series=series, spooled=spooled)
    except (sqlite3.Error, StoreError, OSError) as error:
        log.error("nothing of %s can be saved (%s): the server goes on with a new store", path, error)
        salvaged = Salvaged()
        _remove(new)
    aside = path.with_name(path.name + ASIDE + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    for suffix in ("", "-wal", "-shm"):
        if (part := path.with_name(path.name + suffix)).exists():
            part.rename(aside.with_name(aside.name + suffix))
    if new.exists():
        new.rename(path)
    suspect.unlink(missing_ok=True)
    log.error("the damaged store is kept as %s; %s", aside, salvaged)
    return Condition(damage, aside, salvaged)


def check(path: Path, limit_s: float | None) -> tuple[bool, str | None]:
    """Whether all of it was looked through, and the first damage found."""
    end_s = None if limit_s is None else time.monotonic() + limit_s
    try:
        db = sqlite3.connect(path, isolation_level=None)
        try:
            db.set_progress_handler(lambda: end_s is not None and time.monotonic() > end_s, _TICKS)
            db.execute("PRAGMA user_version").fetchone()
            found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            db.close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return False, None
        # Not to be opened or read now is no damage: whoever opens it next says so.
        return False, None if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT else str(error)
    except sqlite3.DatabaseError as error:
        return False, str(error)
    return True, None if found == "ok" else str(found)


def set_aside(path: Path) -> list[Path]:
    """Damaged files kept beside the store, the oldest first."""
    return sorted(file for file in path.parent.glob(f"{path.name}{ASIDE}*") if not file.name.endswith(("-wal", "-shm")))


def _salvaged_of(path: Path) -> Path:
    return path.with_name(path.name + ".salvaged")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
