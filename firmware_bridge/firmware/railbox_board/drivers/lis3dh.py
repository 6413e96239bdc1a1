"""ST LIS3DH: acceleration over I2C, with an interrupt on shock. Register names: data sheet DocID17530.

The part samples into its FIFO at 400 Hz and raises INT1 on a shock; `watch` empties the FIFO into `motion`.
"""

import errno

from machine import Pin

from railbox_board.boards import Board
from railbox_board.bus import Bus
from railbox_board.motion import Motion, angle_deg
from railbox_board.part import Happening, Part
from railbox_board.settings import Settings
from railbox_board.threshold import Threshold
from railbox_board.ticks import Moment
from railbox_bridge.commands import LEVEL_X, LEVEL_Y, LEVEL_Z, SHOCK_THRESHOLD, TILT_THRESHOLD
from railbox_bridge.tables import SHOCK, SHOCK_COUNT, SHOCK_PEAK, TILT, TILTED, VIBRATION

ADDRESS = 0x18  # SA0 low
WHO_AM_I = 0x0F
WHO_AM_I_LIS3DH = 0x33
CTRL_REG1 = 0x20
CTRL_REG2 = 0x21
CTRL_REG3 = 0x22
CTRL_REG4 = 0x23
CTRL_REG5 = 0x24
OUT_X_L = 0x28
FIFO_CTRL_REG = 0x2E
FIFO_SRC_REG = 0x2F
INT1_CFG = 0x30
INT1_SRC = 0x31
INT1_THS = 0x32
INT1_DURATION = 0x33
AUTO_INCREMENT = 0x80  # in the register address

# What `start` writes; INT1_THS follows from the settings.
CONFIGURATION = (
    (CTRL_REG1, 0x77),  # 400 Hz, X, Y and Z
    (CTRL_REG2, 0x01),  # HPIS1: the interrupt sees acceleration without gravity
    (CTRL_REG3, 0x40),  # I1_IA1: interrupt generator 1 on INT1
    (CTRL_REG4, 0xB8),  # BDU, ±16 g, high resolution
    (CTRL_REG5, 0x48),  # FIFO_EN; LIR_INT1: INT1 stays until INT1_SRC is read
    (FIFO_CTRL_REG, 0x00),  # bypass mode empties the FIFO
    (FIFO_CTRL_REG, 0x80),  # stream mode: the latest 32 samples
    (INT1_DURATION, 0x00),
    (INT1_CFG, 0x2A),  # any of X, Y, Z above the threshold
)
OVRN_FIFO = 0x40
FSS = 0x1F
FIFO_SAMPLES = 32
SAMPLE_BYTES = 6
PERIOD_US = 2500  # 400 Hz
MG_PER_DIGIT = 12  # ±16 g in high resolution, 12 bits left-justified
THS_MG = 186  # one digit of INT1_THS at ±16 g
THS_MAX = 0x7F
TILT_HOLD_MS = 2000  # a curve or a lift is not a tilt
TILT_FALL_DEG = 5


