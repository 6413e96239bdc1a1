"""The real firmware in a process of its own, behind a pseudo-terminal, read by pyserial."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from firmware_bridge.board import FIRMWARE, PYTHONS, SimulatedBoard, Timeline, simulated_board
from firmware_bridge.host import Host, now_ms
from railbox_bridge import commands, tables
from railbox_bridge.messages import LISTENS_BRIEFLY, Hello
from railbox_bridge.values import Answered, BoardEvent, BoardSample, Rebooted, Trouble
from railbox_bridge.version import FIRMWARE_VERSION

CLOSE_MS = 5000  # nothing here is about speed, on whatever machine: only that the clocks are not confused


@contextmanager
def hosted(
    timeline: Timeline = (), *, python: str = "micropython", start_ticks_ms: int = 0, firmware: Path = FIRMWARE
) -> Generator[tuple[SimulatedBoard, Host]]:
    with (
        simulated_board(timeline, python=python, start_ticks_ms=start_ticks_ms, firmware=firmware) as board,
        serial.Serial(board.port_path, 115200, timeout=0.005) as port,
    ):
        yield board, Host(port)


def statuses(host: Host) -> dict[int, int]:
    return dict(host.link.hello.channels) if host.link.hello else {}


def readings(host: Host) -> dict[int, int]:
    samples = host.all(BoardSample)
    return dict(samples[-1].readings) if samples else {}


def order(host: Host, code: int, argument: int = 0, value: int = 0) -> Answered:
    """Give a command and return the board's answer."""
    number = host.link.command(code, argument, value)
    host.until(lambda: [answer for answer in host.all(Answered) if answer.id == number])
    return next(answer for answer in host.all(Answered) if answer.id == number)


@pytest.mark.parametrize("python", sorted(PYTHONS))
def test_a_board_says_who_it_is_measures_and_tells_what_happens(python: str) -> None:
    with hosted(python=python) as (board, host):
        host.until(lambda: host.all(Hello) and host.all(BoardSample))
        hello = host.all(Hello)[0]
        assert (hello.board, hello.firmware) == ("pico", FIRMWARE_VERSION)
        assert statuses(host) == dict.fromkeys(tables.CHANNELS, tables.OK)
        assert order(host, commands.SET, commands.SAMPLE_PERIOD, 100).result == commands.DONE
        host.until(lambda: tables.TILT in readings(host))
        assert readings(host)[tables.TEMP] == 210
        assert readings(host)[tables.DOOR_OPEN] == 0
        moved_ms = now_ms()
        board.set(door="open")
        host.until(lambda: host.all(BoardEvent))
        board.set(shock={"peak_g": 6, "lasts_ms": 60})
        host.until(lambda: len(host.all(BoardEvent)) == 2)
        opened, shock = host.all(BoardEvent)
        assert (opened.code, shock.code) == (tables.DOOR_OPENED, tables.SHOCK)
        assert abs(opened.host_ms - moved_ms) < CLOSE_MS
        assert abs(shock.value - 600) <= 15
        host.until(lambda: host.all(BoardSample)[-1].shock_count == 1)
        assert host.all(BoardSample)[-1].door_count == 1
        assert readings(host)[tables.DOOR_OPEN] == 1


def test_ticks_that_wrap_shift_nothing() -> None:
    with hosted(start_ticks_ms=(1 << 30) - 1500) as (board, host):
        order(host, commands.SET, commands.SAMPLE_PERIOD, 100)
        host.until(lambda: len(host.all(BoardSample)) > 20)
        times_ms = [sample.host_ms for sample in host.all(BoardSample)]
        assert times_ms == sorted(times_ms)
        assert abs(times_ms[-1] - now_ms()) < CLOSE_MS
        assert host.link.counters["reboots"] == 0
        assert "reset" not in board.log


def test_settings_outlive_a_restart_which_is_told() -> None:
    with hosted() as (_board, host):
        assert order(host, commands.SET, commands.TILT_THRESHOLD, 12).result == commands.DONE
        assert order(host, commands.RESTART).result == commands.DONE
        host.until(lambda: host.all(Rebooted))
        assert order(host, commands.GET, commands.TILT_THRESHOLD).value == 12
        assert order(host, commands.RESET_SETTINGS).result == commands.DONE
        assert order(host, commands.GET, commands.TILT_THRESHOLD).value == 30


def test_commands_that_make_no_sense_are_answered_so() -> None:
    with hosted([(0, {"lis3dh": "absent"})]) as (_board, host):
        assert order(host, commands.SET, commands.SAMPLE_PERIOD, 1).result == commands.BAD_ARGUMENT
        assert order(host, commands.GET, 99).result == commands.BAD_ARGUMENT
        assert order(host, 222).result == commands.UNKNOWN_COMMAND
        assert order(host, commands.LEVEL).result == commands.LACKING
        assert order(host, commands.IDENTIFY, value=1).result == commands.DONE


