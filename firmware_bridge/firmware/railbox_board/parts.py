"""Which parts a board carries. Adding one is a driver file and a line here.

A driver is a `Part` (see `part`): it names its channels, and has `start`, `read` and, where something can happen
between samples, `watch`. What does not answer is reported as missing, so a part that is not fitted may stay listed.
"""

from railbox_board.boards import BATTERY_RATIO, SUPPLY_RATIO, Board
from railbox_board.bus import Bus
from railbox_board.drivers.core_temp import CoreTemp
from railbox_board.drivers.light import Light
from railbox_board.drivers.lis3dh import Lis3dh
from railbox_board.drivers.reed_door import ReedDoor
from railbox_board.drivers.sht3x import Sht3x
from railbox_board.drivers.voltage import Voltage
from railbox_board.part import Part
from railbox_board.settings import Settings
from railbox_bridge.tables import BATTERY, SUPPLY


def parts_of(board: Board, bus: Bus, settings: Settings) -> "list[Part]":
    """Return the board's parts, in the order of their readings in a sample."""
    parts: "list[Part]" = [
        Sht3x(bus),
        Lis3dh(bus, board, settings),
        ReedDoor(board, settings),
        Light(board, settings),
        Voltage(BATTERY, board.battery_adc, BATTERY_RATIO),
        Voltage(SUPPLY, board.supply_adc, SUPPLY_RATIO),
    ]
    if board.core_temp_adc is not None:
        parts.append(CoreTemp(board.core_temp_adc))
    return parts
