"""MicroPython's `machine`, as far as the firmware uses it, for a simulated board. Its hardware is `wiring`.

`hardware` is set by `run` before the firmware starts.
"""

hardware = None

SLEEP = 2
PWRON_RESET = 1
WDT_RESET = 3


class Pin:
    """A digital pin; the number may be a name, as "LED"."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, id, mode=-1, pull=-1, *, value=None) -> None:
        self.id = id
        self._output = mode in {Pin.OUT, Pin.OPEN_DRAIN}
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return hardware.read_pin(self.id)
        hardware.write_pin(self.id, 1 if level else 0)
        return None

    def irq(self, handler=None, trigger=IRQ_FALLING | IRQ_RISING) -> None:
        net = hardware.net(self.id)
        net.handler = handler
        net.rising = bool(trigger & Pin.IRQ_RISING)
        net.falling = bool(trigger & Pin.IRQ_FALLING)


class I2C:
    """The bus's master: transfers raise OSError as the RP2040's does, EIO without an acknowledge."""

    def __init__(self, id, *, scl, sda, freq=400000, timeout=50000) -> None:
        board = hardware.board
        if (id, scl.id, sda.id) != (board.i2c, board.scl, board.sda):
            raise ValueError("no I2C bus there")

    def scan(self):
        found = []
        for address in sorted(hardware.i2c):
            try:
                hardware.transfer(address, b"", 0)
            except OSError:
                continue
            found.append(address)
        return found

    def writeto(self, address, data) -> int:
        hardware.transfer(address, bytes(data), 0)
        return len(data)

    def readfrom(self, address, size) -> bytes:
        return hardware.transfer(address, None, size)

    def writeto_mem(self, address, register, data) -> None:
        hardware.transfer(address, bytes((register,)) + bytes(data), 0)

    def readfrom_mem(self, address, register, size) -> bytes:
        hardware.transfer(address, bytes((register,)), 0)
        return hardware.transfer(address, None, size)


class ADC:
    """The converter: 12 bits, scaled to 16 as MicroPython does."""

    ATTN_11DB = 3

    def __init__(self, source, *, atten=None) -> None:
        self._source = source.id if isinstance(source, Pin) else source

    def read_u16(self) -> int:
        steps = int(hardware.analog_v(self._source) / 3.3 * 4095 + 0.5)
        steps = max(0, min(4095, steps))
        return steps << 4 | steps >> 8

    def read_uv(self) -> int:
        return self.read_u16() * 3300000 // 65535


class UART:
    """The line to the host, if it is opened on the board's pins for it."""

    def __init__(self, id, baudrate=115200, *, tx=None, rx=None, rxbuf=256, txbuf=256) -> None:
        board = hardware.board
        if (id, tx.id, rx.id) != (board.uart, board.tx, board.rx):
            raise ValueError("no line there")
        self._line = hardware.line

    def any(self) -> int:
        return self._line.waiting()

    def read(self, size=None):
        return self._line.read(size)

    def write(self, data) -> int:
        return self._line.write(data)


class WDT:
    """Cannot be stopped once started."""

    def __init__(self, id=0, timeout=5000) -> None:
        if timeout > 8388:
            raise ValueError("timeout exceeds 8388")
        hardware.watchdog_ms = timeout
        hardware.feed_watchdog()

    def feed(self) -> None:
        hardware.feed_watchdog()


class RTC:
    """A clock that nobody has set: it starts at 2021-01-01, as the RP2040's does."""

    def datetime(self):
        seconds = hardware.ticks_us() // 1000000
        return (2021, 1, 1 + seconds // 86400, 4, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60, 0)


def reset() -> None:
    hardware.reset("asked for")


def lightsleep(nap_ms) -> None:
    """Sleep until an interrupt or for `nap_ms`; the line hears nothing meanwhile."""
    before = hardware.interrupts
    until_us = hardware.ticks_us() + nap_ms * 1000
    while hardware.ticks_us() < until_us and hardware.interrupts == before:
        hardware.world.sleep(0.0005)
        hardware.line.read(None)