def test_tilt_is_measured_from_where_the_board_was_levelled() -> None:
    with hosted([(0, {"tilt_deg": 20})]) as (_board, host):
        order(host, commands.SET, commands.SAMPLE_PERIOD, 100)
        host.until(lambda: readings(host).get(tables.TILT) == 20)
        assert order(host, commands.LEVEL).result == commands.DONE
        host.until(lambda: readings(host)[tables.TILT] == 0)


def test_a_part_that_fails_and_a_stuck_bus_are_reported_and_the_rest_goes_on() -> None:
    with hosted([(0, {"sht3x": "absent"})]) as (board, host):
        order(host, commands.SET, commands.SAMPLE_PERIOD, 100)
        host.until(lambda: statuses(host).get(tables.TEMP) == tables.MISSING)
        board.set(sht3x="ok")
        host.until(lambda: statuses(host)[tables.TEMP] == tables.OK)
        board.set(bus="shorted")
        host.until(lambda: statuses(host)[tables.TEMP] == statuses(host)[tables.TILT] == tables.FAILING)
        assert statuses(host)[tables.DOOR_OPEN] == tables.OK
        board.set(bus="stuck")
        host.until(lambda: set(statuses(host).values()) == {tables.OK})
        board.set(sht3x="nonsense")
        host.until(lambda: statuses(host)[tables.TEMP] == tables.IMPLAUSIBLE)
        host.until(lambda: tables.TEMP not in readings(host))


def test_a_board_that_hangs_is_restarted_by_its_watchdog() -> None:
    with hosted() as (board, host):
        host.until(lambda: host.all(BoardSample))
        board.set(bus="hung")
        board.set(skip_s=8)
        host.until(lambda: "watchdog" in board.log)
        board.set(bus="ok")
        host.until(lambda: host.all(Rebooted))
        before = len(host.all(BoardSample))
        host.until(lambda: len(host.all(BoardSample)) > before)


def test_a_power_cut_is_a_reboot() -> None:
    with hosted() as (board, host):
        host.until(lambda: host.all(Hello))
        board.set(power="cycled")
        host.until(lambda: host.all(Rebooted))
        host.until(lambda: len(host.all(Hello)) > 1)


def test_low_power_sleeps_between_samples_and_wakes_on_door_and_shock() -> None:
    with hosted() as (board, host):
        order(host, commands.SET, commands.SAMPLE_PERIOD, 3000)
        order(host, commands.SET, commands.LOW_POWER, 1)
        host.until(lambda: host.link.hello and host.link.hello.flags & LISTENS_BRIEFLY)
        # Asleep: nothing said for longer than it stays awake after speaking.
        host.until(lambda: now_ms() - (host.link.last_frame_ms or 0) > 500)
        moved_ms = now_ms()
        board.set(door="open")
        host.until(lambda: host.all(BoardEvent))
        assert abs(host.all(BoardEvent)[0].host_ms - moved_ms) < CLOSE_MS
        host.until(lambda: now_ms() - (host.link.last_frame_ms or 0) > 500)
        board.set(shock={"peak_g": 6, "lasts_ms": 60})
        host.until(lambda: len(host.all(BoardEvent)) > 1)
        assert host.all(BoardEvent)[1].code == tables.SHOCK
        # It can be talked to, once it has spoken, and so be woken for good.
        assert order(host, commands.SET, commands.LOW_POWER, 0).result == commands.DONE


def test_repl_text_on_the_line_is_shown_and_survived() -> None:
    with hosted() as (board, host):
        host.until(lambda: host.all(Hello))
        board.set(say="Traceback (most recent call last):\r\nMemoryError: memory allocation failed\r\n" * 5)
        order(host, commands.SET, commands.SAMPLE_PERIOD, 100)
        host.until(lambda: host.all(Trouble))
        assert "Traceback" in host.all(Trouble)[0].detail
        before = len(host.all(BoardSample))
        host.until(lambda: len(host.all(BoardSample)) > before)


def test_a_half_flashed_board_is_recognised_by_what_it_says(tmp_path: Path) -> None:
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware)
    (firmware / "railbox_board" / "app.py").unlink()
    with hosted(firmware=firmware) as (board, host):
        host.until(lambda: "board:" in board.log)
        for times in (1, 2, 3):  # resets, as somebody at the board would do
            board.set(power="cycled")
            host.until(lambda times=times: board.log.count("power cycled") >= times)
        host.until(lambda: host.all(Trouble))
        assert "firmware" in host.all(Trouble)[0].detail
        assert host.link.hello is None
