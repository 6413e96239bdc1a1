"""Analogue pins in microvolts: the one file that knows how the boards' converters differ."""

import sys

from machine import ADC, Pin

FULL_SCALE_UV = 3300000  # the RP2040's reference is its 3.3 V supply
AVERAGED = 8  # conversions a reading: the RP2040's steps are noisy


class AnalogPin:
    """One pin of the converter."""

    def __init__(self, gpio: int) -> None:
        if sys.platform == "esp32":
            self._adc = ADC(Pin(gpio), atten=ADC.ATTN_11DB)
        else:
            self._adc = ADC(Pin(gpio))

    def read_uv(self) -> int:
        return sum([self._convert_uv() for _ in range(AVERAGED)]) // AVERAGED

    def _convert_uv(self) -> int:
        if sys.platform == "esp32":
            return self._adc.read_uv()  # calibrated at the factory
        return self._adc.read_u16() * FULL_SCALE_UV // 65535
