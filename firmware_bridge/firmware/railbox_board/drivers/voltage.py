"""A voltage behind a divider: the battery, the supply."""

from railbox_board.analog import AnalogPin
from railbox_board.part import Part

UV_PER_STEP = 10000  # the channels count 0.01 V


class Voltage(Part):
    """`ratio` is thousandths of the volts in front of the divider to the volts behind it."""

    def __init__(self, channel: int, gpio: int, ratio: int) -> None:
        self.channels = (channel,)
        self._pin = AnalogPin(gpio)
        self._ratio = ratio

    async def read(self) -> "list[tuple[int, int]]":
        microvolts = self._pin.read_uv() * self._ratio // 1000
        return [(self.channels[0], (microvolts + UV_PER_STEP // 2) // UV_PER_STEP)]
