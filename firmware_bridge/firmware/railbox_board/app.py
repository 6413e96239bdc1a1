"""The board's tasks: serve the link, watch the parts, sample them, keep the watchdog content, nap in between.

Wires everything together; decides nothing that the other files could. A task that hangs or dies ends in a restart.
"""

import asyncio
from os import urandom

from machine import UART, WDT, Pin, reset

from railbox_board.boards import BAUD, this_board
from railbox_board.bus import Bus
from railbox_board.nap import nap
from railbox_board.orders import Orders
from railbox_board.part import Happening
from railbox_board.parts import parts_of
from railbox_board.settings import Settings
from railbox_board.station import Station
from railbox_board.ticks import Ticks
from railbox_bridge.board_link import BoardLink
from railbox_bridge.commands import LOW_POWER, SAMPLE_PERIOD
from railbox_bridge.messages import LISTENS_BRIEFLY
from railbox_bridge.tables import DOOR_OPENED, SHOCK
from railbox_bridge.version import FIRMWARE_VERSION

SERVE_S = 0.004  # how late a ping may be heard; 115200 baud bring 46 bytes in it, the UART keeps 1024
WATCH_S = 0.02  # the accelerometer's FIFO is full in 80 ms
SAMPLE_CHECK_S = 0.05
GUARD_S = 0.5
REST_S = 0.05
HUNG_MS = 5000  # a task silent for this long is not alive
WATCHDOG_MS = 8000  # the RP2040's longest is 8388 ms
LISTEN_MS = 250  # awake after the last byte either way; the host counts on 150 ms
NAP_MAX_MS = 5000  # the watchdog runs on while the board naps
NAP_MIN_MS = 20
RESTART_DELAY_MS = 200  # after the answer, for it to leave


class App:
    """The board's one application."""

    def __init__(self) -> None:
        self._board = this_board()
        self._settings = Settings()
        bus = Bus(self._board)
        self._station = Station(parts_of(self._board, bus, self._settings), bus)
        self._orders = Orders(self._board, self._station.parts, self._settings)
        self._ticks = Ticks()
        self._link = BoardLink(int.from_bytes(urandom(4), "little"), FIRMWARE_VERSION, self._board.name)
        self._link.channels = self._station.statuses
        self._uart = self._open_uart()
        self._alive_ms: "dict[str, int]" = {}
        self._told_changes = 0
        self._spoke_ms = 0
        self._next_sample_ms = 0

    def _open_uart(self) -> UART:
        board = self._board
        return UART(board.uart, baudrate=BAUD, tx=Pin(board.tx), rx=Pin(board.rx), rxbuf=1024, txbuf=1024)

    async def run(self) -> None:
        """Run until the board is reset."""
        watchdog = WDT(timeout=WATCHDOG_MS)
        await self._station.sample()  # so that the first HELLO knows who answers
        tasks = (self._serve(), self._watch(), self._sample(), self._rest(), self._blink(), self._guard(watchdog))
        await asyncio.gather(*tasks)

    async def _serve(self) -> None:
        while True:
            now_ms = self._alive("serve")
            self._hear(now_ms)
            self._speak(now_ms)
            if self._orders.restart and now_ms - self._spoke_ms > RESTART_DELAY_MS:
                reset()
            await asyncio.sleep(SERVE_S)

    def _hear(self, now_ms: int) -> None:
        data = self._uart.read() if self._uart.any() else None
        if not data:
            return
        self._spoke_ms = now_ms
        for command in self._link.feed(data, now_ms):
            result, value = self._orders.carry_out(command)
            self._link.answer(command.id, result, value)

    def _speak(self, now_ms: int) -> None:
        flags = LISTENS_BRIEFLY if self._settings[LOW_POWER] else 0
        if flags != self._link.flags or self._told_changes != self._station.status_changes:
            self._link.flags = flags
            self._told_changes = self._station.status_changes
            self._link.say_hello()
        out = self._link.due(now_ms)
        if out:
            self._spoke_ms = now_ms
            self._uart.write(out)

    async def _watch(self) -> None:
        while True:
            now_ms = self._alive("watch")
            for happening in self._station.watch(now_ms):
                self._tell(happening)
            await asyncio.sleep(WATCH_S)

    def _tell(self, happening: Happening) -> None:
        if happening.code == DOOR_OPENED:
            self._link.door_count += 1
        elif happening.code == SHOCK:
            self._link.shock_count += 1
        self._link.event(happening.code, happening.value, happening.at_ms, happening.lasted_ms)

    async def _sample(self) -> None:
        while True:
            now_ms = self._alive("sample")
            period_ms = self._settings[SAMPLE_PERIOD]
            self._next_sample_ms = min(self._next_sample_ms, now_ms + period_ms)  # one made shorter counts at once
            if self._orders.sample_now or now_ms >= self._next_sample_ms:
                self._orders.sample_now = False
                self._next_sample_ms = now_ms + period_ms
                self._link.sample(tuple(await self._station.sample()))
            await asyncio.sleep(SAMPLE_CHECK_S)

    async def _rest(self) -> None:
        """In low power, nap while nothing is going on and the host has had its chance to speak."""
        while True:
            now_ms = self._alive("rest")
            nap_ms = min(NAP_MAX_MS, self._next_sample_ms - now_ms)
            quiet = now_ms - self._spoke_ms > LISTEN_MS and not self._station.busy
            if self._settings[LOW_POWER] and quiet and nap_ms >= NAP_MIN_MS:
                nap(self._board, nap_ms)
                self._uart = self._open_uart()
            await asyncio.sleep(REST_S)

    async def _blink(self) -> None:
        led = None if self._board.led is None else Pin(self._board.led, Pin.OUT)
        while True:
            self._alive("blink")
            if led is not None and self._orders.blink_s > 0:
                self._orders.blink_s -= 1
                led.value(1)
                await asyncio.sleep(0.5)
                led.value(0)
            await asyncio.sleep(0.5)

    async def _guard(self, watchdog: WDT) -> None:
        while True:
            now_ms = self._ticks.now_ms()
            if all(now_ms - alive_ms < HUNG_MS for alive_ms in self._alive_ms.values()):
                watchdog.feed()
            await asyncio.sleep(GUARD_S)

    def _alive(self, task: str) -> int:
        """Note that `task` goes on, and return the time."""
        now_ms = self._ticks.now_ms()
        self._alive_ms[task] = now_ms
        return now_ms
