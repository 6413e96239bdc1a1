"""The I2C parts, simulated from their data sheets at the level of registers and commands.

A part knows the world and the time, not the driver: it does what it would do to any driver.
A bus transfer that a part does not acknowledge is None here, and an OSError in `machine`.
"""

import math
from random import random

SHT3X_MEASUREMENT_US = 12500  # typical, high repeatability
SHT3X_RESET_US = 500  # typical


class Sht3x:
    """SHT3x: 16-bit commands, results with a CRC after each word."""

    address = 0x44

    def __init__(self, world) -> None:
        self._world = world
        self._ready_us = 0
        self._result = None

    def write(self, data: bytes) -> bool:
        now_us = self._world.now_us()
        if self._world.get("sht3x") == "absent" or now_us < self._ready_us:
            return False
        command = data[0] << 8 | data[1]
        if command == 0x30A2:  # soft reset
            self._result = None
            self._ready_us = now_us + SHT3X_RESET_US
        elif command == 0x2400:  # single shot, high repeatability, no clock stretching
            self._result = self._measure()
            self._ready_us = now_us + SHT3X_MEASUREMENT_US
        elif command == 0xF32D:  # status register
            self._result = _with_crc(0x0010)
        elif command != 0x3041:  # clear status
            return False
        return True

    def read(self, size: int):
        # Without data ready, the part does not acknowledge its address.
        if self._world.get("sht3x") == "absent" or self._result is None or self._world.now_us() < self._ready_us:
            return None
        result = (self._result + b"\xff" * size)[:size]
        self._result = None
        return result

    def _measure(self) -> bytes:
        state = self._world.get("sht3x")
        if state == "nonsense":
            return _with_crc(0xFFFF) + _with_crc(0xFFFF)
        raw_temp = int((self._world.get("temp_c") + 45) * 65535 / 175 + 0.5)
        raw_humidity = int(self._world.get("humidity_pct") * 65535 / 100 + 0.5)
        data = _with_crc(max(0, min(0xFFFF, raw_temp))) + _with_crc(max(0, min(0xFFFF, raw_humidity)))
        return data[:5] + bytes((data[5] ^ 0x01,)) if state == "bad_crc" else data


def _with_crc(word: int) -> bytes:
    """A word and its CRC-8: polynomial 0x31, from 0xFF, most significant bit first."""
    crc = 0xFF
    for bit in range(15, -1, -1):
        if bit % 8 == 7:
            crc ^= word >> (bit - 7) & 0xFF
        crc = (crc << 1) ^ 0x131 if crc & 0x80 else crc << 1
    return bytes((word >> 8, word & 0xFF, crc))


CATCH_UP_SAMPLES = 4000  # after time was skipped, only so many of the samples between are made


