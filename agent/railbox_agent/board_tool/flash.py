"""Puts the firmware that this installation carries onto a board, over its USB socket, by the tool mpremote.

The order is what makes it safe: main.py goes first and comes last, so that the watchdog, which cannot be stopped, is
not running meanwhile, and a board whose flashing was cut off waits at its prompt to be flashed again.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from serial.tools import list_ports

from railbox_agent.board_tool.session import BoardError

FILES: Final = Path(__file__).parents[1] / "firmware"
"""Made by firmware_bridge/build.py."""
MAIN: Final = "main.py"
FOLDERS: Final = ("railbox_board", "railbox_board/drivers", "railbox_bridge")
USB_MAKERS: Final = {0x2E8A: "Raspberry Pi (Pico)", 0x10C4: "Silicon Labs (ESP32-DevKitC)"}
ANSWER_WITHIN_S: Final = 15.0
"""A board that was reset is away from USB for a few seconds."""
TRY_AGAIN_S: Final = 0.5
CALL_TIMEOUT_S: Final = 120.0

# What the board itself is told to do. Settings that were changed by command are in a file of their own, and stay.
_PROBE: Final = "import sys; print(sys.platform, sys.implementation._mpy & 255)"
_STOP: Final = f"""
import os
if {MAIN!r} in os.listdir(): os.remove({MAIN!r})
"""
_CLEAR: Final = f"""
import os
def clear(folder):
    for name in os.listdir(folder):
        path = folder + '/' + name
        if os.stat(path)[0] & 0x4000: clear(path)
        else: os.remove(path)
    os.rmdir(folder)
for folder in {FOLDERS!r}:
    if folder in os.listdir(): clear(folder)
    os.mkdir(folder)
"""
_VERSION: Final = "from railbox_bridge.version import FIRMWARE_VERSION; print(FIRMWARE_VERSION)"

Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]
Say = Callable[[str], None]


def find_usb() -> str:
    """The one board on USB. Raises BoardError where there is none, or more than one."""
    found = {port.device: USB_MAKERS[port.vid] for port in list_ports.comports() if port.vid in USB_MAKERS}
    if len(found) != 1:
        listed = ", ".join(f"{path} by {maker}" for path, maker in found.items()) or "none"
        raise BoardError(f"one board on USB is needed, found {listed}: say which by --usb PATH")
    return next(iter(found))


def flash(usb: str, say: Say, run: Run | None = None) -> str:
    """Flash the board at `usb` and return the version it has then. `say` is told each step. Raises BoardError."""
    if not (FILES / MAIN).exists():
        raise BoardError(f"{FILES} is not there: run python firmware_bridge/build.py in a clone of the project")
    board = _Board(usb, run or _run_mpremote())
    platform, mpy = board.execute(_PROBE).split()
    say(f"MicroPython on {platform} at {usb}")
    _check_mpy(int(mpy))
    board.execute(_STOP)
    board.call("reset")
    board.wait_until_back()
    board.execute(_CLEAR)
    for folder in FOLDERS:
        say(f"copying {folder}")
        # File by file: what cp -r does depends on what is there already, on either side.
        board.call("fs", "cp", *(str(file) for file in sorted((FILES / folder).glob("*.mpy"))), f":{folder}/")
    version = board.execute(_VERSION).strip()
    board.call("fs", "cp", str(FILES / MAIN), f":{MAIN}")
    board.call("reset")
    return version


def mpy_version() -> int:
    """Of the compiled files; a board's MicroPython loads one version only (docs.micropython.org, ".mpy files")."""
    return next(FILES.rglob("*.mpy")).read_bytes()[1]


def _check_mpy(loads: int) -> None:
    if loads != mpy_version():
        raise BoardError(
            f"the board's MicroPython loads compiled files of version {loads}, these are of {mpy_version()}: "
            "put the current stable MicroPython on the board first (micropython.org/download)"
        )


class _Board:
    """A board by way of mpremote, which is called anew for every step."""

    def __init__(self, usb: str, run: Run) -> None:
        self._usb = usb
        self._run = run

    def execute(self, code: str) -> str:
        return self.call("exec", code.strip())

    def call(self, *words: str) -> str:
        """`resume`: without the soft reset that would start main.py's imports over."""
        done = self._run(["connect", self._usb, "resume", *words])
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
            raise BoardError(f"mpremote {words[0]} failed on {self._usb}: {said}")
        return done.stdout

    def wait_until_back(self) -> None:
        deadline_s = time.monotonic() + ANSWER_WITHIN_S
        while True:
            try:
                self.execute("pass")
            except BoardError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(TRY_AGAIN_S)
            else:
                return


def _run_mpremote() -> Run:
    beside = Path(sys.executable).with_name("mpremote")
    tool = str(beside) if beside.exists() else shutil.which("mpremote")
    if tool is None:
        raise BoardError("mpremote is not installed; run: pip install 'railbox[board]'")

    def run(words: Iterable[str]) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run([tool, *words], capture_output=True, text=True, check=False, timeout=CALL_TIMEOUT_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BoardError(f"mpremote did not end: {error}") from error

    return run
