"""Whether the server can do its work: what each part says that hinders it. Asks, and changes nothing."""

from collections.abc import Callable, Mapping
from typing import Protocol

from railbox_server.store.interface import StoreError


class Probed(Protocol):
    def probe(self) -> None:
        """Raises StoreError when nothing can be written now."""
        ...


Checks = Mapping[str, Callable[[], str | None]]
"""By part what hinders it; None: it works."""


def checks(store: Probed, broker: Callable[[], bool], address: str, engine: Callable[[], bool]) -> Checks:
    """`broker`: we are connected and subscribed; `engine`: its process runs, and has judged or is judging."""
    return {
        "store": lambda: _store(store),
        "broker": lambda: None if broker() else f"no connection to {address}; it is tried again by itself",
        "engine": lambda: None if engine() else "its process is not up; it is started again by itself",
    }


def _store(store: Probed) -> str | None:
    try:
        store.probe()
    except StoreError as error:
        return str(error)
    return None
