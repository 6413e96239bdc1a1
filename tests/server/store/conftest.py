"""The stores that the one suite runs on: SQLite, InfluxDB, and InfluxDB while it is sent nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from railbox_server.store.influx.delivery import Delivery
from railbox_server.store.influx.store import InfluxStore
from railbox_server.store.interface import Store
from railbox_server.store.settings import InfluxSettings
from railbox_server.store.sqlite import SqliteStore
from railbox_server.store.values import Group
from support.influx import Influx, influxdb

DELIVERED_S = 20.0


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """One InfluxDB for all tests, each of which has a database of its own."""
    with influxdb(tmp_path_factory.mktemp("influx")) as running:
        yield running


@pytest.fixture
def influx_settings(influx: Influx, request: pytest.FixtureRequest) -> InfluxSettings:
    return InfluxSettings(url=influx.url, bucket=influx.database(f"db{abs(hash(request.node.nodeid))}"), flush_ms=10)


class Delivered(InfluxStore):
    """What is written is in InfluxDB when `write` returns."""

    def __init__(self, folder: Path, settings: InfluxSettings, token: str | None) -> None:
        super().__init__(folder, settings, token)
        self._delivery = Delivery(self.database, settings, token)

    def write(self, group: Group) -> None:
        super().write(group)
        while self._delivery.waiting():
            assert self._delivery.deliver(DELIVERED_S)

    def close(self) -> None:
        self._delivery.stop()
        super().close()


@pytest.fixture(params=["influxdb", "influxdb-spool", "sqlite"])
def store_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """The store in a folder of that name; opened again at each call, as a second process would."""
    opened: list[Store] = []

    def open_one(name: str) -> Store:
        if request.param == "sqlite":
            store: Store = SqliteStore(tmp_path / name)
        else:
            kind = Delivered if request.param == "influxdb" else InfluxStore
            store = kind(tmp_path / name, request.getfixturevalue("influx_settings"), None)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()
