"""`railbox replay --to`: a whole log over a real broker, to the last commit, or a clear word why not."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from railbox_agent import logs, replay, send_log
from railbox_agent.send_log import NotCommittedError, Target
from railbox_telemetry.values import Events, Knot, Positions, Readings, Section, Undated
from support.brokers import Broker, free_port, nats
from support.fake_server import FakeServer
from support.logs import HEADER, T0, recording, trip_chunks

DEVICE = "trk-1"


@pytest.fixture
def broker(tmp_path: Path) -> Generator[Broker]:
    with nats(tmp_path) as running:
        yield running


@pytest.fixture
def server(broker: Broker) -> Generator[FakeServer]:
    with FakeServer(broker.port) as running:
        yield running


def sections(server: FakeServer) -> list[Section]:
    return [section for _, batch in sorted(server.batches.items()) for section in batch.sections]


def knots(server: FakeServer) -> list[Knot]:
    return [knot for section in sections(server) if isinstance(section, Positions) for knot in section.knots]


def test_a_log_arrives_whole_and_the_line_at_the_end_says_how_much(
    tmp_path: Path, broker: Broker, server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recording(tmp_path / "trip.gz", trip_chunks(700), replace(HEADER, device=DEVICE))
    assert replay.main([str(path), "--to", broker.url, "--fast", "--json"]) == 0
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    arrived = sections(server)
    known = knots(server)
    assert line == {
        "device": DEVICE,
        "unit": HEADER.unit,
        "fixes": 680,
        "knots": len(known),
        "readings": sum(
            len(row.values) for section in arrived if isinstance(section, Readings) for row in section.rows
        ),
        "events": 1,
        "batches_sent": len(server.batches),
        "batches_committed": len(server.batches),
        "bytes_sent": line["bytes_sent"],
    }
    assert known[0].time_s == T0 + 20
    assert known[-1].time_s == T0 + 699
    assert any(isinstance(section, Undated | Events) for section in arrived)


def test_what_an_interrupted_run_left_in_the_outbox_is_sent_by_the_next(
    tmp_path: Path, broker: Broker, server: FakeServer
) -> None:
    path, folder = recording(tmp_path / "trip"), tmp_path / "outbox"
    nowhere = Target(f"mqtt://127.0.0.1:{free_port()}", DEVICE, folder, timeout_s=0.3)
    with pytest.raises(NotCommittedError, match="no connection"):
        send_log.send_log(logs.load(path), nowhere)
    totals = send_log.send_log(logs.load(path), replace(nowhere, url=broker.url, timeout_s=60))
    assert totals.batches_committed == len(server.batches)
    assert server.seqs() == list(range(1, len(server.batches) + 1)), "one outbox, no number twice, none missing"
    times_s = [knot.time_s for knot in knots(server)]
    assert len(times_s) == 2 * len(set(times_s)), "both runs' knots"


def test_a_server_that_commits_nothing_is_told_of_and_fails(
    tmp_path: Path, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recording(tmp_path / "trip")
    assert replay.main([str(path), "--to", broker.url, "--device", DEVICE, "--timeout", "1.5"]) == 1
    assert "connected, but nothing more was committed for 1.5 s" in capsys.readouterr().err


def test_without_coverage_nothing_is_sent(tmp_path: Path, broker: Broker, server: FakeServer) -> None:
    header = replace(HEADER, device=DEVICE, uplink_down=((350, 100_000),))
    log = logs.load(recording(tmp_path / "trip", trip_chunks(700), header))
    arrived_in_the_dark: list[int] = []
    steps = log.steps

    def watched() -> Generator[logs.Step]:
        for step in steps:
            yield step
            if step.at_s >= 698:
                arrived_in_the_dark[:] = [knot.time_s for knot in knots(server)]

    log.steps = watched()
    totals = send_log.send_log(log, Target(broker.url, DEVICE), speed=350.0)
    assert all(time_s <= T0 + 350 for time_s in arrived_in_the_dark)
    assert len(arrived_in_the_dark) < len(knots(server)) == totals.knots
    assert knots(server)[-1].time_s == T0 + 699


def test_the_tracker_has_to_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path / "trip")
    assert replay.main([str(path), "--to", "mqtt://127.0.0.1:1"]) == 2
    assert "--device" in capsys.readouterr().err
    assert replay.main([str(path), "--to", "mqtt://127.0.0.1:1", "--device", "a.b"]) == 1
    assert "device id 'a.b'" in capsys.readouterr().err
    assert replay.main([str(path), "--to", "http://x", "--device", DEVICE]) == 1
    assert "mqtt://HOST:PORT" in capsys.readouterr().err
