"""`railbox agent` as a process: bytes on a serial port become batches that a server commits; and bad settings."""

import signal
from pathlib import Path

import pytest

from railbox_agent import run
from railbox_telemetry.tables import EVENT_BY_NAME
from railbox_telemetry.values import BootClock, Positions, Undated
from support.agents import agent, receiver, settings
from support.brokers import Start, free_port, mosquitto, nats, wait_for
from support.fake_server import FakeServer

T_END = 86_399
"""The last second of a day, later than any knot here."""


def knots(server: FakeServer) -> list[int]:
    sections = [section for batch in list(server.batches.values()) for section in batch.sections]
    return [knot.time_s for section in sections if isinstance(section, Positions) for knot in section.knots]


@pytest.mark.parametrize("start", [nats, mosquitto])
def test_serial_bytes_become_committed_batches_and_sigterm_ends_it_in_good_order(tmp_path: Path, start: Start) -> None:
    with start(tmp_path) as broker, FakeServer(broker.port) as server, receiver() as talker:
        config = settings(tmp_path, talker.path, broker.url)
        with agent(config, tmp_path / "log") as process:
            wait_for(lambda: len(knots(server)) >= 5, "five knots at the server")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert server.statuses[-1]["online"] is False
        assert server.statuses[-1]["sent_at"].startswith("2026-11-21T11:00:")
        sections = [section for batch in server.batches.values() for section in batch.sections]
        started = [section for section in sections if isinstance(section, Undated)]
        assert started[0].events[0].code == EVENT_BY_NAME["agent_started"].code
        assert started[0].boot_id in {section.boot_id for section in sections if isinstance(section, BootClock)}


def test_killed_again_and_again_it_loses_no_batch_and_gives_no_number_twice(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker, FakeServer(broker.port) as server, receiver() as talker:
        config = settings(tmp_path, talker.path, broker.url)
        for run_number in range(1, 4):
            with agent(config, tmp_path / "log") as process:
                wait_for(lambda enough=8 * run_number: len(server.batches) >= enough, "more batches")
                process.kill()
        with agent(config, tmp_path / "log") as process:
            seen = len(server.batches)
            wait_for(lambda: len(server.batches) > seen + 2, "the backlog and more")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert len({epoch for epoch, _ in server.batches}) == 1
        assert server.seqs() == list(range(1, len(server.batches) + 1))


def test_without_a_broker_it_keeps_everything_for_later(tmp_path: Path) -> None:
    port = free_port()
    with receiver() as talker:
        config = settings(tmp_path, talker.path, f"mqtt://127.0.0.1:{port}")
        with agent(config, tmp_path / "log") as process:
            wait_for(lambda: talker.second > 40, "some seconds of fixes")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        offline_until_s = 11 * 3600 + talker.second
        assert "no connection to the broker" in (tmp_path / "log").read_text()
        with mosquitto(tmp_path, port), FakeServer(port) as server, agent(config, tmp_path / "log"):
            wait_for(lambda: min(knots(server), default=T_END) % 86_400 < offline_until_s, "what was kept")


# --- settings and logs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("keep_alive_s = 5", "uplink.keep_alive_s: no such key; did you mean keepalive_s?"),
        ("keepalive_s = true", "uplink.keepalive_s: expected an integer from 5 to 65535, found true"),
        ('cert_file = "c"', "uplink: cert_file and key_file: one is of no use without the other"),
        ('[time]\nfloor = "soon"', "time: floor: expected a time like 2026-01-01T00:00:00Z, found 'soon'"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, says: str
) -> None:
    config = settings(tmp_path, "/dev/null", "mqtt://127.0.0.1", more)
    assert run.main(["--config", str(config)]) == 2
    assert capsys.readouterr().err == f"railbox agent: {config}: {says}\n"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("TRK1", "TRK.1", "device id 'TRK.1': 1 to 32 of A-Z a-z 0-9 _ - are allowed"),
        ("mqtt://127.0.0.1", "127.0.0.1", "uplink: url: broker address '127.0.0.1': expected mqtt://HOST:PORT"),
        ("commit_s", "commit", "outbox.commit: no such key; did you mean commit_s?"),
        ("[[ports]]", "[ports]", "ports: expected a list, each a table, found"),
    ],
)
def test_what_cannot_be_meant_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, says: str
) -> None:
    config = settings(tmp_path, "/dev/null", "mqtt://127.0.0.1")
    config.write_text(config.read_text().replace(before, after))
    assert run.main(["--config", str(config)]) == 2
    assert f"railbox agent: {config}: {says}" in capsys.readouterr().err


def test_settings_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--config", str(tmp_path / "none.toml")]) == 2
    assert "none.toml: cannot be read: No such file or directory" in capsys.readouterr().err


def test_the_settings_are_printed_as_they_are_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = settings(tmp_path, "/dev/null", "mqtt://127.0.0.1")
    assert run.main(["--config", str(config), "--print-config"]) == 0
    printed = capsys.readouterr().out
    assert "resend_after_s = 10\n" in printed
    assert "# Sentences without a checksum are left out (true or false)\nchecksum_required = true" in printed
