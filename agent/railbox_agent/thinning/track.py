"""The filtered track of a receiver's fixes: what the promise of thinning is about.

Wires the velocity to go by and the filter together; one fix a second at most, in time order.
"""

from railbox_agent.thinning.knots import dark_after_ms, point_of, velocity_of
from railbox_agent.thinning.plane import Point
from railbox_agent.thinning.smoothing import Filter
from railbox_agent.thinning.velocity import Velocity
from railbox_telemetry.values import Fix


class Track:
    """`fix_period_s`: how often the receiver gives a fix."""

    def __init__(self, fix_period_s: float) -> None:
        period_s = max(1.0, fix_period_s)
        self._velocity = Velocity(dark_after_ms(period_s) / 1000)
        self._filter = Filter(period_s)

    def add(self, fix: Fix) -> tuple[Point, ...]:
        """The points that are sure by this fix, the one at its whole second last; none while the fix does not fit.

        A new source of velocity begins the filter anew.
        """
        source = self._velocity.source
        measured = self._velocity.of(point_of(fix), says=velocity_of(fix) is not None)
        if self._velocity.source != source:
            self._filter.begin_anew()
        return self._filter.add(measured)
