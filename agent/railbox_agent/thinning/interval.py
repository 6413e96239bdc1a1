"""The plain policy: a knot every so many seconds, and both ends of every dark span.

It promises nothing between its knots; for receivers and servers that are to see fixes as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from railbox_agent.items import Report
from railbox_agent.thinning.knots import dark_after_ms, knot_of, state_of, whole_second
from railbox_telemetry.values import NOTHING, Fix, Knot


@dataclass(frozen=True, slots=True)
class IntervalSettings:
    """A knot every `interval_s`; a report every `report_s`."""

    interval_s: int = 60
    report_s: int = 60

    @property
    def quiet_s(self) -> int:
        """No report for longer than this means that there are no fixes."""
        return max(self.interval_s, self.report_s)


class FixedInterval:
    """Knots from the newest trusted fix, and the last before a dark span and the first after it."""

    def __init__(self, settings: IntervalSettings, fix_period_s: float = 1.0) -> None:
        self._settings = settings
        self._dark_after_ms = dark_after_ms(fix_period_s)
        self._last: Fix | None = None
        self._knots: list[Knot] = []  # kept and not sent
        self._state: Mapping[int, int] = NOTHING  # at the newest knot
        self._knot_s: int | None = None  # when that was, sent or not
        self._reported_s: int | None = None
        self._now_s = 0

    def add(self, fix: Fix, dark_s: int = 1) -> Report | None:
        last, self._now_s = self._last, whole_second(fix)
        if last is None:
            self._keep(fix, max(1, dark_s))
        elif (gap_ms := fix.fix_time_ms - last.fix_time_ms) < 0:
            return self._begin_anew(fix)
        elif gap_ms > self._dark_after_ms:
            self._keep(last)
            self._keep(fix, max(1, round(gap_ms / 1000)))
        elif self._knot_s is None or self._now_s >= self._knot_s + self._settings.interval_s:
            self._keep(fix)
        self._last = fix
        return self._due()

    def wait(self, now_ms: int) -> Report | None:
        """The last fix before the dark is kept as soon as it is known to be the last."""
        self._now_s = max(self._now_s, now_ms // 1000)
        if self._last is not None and now_ms - self._last.fix_time_ms > self._dark_after_ms:
            self._keep(self._last)
        return self._due()

    def send(self) -> Report | None:
        report = self.held()
        if report is not None:
            self._knot_s, self._knots, self._reported_s = report.knots[-1].time_s, [], self._now_s
        return report

    def held(self) -> Report | None:
        last = self._last
        if last is not None and self._is_new(last):
            return Report(self._now_s, (*self._knots, knot_of(last)), state_of(last))
        return Report(self._now_s, tuple(self._knots), self._state) if self._knots else None

    def _begin_anew(self, fix: Fix) -> Report | None:
        """The receiver's time was put back: what lies between is not known."""
        report = self.send()
        self._last, self._knot_s, self._reported_s = fix, None, None
        self._keep(fix, 1)
        return report

    def _keep(self, fix: Fix, dark_s: int = 0) -> None:
        if self._is_new(fix):
            self._knots.append(knot_of(fix, dark_s))
            self._knot_s, self._state = whole_second(fix), state_of(fix)

    def _is_new(self, fix: Fix) -> bool:
        return self._knot_s is None or whole_second(fix) > self._knot_s

    def _due(self) -> Report | None:
        """A first report at once, then one every `report_s`: of what is kept."""
        if not self._knots:
            return None
        if self._reported_s is not None and self._now_s < self._reported_s + self._settings.report_s:
            return None
        report, self._knots = Report(self._now_s, tuple(self._knots), self._state), []
        self._reported_s = self._now_s
        return report
