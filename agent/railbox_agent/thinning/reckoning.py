"""Deferred dead reckoning: when to send, so that the server is never more than a deadline behind the error it allows.

The thinner shadows the server: the last sent knot, extrapolated with its velocity as the wire rounds it. When the
track leaves that for two fixes on end, a deadline starts; at it, all knots since the last message go out at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from railbox_agent.thinning.doors import Doors
from railbox_agent.thinning.plane import Point, course_deg, distance_m, reckoned, velocity
from railbox_agent.thinning.smoothing import Smoothing, smoothed
from railbox_telemetry.tables import COURSE, FLAG_STOPPED, FLAGS, SPEED
from railbox_telemetry.values import DEGREE_E5, Knot

OVER_FIXES: Final = 2
LOST_S: Final = 3


@dataclass(frozen=True, slots=True)
class ThinningSettings:
    """`track_error_m`: of knots against the track; `live_error_m`: of what the server extrapolates before a message."""

    track_error_m: float = 22.0
    live_error_m: float = 22.0
    deadline_s: int = 58
    heartbeat_moving_s: int = 1_800
    heartbeat_stopped_s: int = 3_600
    period_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be sent now: the knots since the last report, and the state at the last of them, by scalar bit."""

    knots: tuple[Knot, ...]
    state: Mapping[int, int]


class Thinner:
    """Takes the trusted fixes of a receiver at whole seconds, in time order; gives reports. Holds no clock."""

    def __init__(self, settings: ThinningSettings) -> None:
        self._settings = settings
        self._lost_after_s = LOST_S * max(1.0, settings.period_s)
        self._smoothing: Smoothing | None = None
        self._doors: Doors | None = None
        self._sent: Point | None = None
        self._over = 0
        self._deadline_s: int | None = None
        self._knots: list[Knot] = []

    def add(self, fix: Point) -> Report | None:
        """The next fix; a report when it is time for one."""
        self._smoothing = smoothed(self._smoothing, fix, self._settings.period_s)
        if not self._smoothing.accepted:
            return self.wait(fix.time_s)
        point = self._smoothing.point
        self._keep(point)
        self._judge(point)
        return self.send() if self._due(point) else None

    def wait(self, time_s: int) -> Report | None:
        """Time passes without a usable fix: once it counts as lost, what is promised by a deadline goes out at once."""
        lost = self._doors is not None and time_s - self._doors.last.time_s >= self._lost_after_s
        return self.send() if lost and self._deadline_s is not None else None

    def send(self) -> Report | None:
        """Everything up to the newest smoothed fix, now: when it is due, or on an event. None when nothing is new."""
        if self._doors is None:
            return None
        last = self._doors.last
        self._knot(last)
        if not self._knots:
            return None
        knots, self._knots = tuple(self._knots), []
        speed = SPEED.to_wire(last.speed_mps)
        course = round(course_deg(last.north_mps, last.east_mps)) % 360
        self._sent = _as_sent(last, speed, course)
        self._doors = Doors(self._settings.track_error_m, last)
        self._deadline_s, self._over = None, 0
        return Report(
            knots, {SPEED.bit: speed, COURSE.bit: course} if speed else {SPEED.bit: 0, FLAGS.bit: FLAG_STOPPED}
        )

    def _keep(self, point: Point) -> None:
        """Puts the point through the doors. A dark span ends the step before it; the next one begins after it."""
        if self._doors is None:
            self._doors = Doors(self._settings.track_error_m, point)
        elif (dark_s := point.time_s - self._doors.last.time_s) > self._lost_after_s:
            self._knot(self._doors.last)
            self._knots.append(_knot_at(point, dark_s))
            self._doors = Doors(self._settings.track_error_m, point)
            self._promise(point.time_s)
        elif knot := self._doors.pass_through(point):
            self._knot(knot)

    def _knot(self, point: Point) -> None:
        """Keeps the point as a knot, unless it is the last one kept or sent."""
        last_s = self._knots[-1].time_s if self._knots else self._sent.time_s if self._sent else None
        if last_s is None or point.time_s > last_s:
            self._knots.append(_knot_at(point))

    def _judge(self, point: Point) -> None:
        """Starts the deadline when the server's picture is wrong. That it heals later changes nothing: it was wrong."""
        if self._sent is None:
            return
        wrong = distance_m(point, reckoned(self._sent, point.time_s)) > self._settings.live_error_m
        self._over = self._over + 1 if wrong else 0
        if self._over >= OVER_FIXES:
            self._promise(point.time_s)

    def _promise(self, time_s: int) -> None:
        if self._deadline_s is None:
            self._deadline_s = time_s + self._settings.deadline_s

    def _due(self, point: Point) -> bool:
        if self._sent is None:
            return True
        if self._deadline_s is not None and point.time_s >= self._deadline_s:
            return True
        stopped = SPEED.to_wire(point.speed_mps) == 0
        heartbeat_s = self._settings.heartbeat_stopped_s if stopped else self._settings.heartbeat_moving_s
        return point.time_s - self._sent.time_s >= heartbeat_s


def _knot_at(point: Point, dark_s: int = 0) -> Knot:
    return Knot(point.time_s, round(point.lat_deg * DEGREE_E5), round(point.lon_deg * DEGREE_E5), dark_s)


def _as_sent(point: Point, speed: int, course: int) -> Point:
    """The point as the server has it: position and velocity rounded by the wire."""
    knot = _knot_at(point)
    return Point(knot.time_s, knot.lat_deg, knot.lon_deg, *velocity(speed * SPEED.scale, course))
