"""When a tracker is told what is committed: at most hourly or every 64 batches, on (re)connect, at once when it asks.

Pure: time is an argument. What it is told is the ledger's (Ledger.settled).
"""

from dataclasses import dataclass
from typing import Final

from railbox_server.store.values import Outbox

EVERY_BATCHES: Final = 64
EVERY_S: Final = 3_600
_LOOK_S: Final = 60
"""How often the hourly ones are looked for."""


@dataclass(slots=True)
class _Owed:
    since_s: float
    batches: int = 0


class Announcer:
    def __init__(self) -> None:
        self._owed: dict[Outbox, _Owed] = {}
        self._due: dict[Outbox, None] = {}
        self._looked_s = float("-inf")

    def stored(self, outbox: Outbox, now_s: float) -> None:
        """One more batch of it is on disk."""
        owed = self._owed.setdefault(outbox, _Owed(now_s))
        owed.batches += 1
        if owed.batches >= EVERY_BATCHES:
            self._due[outbox] = None

    def asked(self, outbox: Outbox) -> None:
        self._due[outbox] = None

    def due(self, now_s: float) -> tuple[Outbox, ...]:
        """Those to tell now; they stay due until `told`."""
        if now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            self._due |= {outbox: None for outbox, owed in self._owed.items() if now_s - owed.since_s >= EVERY_S}
        return tuple(self._due)

    def told(self, outbox: Outbox) -> None:
        self._due.pop(outbox, None)
        self._owed.pop(outbox, None)
