"""The server without its processes: store, ingest, engine and API in this one, driven by hand and by the test's clock.

Everything is the real part but the broker, and the threads that would wait for it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httpx
from fastapi.testclient import TestClient

from railbox_server.api.app import create_app
from railbox_server.api.services import Services, judged_rows
from railbox_server.clock import Clock, ReplayClock
from railbox_server.configuration.registry import Registry
from railbox_server.configuration.room import Configurations
from railbox_server.engine.book import Book
from railbox_server.engine.changes import Change
from railbox_server.engine.concluder import Concluder
from railbox_server.engine.engine import Engine, Told
from railbox_server.engine.keeper import Keeper
from railbox_server.engine.travels import Travels
from railbox_server.geo import corridors
from railbox_server.ingest.parcel import Message
from railbox_server.ingest.worker import Worker
from railbox_server.journey.model import Settings
from railbox_server.journey.network import Network
from railbox_server.live import Hub
from railbox_server.store.interface import Store
from railbox_telemetry.topics import Leaf, Topic
from railbox_telemetry.values import Batch
from railbox_telemetry.wire import encode

NETWORK = Network(corridors.shipped())
SETTINGS = Settings()


def engine_of(
    store: Store, book: Book, clock: Clock, tell: Callable[[Told], None], mono_s: Callable[[], float]
) -> Engine:
    concluder = Concluder(store, book, NETWORK, SETTINGS, Travels(corridors.shipped()))
    return Engine(store, Keeper(store, book, NETWORK, SETTINGS), concluder, clock, tell, mono_s)


@dataclass
class Rig:
    """`host_s` is the host's clock; the journeys' is that of the newest trusted fix."""

    store: Store
    host_s: int
    page: Path
    token: str | None = None
    told: list[Told] = field(default_factory=list[Told])

    def __post_init__(self) -> None:
        self.mono_s = 0.0
        self.untold: list[Sequence[Change]] | None = None
        """What the engine is not told of, while this is a list."""
        self.clock = ReplayClock(lambda: self.host_s)
        self.engine = engine_of(self.store, Book(None, ""), self.clock, self.told.append, self._tick)
        self.worker = Worker(self.store, lambda _topic, _payload: True, self.touch, lambda: self.host_s)
        self.published: list[tuple[str, bytes]] = []
        self.registry = Registry(self.page)
        self.configurations = Configurations(self.registry, self._publish, lambda: self.host_s * 1000)
        self.hub = Hub(self._rows, lambda: {"now": self.clock.now_s()})
        self.services = Services(
            store=self.store,
            clock=self.clock,
            corridors=corridors.shipped(),
            corridor_file=corridors.data_path,
            silence_s=SETTINGS.contact_heartbeats * SETTINGS.heartbeat_s,
            admit=self._admit,
            replay=self.worker.retry_now,
            hand_in=self.receive,
            engine_pending=lambda: self.engine.pending,
            ingest_waiting=lambda: 0,
            ingest_counters=lambda: self.worker.counters,
            configurations=self.configurations,
            hub=self.hub,
            page=self.page,
            token=self.token,
        )
        # A client of httpx's, which Starlette's types do not say.
        self.api = cast("httpx.Client", TestClient(create_app(self.services), raise_server_exceptions=False))
        self.settle()

    def touch(self, changes: Sequence[Change]) -> None:
        if self.untold is None:
            self.engine.touch(changes)
        else:
            self.untold.append(changes)

    def receive(self, device: str, batches: Iterable[Batch | bytes]) -> None:
        """One group of messages, as the broker would deliver them."""
        topic = str(Topic(device, Leaf.BATCH))
        payloads = [item if isinstance(item, bytes) else encode(item) for item in batches]
        self.worker.handle([Message(topic, payload, self.host_s * 1000) for payload in payloads])

    def say_status(self, device: str, text: str) -> None:
        self.worker.handle([Message(str(Topic(device, Leaf.STATUS)), text.encode(), self.host_s * 1000)])

    def settle(self) -> None:
        """Lets the engine work until nothing is left to judge."""
        self.mono_s += 2.0  # the registry is read again
        self.engine.turn()
        while self.engine.pending:
            self.mono_s += 1.0
            self.engine.turn()

    def _tick(self) -> float:
        self.mono_s += 1e-6
        return self.mono_s

    def _rows(self, units: Iterable[str]) -> list[dict[str, object]]:
        return judged_rows(self.store, self.clock, 5_400, units)

    def _publish(self, topic: str, payload: bytes) -> bool:
        self.published.append((topic, payload))
        return True

    def _admit(self, device: str) -> int:
        self.store.register(device, self.host_s * 1000)
        return self.worker.retry_known().get(device, 0)
