"""Batches given to ingest as if the broker had delivered them; returns when they are safe."""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from railbox_server.errors import ServerError
from railbox_server.ingest.parcel import Message
from railbox_telemetry.topics import Leaf, Topic

TIMEOUT_S: Final = 120.0


class NotTakenError(ServerError):
    """The store did not take it in time; what was taken stays, and a second try adds the rest."""


def hand_in(put: Callable[[Message], None], device: str, payloads: Sequence[bytes], now_ms: int) -> None:
    """`put` is ingest's inbox, and waits while that is full. Raises NotTakenError."""
    topic = str(Topic(device, Leaf.BATCH))
    safe = threading.Semaphore(0)
    for payload in payloads:
        put(Message(topic, payload, now_ms, safe.release))
    for _ in payloads:
        if not safe.acquire(timeout=TIMEOUT_S):
            raise NotTakenError("the store is busy or full; import the same file again later: nothing comes in twice")
