"""Whether the server can do its work: what each part says that hinders it. Asks, and changes nothing."""

import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from railbox_server.store.interface import StoreError

KEPT_S: Final = 1.0


class Probed(Protocol):
    def probe(self) -> None:
        """Raises StoreError when nothing can be written now."""
        ...


Checks = Mapping[str, Callable[[], str | None]]
"""By part what hinders it; None: it works."""


def checks(
    store: Probed,
    broker: Callable[[], bool],
    address: str,
    engine: Callable[[], bool],
    mono_s: Callable[[], float] = time.monotonic,
) -> Checks:
    """`broker`: we are connected and subscribed; `engine`: its process runs, and has judged or is judging."""
    return {
        "store": _Probe(store, mono_s),
        "broker": lambda: None if broker() else f"no connection to {address}; it is tried again by itself",
        "engine": lambda: None if engine() else "its process is not up; it is started again by itself",
    }


class _Probe:
    """What the store last said, asked again after a while: whoever may ask without a token makes no work of it."""

    def __init__(self, store: Probed, mono_s: Callable[[], float]) -> None:
        self._store = store
        self._mono_s = mono_s
        self._said: str | None = None
        self._ask_at_s = float("-inf")

    def __call__(self) -> str | None:
        now_s = self._mono_s()
        if now_s >= self._ask_at_s:
            self._ask_at_s = now_s + KEPT_S
            try:
                self._store.probe()
                self._said = None
            except StoreError as error:
                self._said = str(error)
        return self._said
