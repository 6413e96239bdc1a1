"""The uplink against real brokers, and against peers that are no brokers at all."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from railbox_agent.mqtt import (
    MAX_OUTSTANDING,
    Access,
    Acknowledged,
    Address,
    AddressError,
    Connected,
    Disconnected,
    Message,
    Received,
    parse_address,
)
from railbox_agent.uplink import BackOff
from support.brokers import Start, free_port, mosquitto, nats, wait_for
from support.certificates import certificate
from support.uplinks import BATCH, COMMITTED, STATUS, Link

both = pytest.mark.parametrize("start", [nats, mosquitto])


@contextmanager
def uplink(port: int, **access: object) -> Generator[Link]:
    how = Access(Address("127.0.0.1", port), "TRK1", **access)  # pyright: ignore[reportArgumentType] - fields by name
    link = Link(how, COMMITTED)
    link.start()
    try:
        yield link
    finally:
        link.stop()


def retained(port: int, topic: str) -> bytes:
    """What a newcomer is told on a topic."""
    reader = Link(Access(Address("127.0.0.1", port), "reader"), topic)
    reader.start()
    try:
        return reader.wait(Received).payload
    finally:
        reader.stop()


@pytest.mark.parametrize(("start", "protocol"), [(nats, "MQTT 3.1.1"), (mosquitto, "MQTT 5")])
def test_it_speaks_the_newest_protocol_that_the_broker_speaks(tmp_path: Path, start: Start, protocol: str) -> None:
    with start(tmp_path) as broker, uplink(broker.port) as link:
        assert link.wait(Connected).protocol == protocol


@both
def test_what_is_published_is_acknowledged(tmp_path: Path, start: Start) -> None:
    with start(tmp_path) as broker, uplink(broker.port) as link:
        link.wait(Connected)
        message = Message(BATCH, b"\x01\x02", seq=7)
        assert link.publish(message)
        assert link.wait(Acknowledged) == Acknowledged(message)


@both
def test_what_is_subscribed_arrives(tmp_path: Path, start: Start) -> None:
    with start(tmp_path) as broker, uplink(broker.port) as link:
        link.wait(Connected)
        link.publish(Message(COMMITTED, b"\x01\x02", retain=True))
        assert link.wait(Received) == Received(COMMITTED, b"\x01\x02")


@both
def test_a_stop_in_good_order_sends_what_is_queued_and_leaves_no_will(tmp_path: Path, start: Start) -> None:
    with start(tmp_path) as broker:
        with uplink(broker.port) as link:
            link.wait(Connected)
            link.publish(Message(STATUS, b"goodbye", retain=True))
        assert retained(broker.port, STATUS) == b"goodbye"


@both
def test_without_a_goodbye_the_broker_speaks_our_will(tmp_path: Path, start: Start) -> None:
    with start(tmp_path) as broker, uplink(broker.port) as link:
        link.wait(Connected)
        link.set_coverage(False)
        assert link.wait(Disconnected).reason == "no coverage"
        wait_for(lambda: retained(broker.port, STATUS) == b"will", "the will")


def test_without_coverage_it_stays_away_until_there_is_some(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker, uplink(broker.port) as link:
        link.wait(Connected)
        link.set_coverage(False)
        link.wait(Disconnected)
        assert link.events(0.3) == []
        link.set_coverage(True)
        link.wait(Connected)


@both
def test_it_comes_back_when_the_broker_does_and_forgets_what_was_on_its_way(tmp_path: Path, start: Start) -> None:
    with start(tmp_path) as broker, uplink(broker.port) as link:
        link.wait(Connected)
        broker.kill()
        link.wait(Disconnected)
        for seq in range(MAX_OUTSTANDING):
            assert link.publish(Message(BATCH, b"lost", seq=seq))
        assert not link.publish(Message(BATCH, b"one too many"))
        link.wait(Disconnected)
        broker.start()
        link.wait(Connected)
        assert link.publish(Message(BATCH, b"new", seq=99))
        assert link.wait(Acknowledged).message.seq == 99


def test_a_broker_that_asks_for_a_password_is_given_the_files_content(tmp_path: Path) -> None:
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed (it comes with the Debian package mosquitto)")
    users, password = tmp_path / "users", tmp_path / "password"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(users), "TRK1", "sesame"], check=True)
    with mosquitto(tmp_path, None, "allow_anonymous false", f"password_file {users}") as broker:
        password.write_text("wrong\n")
        with uplink(broker.port, username="TRK1", password_file=password) as link:
            assert link.wait(Disconnected).reason == "refused: Not authorized"
            password.write_text("sesame\n")
            assert link.wait(Connected).protocol == "MQTT 5"


def test_by_tls_both_ends_prove_who_they_are(tmp_path: Path) -> None:
    for name, *signed_by in (("ca",), ("broker", "ca"), ("TRK1", "ca"), ("stranger",)):
        certificate(tmp_path, name, *signed_by)
    lines = [f"cafile {tmp_path}/ca.pem", f"certfile {tmp_path}/broker.pem", f"keyfile {tmp_path}/broker.key"]
    with mosquitto(tmp_path, None, *lines, "require_certificate true", "allow_anonymous true") as broker:
        ca, ours, key = (tmp_path / name for name in ("ca.pem", "TRK1.pem", "TRK1.key"))
        own = Access(Address("127.0.0.1", broker.port, tls=True), "TRK1", ca_file=ca, cert_file=ours, key_file=key)
        link = Link(own, COMMITTED)
        link.start()
        link.wait(Connected)
        link.stop()
        link = Link(replace(own, ca_file=tmp_path / "stranger.pem"), COMMITTED)
        link.start()
        assert "certificate verify failed" in link.wait(Disconnected).reason
        link.stop()


@contextmanager
def peer(talk: Callable[[socket.socket], None]) -> Generator[int]:
    """A port where somebody else than a broker answers; `talk` has the connection for itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    held.append(connection)
                    talk(connection)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


