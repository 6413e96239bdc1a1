"""A path along a corridor, step by step: where on it, which way, how far astray, and where it stood.

A fold: the trace after some steps is all that is needed to go on, so a path that grows is followed from where it was
left, and in whatever pieces it comes the outcome is the same. A trace does not grow: what is over is told and let go.
Pure; knows no places, borders or forecasts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
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


class Mark(NamedTuple):
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


class Excursion(NamedTuple):
    """Astray from the corridor: first and last seen there (`to_s` None: it lasts), left at `way_km`."""

    from_s: int
    to_s: int | None
    way_km: float
    worst_m: float


class Stop(NamedTuple):
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


class Run(NamedTuple):
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
    """A trace while it is followed: most steps only go on standing or running."""

    def __init__(self, way: Way, trace: Trace) -> None:
        self.seen = trace.seen
        self._way = way
        self._mark = trace.mark
        self._heading, self._low, self._high = trace.heading, trace.low, trace.high
        self._excursion = trace.excursion
        self._halt = trace.halt
        self._halt_to_s = trace.halt.to_s if trace.halt else 0
        self._halt_dark_s = trace.halt.dark_s if trace.halt else 0
        self._stops: list[Stop] = []
        self._excursions: list[Excursion] = []
        self._runs: list[Run] = []

    def followed(self) -> Followed:
        mark = self._mark and self.seen and self._mark._replace(time_s=int(self.seen.time_s))
        halt = None if self._halt is None else self._so_far(self._halt)
        trace = Trace(mark, self.seen, self._heading, self._low, self._high, self._excursion, halt)
        return Followed(trace, tuple(self._stops), tuple(self._excursions), tuple(self._runs))

    def to(self, point: Waypoint, dark_s: int) -> None:
        mark, halt = self._mark, self._halt
        if mark is None or _apart_m(mark.lat_deg, mark.lon_deg, point) >= LOCATE_M:
            mark = self._move(point)
        self.seen = point
        time_s = int(point.time_s)
        if halt is not None and _apart_m(halt.lat_deg, halt.lon_deg, point) <= STOP_M:
            self._halt_to_s = time_s
            self._halt_dark_s += dark_s
            return
        if halt is not None and self._halt_to_s - halt.from_s >= STOP_S:
            self._stops.append(self._so_far(halt))
        self._halt = Stop(time_s, time_s, 0, point.lat_deg, point.lon_deg, mark.way_km)
        self._halt_to_s, self._halt_dark_s = time_s, 0

    def _so_far(self, halt: Stop) -> Stop:
        return halt._replace(to_s=self._halt_to_s, dark_s=self._halt_dark_s)

    def _move(self, point: Waypoint) -> Mark:
        before = self._mark
        spot = self._way.locate((point.lat_deg, point.lon_deg), None if before is None else before.way_km)
        mark = Mark(int(point.time_s), point.lat_deg, point.lon_deg, spot.way_km, spot.off_m, spot.room_m)
        self._mark = mark
        if mark.astray or self._excursion is not None:
            self._stray(mark)
        if before is not None and not before.astray and self.seen is not None:
            self._stretch(before.way_km, int(self.seen.time_s))  # where it was until then
        if not mark.astray:
            self._head(mark.way_km, mark.time_s)
        return mark

    def _stray(self, mark: Mark) -> None:
        lasting = self._excursion
        if lasting is None:
            self._excursion = Excursion(mark.time_s, None, mark.way_km, mark.off_m)
        elif mark.off_m > BACK_SHARE * mark.room_m:
            self._excursion = lasting._replace(worst_m=max(lasting.worst_m, mark.off_m))
        else:
            self._excursions.append(lasting._replace(to_s=mark.time_s))
            self._excursion = None

    def _head(self, km: float, time_s: int) -> None:
        low, high = self._low, self._high
        if low is not None and high is not None:
            if self._heading > 0 and high.far_km - km >= TURN_KM:
                self._runs.append(_between(low, high))
                self._heading, self._low = -1, _end_at(km, time_s)
                return
            if self._heading < 0 and km - low.far_km >= TURN_KM:
                self._runs.append(_between(high, low))
                self._heading, self._high = 1, _end_at(km, time_s)
                return
        low, high = self._stretch(km, time_s)
        if self._heading == 0 and high.far_km - low.far_km >= TURN_KM:
            self._heading = 1 if km == high.far_km else -1

    def _stretch(self, km: float, time_s: int) -> tuple[End, End]:
        low, high = _stretched(self._low, km, time_s, -1), _stretched(self._high, km, time_s, 1)
        self._low, self._high = low, high
        return low, high


def _between(start: End, end: End) -> Run:
    reached_km, reached_s = end.records[0]
    return Run(start.left_s, max(start.left_s, reached_s), start.left_km, reached_km)


def _end_at(km: float, time_s: int) -> End:
    return End(km, ((km, time_s),), km, time_s)


def _stretched(end: End | None, km: float, time_s: int, side: int) -> End:
    """`side`: 1 at the higher chainages."""
    if end is None:
        return _end_at(km, time_s)
    beyond_km = (km - end.far_km) * side
    if beyond_km < -YARD_KM:
        return end
    if beyond_km <= 0:
        return End(end.far_km, end.records, km, time_s)
    near = tuple([record for record in end.records if (km - record[0]) * side <= YARD_KM])
    return End(km, (*near, (km, time_s)), km, time_s)


def _apart_m(lat_deg: float, lon_deg: float, point: Waypoint) -> float:
    """Flat, for short distances."""
    east = ((point.lon_deg - lon_deg + 180) % 360 - 180) * cos(radians(lat_deg))
    return hypot(point.lat_deg - lat_deg, east) * radians(MEAN_RADIUS_M)
