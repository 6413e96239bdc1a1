"""The board's time: ticks_ms made to count on without wrapping. The one file that asks a clock."""

from time import ticks_diff, ticks_ms


class Ticks:
    """Milliseconds since it was made; must be asked at least once in six days, half of where ticks_ms wraps."""

    def __init__(self) -> None:
        self._last = ticks_ms()
        self._now_ms = 0

    def now_ms(self) -> int:
        now = ticks_ms()
        self._now_ms += ticks_diff(now, self._last)
        self._last = now
        return self._now_ms


class Moment:
    """When an interrupt came first since it was last taken; interrupts may only set it."""

    def __init__(self) -> None:
        self._ticks_ms = None

    def mark(self, _source: object = None) -> None:
        """The interrupt handler."""
        if self._ticks_ms is None:
            self._ticks_ms = ticks_ms()

    @property
    def marked(self) -> bool:
        return self._ticks_ms is not None

    def take(self, now_ms: int) -> "int | None":
        """Return when it came on `now_ms`'s clock, and forget it; None when it did not come."""
        marked = self._ticks_ms
        self._ticks_ms = None
        return None if marked is None else now_ms - ticks_diff(ticks_ms(), marked)
