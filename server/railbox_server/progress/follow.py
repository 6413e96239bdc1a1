"""A path along a corridor, step by step: where on it, which way, how far astray, and where it stood.

A fold: the trace after some steps is all that is needed to go on, so a path that grows is followed from where it was
left, and in whatever pieces it comes the trace is the same. Pure; knows no places, borders or forecasts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import cos, hypot, radians
from typing import Final

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
class Trace:
    """What following a path came to. `heading`: 1 with the km, -1 against, 0 not known yet."""

    mark: Mark | None = None
    seen: Waypoint | None = None
    first_s: int | None = None
    heading: int = 0
    low_km: float | None = None
    high_km: float | None = None
    """Between which chainages it has been since it turned last; None before it was on the way at all."""
    turned_km: float = 0.0
    """How far it went before it turned last."""
    excursion: Excursion | None = None
    excursions: tuple[Excursion, ...] = ()
    """Those that are over."""
    halt: Stop | None = None
    """Where it stands, or just is."""
    stops: tuple[Stop, ...] = ()
    """Those that are over."""

    @property
    def travelled_km(self) -> float:
        """Along the way, back and forth, wiggles left out."""
        return self.turned_km + (self.high_km or 0.0) - (self.low_km or 0.0)

    @property
    def all_stops(self) -> tuple[Stop, ...]:
        return (*self.stops, self.halt) if self.halt and self.halt.is_long else self.stops

    @property
    def all_excursions(self) -> tuple[Excursion, ...]:
        return (*self.excursions, self.excursion) if self.excursion else self.excursions


START: Final = Trace()


def follow(way: Way, path: Iterable[Step], trace: Trace = START) -> Trace:
    """Goes on from `trace` along the steps; those that it has taken already are passed over."""
    walk = _Walk(way, trace)
    for start, end, continuous in path:
        if walk.seen is None:
            walk.to(start, dark_s=0)
        if walk.seen is None or end.time_s > walk.seen.time_s:
            walk.to(end, dark_s=0 if continuous else round(end.time_s - start.time_s))
    return walk.trace()


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

    def trace(self) -> Trace:
        mark = self._mark and self.seen and replace(self._mark, time_s=int(self.seen.time_s))
        return replace(self._rest, mark=mark, seen=self.seen, halt=self._halt_so_far())

    def to(self, point: Waypoint, dark_s: int) -> None:
        self.seen = point
        mark, halt = self._mark, self._halt
        if mark is None or _apart_m(mark.lat_deg, mark.lon_deg, point) >= LOCATE_M:
            mark = self._mark = self._located(point)
            self._rest = _moved(self._rest, mark)
        if halt is not None and _apart_m(halt.lat_deg, halt.lon_deg, point) <= STOP_M:
            self._halt_to_s = int(point.time_s)
            self._halt_dark_s += dark_s
        else:
            self._go_on(point, mark)

    def _located(self, point: Waypoint) -> Mark:
        near_km = None if self._mark is None else self._mark.way_km
        spot = self._way.locate((point.lat_deg, point.lon_deg), near_km)
        return Mark(int(point.time_s), point.lat_deg, point.lon_deg, spot.way_km, spot.off_m, spot.room_m)

    def _go_on(self, point: Waypoint, mark: Mark) -> None:
        """Leaves where it stood, which is a stop if that was long."""
        halt = self._halt
        if halt is not None and self._halt_to_s - halt.from_s >= STOP_S:
            self._rest = replace(self._rest, stops=(*self._rest.stops, self._so_far(halt)))
        time_s = int(point.time_s)
        self._halt = Stop(time_s, time_s, 0, point.lat_deg, point.lon_deg, mark.way_km)
        self._halt_to_s, self._halt_dark_s = time_s, 0

    def _halt_so_far(self) -> Stop | None:
        return None if self._halt is None else self._so_far(self._halt)

    def _so_far(self, halt: Stop) -> Stop:
        return replace(halt, to_s=self._halt_to_s, dark_s=self._halt_dark_s)


def _moved(trace: Trace, mark: Mark) -> Trace:
    if trace.first_s is None:
        trace = replace(trace, first_s=mark.time_s)
    trace = _strayed(trace, mark)
    return trace if mark.astray else _headed(trace, mark.way_km)


def _strayed(trace: Trace, mark: Mark) -> Trace:
    open_one = trace.excursion
    if open_one is None:
        return replace(trace, excursion=Excursion(mark.time_s, None, mark.way_km, mark.off_m)) if mark.astray else trace
    if mark.off_m > BACK_SHARE * mark.room_m:
        return replace(trace, excursion=replace(open_one, worst_m=max(open_one.worst_m, mark.off_m)))
    over = replace(open_one, to_s=mark.time_s)
    return replace(trace, excursion=None, excursions=(*trace.excursions, over))


def _headed(trace: Trace, km: float) -> Trace:
    low_km, high_km = trace.low_km, trace.high_km
    if low_km is None or high_km is None:
        return replace(trace, low_km=km, high_km=km)
    if trace.heading >= 0 and km >= high_km:
        heading = 1 if km - low_km >= TURN_KM else trace.heading
        return replace(trace, high_km=km, heading=heading)
    if trace.heading <= 0 and km <= low_km:
        heading = -1 if high_km - km >= TURN_KM else trace.heading
        return replace(trace, low_km=km, heading=heading)
    if trace.heading == 1 and high_km - km >= TURN_KM:
        return replace(trace, heading=-1, low_km=km, turned_km=trace.turned_km + high_km - low_km)
    if trace.heading == -1 and km - low_km >= TURN_KM:
        return replace(trace, heading=1, high_km=km, turned_km=trace.turned_km + high_km - low_km)
    return trace


def _apart_m(lat_deg: float, lon_deg: float, point: Waypoint) -> float:
    """Flat, for short distances."""
    east = ((point.lon_deg - lon_deg + 180) % 360 - 180) * cos(radians(lat_deg))
    return hypot(point.lat_deg - lat_deg, east) * radians(MEAN_RADIUS_M)
