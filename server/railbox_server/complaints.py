"""Bad input, counted always and logged once: the same complaint again is only counted for a while.

Pure: time is an argument, and what to log is returned.
"""

from collections import Counter, OrderedDict
from typing import Final

QUIET_S: Final = 600
MAX_PLACES: Final = 10_000
"""Places remembered; beyond that the longest unheard are forgotten, so strangers cannot fill the memory."""


class Complaints:
    """`counts`: how often, by what."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self.counts: Counter[str] = Counter()
        self._quiet_s = quiet_s
        self._heard: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def note(self, what: str, where: str, detail: str, now_s: float) -> str | None:
        """The line to log, or None when this was logged a short while ago."""
        self.counts[what] += 1
        logged_s, unlogged = self._heard.pop((what, where), (float("-inf"), 0))
        if now_s - logged_s < self._quiet_s:
            self._heard[what, where] = (logged_s, unlogged + 1)
            return None
        self._heard[what, where] = (now_s, 0)
        if len(self._heard) > MAX_PLACES:
            self._heard.popitem(last=False)
        more = f" ({unlogged} more since the last such line)" if unlogged else ""
        return f"{where}: {what.replace('_', ' ')}: {detail}{more}"
