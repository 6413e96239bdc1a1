"""Which day a time of day belongs to: across midnight, and across the week rollovers of GPS.

GGA, GLL and GNS carry no date; RMC and ZDA do, and some receivers carry it 1,024 weeks off.
"""

from dataclasses import dataclass
from typing import Final

from railbox_agent.gnss.fields import DAY_MS

ROLLOVER_MS: Final = 1024 * 7 * DAY_MS
"""GPS weeks were sent modulo 1,024 until 2020's receivers (IS-GPS-200, 20.3.3.3.1.1)."""


def snap(time_ms: int, pivot_ms: int | None) -> int:
    """The time, moved by whole rollovers to the candidate nearest the pivot; as it is when there is no pivot."""
    if pivot_ms is None:
        return time_ms
    return time_ms + ROLLOVER_MS * ((pivot_ms - time_ms + ROLLOVER_MS // 2) // ROLLOVER_MS)


@dataclass(frozen=True, slots=True)
class _Anchor:
    time_ms: int
    mono_ms: int | None


class Calendar:
    """Remembers the last date that was said. `mono_ms` (None: not known) bridges outages of days."""

    def __init__(self, pivot_ms: int | None = None) -> None:
        self.rollovers = 0
        self._pivot_ms = pivot_ms
        self._anchor: _Anchor | None = None

    @property
    def known(self) -> bool:
        return self._anchor is not None

    def note(self, day: int, time_of_day_ms: int, mono_ms: int | None) -> int:
        """A date was said with a time: remember it, and give it in UTC milliseconds."""
        said_ms = day * DAY_MS + time_of_day_ms
        time_ms = snap(said_ms, self._pivot_ms)
        self.rollovers += time_ms != said_ms
        self._anchor = _Anchor(time_ms, mono_ms)
        return time_ms

    def date(self, time_of_day_ms: int, mono_ms: int | None) -> int | None:
        """A time without a date, in UTC milliseconds: on the day that puts it nearest to where the clock must be."""
        if self._anchor is None:
            return None
        expected_ms = self._anchor.time_ms
        if mono_ms is not None and self._anchor.mono_ms is not None:
            expected_ms += mono_ms - self._anchor.mono_ms
        day = (expected_ms - time_of_day_ms + DAY_MS // 2) // DAY_MS
        time_ms = day * DAY_MS + time_of_day_ms
        if time_ms > self._anchor.time_ms:
            self._anchor = _Anchor(time_ms, mono_ms)
        return time_ms
