"""The least a tracker can be: publishes batches, keeps them until they are committed, and asks for that."""

import json
import ssl
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from railbox_telemetry.committed import Committed, decode_committed
from railbox_telemetry.topics import Leaf, Topic
from support.brokers import wait_for


class Tracker:
    """`kept`: what is not committed yet, by seq. `heard`: every committed message, in order. `unsent`: publishes that
    the broker has not acknowledged."""

    def __init__(
        self, device: str, epoch: int, broker: str, password: str | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.device = device
        self.epoch = epoch
        self.kept: dict[int, bytes] = {}
        self.heard: list[Committed] = []
        self.granted: list[Any] = []
        self.unsent = 0
        self._lock = threading.Lock()
        address = urlsplit(broker)
        self.client = paho.Client(CallbackAPIVersion.VERSION2, device, clean_session=False, protocol=paho.MQTTv311)
        self.client.reconnect_delay_set(1, 1)
        if password is not None:
            self.client.username_pw_set(device, password)
        if tls is not None:
            self.client.tls_set_context(tls)  # pyright: ignore[reportUnknownMemberType] - paho leaves it untyped
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda _c, _d, _m, reasons, _p: self.granted.extend(reasons)
        self.client.on_message = self._on_message
        self.client.on_publish = self._on_publish
        self.client.connect_async(address.hostname or "", address.port or 1883)
        self.client.loop_start()
        wait_for(lambda: self.granted, f"{device} to be connected")

    def topic(self, leaf: Leaf) -> str:
        return str(Topic(self.device, leaf))

    def send(self, batches: Iterable[tuple[int, bytes]]) -> None:
        for seq, payload in batches:
            with self._lock:
                self.kept[seq] = payload
                self.unsent += 1
            self.client.publish(self.topic(Leaf.BATCH), payload, 1)

    def ask(self) -> None:
        status = {"online": True, "epoch": self.epoch, "ask_committed": True}
        with self._lock:
            self.unsent += 1
        self.client.publish(self.topic(Leaf.STATUS), json.dumps(status), 1, retain=True)

    def deliver(self, timeout_s: float = 30) -> None:
        """Sends what is kept again until all of it is committed."""

        def all_committed() -> bool:
            before = len(self.heard)
            self.ask()
            wait_for(lambda: len(self.heard) > before, "an answer to ask_committed")
            with self._lock:
                again = list(self.kept.items())
            self.send(again)
            return not again

        wait_for(all_committed, f"everything of {self.device} to be committed", timeout_s)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(self.topic(Leaf.COMMITTED), 1)

    def _on_publish(self, *_: Any) -> None:
        with self._lock:
            self.unsent -= 1

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        committed = decode_committed(bytes(message.payload))
        if committed.epoch == self.epoch:
            with self._lock:
                self.kept = {seq: payload for seq, payload in self.kept.items() if not committed.covers(seq)}
            self.heard.append(committed)


@contextmanager
def tracker(
    device: str, epoch: int, broker: str, password: str | None = None, tls: ssl.SSLContext | None = None
) -> Generator[Tracker]:
    made = Tracker(device, epoch, broker, password, tls)
    try:
        yield made
    finally:
        made.stop()
