"""A path along a corridor, step by step: where on it, which way, how far astray, and where it stood.

A fold: the trace after some steps is all that is needed to go on, so a path that grows is followed from where it was
left, and in whatever pieces it comes the outcome is the same. A trace does not grow: what is over is told and let go.
Pure; knows no places, borders or forecasts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import cos, hypot, radians
from typing import Final, NamedTuple

from railbox_server.geo.earth import MEAN_RADIUS_M
from railbox_server.geo.way import Way
from railbox_server.journey.model import Step, Waypoint

LOCATE_M: Final = 200.0
"""A unit that has moved less is where it was: standing costs nothing, and noise adds no km."""
TURN_KM: Final = 40.0
"""Only who goes back so far has turned. Measured on known rails: seen from straight lines between stations, a train
that goes on may seem to go back by up to 24 km."""
BACK_SHARE: Final = 0.8
"""Who was astray is back within this share of the room: at its edge the alert does not flap."""
STOP_M: Final = 250.0
STOP_S: Final = 1_800
"""Shorter halts are traffic."""
YARD_KM: Final = 3.0
"""Who moves so little where it turns is shunted: its run is over, and the next has not begun."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A position on the way. `room_m`: how far off is not yet astray there."""

    time_s: int
    lat_deg: float
    lon_deg: float
    way_km: float
    off_m: float
    room_m: float

    @property
    def astray(self) -> bool:
        return self.off_m > self.room_m


