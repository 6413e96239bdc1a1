"""What is soldered to what on the simulated board: pins, buses, the line to the host, the watchdog.

Follows the firmware's own pin map, so a wrong pin there is a wrong pin here. `machine` is its face to the firmware.
"""

import errno
import sys
from random import randint

import i2c_parts

TICKS_MASK = (1 << 30) - 1  # time.ticks_ms wraps here on 32-bit boards
RESET_EXIT = 64  # what `machine.reset` ends the firmware with; `run` starts it anew
CLOCKS_TO_FREE = 9
FULL_SCALE_V = 3.3


class Net:
    """One pin's wire: what pulls it from outside, and who wants to know when it moves."""

    def __init__(self) -> None:
        self.level = 1
        self.handler = None
        self.rising = False
        self.falling = False

    def drive(self, level: int) -> bool:
        """Move the wire; say whether an interrupt was called."""
        if level == self.level:
            return False
        self.level = level
        if self.handler is None or not (self.rising if level else self.falling):
            return False
        self.handler(None)
        return True


class Hardware:
    """One board with its parts. Power-cycle it with `boot`; the parts keep their registers, being powered apart."""

    def __init__(self, world, line, boards, start_ticks_ms: int = 0) -> None:
        self.world = world
        self.line = line
        self.nets = {}
        self.interrupts = 0
        self.watchdog_ms = None
        self._fed_us = 0
        self._clocks = 0
        self._boot_us = 0
        self._start_ticks_ms = start_ticks_ms
        self._cycled = False
        self._door_level = 0
        self.board = boards.this_board()
        self._boards = boards
        self.i2c = {}
        for part in (i2c_parts.Sht3x(world), i2c_parts.Lis3dh(world, self._drive_motion)):
            self.i2c[part.address] = part
        world.on("door", self._move_door)
        world.on("power", self._power)
        world.on("say", self._say)
        self.boot()

    def boot(self) -> None:
        """Begin a new run of the firmware: no handlers, no watchdog, ticks from the start."""
        self.watchdog_ms = None
        self._boot_us = self.world.now_us()
        for gpio in self.nets:
            self.nets[gpio].handler = None
        self._door_level = 0 if self.world.get("door") == "closed" else 1
        self.net(self.board.door).level = self._door_level
        self.net(self.board.motion_int).level = 0

    def net(self, gpio) -> Net:
        if gpio not in self.nets:
            self.nets[gpio] = Net()
        return self.nets[gpio]

    def ticks_us(self) -> int:
        """Microseconds since boot, and the start that the script gave; lets the world go on first."""
        self.advance()
        return self._start_ticks_ms * 1000 + self.world.now_us() - self._boot_us

    def advance(self) -> None:
        """Let what was to happen happen: parts, script, watchdog, power."""
        self.world.advance()
        if self._cycled:
            self._cycled = False
            self.reset("power cycled")
        if self.watchdog_ms is not None and self.world.present_us() - self._fed_us > self.watchdog_ms * 1000:
            self.reset("watchdog")

    def feed_watchdog(self) -> None:
        self._fed_us = self.world.present_us()

    def reset(self, why: str) -> None:
        sys.stderr.write("board: reset: " + why + "\n")
        self.watchdog_ms = None
        raise SystemExit(RESET_EXIT)

    def transfer(self, address: int, out: "bytes | None", size: int):
        """Do one I2C transfer: write `out` if given, else read `size` bytes. Raises OSError as the RP2040's does."""
        self.advance()
        state = self.world.get("bus")
        while state == "hung":
            self.advance()  # until the watchdog bites
        if state != "ok":
            raise OSError(errno.ETIMEDOUT)
        part = self.i2c.get(address)
        done = None if part is None else part.read(size) if out is None else part.write(out)
        if done is None or done is False:
            raise OSError(errno.EIO)
        return done

    def read_pin(self, gpio) -> int:
        self.advance()
        if gpio == self.board.sda and self.world.get("bus") in {"stuck", "shorted"}:
            return 0
        return self.net(gpio).level

    def write_pin(self, gpio, level: int) -> None:
        if gpio == self.board.scl and level and self.world.get("bus") == "stuck":
            self._clocks += 1
            if self._clocks >= CLOCKS_TO_FREE:
                self._clocks = 0
                self.world.set({"bus": "ok"})
        self.net(gpio).level = level

    def analog_v(self, gpio) -> float:
        """Volts at an analogue pin, or at the converter's channel for the chip's own temperature."""
        self.advance()
        board = self.board
        if gpio == board.light_adc:
            return self.world.get("light_lux") * self._boards.LIGHT_UV_PER_LUX / 1e6
        if gpio == board.battery_adc:
            return self.world.get("battery_v") * 1000 / self._boards.BATTERY_RATIO
        if gpio == board.supply_adc:
            return self.world.get("supply_v") * 1000 / self._boards.SUPPLY_RATIO
        if gpio == board.core_temp_adc:
            return 0.706 - (self.world.get("board_temp_c") - 27) * 0.001721
        return 0.0

    def _drive_motion(self, level: int) -> None:
        self._drive(self.board.motion_int, level)

    def _move_door(self, state) -> None:
        """Move the switch as a real one does: it bounces before it rests."""
        level = 0 if state == "closed" else 1
        if level == self._door_level:
            return
        self._door_level = level
        now_us = self.world.now_us()
        bounce_us = int(self.world.get("bounce_ms") * 1000)
        moves = [now_us]
        if bounce_us:
            moves += sorted([now_us + randint(1, bounce_us) for _ in range(4)])  # noqa: S311 - noise
        for index in range(len(moves)):
            moved = level if index % 2 == 0 else 1 - level
            self.world.at(moves[index], lambda moved=moved: self._drive(self.board.door, moved))

    def _drive(self, gpio, level: int) -> None:
        if self.net(gpio).drive(level):
            self.interrupts += 1

    def _power(self, state) -> None:
        self._cycled = state == "cycled"

    def _say(self, text) -> None:
        if text:
            self.line.write(text.encode("utf-8"))
