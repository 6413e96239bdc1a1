"""What somebody knows who has heard so many reports: the other end of thinning, to judge it by.

Between two knots a straight step, unless the receiver was dark; after the last one its velocity. Pure.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from railbox_agent.items import Report
from railbox_agent.thinning.plane import Point, distance_m, reckoned
from railbox_agent.thinning.reckoning import as_known
from railbox_telemetry.values import Knot


class Known:
    """Hears reports in the order of their knots; says where the unit was."""

    def __init__(self) -> None:
        self._knots: list[Knot] = []
        self._times_s: list[int] = []
        self._last: Point | None = None

    def hear(self, report: Report) -> None:
        self._knots += report.knots
        self._times_s += [knot.time_s for knot in report.knots]
        self._last = as_known(report.knots[-1], report.state)

    def at(self, time_s: int) -> Point | None:
        """None before the first knot, and where the receiver was dark."""
        after = bisect_right(self._times_s, time_s)
        if after == 0 or self._last is None:
            return None
        if after == len(self._knots):
            return reckoned(self._last, time_s)
        if self._knots[after].dark_s and time_s != self._times_s[after - 1]:
            return None
        return between(self._knots[after - 1], self._knots[after], time_s)


@dataclass(frozen=True, slots=True)
class Miss:
    """How far off a point of the track was, to somebody who asked some time after it; None: nothing was known."""

    time_s: int
    error_m: float | None


def misses(track: Sequence[Point], reports: Iterable[Report], after_s: int) -> Iterator[Miss]:
    """For every point of the track, in time order, what was known of it `after_s` later; up to the track's end."""
    known, coming = Known(), iter(reports)
    report = next(coming, None)
    end_s = track[-1].time_s if track else 0
    for point in track:
        if point.time_s + after_s > end_s:
            return
        while report is not None and report.time_s <= point.time_s + after_s:
            known.hear(report)
            report = next(coming, None)
        place = known.at(point.time_s)
        yield Miss(point.time_s, None if place is None else distance_m(place, point))


def between(before: Knot, after: Knot, time_s: int) -> Point:
    """Where the straight step from one knot to the other is at `time_s`, across 180° too."""
    part = (time_s - before.time_s) / (after.time_s - before.time_s)
    turn_deg = (after.lon_deg - before.lon_deg + 180) % 360 - 180
    lat_deg = before.lat_deg + part * (after.lat_deg - before.lat_deg)
    return Point(time_s, lat_deg, (before.lon_deg + part * turn_deg + 180) % 360 - 180)
