"""Who may set trackers: the server alone; and what a device may hear and say of it is its own."""

import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from railbox_server.addresses import Listen
from railbox_server.broker import Broker
from railbox_server.broker_config import SERVER_USER, EmbeddedBroker
from railbox_telemetry.topics import Leaf, Topic
from support.brokers import free_port, mosquitto, wait_for

ACL = Path(__file__).parents[3] / "server" / "deploy" / "mosquitto.acl"
PASSWORDS = {"TRK1": "first-password", "TRK2": "second-password"}
SERVER_PASSWORD = "server-password"


class Peer:
    """Somebody at the broker: what was delivered, and whether a subscription was granted."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._answered = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, user, protocol=paho.MQTTv311)
        self.client.username_pw_set(user, password)
        self.client.on_message = lambda _c, _d, message: self.heard.append((message.topic, bytes(message.payload)))
        self.client.on_subscribe = self._on_subscribe
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _on_subscribe(self, *_: object) -> None:
        self._answered.set()

    def listen(self, *topics: str) -> None:
        for topic in topics:
            self._answered.clear()
            self.client.subscribe(topic, 1)
            assert self._answered.wait(10)

    def say(self, topic: str, payload: bytes) -> None:
        """Without waiting: NATS never acknowledges what it forbids."""
        self.client.publish(topic, payload, 1, retain=True)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def embedded(folder: Path) -> Generator[int]:
    port = free_port()
    broker = Broker(
        EmbeddedBroker(Listen("127.0.0.1", port), folder / "sessions", folder / "log", PASSWORDS, SERVER_PASSWORD),
        folder,
    )
    broker.start()
    try:
        yield port
    finally:
        broker.stop()


@contextmanager
def deployed(folder: Path) -> Generator[int]:
    """Mosquitto by the list that is shipped; names stand for certificates here."""
    acl = folder / "acl"
    acl.write_text(ACL.read_text())
    with mosquitto(folder, None, "allow_anonymous true", f"acl_file {acl}") as broker:
        yield broker.port


@pytest.mark.e2e
@pytest.mark.parametrize("broker", [embedded, deployed])
def test_a_device_hears_its_own_configuration_says_its_own_result_and_no_more(
    tmp_path: Path, broker: Callable[[Path], AbstractContextManager[int]]
) -> None:
    ours, theirs = ({leaf: str(Topic(device, leaf)) for leaf in Leaf} for device in ("TRK1", "TRK2"))
    with broker(tmp_path) as port:
        server = Peer(port, SERVER_USER, SERVER_PASSWORD)
        one, two = (Peer(port, device, password) for device, password in PASSWORDS.items())
        try:
            server.listen(f"rb/1/+/+/{Leaf.RESULT}")
            one.listen(ours[Leaf.CONFIGURATION], theirs[Leaf.CONFIGURATION], theirs[Leaf.RESULT])
            two.listen(theirs[Leaf.CONFIGURATION])
            one.say(theirs[Leaf.CONFIGURATION], b"forged for another")
            one.say(ours[Leaf.CONFIGURATION], b"forged for itself")
            one.say(theirs[Leaf.RESULT], b"forged")
            one.say(ours[Leaf.RESULT], b"said")
            two.say(theirs[Leaf.RESULT], b"said too")
            wait_for(lambda: len(server.heard) >= 2, "both devices' own results")
            for topics in (ours, theirs):
                server.say(topics[Leaf.CONFIGURATION], b"wanted")
            wait_for(lambda: one.heard and two.heard, "both devices' own configurations")
            assert sorted(server.heard) == sorted([(ours[Leaf.RESULT], b"said"), (theirs[Leaf.RESULT], b"said too")])
            assert one.heard == [(ours[Leaf.CONFIGURATION], b"wanted")]
            assert two.heard == [(theirs[Leaf.CONFIGURATION], b"wanted")]
        finally:
            for peer in (server, one, two):
                peer.close()
