"""Signs of life: each loop says by when it will have come round again; what has not is overdue.

So one that has ended, or waits for ever, is found out by another, which needs to know nothing of what it does.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

PATIENCE_S: Final = 60.0
"""A loop may be so late: a memory card that tidies itself up holds a commit for many seconds."""


class Pulse:
    """Beaten by one thread and read by another: one number, so without a lock."""

    __slots__ = ("_now_s", "due_s", "name")

    def __init__(self, name: str, now_s: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.due_s: float | None = None
        self._now_s = now_s

    def beat(self, within_s: float = 0.0) -> None:
        """Still here; the next beat comes within that, and PATIENCE_S at most."""
        self.due_s = self._now_s() + within_s + PATIENCE_S

    def rest(self) -> None:
        """It ends here, as it should."""
        self.due_s = None


def overdue(pulses: Iterable[Pulse], now_s: float) -> tuple[str, ...]:
    """The names of the loops that ought to have come round by now. One that never began is not missed."""
    return tuple(pulse.name for pulse in pulses if pulse.due_s is not None and pulse.due_s < now_s)
