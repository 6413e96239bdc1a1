"""A conversation with a board on its serial port: waits for what it is asked for, or says why it did not come.

The link is `railbox_bridge.host_link`; this opens the port, and turns it.
"""

import secrets
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import serial

from railbox_agent import AgentError
from railbox_bridge.commands import RESULTS
from railbox_bridge.host_link import HostLink
from railbox_bridge.messages import Hello
from railbox_bridge.value import Value
from railbox_bridge.values import Answered, Trouble, Unanswered

BAUD: Final = 115_200
TURN_S: Final = 0.01
"""How long a read waits: time pings and their answers are late by as much at most."""

ValueT = TypeVar("ValueT", bound=Value)


class BoardError(AgentError):
    """What was asked of the board did not come about; says what to do."""


@contextmanager
def open_session(path: str, wait_s: float) -> "Generator[Session]":
    """The board at `path`, which is given `wait_s` to answer anything. Raises BoardError."""
    try:
        port = serial.Serial(path, BAUD, timeout=TURN_S, write_timeout=wait_s, exclusive=True)
    except (OSError, ValueError) as error:
        raise BoardError(
            f"{path} cannot be opened: {error}; if the agent has it: systemctl stop railbox-agent"
        ) from error
    with port:
        yield Session(port, wait_s)


class Session:
    """One run of the host's end of the link. Every method raises BoardError when the port or the board gives out."""

    def __init__(self, port: serial.Serial, wait_s: float) -> None:
        self._link = HostLink(secrets.randbits(32))
        self._port = port
        self._wait_s = wait_s
        self._heard: list[str] = []

    @property
    def clock_error_ms(self) -> int | None:
        return self._link.clock.error_ms

    def hello(self) -> Hello:
        """Who the board is, now."""
        return self._link.hello or self._await(Hello, lambda _: True)

    def order(self, code: int, argument: int = 0, value: int = 0) -> int:
        """Gives a command and returns the board's answer. Raises BoardError also where the board refuses."""
        number = self._link.command(code, argument, value)
        answer = self._await(Answered, lambda answer: answer.id == number)
        if answer.result:
            raise BoardError(RESULTS.get(answer.result, f"the board answers {answer.result}, which is not known here"))
        return answer.value

    def ask_for(self, code: int) -> None:
        """Gives a command whose answer nobody waits for."""
        self._link.command(code)

    def values(self, seconds: float | None = None) -> Iterator[Value | None]:
        """All that the board says, for so long or for ever; None whenever it has said nothing for a moment."""
        end_s = None if seconds is None else time.monotonic() + seconds
        while end_s is None or time.monotonic() < end_s:
            yield from self._turn() or (None,)

    def _await(self, kind: type[ValueT], wanted: Callable[[ValueT], bool]) -> ValueT:
        for value in self.values(self._wait_s):
            if isinstance(value, kind) and wanted(value):
                return value
            if isinstance(value, Unanswered):
                break
        raise BoardError(self._why_not())

    def _turn(self) -> list[Value]:
        try:
            data = self._port.read(1)
            data += self._port.read(self._port.in_waiting) if data else b""
            values = self._link.feed(data, _now_ms())
            if out := self._link.due(_now_ms()):
                self._port.write(out)
        except OSError as error:
            raise BoardError(f"{self._port.port} was lost: {error}") from error
        self._heard += [value.detail for value in values if isinstance(value, Trouble)]
        return values

    def _why_not(self) -> str:
        where = f"{self._port.port} for {self._wait_s:g} s"
        if self._heard:
            return f"no answer at {where}; heard: {self._heard[-1]}"
        if self._link.last_frame_ms is None:
            return f"nothing heard at {where}: is the board powered, wired (hardware/wiring.md) and flashed?" + _ASLEEP
        return f"no answer at {where}." + _ASLEEP


_ASLEEP: Final = " A board in low power listens only after each sample: give it --wait"


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
