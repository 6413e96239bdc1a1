"""A phototransistor inside the container: light where there should be none is a breach."""

from railbox_board.analog import AnalogPin
from railbox_board.boards import LIGHT_UV_PER_LUX, Board
from railbox_board.part import Happening, Part
from railbox_board.settings import Settings
from railbox_board.threshold import Threshold
from railbox_bridge.commands import LIGHT_THRESHOLD
from railbox_bridge.tables import LIGHT, LIGHT_BREACH

HOLD_MS = 300  # a flash of a camera or a spark is not a breach
PERIOD_MS = 100


class Light(Part):
    """Brightness in lux, and its rise over the threshold."""

    channels = (LIGHT,)

    def __init__(self, board: Board, settings: Settings) -> None:
        self._settings = settings
        self._pin = AnalogPin(board.light_adc)
        self._threshold = Threshold(HOLD_MS)
        self._next_ms = 0

    async def read(self) -> "list[tuple[int, int]]":
        return [(LIGHT, self._lux())]

    def watch(self, now_ms: int) -> "list[Happening]":
        if now_ms < self._next_ms:
            return []
        self._next_ms = now_ms + PERIOD_MS
        limit_lux = self._settings[LIGHT_THRESHOLD]
        lux = self._lux()
        since_ms = self._threshold.risen(lux, limit_lux // 2, limit_lux, now_ms)
        return [] if since_ms is None else [Happening(LIGHT_BREACH, lux, since_ms)]

    def _lux(self) -> int:
        return self._pin.read_uv() // LIGHT_UV_PER_LUX
