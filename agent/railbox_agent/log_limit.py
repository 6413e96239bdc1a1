"""Keeps a log readable: the same complaint of the same thing at most once a period, with how many more there were.

A logging filter; knows nothing of what is complained of.
"""

import logging
import time
from collections.abc import Callable
from typing import Final, cast

PERIOD_S: Final = 60.0
VARIETY: Final = 8
"""A complaint may be of so many things in a period: of each port, say. What varies more is noise, and counts as one."""
MAX_REMEMBERED: Final = 1_000

_Text = tuple[str, str]
_What = tuple[_Text, tuple[str, ...] | None]


class RateLimit(logging.Filter):
    """The same complaint: the same logger and text, about the same words. Numbers that fill a text in make no
    difference, for they count or measure; words do, for they name (`port gnss`, `port board`)."""

    def __init__(self, period_s: float = PERIOD_S, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._period_s = period_s
        self._now_s = now_s
        self._told_s: dict[_What, float] = {}  # in the order of its times
        self._withheld: dict[_What, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now_s = self._now_s()
        self._forget(now_s)
        what = self._what(record)
        if what in self._told_s:
            self._withheld[what] = self._withheld.get(what, 0) + 1
            return False
        self._told_s[what] = now_s
        if withheld := self._withheld.pop(what, 0):
            record.msg = f"{record.msg} ({withheld} more like this before)"
        return True

    def _what(self, record: logging.LogRecord) -> _What:
        text = (record.name, str(record.msg))
        what = (text, _words(record.args))
        if what in self._told_s:
            return what
        told = sum(other == text for other, _ in self._told_s)
        return what if told < VARIETY else (text, None)

    def _forget(self, now_s: float) -> None:
        """What was told a period ago may be told again; how often it was withheld is remembered till then."""
        while self._told_s:
            what, told_s = next(iter(self._told_s.items()))
            if now_s - told_s < self._period_s and len(self._told_s) <= MAX_REMEMBERED:
                break
            del self._told_s[what]
        while len(self._withheld) > MAX_REMEMBERED:
            del self._withheld[next(iter(self._withheld))]


def _words(args: object) -> tuple[str, ...]:
    """What fills the text in, without its numbers."""
    found = cast("tuple[object, ...]", args) if isinstance(args, tuple) else (args,)
    return tuple(str(arg) for arg in found if not isinstance(arg, int | float | None))
