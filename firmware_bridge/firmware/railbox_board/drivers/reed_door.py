"""A reed switch on the door, to ground: its magnet closes it while the door is shut."""

from machine import Pin

from railbox_board.boards import Board
from railbox_board.debounce import Debounce
from railbox_board.part import Happening, Part
from railbox_board.settings import Settings
from railbox_board.ticks import Moment
from railbox_bridge.commands import DOOR_DEBOUNCE
from railbox_bridge.tables import DOOR_CLOSED, DOOR_COUNT, DOOR_OPEN, DOOR_OPENED


class ReedDoor(Part):
    """Open and closed, debounced. A switch torn off reads as an open door, as it should."""

    channels = (DOOR_OPEN, DOOR_COUNT)

    def __init__(self, board: Board, settings: Settings) -> None:
        self._settings = settings
        self._moved = Moment()
        self._pin = Pin(board.door, Pin.IN, Pin.PULL_UP)
        self._pin.irq(self._moved.mark, Pin.IRQ_RISING | Pin.IRQ_FALLING)
        self._contact = Debounce(self._pin.value(), settings[DOOR_DEBOUNCE])

    async def read(self) -> "list[tuple[int, int]]":
        return [(DOOR_OPEN, self._contact.level)]

    def watch(self, now_ms: int) -> "list[Happening]":
        self._contact.settle_ms = self._settings[DOOR_DEBOUNCE]
        moved_ms = self._moved.take(now_ms)
        if moved_ms is not None:
            self._contact.edge(moved_ms)
        changed_ms = self._contact.settle(self._pin.value(), now_ms)
        if changed_ms is None:
            return []
        return [Happening(DOOR_OPENED if self._contact.level else DOOR_CLOSED, 0, changed_ms)]

    @property
    def busy(self) -> bool:
        return self._contact.unsettled or self._moved.marked
