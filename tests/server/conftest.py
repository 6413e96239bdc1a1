"""Stores of each implementation, empty: what tests of the server start from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from railbox_server.store.interface import Store
from railbox_server.store.sqlite import SqliteStore

IMPLEMENTATIONS: dict[str, Callable[[Path], Store]] = {"sqlite": SqliteStore}


@pytest.fixture(params=sorted(IMPLEMENTATIONS))
def store_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """The store in a folder of that name; opened again at each call, as a second process would."""
    opened: list[Store] = []

    def open_one(name: str) -> Store:
        opened.append(IMPLEMENTATIONS[request.param](tmp_path / name))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def open_store(store_in: Callable[[str], Store]) -> Callable[[], Store]:
    """Opens the same store again at each call."""
    return lambda: store_in("data")


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()
