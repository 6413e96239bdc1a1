"""What the figures of `scripts/bench edge` are made of: the meter's arithmetic, and the parts on a short journey."""

import socket
import threading
from collections.abc import Generator
from pathlib import Path
from shutil import which

import air
import figures
import kills
import pytest
import receivers
import tracker_cost
import writes
from meter import HEADER_BYTES, OPENING_BYTES, SEGMENT_BYTES, Meter

from railbox_agent import logs
from railbox_agent.thinning.interval import IntervalSettings
from railbox_telemetry.values import Fix
from support.brokers import mosquitto
from support.logs import recording, trip_chunks


@pytest.fixture
def echo() -> Generator[int]:
    """A port that answers every line with one byte."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                while data := peer.recv(65_536):
                    if data.endswith(b"\n"):
                        peer.sendall(b"!")

        threading.Thread(target=answer, daemon=True).start()
        yield int(server.getsockname()[1])


def test_an_exchange_is_its_bytes_and_the_headers_of_its_segments_and_acknowledgement(echo: int) -> None:
    with Meter(echo) as meter, socket.create_connection(("127.0.0.1", meter.port)) as client:
        client.sendall(b"x" * 99 + b"\n")
        assert client.recv(10) == b"!"
        meter.settle()
        first = meter.exchange("opening")
        assert (first.exchanges, first.socket_bytes) == (1, 101)
        assert first.air_bytes == 101 + 3 * HEADER_BYTES + OPENING_BYTES
        client.sendall(b"x" * SEGMENT_BYTES + b"\n")
        assert client.recv(10) == b"!"
        meter.settle()
        second = meter.exchange("more")
        assert second.air_bytes == second.socket_bytes + 4 * HEADER_BYTES
        assert meter.exchange("nothing").exchanges == 0
        assert set(meter.costs) == {"opening", "more"}


@pytest.mark.parametrize(
    ("value", "at_least", "at_most", "holds"),
    [(5, 5, None, True), (4.9, 5, None, False), (5, None, 5, True), (5.1, None, 5, False), (5, None, None, None)],
)
def test_a_figure_is_held_to_its_bound(
    value: float, at_least: float | None, at_most: float | None, holds: bool | None
) -> None:
    row = figures.Row("part", "figure", value, "x", at_least, at_most)
    assert row.holds is holds
    assert ("DOES NOT HOLD" in figures.told(row)) == (holds is False)


@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
def test_both_sides_are_counted_over_real_tls(tmp_path: Path) -> None:
    path = recording(tmp_path / "trip.rbrec", [chunk for chunk in trip_chunks(400) if chunk.port == "gnss"])
    thinning = IntervalSettings(60, 60)
    fixes: list[Fix] = []
    with air.tls_broker(tmp_path) as place:
        ours = air.tracker_side(place, logs.load(path, logs.Options(thinning=thinning)), thinning, fixes)
        theirs = air.owntracks_side(place, fixes, ours.days)
        ping = air.ping_cost(place)
    assert len(fixes) == 380
    assert ours.costs["batches"].exchanges >= 5
    full = "connections, TLS in full"
    assert ours.costs[full].exchanges == theirs.costs[full].exchanges == 1
    assert theirs.costs["positions"].exchanges == 13
    assert theirs.payload_bytes > 13 * 150
    assert 100 < ping.air_bytes < 300
    assert all(cost.air_bytes > cost.socket_bytes for cost in (*ours.costs.values(), *theirs.costs.values()))


def test_the_agent_is_given_eight_sentences_that_make_one_trusted_fix(tmp_path: Path) -> None:
    log = tmp_path / "second.nmea"
    log.write_bytes(tracker_cost.epoch(1_790_000_000) + tracker_cost.epoch(1_790_000_001))
    assert log.read_bytes().count(b"$") == 16
    assert [item.trusted for item in logs.items(log) if isinstance(item, Fix)] == [True, True]


def test_a_connection_that_a_tunnel_took_is_heard_of_by_nobody(echo: int) -> None:
    with Meter(echo) as meter, socket.create_connection(("127.0.0.1", meter.port)) as client:
        client.sendall(b"x\n")
        assert client.recv(10) == b"!"
        meter.exchange("before")
        meter.tunnel()
        client.sendall(b"x\n")
        meter.settle()
        assert meter.exchange("after").exchanges == 0


def test_of_what_a_process_took_before_it_was_killed_no_event_is_lost_and_few_fixes(tmp_path: Path) -> None:
    """The benchmark's 200 kills, in small: every life on the disk of those before."""
    with mosquitto(tmp_path) as broker:
        toll = kills.toll(tmp_path, broker.port, 4)
    assert (toll.kills, toll.events_lost, toll.twice) == (4, 0, 0)
    assert toll.fixes > 0
    assert toll.fixes_lost < toll.fixes


def test_what_the_disk_is_given_is_counted(tmp_path: Path) -> None:
    written = writes.written(tmp_path, 0.05)
    assert 17_000 < written.commits < 19_000
    assert 1_024 * written.commits < written.given_bytes < 4_096 * written.commits


def test_gpsds_fixes_are_counted_against_ours(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(tracker_cost.epoch(1_790_000_000) + tracker_cost.epoch(1_790_000_001))
    said = '{"class":"TPV","time":"2026-09-21T14:13:%02dZ","lat":29.1,"lon":61.4}\n'
    (tmp_path / "a.log.chk").write_text(said % 20 + said % 21 + said % 59)
    found = receivers.found(tmp_path)
    assert (found.known, found.found, found.null_islands, found.logs_missing_some) == (3, 2, 0, ("a.log 1",))