@dataclass(frozen=True, slots=True)
class Excursion:
    """Astray from the corridor: first and last seen there (`to_s` None: it lasts), left at `way_km`."""

    from_s: int
    to_s: int | None
    way_km: float
    worst_m: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Within 250 m, first to last seen there; `dark_s` of that nobody knows that it did not move."""

    from_s: int
    to_s: int
    dark_s: int
    lat_deg: float
    lon_deg: float
    way_km: float

    @property
    def is_long(self) -> bool:
        return self.to_s - self.from_s >= STOP_S


@dataclass(frozen=True, slots=True)
class Run:
    """Along the way without turning, from when it was last where it began until it first came to where it ended."""

    from_s: int
    to_s: int
    from_km: float
    to_km: float

    @property
    def km(self) -> float:
        return abs(self.to_km - self.from_km)


class End(NamedTuple):
    """The farthest that it has been one way. `records`: chainage and time of those that it set within a yard of there;
    `left_km`, `left_s`: where and when it was there last."""

    far_km: float
    records: tuple[tuple[float, int], ...]
    left_km: float
    left_s: int


@dataclass(frozen=True, slots=True)
class Trace:
    """What following a path came to. `heading`: 1 with the km, -1 against, 0 not known yet."""

    mark: Mark | None = None
    seen: Waypoint | None = None
    heading: int = 0
    low: End | None = None
    high: End | None = None
    """Between which ends it has been since it turned last; None before it was on the way at all."""
    excursion: Excursion | None = None
    """One that lasts."""
    halt: Stop | None = None
    """Where it stands, or just is."""

    def run(self, way: Way) -> Run | None:
        """The one that lasts, so far: at the end of the way it is over. None before it was on the way at all."""
        if self.mark is None or self.low is None or self.high is None:
            return None
        forward = self.heading > 0 or (self.heading == 0 and self.low.left_s <= self.high.left_s)
        start, end = (self.low, self.high) if forward else (self.high, self.low)
        way_end_km = way.to_km if forward else way.from_km
        if abs(way_end_km - end.far_km) <= YARD_KM:
            return _between(start, end)
        return Run(start.left_s, self.mark.time_s, start.left_km, end.far_km)


START: Final = Trace()


@dataclass(frozen=True, slots=True)
class Followed:
    """`trace`: after the last step. The rest is over, in order of time."""

    trace: Trace
    stops: tuple[Stop, ...] = ()
    excursions: tuple[Excursion, ...] = ()
    runs: tuple[Run, ...] = ()

    @property
    def all_stops(self) -> tuple[Stop, ...]:
        """With the one that lasts."""
        halt = self.trace.halt
        return (*self.stops, halt) if halt and halt.is_long else self.stops

    @property
    def all_excursions(self) -> tuple[Excursion, ...]:
        """With the one that lasts."""
        return (*self.excursions, self.trace.excursion) if self.trace.excursion else self.excursions


def follow(way: Way, path: Iterable[Step], trace: Trace = START) -> Followed:
    """Goes on from `trace` along the steps; those that it has taken already are passed over."""
    walk = _Walk(way, trace)
    for start, end, continuous in path:
        if walk.seen is None:
            walk.to(start, dark_s=0)
        if walk.seen is None or end.time_s > walk.seen.time_s:
            walk.to(end, dark_s=0 if continuous else round(end.time_s - start.time_s))
    return walk.followed()


class _Walk:
    """A trace while it is followed. Most steps only go on standing or running: those replace no frozen value."""

    def __init__(self, way: Way, trace: Trace) -> None:
        self.seen = trace.seen
        self._way = way
        self._rest = trace
        """But for what stands below."""
        self._mark = trace.mark
        self._halt = trace.halt
        self._halt_to_s = trace.halt.to_s if trace.halt else 0
        self._halt_dark_s = trace.halt.dark_s if trace.halt else 0
        self._stops: list[Stop] = []
        self._excursions: list[Excursion] = []
        self._runs: list[Run] = []

    def followed(self) -> Followed:
        halt = None if self._halt is None else self._so_far(self._halt)
        trace = replace(self._rest, mark=self._mark_until_now(), seen=self.seen, halt=halt)
        return Followed(trace, tuple(self._stops), tuple(self._excursions), tuple(self._runs))

    def to(self, point: Waypoint, dark_s: int) -> None:
        mark, halt = self._mark, self._halt
        if mark is None or _apart_m(mark.lat_deg, mark.lon_deg, point) >= LOCATE_M:
            self._move(self._mark_until_now(), self._located(point))
        self.seen = point
        if halt is not None and _apart_m(halt.lat_deg, halt.lon_deg, point) <= STOP_M:
            self._halt_to_s = int(point.time_s)
            self._halt_dark_s += dark_s
        else:
            self._go_on(point)

    def _mark_until_now(self) -> Mark | None:
        """With when it was last seen there."""
        return self._mark and self.seen and replace(self._mark, time_s=int(self.seen.time_s))

    def _located(self, point: Waypoint) -> Mark:
        near_km = None if self._mark is None else self._mark.way_km
        spot = self._way.locate((point.lat_deg, point.lon_deg), near_km)
        return Mark(int(point.time_s), point.lat_deg, point.lon_deg, spot.way_km, spot.off_m, spot.room_m)

    def _move(self, before: Mark | None, mark: Mark) -> None:
        self._mark = mark
        trace, over = _strayed(self._rest, mark)
        if over is not None:
            self._excursions.append(over)
        if before is not None and not before.astray:
            trace = replace(trace, low=_stretched(trace.low, before, -1), high=_stretched(trace.high, before, 1))
        if not mark.astray:
            trace, run = _headed(trace, mark)
            if run is not None:
                self._runs.append(run)
        self._rest = trace

    def _go_on(self, point: Waypoint) -> None:
        """Leaves where it stood, which is a stop if that was long."""
        halt = self._halt
        if halt is not None and self._halt_to_s - halt.from_s >= STOP_S:
            self._stops.append(self._so_far(halt))
        assert self._mark is not None
        time_s = int(point.time_s)
        self._halt = Stop(time_s, time_s, 0, point.lat_deg, point.lon_deg, self._mark.way_km)
        self._halt_to_s, self._halt_dark_s = time_s, 0

    def _so_far(self, halt: Stop) -> Stop:
        return replace(halt, to_s=self._halt_to_s, dark_s=self._halt_dark_s)


def _strayed(trace: Trace, mark: Mark) -> tuple[Trace, Excursion | None]:
    """With the excursion that is over."""
    lasting = trace.excursion
    if lasting is None:
        began = Excursion(mark.time_s, None, mark.way_km, mark.off_m) if mark.astray else None
        return (trace if began is None else replace(trace, excursion=began)), None
    if mark.off_m > BACK_SHARE * mark.room_m:
        return replace(trace, excursion=replace(lasting, worst_m=max(lasting.worst_m, mark.off_m))), None
    return replace(trace, excursion=None), replace(lasting, to_s=mark.time_s)


def _headed(trace: Trace, mark: Mark) -> tuple[Trace, Run | None]:
    """With the run that is over where it has turned."""
    low, high, km = trace.low, trace.high, mark.way_km
    if low is not None and high is not None:
        if trace.heading > 0 and high.far_km - km >= TURN_KM:
            return replace(trace, heading=-1, low=_end_at(mark)), _between(low, high)
        if trace.heading < 0 and km - low.far_km >= TURN_KM:
            return replace(trace, heading=1, high=_end_at(mark)), _between(high, low)
    low, high = _stretched(low, mark, -1), _stretched(high, mark, 1)
    heading = trace.heading
    if heading == 0 and high.far_km - low.far_km >= TURN_KM:
        heading = 1 if km == high.far_km else -1
    return replace(trace, low=low, high=high, heading=heading), None


def _between(start: End, end: End) -> Run:
    reached_km, reached_s = end.records[0]
    return Run(start.left_s, max(start.left_s, reached_s), start.left_km, reached_km)


def _end_at(mark: Mark) -> End:
    return End(mark.way_km, ((mark.way_km, mark.time_s),), mark.way_km, mark.time_s)


def _stretched(end: End | None, mark: Mark, side: int) -> End:
    """`side`: 1 at the higher chainages."""
    if end is None:
        return _end_at(mark)
    km, time_s = mark.way_km, mark.time_s
    if (km - end.far_km) * side < -YARD_KM:
        return end
    if (km - end.far_km) * side <= 0:
        return end._replace(left_km=km, left_s=time_s)
    near = tuple(record for record in end.records if (km - record[0]) * side <= YARD_KM)
    return End(km, (*near, (km, time_s)), km, time_s)


def _apart_m(lat_deg: float, lon_deg: float, point: Waypoint) -> float:
    """Flat, for short distances."""
    east = ((point.lon_deg - lon_deg + 180) % 360 - 180) * cos(radians(lat_deg))
    return hypot(point.lat_deg - lat_deg, east) * radians(MEAN_RADIUS_M)
