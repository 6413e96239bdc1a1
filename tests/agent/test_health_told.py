"""Health as Prometheus text and as JSON, and the local endpoints that give them out."""

import json
import logging
import os
import socket
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from railbox_agent.clock import ClockQuality
from railbox_agent.doctor.ask import NoAnswerError, ask
from railbox_agent.health import answers, local, metrics, snapshot
from railbox_agent.health.local import LocalServer
from railbox_agent.health.machine import Machine
from railbox_agent.health.snapshot import Snapshot, Vitals
from support.brokers import free_port

SEEN = Snapshot(
    Vitals(
        device="TRK1",
        version="1.0",
        boot_id=1,
        epoch=2,
        trouble=None,
        ports={"gnss": "open", 'the "odd" \\one\n': "lost"},
        batches=7,
        oldest_s=90,
        outbox_bytes=700,
        outbox_cap_bytes=64_000_000,
        sent_bytes=4_321,
        fix_s=2,
        clock=ClockQuality(known=True, age_s=2, steps=0),
        counters={"gnss.bad_checksum": 3, "gnss.sentences": 1_000, "connections": 2, "my.port.stalls": 1},
    ),
    Machine(10**12 + 1, 2 * 10**12, False, 1, 2, 3, -7.5, True, False),
    up_s=60,
    low_spells=1,
    overdue=("uplink",),
)
UNKNOWN = Snapshot(Vitals("TRK1", "1.0", 1, 2, trouble="refused"), Machine())


def samples(seen: Snapshot) -> dict[tuple[str, ...], float]:
    """As Prometheus reads them: name and label values → value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.render(seen))
        for sample in family.samples
    }


def test_prometheus_reads_every_figure_with_its_unit() -> None:
    found = samples(SEEN)
    assert found["railbox_info", "TRK1", "1.0"] == 1
    assert found["railbox_connected",] == 1
    assert found["railbox_outbox_oldest_seconds",] == 90
    assert found["railbox_sent_bytes_total",] == 4_321
    assert found["railbox_disk_free_bytes",] == 10**12 + 1
    assert found["railbox_temperature_celsius",] == -7.5
    assert found["railbox_undervoltage",] == 1
    assert found["railbox_port_open", "gnss"] == 1
    assert found["railbox_port_open", 'the "odd" \\one\n'] == 0
    assert found["railbox_loop_overdue", "uplink"] == 1
    assert found["railbox_handled_total", "gnss", "sentences"] == 1_000
    assert found["railbox_counted_total", "gnss", "bad_checksum"] == 3
    assert found["railbox_counted_total", "my.port", "stalls"] == 1
    assert found["railbox_counted_total", "", "connections"] == 2


def test_every_family_says_what_it_is() -> None:
    families = list(text_string_to_metric_families(metrics.render(SEEN)))
    assert all(family.documentation and family.type in ("gauge", "counter") for family in families)
    assert len({family.name for family in families}) == len(families)


def test_what_is_not_known_has_no_sample() -> None:
    names = {name for name, *_ in samples(UNKNOWN)}
    assert "railbox_connected" in names
    assert not names & {"railbox_temperature_celsius", "railbox_undervoltage", "railbox_fix_age_seconds"}


@pytest.mark.parametrize("seen", [SEEN, UNKNOWN])
def test_a_snapshot_survives_the_way_through_json(seen: Snapshot) -> None:
    assert snapshot.from_row(json.loads(json.dumps(snapshot.row(seen)))) == seen


# --- requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /health?pretty HTTP/1.0\r\n\r\n", 200),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", 200),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"GET /etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"GET /metrics\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\n", 400),
        (b"\x16\x03\x01 hello \r\n\r\n", 400),
        (b"A" * answers.MAX_REQUEST_BYTES, 400),
    ],
)
def test_a_request_gets_its_answer(request_bytes: bytes, status: int) -> None:
    assert answers.answer(request_bytes, SEEN).startswith(f"HTTP/1.1 {status} ".encode())


def test_before_anything_was_measured_it_says_so() -> None:
    assert b" 503 " in answers.answer(b"GET /health HTTP/1.1\r\n\r\n", None)


@given(st.binary(max_size=200))
def test_no_bytes_upset_it(request_bytes: bytes) -> None:
    assert answers.answer(request_bytes, SEEN).startswith(b"HTTP/1.1 ")
    assert answers.answer(request_bytes + b"\r\n\r\n", SEEN).startswith(b"HTTP/1.1 ")


# --- endpoints -------------------------------------------------------------------------------------------------------


@contextmanager
def serving(path: Path | None, port: int | None = None) -> Generator[LocalServer]:
    server = LocalServer(path, port)
    server.snapshot = SEEN
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_the_socket_answers_the_doctor_and_only_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    with serving(path):
        assert ask(path) == SEEN
        assert ask(path) == SEEN
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()
    with pytest.raises(NoAnswerError, match="No such file"):
        ask(path)


def test_the_port_answers_on_this_computer_only() -> None:
    port = free_port()
    with serving(None, port) as server:
        assert server.is_open
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == metrics.CONTENT_TYPE
        assert answer.read().decode() == metrics.render(SEEN)


def test_a_client_that_says_nothing_keeps_others_waiting_only_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "CLIENT_S", 0.1)
    path = tmp_path / "agent.sock"
    with serving(path), socket.socket(socket.AF_UNIX) as mute, socket.socket(socket.AF_UNIX) as gone:
        mute.connect(os.fspath(path))
        mute.send(b"GET /hea")
        gone.connect(os.fspath(path))
        gone.send(b"GET /health HTTP/1.1\r\n\r\n")
        gone.close()
        assert ask(path) == SEEN


def test_a_socket_that_a_killed_agent_left_is_taken_over_and_a_living_ones_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "agent.sock"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(os.fspath(path))
    dead.close()
    with serving(path):
        assert ask(path) == SEEN
        other = LocalServer(path, None)
        assert not other.is_open
        assert "another agent answers there; nobody can ask this agent how it is" in caplog.text
        other.start()
        other.stop()
        assert ask(path) == SEEN


def test_what_cannot_be_opened_is_told_and_nothing_else_happens(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, caplog.at_level(logging.WARNING):
        (tmp_path / "file").write_text("precious")
        for path in (tmp_path / "no" / "folder" / "s", tmp_path / ("s" * 120), tmp_path / "file"):
            with serving(path, taken.getsockname()[1]) as server:
                assert not server.is_open
    assert caplog.text.count("health.socket: ") == 3
    assert caplog.text.count("health.port: ") == 3
    assert (tmp_path / "file").read_text() == "precious"


def test_who_is_no_agent_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(path))
        listening.listen()

        def answer() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(1_000)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"vitals": 1}')

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NoAnswerError, match="an agent of another version"):
            ask(path)
        thread.join()
