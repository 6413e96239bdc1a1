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
    for step in path:
        if trace.seen is None:
            trace = _stood(_moved(way, trace, step.start), step.start, dark_s=0)
        if step.end.time_s > (trace.seen.time_s if trace.seen else step.start.time_s):
            dark_s = 0 if step.continuous else round(step.end.time_s - step.start.time_s)
            trace = _stood(_moved(way, trace, step.end), step.end, dark_s)
    return trace


def _moved(way: Way, trace: Trace, point: Waypoint) -> Trace:
    mark, time_s = trace.mark, int(point.time_s)
    if mark is not None and _apart_m(mark.lat_deg, mark.lon_deg, point) < LOCATE_M:
        return replace(trace, mark=replace(mark, time_s=time_s), seen=point)
    spot = way.locate((point.lat_deg, point.lon_deg), None if mark is None else mark.way_km)
    mark = Mark(time_s, point.lat_deg, point.lon_deg, spot.way_km, spot.off_m, spot.room_m)
    first_s = time_s if trace.first_s is None else trace.first_s
    trace = _strayed(replace(trace, mark=mark, seen=point, first_s=first_s), mark)
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


def _stood(trace: Trace, point: Waypoint, dark_s: int) -> Trace:
    halt, time_s = trace.halt, int(point.time_s)
    if halt is not None and _apart_m(halt.lat_deg, halt.lon_deg, point) <= STOP_M:
        return replace(trace, halt=replace(halt, to_s=time_s, dark_s=halt.dark_s + dark_s))
    way_km = trace.mark.way_km if trace.mark else 0.0
    stops = (*trace.stops, halt) if halt is not None and halt.is_long else trace.stops
    return replace(trace, halt=Stop(time_s, time_s, 0, point.lat_deg, point.lon_deg, way_km), stops=stops)


def _apart_m(lat_deg: float, lon_deg: float, point: Waypoint) -> float:
    """Flat, for short distances."""
    east = ((point.lon_deg - lon_deg + 180) % 360 - 180) * cos(radians(lat_deg))
    return hypot(point.lat_deg - lat_deg, east) * radians(MEAN_RADIUS_M)
