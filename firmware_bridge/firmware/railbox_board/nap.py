"""Sleep that door and shock end: the one file that knows how the boards' light sleeps differ.

The link does not hear while the board naps, and its UART is set up anew afterwards.
"""

import sys

from machine import Pin, lightsleep

from railbox_board.boards import Board

if sys.platform == "esp32":
    import esp32


def nap(board: Board, nap_ms: int) -> None:
    """Sleep at most `nap_ms`; an edge of the door's or the accelerometer's pin ends it earlier."""
    if sys.platform == "esp32":
        door = Pin(board.door)
        esp32.wake_on_ext0(door, not door.value())
        esp32.wake_on_ext1((Pin(board.motion_int),), esp32.WAKEUP_ANY_HIGH)
    # The RP2040 wakes on any pin with an interrupt handler, provided that the sleep has an end
    # (micropython/micropython issue 7035).
    lightsleep(nap_ms)
