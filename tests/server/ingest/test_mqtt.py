"""The session with a real broker: what is not acknowledged comes again, and what was read before a reconnect names
nothing after it."""

import threading
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from railbox_server.addresses import parse_broker
from railbox_server.ingest.mqtt import Session
from railbox_server.ingest.parcel import Message
from support.batches import payload
from support.brokers import mosquitto, wait_for

TOPIC = "rb/1/43/TRK1/b"


@pytest.fixture
def heard() -> list[Message]:
    return []


def publish(url: str, *payloads: bytes) -> None:
    address = parse_broker(url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(address.host, address.port)
    client.loop_start()
    for data in payloads:
        client.publish(TOPIC, data, 1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_acknowledgements_from_before_a_reconnect_are_dropped(tmp_path: Path, heard: list[Message]) -> None:
    """The broker counts its messages anew: an old number would acknowledge what nobody has stored yet."""
    lines = ("allow_anonymous true", "persistence true", f"persistence_location {tmp_path}/")
    with mosquitto(tmp_path, None, *lines) as broker:
        session = Session(parse_broker(broker.url), heard.append)
        session.start()
        try:
            assert session.subscribed.wait(10)
            publish(broker.url, payload(1), payload(2))
            wait_for(lambda: len(heard) == 2, "both messages")
            first, second = heard
            broker.stop()
            wait_for(lambda: not session.subscribed.is_set(), "the session to notice")
            broker.start()
            wait_for(lambda: len(heard) == 4, "both messages again")
            first.ack()
            second.ack()
            session.stop()
            again: list[Message] = []
            session = Session(parse_broker(broker.url), again.append)
            session.start()
            wait_for(lambda: len(again) == 2, "both messages a third time: nobody has acknowledged them")
            for message in again:
                message.ack()
            publish(broker.url, payload(3))
            wait_for(lambda: len(again) == 3, "the next message")
        finally:
            session.stop()


def test_while_nobody_takes_what_it_delivers_it_reads_no_more(tmp_path: Path) -> None:
    free = threading.Event()
    taken: list[int] = []

    def take(message: Message) -> None:
        free.wait(30)
        taken.append(len(message.payload))
        message.ack()

    with mosquitto(tmp_path) as broker:
        session = Session(parse_broker(broker.url), take)
        session.start()
        try:
            assert session.subscribed.wait(10)
            publish(broker.url, *map(payload, range(1, 101)))
            assert taken == []
            free.set()
            wait_for(lambda: len(taken) == 100, "all of them")
        finally:
            free.set()
            session.stop()
