"""The server's store with all that cares for it: mended before it is opened, delivered from, and let go of in time."""

from pathlib import Path
from typing import Final

from railbox_server.store.health import Condition, mend, set_aside
from railbox_server.store.influx.delivery import Delivery
from railbox_server.store.influx.store import InfluxStore
from railbox_server.store.opening import note, store_of, token_of
from railbox_server.store.retention import Keeper
from railbox_server.store.settings import StoreSettings
from railbox_server.store.sqlite import FILE, SqliteStore

DAMAGED: Final = "store_set_aside"
"""Counter: damaged files beside the store, until somebody takes them away."""


class Keeping:
    """`start` and `stop` are of what runs beside; the store is open until `close`. Raises StoreError."""

    def __init__(self, folder: Path, settings: StoreSettings) -> None:
        self._path = folder / FILE
        sends = settings.kind != "sqlite"
        self.condition: Condition = mend(
            self._path, settings.check_s, series=settings.kind != "influxdb", spooled=sends
        )
        note(folder, settings)
        self.store: SqliteStore | InfluxStore = store_of(folder, settings)
        db = self.store.database
        self._keeper = Keeper(db, settings.retention)
        self._delivery = Delivery(db, settings.influxdb, token_of(settings.influxdb)) if sends else None

    def start(self) -> None:
        self._keeper.start()
        if self._delivery is not None:
            self._delivery.start()

    def stop(self) -> None:
        self._keeper.stop()
        if self._delivery is not None:
            self._delivery.stop()

    def close(self) -> None:
        self.store.close()

    @property
    def counters(self) -> dict[str, int]:
        """For people and metrics: what was let go and delivered, what waits, and damaged files beside the store."""
        counts = {DAMAGED: len(set_aside(self._path))}
        counts |= {f"let_go_{kind}": count for kind, count in sorted(self._keeper.gone.items())}
        if self._delivery is not None:
            counts |= {"spool": self._delivery.waiting(), **self._delivery.counters}
        return counts
