"""A stand-in for the server: takes batches off a real broker, keeps them in memory, publishes what it has committed.

It can be deaf for a while (batches are lost on it) and silent (it commits, and says nothing).
"""

import json
import threading
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from railbox_telemetry.committed import committed_of, encode_committed
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.topics import Leaf, Topic, parse_topic, subscription
from railbox_telemetry.values import Batch, Discarded, SeqRange
from railbox_telemetry.wire import decode


class FakeServer:
    """`batches`: what was committed, by (epoch, seq); `duplicates`: how often one came again; `statuses` in order."""

    def __init__(self, port: int) -> None:
        self.batches: dict[tuple[int, int], Batch] = {}
        self.duplicates = 0
        self.statuses: list[dict[str, Any]] = []
        self.deaf = False
        self.silent = False
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, "fake-server", clean_session=True, protocol=MQTTv311)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.reconnect_delay_set(1, 1)
        self._client.connect_async("127.0.0.1", port)

    def __enter__(self) -> "FakeServer":
        self._client.loop_start()
        assert self._ready.wait(20), "the broker does not answer"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def seqs(self, epoch: int | None = None) -> list[int]:
        return sorted(seq for found, seq in list(self.batches) if epoch in (None, found))

    def commit(self, device: str, epoch: int) -> None:
        """Says what it has of an outbox."""
        discarded = [
            seq
            for (found, _), batch in self.batches.items()
            for section in batch.sections
            if isinstance(section, Discarded) and found == epoch
            for item in section.ranges
            for seq in range(item.first, item.last + 1)
        ]
        safe = SeqSet(SeqRange(seq, seq) for seq in [*self.seqs(epoch), *discarded])
        committed = committed_of(epoch, safe)
        self._client.publish(str(Topic(device, Leaf.COMMITTED)), encode_committed(committed), 1, retain=True)

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, _reason: ReasonCode, _more: Properties | None
    ) -> None:
        client.subscribe([(subscription(Leaf.BATCH), 1), (subscription(Leaf.STATUS), 1)])

    def _on_subscribe(self, *_: object) -> None:
        self._ready.set()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        if self.deaf:
            return
        if topic.leaf is Leaf.BATCH:
            batch = decode(bytes(message.payload))
            self.duplicates += (batch.epoch, batch.seq) in self.batches
            self.batches[batch.epoch, batch.seq] = batch
            return
        status = json.loads(message.payload)
        self.statuses.append(status)
        if status.get("ask_committed") and not self.silent:
            self.commit(topic.device, status["epoch"])
