"""What a reconnection spares, with real brokers: the handshake, the subscription, the status, the topic.

And what each kind of refusal is counted as: a certificate of either side, a broker that never answers.
"""

import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from meter import Meter

from railbox_agent.mqtt import Access, Acknowledged, Address, Connected, Disconnected, Message, Received
from railbox_agent.tls import COMMON, LEAN, Files, Tls
from railbox_telemetry.counters import COUNTED
from support.brokers import Broker, Start, free_port, mosquitto, nats, wait_for
from support.certificates import certificate
from support.uplinks import BATCH, COMMITTED, Link

TALKS = "log_type all"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    for name, *signed_by in (("ca",), ("broker", "ca"), ("TRK1", "ca"), ("stranger",), ("alien", "stranger")):
        certificate(tmp_path, name, *signed_by)
    return tmp_path


@contextmanager
def tls_broker(folder: Path, *more: str) -> Generator[Broker]:
    lines = [f"cafile {folder}/ca.pem", f"certfile {folder}/broker.pem", f"keyfile {folder}/broker.key"]
    with mosquitto(folder, None, *lines, "require_certificate true", "allow_anonymous true", TALKS, *more) as broker:
        yield broker


def at(port: int, *, will_delay_s: int = 0, keepalive_s: int = 60) -> Access:
    return Access(Address("127.0.0.1", port), "TRK1", keepalive_s=keepalive_s, will_delay_s=will_delay_s)


def by_tls(folder: Path, port: int, name: str = "TRK1", ca: str = "ca") -> Access:
    ours, key = folder / f"{name}.pem", folder / f"{name}.key"
    address = Address("127.0.0.1", port, tls=True)
    return Access(address, "TRK1", ca_file=folder / f"{ca}.pem", cert_file=ours, key_file=key)


@contextmanager
def running(link: Link) -> Generator[Link]:
    link.start()
    try:
        yield link
    finally:
        link.stop()


def again(link: Link) -> Connected:
    """The connection breaks, and there is another."""
    link.set_coverage(False)
    link.wait(Disconnected)
    link.set_coverage(True)
    return link.wait(Connected)


# --- MQTT ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [nats, mosquitto])
def test_a_broker_that_kept_our_session_is_not_asked_again_for_what_we_subscribed_to(
    tmp_path: Path, start: Start
) -> None:
    with start(tmp_path) as broker, running(Link(at(broker.port, will_delay_s=60), COMMITTED)) as link:
        assert not link.wait(Connected).same
        link.publish(Message(COMMITTED, b"retained", retain=True))
        assert link.wait(Received).payload == b"retained"
        kept = again(link)
        assert kept.same == (kept.protocol == "MQTT 5"), "a will that is not delayed was spoken"
        link.publish(Message(COMMITTED, b"later"))
        assert link.wait(Received).payload == b"later", "nor is the retained message told again"


def test_a_broker_that_forgot_our_session_is_asked_again(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker, running(Link(at(broker.port, will_delay_s=60), COMMITTED)) as link:
        link.wait(Connected)
        broker.kill()
        link.wait(Disconnected)
        broker.start()
        assert not link.wait(Connected).same
        link.publish(Message(COMMITTED, b"later"))
        assert link.wait(Received).payload == b"later"


def test_who_was_away_for_longer_than_the_will_waits_is_not_the_same_any_more(tmp_path: Path) -> None:
    now_s = 0.0
    with mosquitto(tmp_path) as broker:
        link = Link(at(broker.port, will_delay_s=60), COMMITTED, now_s=lambda: now_s)
        with running(link):
            link.wait(Connected)
            assert again(link).same
            now_s += 61
            assert not again(link).same


def test_of_committed_messages_none_is_acknowledged(tmp_path: Path) -> None:
    with mosquitto(tmp_path, None, "allow_anonymous true", TALKS) as broker:
        link = Link(at(broker.port), BATCH, COMMITTED, cumulative=(COMMITTED,))
        with running(link):
            link.wait(Connected)
            wait_for(lambda: "Sending SUBACK" in broker.log.read_text(), "the subscription")
        assert f"{COMMITTED} (QoS 0)" in broker.log.read_text()
        assert f"{BATCH} (QoS 1)" in broker.log.read_text()


@pytest.mark.parametrize(("most", "spared"), [(10, len(BATCH)), (0, 0)])
def test_a_batchs_topic_is_told_once_a_connection_where_the_broker_takes_aliases(
    tmp_path: Path, most: int, spared: int
) -> None:
    plain = Address("127.0.0.1", free_port())
    more = [f"listener {plain.port} 127.0.0.1", f"max_topic_alias {most}"]
    with mosquitto(tmp_path, None, "allow_anonymous true", *more) as broker, Meter(plain.port) as meter:
        reader = Link(Access(Address("127.0.0.1", broker.port), "reader"), BATCH)
        with running(reader), running(Link(at(meter.port))) as link:
            reader.wait(Connected)
            link.wait(Connected)
            for _ in range(2):
                meter.settle()
                meter.exchange("connection")
                sizes: list[int] = []
                for seq in range(3):
                    link.publish(Message(BATCH, bytes([seq]), seq=seq))
                    link.wait(Acknowledged)
                    meter.settle()
                    sizes.append(meter.exchange("batch").socket_bytes)
                    assert reader.wait(Received) == Received(BATCH, bytes([seq]))
                assert [sizes[0] - size for size in sizes] == [0, spared, spared]
                again(link)


def test_a_brokers_own_keepalive_is_kept() -> None:
    """As Mosquitto says it for its max_keepalive; asked for 3,700 s, this one says 1."""
    heard = bytearray()

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1_000)
            connection.sendall(b"\x20\x06\x00\x00\x03\x13\x00\x01")  # CONNACK with ServerKeepAlive
            while data := connection.recv(1_000):
                heard.extend(data)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        with running(Link(at(int(server.getsockname()[1]), keepalive_s=3_700))) as link:
            link.wait(Connected)
            wait_for(lambda: b"\xc0\x00" in heard, "a ping")


