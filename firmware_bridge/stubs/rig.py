"""Puts a simulated board under the firmware: after `set_up`, `machine` and `time` are its own, on either Python.

Its directory must be on sys.path. Import it before anything that imports `time` or `machine`.
"""

import asyncio  # before `time` is replaced: asyncio keeps the real one
import sys

import board_time
import machine
from wiring import Hardware
from world import World

HERE = __file__.rsplit("/", 1)[0]
FIRMWARE = HERE + "/../firmware"
BRIDGE = HERE + "/.."


def set_up(line, script: "dict[str, object]", *, firmware: str = FIRMWARE, bridge: str = BRIDGE, runs: bool = True):
    """Return the hardware of one board, wired to `line`, in a world that follows `script` (see `run`).

    `runs` False: the world's time passes only where somebody sleeps or skips it.
    """
    sys.path[:0] = [firmware, bridge]
    world = World(script.get("timeline", []), runs)
    machine.hardware = Hardware(world, line, _boards(), script.get("start_ticks_ms", 0))
    sys.modules["machine"] = machine  # MicroPython's unix port has a built-in one
    sys.modules["time"] = board_time
    return machine.hardware


def forget_firmware() -> None:
    """Drop the firmware's modules and tasks, as a reset does."""
    for name in [name for name in sys.modules if name == "main" or name.startswith("railbox_board")]:
        del sys.modules[name]
    if sys.implementation.name == "micropython":
        asyncio.new_event_loop()  # CPython's asyncio.run has ended its tasks itself


def _boards():
    """Return the firmware's pin maps: from the sources, since the firmware to run may lack them."""
    sys.path.insert(0, FIRMWARE)
    from railbox_board import boards  # noqa: PLC0415 - found only now

    sys.path.remove(FIRMWARE)
    forget_firmware()
    return boards
