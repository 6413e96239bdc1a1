"""The store in one SQLite file (docs/design.md, "Store"): its books and its time series."""

from pathlib import Path
from typing import Final

from railbox_server.store.database import Database
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.sqlite_books import SqliteBooks
from railbox_server.store.sqlite_series import SqliteSeries

FILE: Final = "railbox.db"


class SqliteStore(SqliteBooks, SqliteSeries):
    """Implements `interface.Store`."""

    def __init__(self, folder: Path, file: str = FILE, *, spooled: bool = False) -> None:
        """`spooled`: another database is sent a copy of the series."""
        super().__init__(Database(folder / file, SCRIPTS), spooled=spooled)
