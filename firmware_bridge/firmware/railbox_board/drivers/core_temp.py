"""The RP2040's own temperature, from its fifth analogue channel: of the board, not of the air."""

from machine import ADC

from railbox_board.part import Part
from railbox_bridge.tables import BOARD_TEMP

FULL_SCALE_UV = 3300000


class CoreTemp(Part):
    """Good to a few degrees."""

    channels = (BOARD_TEMP,)

    def __init__(self, adc_channel: int) -> None:
        self._adc = ADC(adc_channel)

    async def read(self) -> "list[tuple[int, int]]":
        microvolts = self._adc.read_u16() * FULL_SCALE_UV // 65535
        # RP2040 data sheet, 4.9.5: T = 27 - (V - 0.706) / 0.001721 °C
        return [(BOARD_TEMP, 270 - (microvolts - 706000) * 10 // 1721)]
