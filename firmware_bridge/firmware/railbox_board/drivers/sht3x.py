"""Sensirion SHT30, SHT31, SHT35: temperature and relative humidity over I2C.

Command names and formulas are those of the SHT3x-DIS data sheet.
"""

import asyncio
import errno

from railbox_board.bus import Bus
from railbox_board.part import Part
from railbox_bridge.tables import HUMIDITY, TEMP

ADDRESS = 0x44  # ADDR pin low
SOFT_RESET = b"\x30\xa2"
CLEAR_STATUS = b"\x30\x41"
SINGLE_SHOT_HIGH = b"\x24\x00"  # high repeatability, no clock stretching
MEASUREMENT_S = 0.016  # 15.5 ms at most, high repeatability
RESET_S = 0.002  # 1.5 ms at most
CRC_POLYNOMIAL = 0x31
CRC_START = 0xFF


class Sht3x(Part):
    """Measures on demand and sleeps in between."""

    channels = (TEMP, HUMIDITY)

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._resetting = False

    def start(self) -> None:
        self._bus.write(ADDRESS, SOFT_RESET)
        self._resetting = True

    async def read(self) -> "list[tuple[int, int]]":
        if self._resetting:
            await asyncio.sleep(RESET_S)
            self._resetting = False
        self._bus.write(ADDRESS, SINGLE_SHOT_HIGH)
        await asyncio.sleep(MEASUREMENT_S)
        data = self._bus.read(ADDRESS, 6)
        raw_temp = _word(data, 0)
        raw_humidity = _word(data, 3)
        # T = -45 + 175 · S/65535 °C, RH = 100 · S/65535 %, rounded to 0.1 °C and 1 %
        return [
            (TEMP, (1750 * raw_temp + 32767) // 65535 - 450),
            (HUMIDITY, (100 * raw_humidity + 32767) // 65535),
        ]


def _word(data: bytes, at: int) -> int:
    """Return the checked 16 bits at `at`. Raises OSError where their CRC does not fit."""
    if crc8(data[at : at + 2]) != data[at + 2]:
        raise OSError(errno.EIO, "SHT3x: CRC does not fit")
    return data[at] << 8 | data[at + 1]


def crc8(data: bytes) -> int:
    """Return Sensirion's CRC-8 of `data`."""
    crc = CRC_START
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ CRC_POLYNOMIAL) & 0xFF if crc & 0x80 else crc << 1
    return crc
