"""The host's side of a simulated board in tests: pyserial and a HostLink, driven until something is true."""

import time
from collections.abc import Callable
from typing import TypeVar

import serial

from railbox_bridge.host_link import HostLink
from railbox_bridge.value import Value

ValueT = TypeVar("ValueT", bound=Value)
PATIENCE_S = 30.0


class Host:
    """Reads a board's port by a HostLink and keeps all that it says."""

    def __init__(self, port: serial.Serial, session_id: int = 1) -> None:
        self.port = port
        self.link = HostLink(session_id)
        self.said: list[Value] = []

    def all(self, kind: type[ValueT]) -> list[ValueT]:
        return [value for value in self.said if isinstance(value, kind)]

    def until(self, true: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        """Let the link run until `true()` is; fails with what was said when it does not become so."""
        deadline = time.monotonic() + patience_s
        while not true():
            assert time.monotonic() < deadline, f"never happened; counters {self.link.counters}, said {self.said[-20:]}"
            self.step()

    def step(self) -> None:
        self.said.extend(self.link.feed(self.port.read(512), now_ms()))
        out = self.link.due(now_ms())
        if out:
            self.port.write(out)


def now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def wait_for(true: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until `true()` is, where there is no link to run meanwhile."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "never happened"
        time.sleep(0.005)
