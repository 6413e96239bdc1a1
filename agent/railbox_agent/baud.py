"""Finds out at which rate a receiver speaks: listens at one after the other until checksummed sentences come.

Pure: bytes and time in. Knows no port; whoever holds one sets it to `rate` and asks `turned`.
"""

from typing import Final

from railbox_agent.gnss.sentences import Splitter
from railbox_agent.recording import Chunk

RATES: Final = (9_600, 115_200, 38_400, 4_800, 57_600, 19_200, 230_400, 460_800)
"""As receivers leave the factory, the commonest first."""
LISTEN_US: Final = 2_500_000
"""A receiver at 1 Hz, given less, is left again just before it speaks."""
LONGEST_LISTEN_US: Final = 40_000_000
"""Each round listens twice as long as the one before: there are receivers that speak once in ten seconds."""
LOCK_SENTENCES: Final = 2
LOST_US: Final = 30_000_000
MAX_KEPT_BYTES: Final = 65_536


class Hunt:
    """`rate`: what the port is to be set to. `locked`: it is the right one, as far as is known.

    What comes before the lock is kept, and given out with it: nothing of the right rate is lost, nor wrong bytes heard.
    """

    def __init__(self, remembered: int | None = None) -> None:
        self._rates = list(dict.fromkeys((remembered, *RATES) if remembered else RATES))
        self._turns = 0
        self.locked = False
        self._listen_anew(None)

    @property
    def rate(self) -> int:
        return self._rates[self._turns % len(self._rates)]

    def take(self, chunk: Chunk) -> list[Chunk]:
        """Takes what was read at `rate`; the chunks that are known to be what was said."""
        self._started_us = chunk.mono_us if self._started_us is None else self._started_us
        found = len(self._splitter.feed(chunk.data))
        if found:
            self._heard_us = chunk.mono_us
        if self.locked:
            return [chunk]
        self._sentences += found
        self._kept.append(chunk)
        self._kept_bytes += len(chunk.data)
        while self._kept_bytes > MAX_KEPT_BYTES:
            self._kept_bytes -= len(self._kept.pop(0).data)
        if self._sentences < LOCK_SENTENCES:
            return []
        self.locked = True
        kept, self._kept = self._kept, []
        return kept

    def turned(self, mono_us: int) -> bool:
        """Time has come to `mono_us`: whether `rate` is another one now, because nothing sensible came at the last."""
        if self._started_us is None:
            self._started_us = mono_us
        if self.locked:
            since_us = mono_us - (self._started_us if self._heard_us is None else self._heard_us)
            if since_us > LOST_US:
                # The receiver may have been reset to another rate: listen here once more, then elsewhere.
                self.locked = False
                self._listen_anew(mono_us)
            return False
        if mono_us - self._started_us < min(LISTEN_US << self._turns // len(self._rates), LONGEST_LISTEN_US):
            return False
        self._turns += 1
        self._listen_anew(mono_us)
        return True

    def _listen_anew(self, mono_us: int | None) -> None:
        self._splitter = Splitter()
        self._sentences = 0
        self._kept: list[Chunk] = []
        self._kept_bytes = 0
        self._started_us = mono_us
        self._heard_us: int | None = None
