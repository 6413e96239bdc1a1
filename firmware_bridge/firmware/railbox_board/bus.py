"""The I2C bus, and how it is freed when a part holds its data line low.

Knows no part. A bus that does not answer raises OSError within TIMEOUT_US.
"""

from time import sleep_us

from machine import I2C, Pin

from railbox_board.boards import Board

FREQUENCY_HZ = 400000
TIMEOUT_US = 10000
CLOCK_PULSES = 9  # I2C specification UM10204, 3.1.16: the part lets go within nine clocks
HALF_PULSE_US = 5


class Bus:
    """One I2C bus of a board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._i2c = self._open()

    def _open(self) -> I2C:
        board = self._board
        return I2C(board.i2c, scl=Pin(board.scl), sda=Pin(board.sda), freq=FREQUENCY_HZ, timeout=TIMEOUT_US)

    def write(self, address: int, data: bytes) -> None:
        self._i2c.writeto(address, data)

    def read(self, address: int, size: int) -> bytes:
        return self._i2c.readfrom(address, size)

    def read_registers(self, address: int, register: int, size: int) -> bytes:
        return self._i2c.readfrom_mem(address, register, size)

    def write_register(self, address: int, register: int, value: int) -> None:
        self._i2c.writeto_mem(address, register, bytes((value,)))

    def free(self) -> bool:
        """Clock a part that holds the data line until it lets go, and say whether it did."""
        sda = Pin(self._board.sda, Pin.IN, Pin.PULL_UP)
        scl = Pin(self._board.scl, Pin.OPEN_DRAIN, value=1)
        for _ in range(CLOCK_PULSES):
            if sda.value():
                break
            scl.value(0)
            sleep_us(HALF_PULSE_US)
            scl.value(1)
            sleep_us(HALF_PULSE_US)
        freed = sda.value() == 1
        self._i2c = self._open()
        return freed
