"""UTC of a computer that has no clock of its own: its monotonic clock, dated by the receiver.

Pure: knows no host clock; both times come as arguments. Whether a fix is believed is decided before (`gnss.trust`).
"""

from collections import deque
from typing import Final

from railbox_agent.gnss.trust import Seen

AGREEING: Final = 3
"""Trusted fixes in a row that must agree before they date anything."""
AGREE_MS: Final = 2_000
WINDOW: Final = 32
FLOOR_MS: Final = 1_767_225_600_000
"""2026-01-01T00:00:00Z: before this was built, so earlier than any true fix of a tracker in service."""
PIVOT_SPAN_MS: Final = 10 * 365 * 86_400_000


def choose_pivot_ms(host_ms: int, floor_ms: int) -> int:
    """The pivot of week rollovers: the host's clock, unless it is before the floor or absurdly far behind it."""
    return host_ms if floor_ms <= host_ms <= floor_ms + PIVOT_SPAN_MS else floor_ms


class BootTime:
    """Monotonic milliseconds of this boot to UTC. `offset_ms` is None until several consistent fixes agreed.

    A fix is heard late (computing, the serial line), never early: of the last WINDOW fixes the least late one counts.
    """

    def __init__(self, offset_ms: int | None = None) -> None:
        self.offset_ms = offset_ms
        self.steps = 0
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
        return self._settle()

    def utc_ms(self, mono_ms: int) -> int | None:
        return None if self.offset_ms is None else mono_ms + self.offset_ms

    def _settle(self) -> bool:
        if len(self._recent) < AGREEING:
            return False
        before_ms, self.offset_ms = self.offset_ms, max(self._recent)
        if before_ms is not None and abs(self.offset_ms - before_ms) <= AGREE_MS:
            return False
        self.steps += before_ms is not None
        return True
