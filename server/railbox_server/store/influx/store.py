"""The store whose time series are in InfluxDB, and whose books are in SQLite."""

from pathlib import Path

from railbox_server.store.database import Database
from railbox_server.store.influx.client import Reading
from railbox_server.store.influx.series import InfluxSeries
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.settings import InfluxSettings
from railbox_server.store.sqlite import FILE
from railbox_server.store.sqlite_books import SqliteBooks


class InfluxStore(SqliteBooks, InfluxSeries):
    """Implements `interface.Store`. A batch is safe in SQLite first; delivery.py takes it on."""

    def __init__(self, folder: Path, settings: InfluxSettings, token: str | None) -> None:
        super().__init__(Database(folder / FILE, SCRIPTS), series=False, spooled=True)
        self._reading = Reading(settings, token)

    def close(self) -> None:
        self._reading.close()
        super().close()
