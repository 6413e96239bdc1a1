"""What a stream of fixes means: which become knots, and when sight of the sky was lost or could not be trusted.

Pure; the time is that of the fixes, and of `tick` where a clock is known.
"""

from typing import Final

from railbox_agent.gnss.trust import Seen
from railbox_agent.items import Item, Report
from railbox_agent.thinning.policy import Policy
from railbox_telemetry.tables import EVENT_BY_NAME
from railbox_telemetry.values import Event, Fix

LOST_AFTER_S: Final = 60
"""A tunnel or a bridge is no news."""
_MISDATED: Final = ("time_jump", "before_floor")


class Positions:
    """Fixes in, items out: the fix itself, events of loss and doubt, and reports. An event takes along where it was."""

    def __init__(self, policy: Policy, fix_period_s: float = 1.0) -> None:
        self._policy = policy
        self._lost_after_ms = _lost_after_ms(fix_period_s)
        self._last: Fix | None = None
        self._lost = False
        self._doubtful_s = 0  # when the latest of the present run of untrusted fixes was
        self._doubtful_count = 0

    def go_on_by(self, policy: Policy, fix_period_s: float) -> list[Report]:
        """Another policy from the next fix on. What the one before kept is sent, up to the newest fix: between the two
        lies one step of the receiver."""
        kept = self.send()
        self._policy = policy
        self._lost_after_ms = _lost_after_ms(fix_period_s)
        return kept

    def take(self, seen: Seen, utc_ms: int | None = None) -> list[Item]:
        """Take a fix; `utc_ms` is when it came by the boot's clock, None while that is not known."""
        fix = seen.fix
        if not fix.trusted:
            return [fix, *self._told(self._doubt(fix, utc_ms))]
        events = [*self._doubts_over(), *self._found(fix)]
        report = self._policy.add(fix, self._dark_s(seen))
        self._last = fix
        return [fix, *([report] if report else []), *self._told(events)]

    def tick(self, utc_ms: int) -> list[Item]:
        """Time has come to `utc_ms`."""
        report = self._policy.wait(utc_ms)
        last = self._last
        is_lost = last is not None and not self._lost and utc_ms - last.fix_time_ms > self._lost_after_ms
        return [*([report] if report else []), *self._told([self._lose(last)] if last and is_lost else [])]

    def finish(self) -> list[Item]:
        """The log has ended: the last trusted fix is the last that is known."""
        return [*self._doubts_over(), *self.send()]

    def send(self) -> list[Report]:
        """The position now, because something happened; empty when it is known already."""
        report = self._policy.send()
        return [report] if report else []

    def held(self) -> Report | None:
        """What is kept and not sent yet."""
        return self._policy.held()

    def _dark_s(self, seen: Seen) -> int:
        """For how long nothing was trusted before this fix: since the boot, before the very first one."""
        if self._last is not None:
            return max(1, (seen.fix.fix_time_ms - self._last.fix_time_ms) // 1000)
        return 1 if seen.mono_ms is None else seen.mono_ms // 1000

    def _told(self, events: list[Event]) -> list[Item]:
        return [*events, *self.send()] if events else []

    def _lose(self, last: Fix) -> Event:
        self._lost = True
        return _event("fix_lost", last.fix_time_ms // 1000)

    def _found(self, fix: Fix) -> list[Event]:
        last = self._last
        if last is None:
            return []
        gap_ms = fix.fix_time_ms - last.fix_time_ms
        events = [self._lose(last)] if not self._lost and gap_ms > self._lost_after_ms else []
        if self._lost:
            self._lost = False
            events.append(_event("fix_found", fix.fix_time_ms // 1000, max(0, gap_ms // 1000)))
        return events

    def _doubt(self, fix: Fix, utc_ms: int | None) -> list[Event]:
        # A fix whose very time is in doubt dates nothing: then the boot's clock does, or nobody.
        time_ms = utc_ms if fix.reason in _MISDATED else fix.fix_time_ms
        if time_ms is None:
            return []
        self._doubtful_count += 1
        self._doubtful_s = time_ms // 1000
        return [_event("untrusted_first", self._doubtful_s)] if self._doubtful_count == 1 else []

    def _doubts_over(self) -> list[Event]:
        if not self._doubtful_count:
            return []
        count, self._doubtful_count = self._doubtful_count, 0
        return [_event("untrusted_last", self._doubtful_s, count)]


def _lost_after_ms(fix_period_s: float) -> int:
    return round(max(LOST_AFTER_S, 3 * fix_period_s) * 1000)


def _event(name: str, time_s: int, value: int = 0) -> Event:
    return Event(time_s, EVENT_BY_NAME[name].code, value)