class Lis3dh(Part):
    """Shock, vibration and tilt."""

    channels = (SHOCK_PEAK, VIBRATION, TILT, SHOCK_COUNT)

    def __init__(self, bus: Bus, board: Board, settings: Settings) -> None:
        self._bus = bus
        self._settings = settings
        self._motion = Motion()
        self._tilt = Threshold(TILT_HOLD_MS)
        self._interrupt = Moment()
        self._threshold_mg = 0
        self._pin = Pin(board.motion_int, Pin.IN)

    def start(self) -> None:
        if self._bus.read_registers(ADDRESS, WHO_AM_I, 1)[0] != WHO_AM_I_LIS3DH:
            raise OSError(errno.ENODEV, "LIS3DH: something else answers at its address")
        for register, value in CONFIGURATION:
            self._bus.write_register(ADDRESS, register, value)
        self._set_threshold()
        self._bus.read_registers(ADDRESS, INT1_SRC, 1)
        # Only now: without the part, the pin floats and would interrupt for ever.
        self._pin.irq(self._interrupt.mark, Pin.IRQ_RISING)

    async def read(self) -> "list[tuple[int, int]]":
        figures = self._motion.take_figures()
        attitude = self._motion.attitude_mg()
        if figures is None or attitude is None:
            self._bus.read_registers(ADDRESS, WHO_AM_I, 1)  # no sample yet: at least say whether it answers
            return []
        readings = [(SHOCK_PEAK, figures[0] // 10), (VIBRATION, figures[1])]
        tilt_deg = angle_deg(attitude, self._level())
        if tilt_deg is not None:
            readings.append((TILT, tilt_deg))
        return readings

    def watch(self, now_ms: int) -> "list[Happening]":
        if self._threshold_mg != self._settings[SHOCK_THRESHOLD]:
            self._set_threshold()
        interrupted_ms = self._interrupt.take(now_ms)
        overrun, seen = self._drain(now_ms)
        if interrupted_ms is not None:
            self._bus.read_registers(ADDRESS, INT1_SRC, 1)
            if overrun and not seen and not self._motion.in_shock:
                # The FIFO was too short to keep this shock: all that is known of it is that it was one.
                seen.append(Happening(SHOCK, self._threshold_mg // 10, interrupted_ms))
        return seen + self._watch_tilt(now_ms)

    @property
    def busy(self) -> bool:
        return self._motion.in_shock or self._interrupt.marked

    def attitude_mg(self) -> "tuple[int, int, int] | None":
        """Return which way gravity points, None before the first sample."""
        return self._motion.attitude_mg()

    def _set_threshold(self) -> None:
        self._threshold_mg = self._settings[SHOCK_THRESHOLD]
        digits = max(1, min(THS_MAX, self._threshold_mg // THS_MG))
        self._bus.write_register(ADDRESS, INT1_THS, digits)

    def _drain(self, now_ms: int) -> "tuple[bool, list[Happening]]":
        """Empty the FIFO; return whether it had run over, and the shocks that were in it."""
        source = self._bus.read_registers(ADDRESS, FIFO_SRC_REG, 1)[0]
        overrun = source & OVRN_FIFO != 0
        count = FIFO_SAMPLES if overrun else source & FSS
        shocks: "list[Happening]" = []
        if not count:
            return overrun, shocks
        data = self._bus.read_registers(ADDRESS, OUT_X_L | AUTO_INCREMENT, SAMPLE_BYTES * count)
        for index in range(count):
            at_ms = now_ms - (count - 1 - index) * PERIOD_US // 1000
            at = SAMPLE_BYTES * index
            x, y, z = _mg(data, at), _mg(data, at + 2), _mg(data, at + 4)
            shock = self._motion.add(x, y, z, at_ms, self._threshold_mg)
            if shock is not None:
                shocks.append(Happening(SHOCK, shock.peak_mg // 10, shock.at_ms, shock.lasted_ms))
        return overrun, shocks

    def _watch_tilt(self, now_ms: int) -> "list[Happening]":
        attitude = self._motion.attitude_mg()
        tilt_deg = None if attitude is None else angle_deg(attitude, self._level())
        if tilt_deg is None:
            return []
        limit_deg = self._settings[TILT_THRESHOLD]
        since_ms = self._tilt.risen(tilt_deg, limit_deg - TILT_FALL_DEG, limit_deg, now_ms)
        return [] if since_ms is None else [Happening(TILTED, tilt_deg, since_ms)]

    def _level(self) -> "tuple[int, int, int]":
        return self._settings[LEVEL_X], self._settings[LEVEL_Y], self._settings[LEVEL_Z]


def _mg(data: bytes, at: int) -> int:
    digits = (data[at] | data[at + 1] << 8) >> 4
    return (digits - 4096 if digits & 0x800 else digits) * MG_PER_DIGIT
