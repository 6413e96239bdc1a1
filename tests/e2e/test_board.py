"""The real firmware at the real agent: a threshold, a restart and a sensor gone mad reach the server or the log."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_bridge.board import simulated_board
from railbox_agent.board_tool import command
from railbox_telemetry.tables import CHANNEL_BY_NAME
from support import nmea
from support.brokers import wait_for
from support.system import Row, Server, Tracker, running, serial_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

UNIT = "CSQU3054383"
CHILLED = '\n[[thresholds]]\nchannel = "temp_c"\nabove = 8.0\nbelow = 2.0\nhysteresis = 0.5\n'


def test_what_the_board_sees_is_told_and_what_is_wrong_with_it_is_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(tmp_path)
    with running(server), serial_port() as gnss, simulated_board([(0, {"temp_c": 5.0})]) as board:
        assert command.main(["settings", "--port", board.port_path, "sample_period_ms=500"]) == 0
        capsys.readouterr()
        server.assign("TRK-1", UNIT)
        tracker = Tracker(tmp_path / "agent", "TRK-1", server.broker, gnss.path, board.port_path)
        config = tmp_path / "agent" / "agent.toml"
        config.write_text(config.read_text() + CHILLED)
        events = events_of(server)
        with running(tracker):
            start_s = int(time.time())
            gnss.play(nmea.rmc(start_s + i) + nmea.gga(start_s + i) for i in range(150))
            wait_for(lambda: readings_of(server), "the board's temperature", 60)
            board.set(temp_c=11.0)
            wait_for(lambda: [row for row in events("threshold_exceeded") if row["value"] == TEMP], "too warm", 60)
            assert readings_of(server)[-1] > 8.0, "by which value is told with it"
            board.set(temp_c=7.0)
            wait_for(lambda: events("threshold_cleared"), "cool again", 60)
            board.set(sht3x="nonsense")
            wait_for(lambda: "temp_c is implausible" in tracker.log, "the mad sensor in the log", 60)
            board.set(power="cycled")
            wait_for(lambda: events("board_rebooted"), "the board's restart", 60)
            # The agent has the port to itself.
            assert command.main(["info", "--port", board.port_path]) == 1
        assert (
            len(events("threshold_exceeded")) == len(events("threshold_cleared")) == len(events("board_rebooted")) == 1
        )


TEMP = CHANNEL_BY_NAME["temp_c"].bit


def events_of(server: Server) -> Callable[[str], list[Row]]:
    def named(name: str) -> list[Row]:
        return [row for row in server.get(f"/api/units/{UNIT}/events")["events"] if row["event"] == name]

    return named


def readings_of(server: Server) -> list[float]:
    rows = server.get(f"/api/units/{UNIT}/readings?channel=temp_c")["readings"]
    return [row["value"] for row in sorted(rows, key=lambda row: row["time"])]