def connack_then(more: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        asked = connection.recv(1000)
        is_5 = asked[asked.index(b"MQTT") + 4] == 5
        connection.sendall((b"\x20\x03\x00\x00\x00" if is_5 else b"\x20\x02\x00\x00") + more)

    return talk


def test_a_peer_that_never_answers_is_left_and_tried_again() -> None:
    with peer(lambda _: None) as port, uplink(port, connect_timeout_s=0.2) as link:
        for _ in range(3):
            ended = link.wait(Disconnected)
            assert (ended.reason, ended.counter) == ("the broker does not answer CONNECT", "broker_silent")


def test_a_broker_that_acknowledges_nothing_is_left_and_tried_again() -> None:
    with peer(connack_then(b"")) as port, uplink(port, ack_timeout_s=0.2) as link:
        link.wait(Connected)
        link.publish(Message(BATCH, b"x", seq=1))
        ended = link.wait(Disconnected)
        assert (ended.reason, ended.counter) == ("the broker acknowledges nothing", "broker_deaf")
        link.wait(Connected)


@pytest.mark.parametrize("garbage", [b"\xff" * 40, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x00", b"\x40\x00", b""])
def test_garbage_instead_of_a_broker_is_survived(garbage: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(garbage)
        connection.close()

    with peer(talk) as port, uplink(port) as link:
        for _ in range(3):
            link.wait(Disconnected)


@pytest.mark.parametrize("garbage", [b"\xf0\xff\xff\xff\xff\xff", b"\x30\x02\xff\xff", b"\x40\x01\x00", b"\x90\x00"])
def test_garbage_from_a_broker_that_seemed_one_is_survived(garbage: bytes) -> None:
    with peer(connack_then(garbage)) as port, uplink(port, ack_timeout_s=0.1) as link:
        link.wait(Connected)
        link.publish(Message(BATCH, b"x", seq=1))
        link.wait(Disconnected)
        link.wait(Connected)


def test_where_nobody_listens_it_tries_again_ever_less_often() -> None:
    with uplink(free_port()) as link:
        for _ in range(3):
            ended = link.wait(Disconnected)
            assert ("refused" in ended.reason, ended.counter) == (True, "broker_unreachable")


def test_a_password_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with uplink(free_port(), username="u", password_file=tmp_path / "none") as link:
        assert "none" in link.wait(Disconnected).reason


def test_the_wait_doubles_and_is_spread() -> None:
    class Dice:
        def __init__(self, at: float) -> None:
            self.at = at

        def uniform(self, low: float, high: float) -> float:
            return low + (high - low) * self.at

    waits = [BackOff(1, 10).delay_s(failures, Dice(1.0)) for failures in range(1, 7)]  # type: ignore[arg-type]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert BackOff(1, 10).delay_s(1000, Dice(0.0)) == 5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", Address("broker", 1883)),
        ("mqtts://broker", Address("broker", 8883, tls=True)),
        ("mqtt://10.0.0.1:1884/", Address("10.0.0.1", 1884)),
        ("mqtt://[::1]:1883", Address("::1", 1883)),
    ],
)
def test_an_address_names_host_port_and_whether_tls(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize("url", ["broker:1883", "http://broker", "mqtt://", "mqtt://b:x", "mqtt://u:p@b", "mqtt://b/x"])
def test_what_is_no_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(AddressError, match="broker address"):
        parse_address(url)


def test_another_access_is_taken_at_once_and_what_is_published_then_never_goes_by_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    chatty = ("allow_anonymous true", "log_type all")
    with mosquitto(tmp_path / "old", None, *chatty) as old, mosquitto(tmp_path / "new", None, *chatty) as new:
        link = Link(Access(Address("127.0.0.1", old.port), "TRK1"), BATCH)
        link.start()
        link.wait(Connected)
        link.set_access(Access(Address("127.0.0.1", new.port), "TRK1", keepalive_s=30))
        ended = link.wait(Disconnected)
        assert (ended.reason, ended.expected) == ("other settings for the uplink", True)
        link.wait(Connected)
        assert link.publish(Message(BATCH, b"later"))
        assert link.wait(Received).payload == b"later"
        link.stop()
        assert "Received PUBLISH" not in old.log.read_text()
        assert "Received PUBLISH" in new.log.read_text()


def test_the_same_access_again_changes_nothing(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        access = Access(Address("127.0.0.1", broker.port), "TRK1")
        link = Link(access, BATCH)
        link.start()
        link.wait(Connected)
        link.set_access(replace(access))
        assert link.publish(Message(BATCH, b"still"))
        assert link.wait(Received).payload == b"still"
        link.stop()


def test_what_it_costs_is_counted_with_its_headers_over_all_connections(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker, uplink(broker.port) as link:
        link.wait(Connected)
        for _ in range(10):
            link.publish(Message(BATCH, b"x" * 100))
            link.wait(Acknowledged)
        first = link.traffic
        assert 10 * (100 + 52) < first.sent_bytes < 5_000
        assert 500 < first.received_bytes < 3_000
        broker.kill()
        link.wait(Disconnected)
        broker.start()
        link.wait(Connected)
        link.publish(Message(BATCH, b"x" * 1_000))
        link.wait(Acknowledged)
        wait_for(lambda: link.traffic.sent_bytes > first.sent_bytes + 1_000, "the second connection to count")
