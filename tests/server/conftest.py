"""A store of each implementation, empty: what tests of the server start from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from railbox_server.store.interface import Store
from railbox_server.store.sqlite import SqliteStore

IMPLEMENTATIONS: dict[str, Callable[[Path], Store]] = {"sqlite": SqliteStore}


@pytest.fixture(params=sorted(IMPLEMENTATIONS))
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same store again at each call, as a second process would."""
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(IMPLEMENTATIONS[request.param](tmp_path / "data"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()
