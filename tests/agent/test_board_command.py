"""`railbox board` against the real firmware, in MicroPython behind a pseudo-terminal."""

import json
import os
import pty
import threading
import tty
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from firmware_bridge.board import SimulatedBoard, simulated_board
from railbox_agent.board_tool import command, report
from railbox_bridge.messages import Hello
from railbox_bridge.version import FIRMWARE_VERSION

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def board() -> Generator[SimulatedBoard]:
    with simulated_board([(0, {"sht3x": "absent"})]) as running:
        yield running


def said(board: SimulatedBoard, capsys: Captured, *words: str) -> list[dict[str, object]]:
    assert command.main([words[0], "--port", board.port_path, "--json", *words[1:]]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_info_says_who_it_is_and_which_parts_answer(board: SimulatedBoard, capsys: Captured) -> None:
    (row,) = said(board, capsys, "info")
    assert (row["board"], row["firmware"], row["older"]) == ("pico", FIRMWARE_VERSION, False)
    assert isinstance(row["clock_error_ms"], int)
    channels = row["channels"]
    assert isinstance(channels, dict)
    assert (channels["temp_c"], channels["door_open"]) == ("missing", "ok")


def test_info_for_people_advises_to_flash_an_older_firmware() -> None:
    lines = report.info_lines(report.info_row(Hello("0.0.9", "pico", ((0, 0), (7, 1))), None))
    assert (
        f"firmware        0.0.9 (this installation carries {FIRMWARE_VERSION}: older, run railbox board flash)" in lines
    )
    assert lines[-2:] == ["temp_c          ok", "tilt_deg        missing"]


def test_settings_are_shown_changed_and_put_back(board: SimulatedBoard, capsys: Captured) -> None:
    assert {row["setting"] for row in said(board, capsys, "settings")} == set(report.SETTING_NUMBERS)
    changed = said(board, capsys, "settings", "tilt_threshold_deg=12", "low_power=0")
    assert [row["value"] for row in changed] == [12, 0]
    rows = said(board, capsys, "settings", "--defaults")
    assert all(row["value"] == row["default"] for row in rows)


def test_monitor_shows_what_is_measured_and_what_happens(board: SimulatedBoard, capsys: Captured) -> None:
    board.set(door="open")
    rows: list[dict[str, object]] = []
    while not any(row["type"] == "event" for row in rows):
        rows += said(board, capsys, "monitor", "--every", "0.1", "--seconds", "1")
    samples = [row for row in rows if row["type"] == "sample"]
    assert (samples[-1]["door_open"], samples[-1]["door_count"]) == (1, 1)
    assert any(row.get("event") == "door_opened" for row in rows)


def test_level_identify_and_restart_are_done(board: SimulatedBoard, capsys: Captured) -> None:
    for order in ("level", "identify", "restart"):
        assert said(board, capsys, order) == [{"done": order}]
    said(board, capsys, "settings", "--defaults")


def test_what_the_board_refuses_is_said(board: SimulatedBoard, capsys: Captured) -> None:
    assert command.main(["identify", "--for", "99", "--port", board.port_path]) == 1
    assert "railbox board: no such setting, or a value outside its bounds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("tilt=5", "no setting 'tilt'; there are sample_period_ms"),
        ("tilt_threshold_deg=1", "write tilt_threshold_deg=VALUE, a whole number from 5 to 180 (°)"),
        ("low_power", "write low_power=VALUE"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(capsys: Captured, change: str, says: str) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["settings", change])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


# --- ports -----------------------------------------------------------------------------------------------------------


@contextmanager
def line() -> Generator[tuple[int, str]]:
    main, sub = pty.openpty()
    tty.setraw(sub)
    try:
        yield main, os.ttyname(sub)
    finally:
        os.close(main)
        os.close(sub)


def test_a_silent_line_is_said_to_be_so(capsys: Captured) -> None:
    with line() as (_, path):
        assert command.main(["info", "--port", path, "--wait", "0.2"]) == 1
        assert f"nothing heard at {path} for 0.2 s: is the board powered, wired" in capsys.readouterr().err


def test_a_prompt_instead_of_the_firmware_is_shown(capsys: Captured) -> None:
    crash = b"Traceback (most recent call last):\r\nImportError: no module named 'railbox_board'\r\n>>> \x00"
    over = threading.Event()

    def crash_again_and_again() -> None:
        while not over.wait(0.05):
            os.write(main, crash)

    with line() as (main, path):
        thread = threading.Thread(target=crash_again_and_again)
        thread.start()
        assert command.main(["info", "--port", path, "--wait", "1"]) == 1
        over.set()
        thread.join()
    error = capsys.readouterr().err
    assert "is the firmware flashed and running?" in error
    assert "Traceback" in error


def test_a_port_that_the_agent_holds_says_how_to_get_it(capsys: Captured) -> None:
    with line() as (_, path), serial.Serial(path, exclusive=True):
        assert command.main(["info", "--port", path]) == 1
        assert "if the agent has it: systemctl stop railbox-agent" in capsys.readouterr().err


def test_the_port_is_that_of_the_agents_settings(tmp_path: Path, capsys: Captured) -> None:
    config = tmp_path / "agent.toml"
    settings = 'device = "T"\n[[ports]]\nname = "b"\nkind = "{}"\npath = "/dev/none"\n[uplink]\nurl = "mqtt://h"\n'
    config.write_text(settings.format("board"))
    assert command.main(["info", "--config", str(config)]) == 1
    assert "/dev/none cannot be opened" in capsys.readouterr().err
    config.write_text(settings.format("gnss"))
    assert command.main(["info", "--config", str(config)]) == 1
    assert "has no port of kind board: name it by --port" in capsys.readouterr().err
    assert command.main(["info", "--config", str(tmp_path / "none.toml")]) == 2
    assert "cannot be read: No such file or directory; or name the port by --port" in capsys.readouterr().err
