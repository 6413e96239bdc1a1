"""What time it is for the journeys: the host's, or in demo and replay that of the newest trusted fix.

docs/design.md, "Border engine: Clock". The host's time is an argument, so tests need not wait.
"""

import time
from collections.abc import Callable
from typing import Final, Literal, Protocol

AHEAD_S: Final = 300
"""A fix later than the host's now by more than this moves no clock."""

Mode = Literal["real", "replay"]


def host_now_s() -> int:
    return int(time.time())


class Clock(Protocol):
    @property
    def mode(self) -> Mode: ...

    def now_s(self) -> int: ...

    def saw(self, fix_time_s: int) -> None:
        """A trusted fix of this time is stored."""
        ...


class RealClock:
    mode: Mode = "real"

    def __init__(self, host: Callable[[], int] = host_now_s) -> None:
        self._host = host

    def now_s(self) -> int:
        return self._host()

    def saw(self, fix_time_s: int) -> None:
        """Fixes do not move the host's clock."""


class ReplayClock:
    """Never goes back; before the first fix it shows the host's time."""

    mode: Mode = "replay"

    def __init__(self, host: Callable[[], int] = host_now_s) -> None:
        self._host = host
        self._newest_s: int | None = None

    def now_s(self) -> int:
        return self._host() if self._newest_s is None else self._newest_s

    def saw(self, fix_time_s: int) -> None:
        if fix_time_s <= self._host() + AHEAD_S and (self._newest_s is None or fix_time_s > self._newest_s):
            self._newest_s = fix_time_s


def clock_of(mode: Mode) -> Clock:
    return ReplayClock() if mode == "replay" else RealClock()
