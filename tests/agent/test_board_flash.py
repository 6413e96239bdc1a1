"""`railbox board flash`: the real mpremote puts the shipped firmware onto a real MicroPython, and it runs."""

import os
import pty
import subprocess
import sys
import threading
import tty
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from firmware_bridge.board import PYTHONS, simulated_board
from firmware_bridge.host import Host
from railbox_agent.board_tool import command, flash
from railbox_agent.board_tool.session import BoardError
from railbox_bridge.messages import Hello
from railbox_bridge.version import FIRMWARE_VERSION

RESETS = "import sys\ndef reset(): sys.exit()\n"


@contextmanager
def prompt(folder: Path, flash_folder: Path) -> Generator[str]:
    """MicroPython's prompt behind a pseudo-terminal, its flash being a folder; it starts anew when it is reset."""
    (folder / "machine.py").write_text(RESETS)
    flash_folder.mkdir()
    main, sub = pty.openpty()
    tty.setraw(sub)
    stopping = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        while not stopping.is_set():
            environment = {**os.environ, "MICROPYPATH": f":{folder}"}
            process = subprocess.Popen(
                [PYTHONS["micropython"]], stdin=main, stdout=main, stderr=main, cwd=flash_folder, env=environment
            )
            running.append(process)
            process.wait()

    thread = threading.Thread(target=start)
    thread.start()
    try:
        yield os.ttyname(sub)
    finally:
        stopping.set()
        for process in running:
            process.kill()
        thread.join()
        os.close(main)
        os.close(sub)


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_a_flashed_board_has_what_is_shipped_and_nothing_stale_keeps_its_settings_and_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = tmp_path / "flash"
    with prompt(tmp_path, board) as usb:
        (board / "railbox_board" / "drivers").mkdir(parents=True)
        (board / "railbox_board" / "app.py").write_text("raise ValueError  # MicroPython would take it before app.mpy")
        (board / "railbox_board" / "drivers" / "gone.mpy").write_bytes(b"M")
        (board / "settings.json").write_text('{"3": 12}')
        assert command.main(["flash", "--usb", usb, "--json"]) == 0
    assert capsys.readouterr().out == f'{{"firmware": "{FIRMWARE_VERSION}"}}\n'
    assert files(board) == files(flash.FILES) | {"settings.json"}
    assert (board / "settings.json").read_text() == '{"3": 12}'
    with (
        simulated_board(firmware=board, bridge=board) as running,
        serial.Serial(running.port_path, timeout=0.005) as port,
    ):
        host = Host(port)
        host.until(lambda: host.all(Hello))
        assert host.all(Hello)[0].firmware == FIRMWARE_VERSION


def test_flashing_that_was_cut_off_leaves_a_board_that_waits_to_be_flashed_again(tmp_path: Path) -> None:
    board = tmp_path / "flash"
    calls: list[list[str]] = []

    def pulled_at_the_last_folder(words: list[str]) -> "subprocess.CompletedProcess[str]":
        calls.append(words)
        if ":railbox_bridge/" in words:
            return subprocess.CompletedProcess(words, 1, "", "mpremote: device disconnected\n")
        return mpremote(words)

    with prompt(tmp_path, board) as usb:
        (board / "main.py").write_text("raise ValueError")
        with pytest.raises(BoardError, match=f"mpremote fs failed on {usb}: mpremote: device disconnected"):
            flash.flash(usb, print, pulled_at_the_last_folder)
        assert "main.py" not in files(board)
        assert all(words[:3] == ["connect", usb, "resume"] for words in calls)
        assert flash.flash(usb, print) == FIRMWARE_VERSION
    assert files(board) == files(flash.FILES)


def mpremote(words: list[str]) -> "subprocess.CompletedProcess[str]":
    tool = Path(sys.executable).with_name("mpremote")
    return subprocess.run([str(tool), *words], capture_output=True, text=True, check=False)


def answering(stdout: str, code: int = 0, stderr: str = "") -> flash.Run:
    return lambda words: subprocess.CompletedProcess(words, code, stdout, stderr)


def test_a_micropython_that_cannot_load_the_files_is_left_as_it_is() -> None:
    with pytest.raises(BoardError, match=r"loads compiled files of version 5, these are of 6: put the current stable"):
        flash.flash("/dev/ttyACM0", print, answering("rp2 5\n"))


def test_every_folder_of_the_firmware_is_copied() -> None:
    folders = {str(file.parent.relative_to(flash.FILES)) for file in flash.FILES.rglob("*.mpy")}
    assert folders == set(flash.FOLDERS)


def test_what_does_not_answer_is_named() -> None:
    silent = answering("", 1, "mpremote: failed to access /dev/ttyACM0 (it may be in use by another program)\n")
    with pytest.raises(BoardError, match=r"mpremote exec failed on /dev/ttyACM0: .*in use by another program"):
        flash.flash("/dev/ttyACM0", print, silent)


def test_without_a_board_on_usb_the_port_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> list[object]:
        return []

    monkeypatch.setattr(flash.list_ports, "comports", nothing)
    with pytest.raises(BoardError, match="one board on USB is needed, found none: say which by --usb PATH"):
        flash.find_usb()
