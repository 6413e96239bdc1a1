"""UTC of a computer that has no clock of its own: its monotonic clock, dated by the receiver.

Pure: knows no host clock; both times come as arguments. Whether a fix is believed is decided before (`gnss.trust`).
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from railbox_agent.gnss.trust import CLOCK_DRIFT, Seen

AGREEING: Final = 3
"""Trusted fixes in a row that must agree before they date anything."""
AGREE_MS: Final = 2_000
WINDOW: Final = 32
PIVOT_SPAN_MS: Final = 10 * 365 * 86_400_000


def choose_pivot_ms(host_ms: int, floor_ms: int) -> int:
    """The pivot of week rollovers: the host's clock, unless it is before the floor or absurdly far behind it."""
    return host_ms if floor_ms <= host_ms <= floor_ms + PIVOT_SPAN_MS else floor_ms


@dataclass(frozen=True, slots=True)
class ClockQuality:
    """How well UTC is known. `known`: at all; `age_s`: since a receiver last agreed with it, None where none has told
    it (a recording's own time); `steps`: how often it was found wrong."""

    known: bool = False
    age_s: int | None = None
    steps: int = 0

    @property
    def error_s(self) -> float | None:
        """What the computer's crystal may have drifted since."""
        return None if self.age_s is None else self.age_s * CLOCK_DRIFT


class BootTime:
    """Monotonic milliseconds of this boot to UTC. `offset_ms` is None until several consistent fixes agreed.

    A fix is heard late (computing, the serial line), never early: of the last WINDOW fixes the least late one counts.
    """

    def __init__(self, offset_ms: int | None = None) -> None:
        self.offset_ms = offset_ms
        self.steps = 0
        self._agreed_ms: int | None = None
        self._recent: deque[int] = deque(maxlen=WINDOW)
        self._disagreeing = 0

    def observe(self, seen: Seen) -> bool:
        """Note a trusted fix; says whether the offset became known, or stepped, by it."""
        if seen.mono_ms is None:
            return False
        offset_ms = seen.fix.fix_time_ms - seen.mono_ms
        if self._recent and abs(offset_ms - max(self._recent)) > AGREE_MS:
            self._disagreeing += 1
            if self._disagreeing < AGREEING:
                return False
            self._recent.clear()
        self._disagreeing = 0
        self._recent.append(offset_ms)
        return self._settle(seen.mono_ms)

    def utc_ms(self, mono_ms: int) -> int | None:
        return None if self.offset_ms is None else mono_ms + self.offset_ms

    def quality(self, mono_ms: int) -> ClockQuality:
        age_s = None if self._agreed_ms is None else max(0, mono_ms - self._agreed_ms) // 1000
        return ClockQuality(self.offset_ms is not None, age_s, self.steps)

    def _settle(self, mono_ms: int) -> bool:
        if len(self._recent) < AGREEING:
            return False
        self._agreed_ms = mono_ms
        before_ms, self.offset_ms = self.offset_ms, max(self._recent)
        if before_ms is not None and abs(self.offset_ms - before_ms) <= AGREE_MS:
            return False
        self.steps += before_ms is not None
        return True
