"""Keeps a log readable: the same complaint at most once a period, with how many more there were.

A logging filter; knows nothing of what is complained of.
"""

import logging
import time
from collections.abc import Callable

PERIOD_S = 60.0


class RateLimit(logging.Filter):
    """Same logger and same text before its values are filled in: the same complaint."""

    def __init__(self, period_s: float = PERIOD_S, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._period_s = period_s
        self._now_s = now_s
        self._told_s: dict[tuple[str, str], float] = {}
        self._withheld: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key, now_s = (record.name, str(record.msg)), self._now_s()
        told_s = self._told_s.get(key)
        if told_s is not None and now_s - told_s < self._period_s:
            self._withheld[key] = self._withheld.get(key, 0) + 1
            return False
        self._told_s[key] = now_s
        if withheld := self._withheld.pop(key, 0):
            record.msg = f"{record.msg} ({withheld} more like this before)"
        return True
