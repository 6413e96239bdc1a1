"""Dwells and flags: how long between two moments, and whether that is too long, by the clock that is passed in."""

import math
from dataclasses import dataclass
from typing import Final

from railbox_server.journey.model import Bounds, Dwell, Flag, Settings
from railbox_server.journey.stays import Stay

CRITICAL_TIMES: Final = 2
"""Critical: over so many times the limit."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, and when the unit was last heard of."""

    now_s: int
    contact_s: int
    contact_timeout_s: float

    @property
    def in_contact(self) -> bool:
        return self.now_s - self.contact_s <= self.contact_timeout_s

    @property
    def silent_since_s(self) -> int | None:
        return None if self.in_contact else self.contact_s

    @property
    def known_until_s(self) -> int:
        """Until when an open dwell's estimate counts: now, or the last contact when there has been none lately."""
        return max(self.contact_s, self.now_s) if self.in_contact else self.contact_s


def clock_of(now_s: int, contact_s: float, settings: Settings) -> Clock:
    return Clock(now_s, math.floor(contact_s), settings.silence_s)


def bounds(earliest_s: float | None, est_s: float, latest_s: float | None) -> Bounds:
    """Whole seconds that keep what is sure sure: earliest down, latest up, the estimate between them."""
    low = None if earliest_s is None else math.floor(earliest_s)
    high = None if latest_s is None else math.ceil(latest_s)
    est = round(est_s)
    if low is not None:
        est = max(low, est)
    return Bounds(low, est if high is None else min(high, est), high)


def entered(stay: Stay) -> Bounds:
    earliest_s = stay.last_out_s if stay.earliest_s is None else stay.earliest_s
    return bounds(earliest_s, stay.entry_s, stay.first_in_s)


def exited(stay: Stay) -> Bounds | None:
    if stay.first_out_s is None or stay.exit_s is None:
        return None
    return bounds(stay.last_in_s, stay.exit_s, stay.first_out_s if stay.latest_s is None else stay.latest_s)


def stay_dwell(stay: Stay, clock: Clock) -> Dwell:
    """How long a stay is, open or over. Dark spans that are too long count in max and est, not in min."""
    start, end = entered(stay), exited(stay)
    if end is None:
        return open_dwell(start, stay.last_in_s, stay.dark_s, clock)
    return between(start, end, stay.dark_s)


def between(start: Bounds, end: Bounds, dark_s: float = 0.0) -> Dwell:
    """From a moment to a later one. Who was first seen beyond it was not surely there at all."""
    assert start.latest_s is not None
    least_s = 0 if end.earliest_s is None else max(0, end.earliest_s - start.latest_s - math.ceil(dark_s))
    most_s = None if start.earliest_s is None or end.latest_s is None else max(0, end.latest_s - start.earliest_s)
    return dwell(least_s, (end.est_s or 0) - (start.est_s or 0), most_s)


def open_dwell(start: Bounds, last_in_s: float, dark_s: float, clock: Clock) -> Dwell:
    """From a moment until now: surely until last seen there, at most until now."""
    assert start.latest_s is not None
    return open_since(start, max(0, math.floor(last_in_s) - start.latest_s - math.ceil(dark_s)), clock)


def open_since(start: Bounds, least_s: int, clock: Clock) -> Dwell:
    most_s = None if start.earliest_s is None else max(0, clock.now_s - start.earliest_s)
    return dwell(least_s, clock.known_until_s - (start.est_s or 0), most_s)


def dwell(least_s: int, est_s: int, most_s: int | None) -> Dwell:
    """min ≤ est ≤ max, always."""
    if most_s is not None:
        most_s = max(least_s, most_s)
        est_s = min(est_s, most_s)
    return Dwell(least_s, max(least_s, est_s), most_s)


def flag(length: Dwell, limit_s: int) -> Flag:
    """What is certain comes before what is possible. Without an upper bound the estimate stands in for it."""
    most_s = length.est_s if length.max_s is None else length.max_s
    critical_s = CRITICAL_TIMES * limit_s
    if length.min_s > critical_s:
        return Flag("critical", "certain")
    if length.min_s > limit_s:
        return Flag("over", "certain")
    if most_s > critical_s:
        return Flag("critical", "possible")
    return Flag("over", "possible") if most_s > limit_s else Flag()
