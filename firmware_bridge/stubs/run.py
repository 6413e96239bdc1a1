"""Run the firmware, as it is, on a simulated board: on MicroPython or CPython.

    run.py LINE_FD SCRIPT.json FIRMWARE_DIR BRIDGE_DIR

The script: {"start_ticks_ms": …, "timeline": [[at_s, {name: value}], …]}, names as in `world`. A line on standard
input, {name: value}, changes the world at once.
"""

import gc
import json
import select
import sys
import time

import rig
from line import Line
from wiring import RESET_EXIT

LOOK_US = 10000
PROMPT = '\r\nMicroPython\r\nType "help()" for more information.\r\n>>> '


class Remote:
    """Changes of the world from standard input."""

    def __init__(self, world) -> None:
        self._world = world
        self._file = open(0, "rb", buffering=0)  # noqa: SIM115 - open as long as the board is
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)
        self._look()

    def _look(self) -> None:
        if self._poll.poll(0):
            line = self._file.readline()
            if not line:
                return  # closed: nobody will say anything any more
            self._world.set(json.loads(line))
        self._world.at(self._world.now_us() + LOOK_US, self._look)


def run_once(hardware) -> bool:
    """Run the firmware's main until it ends; say whether the board is to be started anew."""
    rig.forget_firmware()
    gc.collect()
    hardware.boot()
    try:
        __import__("main")
    except SystemExit as end:
        return end.args[0] == RESET_EXIT
    except Exception as error:
        # What the REPL of a board says whose main did not start, or died.
        sys.stderr.write("board: " + repr(error) + "\n")
        text = "Traceback (most recent call last):\r\n" + type(error).__name__ + ": " + str(error)
        hardware.line.write((text + PROMPT).encode("utf-8"))
    return False


def idle(hardware) -> None:
    """Sit at the prompt until the watchdog bites or the power is cycled; the host's bytes are read by nobody."""
    while True:
        hardware.advance()
        hardware.line.read()
        time.sleep(0.01)


def report(what: str) -> None:
    """Say how much of MicroPython's heap is in use, that of the simulated hardware included."""
    gc.collect()
    if what == "heap" and hasattr(gc, "mem_alloc"):
        total = gc.mem_alloc() + gc.mem_free()
        sys.stderr.write("board: heap " + str(gc.mem_alloc()) + " of " + str(total) + "\n")


def main(descriptor: str, script_file: str, firmware: str, bridge: str) -> None:
    with open(script_file) as file:
        script = json.load(file)
    hardware = rig.set_up(Line(int(descriptor)), script, firmware=firmware, bridge=bridge)
    hardware.world.on("report", report)
    report("heap")
    Remote(hardware.world)
    while True:
        try:
            if not run_once(hardware):
                idle(hardware)
        except SystemExit:
            continue


main(*sys.argv[1:])
