"""The embedded broker: kept running, and strict about who says what where credentials are set."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from railbox_server.addresses import Listen
from railbox_server.broker import Broker, BrokerError, choose_port, find_nats_server
from railbox_server.broker_config import CredentialsError, EmbeddedBroker, nats_config, parse_credentials
from railbox_server.ingest.mqtt import Session
from railbox_server.ingest.parcel import Message
from railbox_telemetry.committed import Committed, encode_committed
from railbox_telemetry.topics import Leaf, Topic
from support.batches import payload
from support.brokers import free_port, listens, wait_for
from support.tracker import tracker

SECRETS = {"TRK1": "first-password", "TRK2": "second-password"}


def settings(folder: Path, credentials: dict[str, str] | None = None) -> EmbeddedBroker:
    return EmbeddedBroker(
        Listen("127.0.0.1", free_port()), folder / "sessions", folder / "nats.log", credentials, "server-password"
    )


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(settings(tmp_path, SECRETS), tmp_path)
    broker.start()
    yield broker
    broker.stop()


def test_the_binary_is_found() -> None:
    assert os.access(find_nats_server(), os.X_OK)


@pytest.mark.e2e
def test_a_broker_that_dies_is_started_again_on_its_port(tmp_path: Path) -> None:
    broker = Broker(settings(tmp_path), tmp_path)
    broker.start()
    received: list[Message] = []
    session = Session(broker.address, received.append)
    session.start()
    try:
        assert session.subscribed.wait(10)
        with tracker("TRK1", 7, str(broker.address)) as trk:
            trk.send([(1, payload(1))])
            wait_for(lambda: received, "the first message")
            pid = broker.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: broker.pid != pid and session.subscribed.is_set(), "the broker to be back")
            received[0].ack()  # of the last connection: dropped here, it would name another message there
            trk.send([(2, payload(2))])
            wait_for(lambda: received[-1].payload == payload(2), "a message after the restart")
    finally:
        session.stop()
        broker.stop()
    assert not listens(broker.address.port)


def test_a_port_in_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("railbox_server.broker.PORT_TIMEOUT_S", 0.1)
    first = Broker(settings(tmp_path), tmp_path)
    first.start()
    try:
        (tmp_path / "other").mkdir()
        taken = EmbeddedBroker(Listen("127.0.0.1", first.address.port), tmp_path / "s", tmp_path / "other" / "log")
        with pytest.raises(BrokerError, match="in use by another program"):
            Broker(taken, tmp_path / "other").start()
    finally:
        first.stop()


def test_a_free_port_is_chosen_once_and_remembered(tmp_path: Path) -> None:
    remembered = tmp_path / "port"
    first = choose_port(Listen("127.0.0.1", 0), remembered)
    assert first.port
    assert choose_port(Listen("127.0.0.1", 0), remembered) == first
    assert choose_port(Listen("127.0.0.1", 1883), remembered).port == 1883
    remembered.write_text("nonsense")
    assert choose_port(Listen("127.0.0.1", 0), remembered).port


@pytest.mark.e2e
def test_a_device_says_and_hears_only_its_own(strict: Broker) -> None:
    received: list[Message] = []
    session = Session(strict.address, received.append, password="server-password")
    session.start()
    url = f"mqtt://127.0.0.1:{strict.address.port}"
    try:
        assert session.subscribed.wait(10)
        with tracker("TRK1", 7, url, SECRETS["TRK1"]) as one, tracker("TRK2", 7, url, SECRETS["TRK2"]) as two:
            one.client.publish(two.topic(Leaf.BATCH), b"forged", 1)
            one.client.publish(one.topic(Leaf.COMMITTED), encode_committed(Committed(7, 99)), 1)
            one.granted.clear()
            one.client.subscribe(two.topic(Leaf.COMMITTED), 1)
            wait_for(lambda: one.granted, "an answer to the foreign subscription")
            assert one.granted[0].is_failure
            one.send([(1, payload(1))])
            two.send([(2, payload(2))])
            wait_for(lambda: len(received) == 2, "both devices' own batches")
            assert {(message.topic, message.payload) for message in received} == {
                (one.topic(Leaf.BATCH), payload(1)),
                (two.topic(Leaf.BATCH), payload(2)),
            }
            assert session.publish(str(Topic("TRK2", Leaf.COMMITTED)), encode_committed(Committed(7, 2)))
            wait_for(lambda: two.heard, "the committed message")
            assert (one.heard, two.kept) == ([], {})
    finally:
        session.stop()


def test_credentials_are_lines_of_device_and_password() -> None:
    text = "# trackers\n\nTRK1 first-password\nTRK2  $2a$11$abcdefghijklmnopqrstuv\n"
    assert parse_credentials(text, "file") == {"TRK1": "first-password", "TRK2": "$2a$11$abcdefghijklmnopqrstuv"}


@pytest.mark.parametrize(
    "line",
    ["", "TRK1", "TRK1 short", "a.b longenough", 'TRK1 with"quote"', "TRK1 two words", "TRK1 12345678\nTRK1 12345678"],
)
def test_a_wrong_credentials_file_names_its_line(line: str) -> None:
    with pytest.raises(CredentialsError, match=r"devices\.txt"):
        parse_credentials(line, "devices.txt")


def test_without_credentials_nobody_is_asked(tmp_path: Path) -> None:
    assert "authorization" not in nats_config(settings(tmp_path))
    assert "first-password" in nats_config(settings(tmp_path, SECRETS))