class Lis3dh:
    """LIS3DH: registers, output data rate, FIFO in bypass and stream mode, interrupt 1 behind the high-pass filter."""

    address = 0x18
    RATES_HZ = (0, 1, 10, 25, 50, 100, 200, 400)
    THS_MG = (16, 32, 62, 186)  # one digit of INT1_THS, by full scale
    DIGIT_MG = (1, 2, 4, 12)  # one digit of 12 bits, by full scale

    def __init__(self, world, int1) -> None:
        self._world = world
        self._int1 = int1  # called with the level of the INT1 pin
        self._registers = bytearray(64)
        self._registers[0x0F] = 0x33
        self._registers[0x20] = 0x07
        self._fifo = []
        self._overrun = False
        self._pointer = 0
        self._run = 0
        self._blows = []  # (from_us, until_us, peak_mg)
        self._baseline = None  # of the high-pass filter
        world.on("shock", self._on_shock)

    def _on_shock(self, shock) -> None:
        if shock is not None:
            now_us = self._world.now_us()
            self._blows.append((now_us, now_us + int(shock["lasts_ms"] * 1000), shock["peak_g"] * 1000))

    def write(self, data: bytes) -> bool:
        if self._world.get("lis3dh") == "absent":
            return False
        self._pointer = data[0]
        for value in data[1:]:
            self._write_register(self._pointer & 0x3F, value)
            self._pointer += 1 if self._pointer & 0x80 else 0
        return True

    def _write_register(self, register: int, value: int) -> None:
        if register < 0x1E or 0x27 <= register <= 0x2D or register in {0x2F, 0x31}:
            return  # read only
        self._registers[register] = value
        if register == 0x20:
            self._restart()
        if register == 0x2E and not value & 0xC0:  # bypass mode
            self._fifo = []
            self._overrun = False

    def read(self, size: int):
        if self._world.get("lis3dh") == "absent":
            return None
        data = bytearray()
        for _ in range(size):
            data.append(self._read_register(self._pointer & 0x3F))
            if self._pointer & 0x80:
                self._pointer += 1
                if self._pointer & 0x3F == 0x2E and self._registers[0x24] & 0x40:
                    self._pointer = 0xA8  # with the FIFO on, reading goes round its outputs
        return bytes(data)

    def _read_register(self, register: int) -> int:
        if register == 0x0F:
            return 0x44 if self._world.get("lis3dh") == "other" else 0x33
        if register == 0x2F:
            empty = 0x20 if not self._fifo else 0
            return (0x40 if self._overrun else 0) | empty | (len(self._fifo) & 0x1F)
        if register == 0x31:
            source = self._registers[0x31]
            self._registers[0x31] = 0
            self._int1(0)
            return source
        if 0x28 <= register <= 0x2D:
            return self._output(register - 0x28)
        return self._registers[register]

    def _output(self, at: int) -> int:
        if not self._fifo:
            return 0
        byte = self._fifo[0][at]
        if at == 5:
            self._fifo.pop(0)
            self._overrun = False
        return byte

    def _restart(self) -> None:
        """Begin sampling at the rate that CTRL_REG1 says."""
        self._run += 1
        rate_hz = self.RATES_HZ[min(self._registers[0x20] >> 4, 7)]
        if rate_hz:
            self._tick(self._run, 1000000 // rate_hz)

    def _tick(self, run: int, period_us: int) -> None:
        if run != self._run:
            return
        self._sample(self._world.now_us())
        next_us = max(self._world.now_us() + period_us, self._world.present_us() - CATCH_UP_SAMPLES * period_us)
        self._world.at(next_us, lambda: self._tick(run, period_us))

    def _sample(self, at_us: int) -> None:
        scale = self._registers[0x23] >> 4 & 3
        acceleration = self._acceleration(at_us)
        sample = bytearray()
        for milligee in acceleration:
            digits = max(-2048, min(2047, int(milligee / self.DIGIT_MG[scale] + (0.5 if milligee > 0 else -0.5))))
            sample.append(digits << 4 & 0xF0)
            sample.append(digits >> 4 & 0xFF)
        streaming = self._registers[0x24] & 0x40 and self._registers[0x2E] & 0xC0 == 0x80
        if len(self._fifo) >= (32 if streaming else 1):
            self._fifo.pop(0)
            self._overrun = True
        self._fifo.append(bytes(sample))
        self._interrupt(acceleration, self.THS_MG[scale], at_us)

    def _acceleration(self, at_us: int):
        tilt = self._world.get("tilt_deg") * 0.017453292519943295
        across = math.sin(tilt) * 1000
        up = math.sin(tilt + 1.5707963267948966) * 1000
        rumble = self._world.get("rumble_mg")
        if rumble:
            up += rumble * 1.7320508 * (2 * random() - 1)  # noqa: S311 - uniform noise with this root mean square
        for blow in self._blows:
            if blow[0] <= at_us <= blow[1]:
                # Half a sine, as a buffer's blow is.
                across += blow[2] * math.sin(3.141592653589793 * (at_us - blow[0] + 1) / (blow[1] - blow[0] + 2))
        self._blows = [blow for blow in self._blows if blow[1] >= at_us]
        return across, 0.0, up

    def _interrupt(self, acceleration, digit_mg: int, at_us: int) -> None:
        if self._baseline is None:
            self._baseline = list(acceleration)
        threshold_mg = (self._registers[0x32] & 0x7F) * digit_mg
        filtered = self._registers[0x21] & 0x01
        source = 0
        for axis in range(3):
            value = acceleration[axis] - self._baseline[axis] if filtered else acceleration[axis]
            self._baseline[axis] += (acceleration[axis] - self._baseline[axis]) * 0.02
            if abs(value) > threshold_mg:
                source |= 0x02 << (2 * axis)
        if source & self._registers[0x30] & 0x2A and self._registers[0x22] & 0x40 and not self._registers[0x31]:
            self._registers[0x31] = 0x40 | source
            self._int1(1)
