"""Deferred dead reckoning: when to send, so that the server is never more than a deadline behind the error it allows.

It shadows the server: the last sent knot, extrapolated with its velocity as the wire rounds it. When the track leaves
that for two fixes on end, a deadline starts; at it, all knots since the last report go out at once.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from railbox_agent.items import Report
from railbox_agent.thinning.doors import Doors
from railbox_agent.thinning.knots import dark_after_ms, knot_at, motion, quality_of, whole_second
from railbox_agent.thinning.plane import Point, course_deg, distance_m, reckoned, velocity
from railbox_agent.thinning.track import Track
from railbox_telemetry.tables import COURSE, SPEED
from railbox_telemetry.values import NOTHING, Fix, Knot

OVER_FIXES: Final = 2
"""One fix over the error is no news yet, at one a second; a slower receiver has none to spare for being sure."""
LEAP_M: Final = 2.0
"""So far over it is news at once: the filter leaps only where it begins anew."""
MAX_KNOTS: Final = 500
"""So many held are sent, due or not: a report stays far below the limit of a batch."""


@dataclass(frozen=True, slots=True)
class ReckoningSettings:
    """`track_error_m`: of knots against the track; `live_error_m`: of what the server extrapolates before a report.

    `deadline_s`: from the second fix over `live_error_m` to the report. 58 leaves 2 s of the promised 60.
    """

    track_error_m: float = 22.0
    live_error_m: float = 22.0
    deadline_s: int = 58
    heartbeat_moving_s: int = 1_800
    heartbeat_stopped_s: int = 3_600

    @property
    def quiet_s(self) -> int:
        """No report for longer than this means that there are no fixes."""
        return max(self.heartbeat_moving_s, self.heartbeat_stopped_s)


class DeadReckoning:
    """The policy of `policy.Policy`. One fix a second is used."""

    def __init__(self, settings: ReckoningSettings, fix_period_s: float = 1.0) -> None:
        self._settings = settings
        self._period_s = max(1.0, fix_period_s)
        self._lost_after_s = dark_after_ms(self._period_s) / 1000
        self._over_fixes = OVER_FIXES if self._period_s <= 1 else 1
        self._now_s = 0
        self._begin()

    def add(self, fix: Fix, dark_s: int = 1) -> Report | None:
        time_s = whole_second(fix)
        if time_s == self._heard_s:
            return None
        report = self._lost(time_s - 1)
        if self._heard_s is not None and time_s < self._heard_s:
            # The receiver's time was put back: what lies between is not known.
            report, dark_s = self.send(), 1
            self._begin()
        self._now_s = self._heard_s = time_s
        points = self._track.add(fix)
        if not points:
            return report or self._lost(time_s)
        self._quality = quality_of(fix)
        for point in points:
            self._keep(point, max(1, dark_s))
            self._judge(point)
        return report or (self.send() if self._due(points[-1]) else None)

    def wait(self, now_ms: int) -> Report | None:
        """Once the fix counts as lost, what is promised by a deadline goes out at once."""
        self._now_s = max(self._now_s, now_ms // 1000)
        return self._lost(self._now_s)

    def send(self) -> Report | None:
        report = self.held()
        if report is not None:
            assert self._doors is not None
            last = self._doors.last
            self._knots = []
            self._sent = _as_sent(last, report.state)
            self._doors = Doors(self._settings.track_error_m, last)
            self._deadline_s, self._over, self._over_since_s = None, 0, None
        return report

    def held(self) -> Report | None:
        if self._doors is None:
            return None
        last = self._doors.last
        knots = (*self._knots, knot_at(last)) if self._is_new(last) else tuple(self._knots)
        if not knots:
            return None
        moving = motion(last.speed_mps, course_deg(last.north_mps, last.east_mps))
        return Report(self._now_s, knots, dict(sorted({**moving, **self._quality}.items())))

    def _begin(self) -> None:
        self._heard_s: int | None = None
        self._track = Track(self._period_s)
        self._quality: Mapping[int, int] = NOTHING
        self._doors: Doors | None = None
        self._sent: Point | None = None
        self._knots: list[Knot] = []
        self._over = 0
        self._over_since_s: int | None = None
        self._deadline_s: int | None = None

    def _keep(self, point: Point, dark_s: int) -> None:
        """Puts the point through the doors. A dark span ends the step before it; the next one begins after it."""
        if self._doors is None:
            self._knots.append(knot_at(point, dark_s))
            self._doors = Doors(self._settings.track_error_m, point)
        elif (gap_s := point.time_s - self._doors.last.time_s) > self._lost_after_s:
            self._knot(self._doors.last)
            self._knots.append(knot_at(point, gap_s))
            self._doors = Doors(self._settings.track_error_m, point)
            self._promise(point.time_s)
        elif knot := self._doors.pass_through(point):
            self._knot(knot)

    def _knot(self, point: Point) -> None:
        if self._is_new(point):
            self._knots.append(knot_at(point))

    def _is_new(self, point: Point) -> bool:
        """Whether the point is later than the last one kept or sent."""
        last_s = self._knots[-1].time_s if self._knots else self._sent.time_s if self._sent else None
        return last_s is None or point.time_s > last_s

    def _judge(self, point: Point) -> None:
        """Starts the deadline when the server's picture is wrong. That it heals later changes nothing: it was wrong."""
        if self._sent is None:
            return
        over_m = distance_m(point, reckoned(self._sent, point.time_s)) - self._settings.live_error_m
        if over_m <= 0:
            self._over, self._over_since_s = 0, None
            return
        self._over += 1 if over_m <= LEAP_M else self._over_fixes
        self._over_since_s = point.time_s if self._over_since_s is None else self._over_since_s
        if self._over >= self._over_fixes:
            self._promise(self._over_since_s + OVER_FIXES - 1)

    def _promise(self, time_s: int) -> None:
        if self._deadline_s is None:
            self._deadline_s = time_s + self._settings.deadline_s

    def _lost(self, now_s: int) -> Report | None:
        """No usable fix until now: with a deadline pending, what there is goes out at it, or as soon as the receiver is
        silent for so long that it counts as lost. In a log nobody asks in between: then the report says when that was.
        """
        if self._deadline_s is None or self._heard_s is None:
            return None
        due_s = min(self._deadline_s, self._heard_s + math.ceil(self._lost_after_s))
        report = self.send() if now_s >= due_s else None
        return report and replace(report, time_s=due_s)

    def _due(self, point: Point) -> bool:
        if self._sent is None or len(self._knots) >= MAX_KNOTS:
            return True
        if self._deadline_s is not None and point.time_s >= self._deadline_s:
            return True
        stopped = SPEED.to_wire(point.speed_mps) == 0
        heartbeat_s = self._settings.heartbeat_stopped_s if stopped else self._settings.heartbeat_moving_s
        return point.time_s - self._sent.time_s >= heartbeat_s


def _as_sent(point: Point, state: Mapping[int, int]) -> Point:
    """The point as the server has it: position and velocity rounded by the wire."""
    return as_known(knot_at(point), state)


def as_known(knot: Knot, state: Mapping[int, int]) -> Point:
    """A knot and its state as whoever receives them extrapolates: without a course it stands."""
    if COURSE.bit not in state:
        return Point(knot.time_s, knot.lat_deg, knot.lon_deg)
    speed_mps = state.get(SPEED.bit, 0) * SPEED.scale
    return Point(knot.time_s, knot.lat_deg, knot.lon_deg, *velocity(speed_mps, state[COURSE.bit]))
