"""The store whose time series are in InfluxDB, and whose books are in SQLite."""

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from railbox_server.store.database import Database
from railbox_server.store.influx.client import Reading
from railbox_server.store.influx.series import InfluxSeries
from railbox_server.store.interface import MovedError
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.settings import InfluxSettings
from railbox_server.store.sqlite import FILE
from railbox_server.store.sqlite_books import SqliteBooks


class InfluxStore(SqliteBooks, InfluxSeries):
    """Implements `interface.Store`. A batch is safe in SQLite first; delivery.py takes it on."""

    def __init__(self, folder: Path, settings: InfluxSettings, token: str | None) -> None:
        super().__init__(Database(folder / FILE, SCRIPTS), series=False, spooled=True)
        self._reading = Reading(settings, token)

    @contextmanager
    def at_one_moment(self, devices: Collection[str]) -> Generator[Mapping[tuple[str, int], int]]:
        """InfluxDB has no snapshots, and may have been sent meanwhile what came meanwhile."""
        stored = self._counts_of(devices)
        yield stored
        if self._counts_of(devices) != stored:
            raise MovedError(f"of {', '.join(devices)} something was stored meanwhile")

    def close(self) -> None:
        self._reading.close()
        super().close()