# --- TLS -------------------------------------------------------------------------------------------------------------


def test_the_second_handshake_is_a_resumed_one_and_far_smaller(authority: Path) -> None:
    with tls_broker(authority) as broker, running(Link(by_tls(authority, broker.port))) as link:
        costs: list[int] = []
        assert not link.wait(Connected).resumed
        for _ in range(2):
            before = link.traffic
            assert again(link).resumed
            costs.append(link.traffic.sent_bytes - before.sent_bytes)
    assert max(costs) < 1_500


def test_a_broker_that_was_restarted_knows_no_session_and_is_none_the_worse(authority: Path) -> None:
    with tls_broker(authority) as broker, running(Link(by_tls(authority, broker.port))) as link:
        link.wait(Connected)
        broker.kill()
        link.wait(Disconnected)
        broker.start()
        assert not link.wait(Connected).resumed
        assert again(link).resumed


@pytest.mark.parametrize("line", ["tls_version tlsv1.3", "ciphers ECDHE+AESGCM\ntls_version tlsv1.2"])
def test_a_broker_that_does_not_speak_the_lean_way_is_spoken_to_in_its_own(authority: Path, line: str) -> None:
    with tls_broker(authority, line) as broker, running(Link(by_tls(authority, broker.port))) as link:
        link.wait(Connected)
        assert again(link).resumed


def test_a_session_is_not_offered_after_its_time_nor_by_another_certificate(authority: Path) -> None:
    now_s = 0.0
    with tls_broker(authority) as broker:
        link = Link(by_tls(authority, broker.port), now_s=lambda: now_s)
        with running(link):
            link.wait(Connected)
            now_s += 7_000
            assert again(link).resumed
            now_s += 1_000
            assert not again(link).resumed, "resuming by session id does not make it younger"
            certificate(authority, "TRK1", "ca")
            assert not again(link).resumed
            assert again(link).resumed


def test_who_never_resumes_is_asked_in_the_common_way() -> None:
    class Socket:
        session_reused = False

        def __init__(self, context: ssl.SSLContext) -> None:
            self.context = context
            self.session = type("Session", (), {"timeout": 7_200, "ticket_lifetime_hint": 0})()

        def version(self) -> str:
            return "TLSv1.2"

    tls = Tls(Files(), now_s=lambda: 0.0)
    for way in (LEAN, LEAN, COMMON):
        tls.context()
        assert not tls.connected(Socket(tls.context()))  # pyright: ignore[reportArgumentType] - what of it is asked
        assert tls.way == way


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["", "tls_version tlsv1.3"])
def test_a_certificate_that_the_broker_refuses_is_counted_and_said(authority: Path, line: str) -> None:
    with tls_broker(authority, line) as broker, running(Link(by_tls(authority, broker.port, "alien"))) as link:
        for _ in range(3):
            ended = link.wait(Disconnected)
            assert ended.counter in ("own_certificate_refused", "broker_refused")
            assert ended.where == f"mqtts://127.0.0.1:{broker.port}"
            assert "uplink." in COUNTED[ended.counter].todo
        certificate(authority, "alien", "ca")
        link.wait(Connected)


def test_a_certificate_that_we_refuse_is_counted_and_said(authority: Path) -> None:
    with tls_broker(authority) as broker, running(Link(by_tls(authority, broker.port, ca="stranger"))) as link:
        for _ in range(3):
            ended = link.wait(Disconnected)
            assert (ended.counter, "certificate verify failed" in ended.reason) == ("broker_certificate_refused", True)


def test_files_that_are_none_are_named(authority: Path) -> None:
    (authority / "TRK1.key").write_text("nonsense")
    own = by_tls(authority, 1)
    for access, name in ((own, "TRK1.pem"), (replace(own, ca_file=authority / "TRK1.key"), "TRK1.key")):
        with running(Link(access)) as link:
            assert name in link.wait(Disconnected).reason
