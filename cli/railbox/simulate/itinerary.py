"""One unit's journey: when it stands where and why, how it moves between, and what happens to it on the way.

Works on stops and metres along the route. Times are seconds since the recording's start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from railbox.simulate.motion import Builder, Motion, Section
from railbox.simulate.services import HOUR_S, LORRY, ROAD_BORDER, Pace, Service, Wait

SECTION_M: Final = (4_000.0, 25_000.0)
THROAT_M: Final = 1_800.0
"""The tracks before and behind a stop, which are passed slowly."""
STOP_SCATTER_M: Final = 150.0
SHUNT_M: Final = (80.0, 250.0)
SHUNT_MPS: Final = 2.5
SHUNT_PAUSE_S: Final = (60.0, 420.0)
"""Short enough that a move past the edge of a place is no stay outside it."""
SHUNTING_FROM_S: Final = 6 * HOUR_S
MIN_STAY_S: Final = 600.0
COUPLING_G: Final = (1.5, 3.5)
LIFTING_G: Final = (2.0, 6.0)
INSPECTION_CHANCE: Final = 0.7
INSPECTION_S: Final = (600.0, 2_700.0)
EVERYWHERE: Final = (float("-inf"), float("inf"))
OVER_EDGE_M: Final = (120.0, 400.0)
OVER_EDGE_MPS: Final = 6.0
OVER_EDGE_S: Final = ((30.0, 240.0), (1_500.0, 5_400.0))
"""Pauses beyond the edge of a place, with the way there and back: too short to end the stay (15 min), and too long."""
BACK_M: Final = (50_000.0, 90_000.0)
"""How far who is turned back goes: out of the border's area."""
BACK_S: Final = (2 * HOUR_S, 20 * HOUR_S)
TURNED_WAIT_SHARE: Final = 0.3
"""Of the first wait: so long it waits when it comes again."""


class Purpose(StrEnum):
    TERMINAL = "terminal"
    BORDER = "border"
    GAUGE_BREAK = "gauge break"
    TRANSFER = "transfer"
    YARD = "yard"


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on the way: why a unit waits there (no purpose: it passes) and how it comes there."""

    chainage_m: float
    purposes: frozenset[Purpose] = frozenset()
    border: str | None = None
    side: str | None = None
    by_rail: bool = True
    edges_m: tuple[float, float] = EVERYWHERE
    """Where the way leaves the place's zone, back and onwards; without bound where it does not."""


@dataclass(frozen=True, slots=True)
class Chances:
    """Of what does not go smoothly: moves over the edge of a place at a long stay, being turned back at a border."""

    over_edge: float = 0.0
    turned_back: float = 0.0


SMOOTH: Final = Chances()
ROUGH: Final = Chances(over_edge=0.35, turned_back=0.3)


@dataclass(frozen=True, slots=True)
class Stay:
    """Standing at a stop, shunted now and then."""

    purposes: frozenset[Purpose]
    chainage_m: float
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


class Happening(StrEnum):
    DOOR_OPENED = "door opened"
    DOOR_CLOSED = "door closed"
    SHOCK = "shock"


@dataclass(frozen=True, slots=True)
class Incident:
    """What the sensor board notices; `peak_g` of a shock."""

    time_s: float
    happening: Happening
    peak_g: float = 0.0


@dataclass(frozen=True, slots=True)
class Itinerary:
    motion: Motion
    stays: tuple[Stay, ...]
    incidents: tuple[Incident, ...]

    @property
    def departed_s(self) -> float:
        return self.stays[0].end_s

    @property
    def arrived_s(self) -> float:
        return self.stays[-1].start_s


class Planner:
    """Drives one unit from the first stop to the last, drawing what is left to chance."""

    def __init__(self, service: Service, rng: Random, stops: Sequence[Stop], chances: Chances = SMOOTH) -> None:
        self._service = service
        self._rng = rng
        self._stops = stops
        self._chances = chances
        self._builder = Builder(0.0, stops[0].chainage_m)
        self._stays: list[Stay] = []
        self._incidents: list[Incident] = []

    def plan(self, departs_s: float) -> Itinerary:
        """Stands in the first terminal from 0 until `departs_s`, and in the last from its arrival on."""
        self._stay(self._stops[0], departs_s)
        waits = waits_s(self._stops, self._service, self._rng)
        turns = self._turns() if self._chances.turned_back else {}
        for at, (stop, wait_s) in enumerate(zip(self._stops, waits, strict=True)):
            if wait_s > 0.0:
                self._come_to(stop, wait_s)
            if at in turns:
                first = turns[at].first
                self._turn_back(turns[at], list(zip(self._stops[first : at + 1], waits[first : at + 1], strict=True)))
        last, builder = self._stops[-1], self._builder
        self._run_to(last.chainage_m, last)
        self._stays.append(Stay(last.purposes, builder.chainage_m, builder.time_s, float("inf")))
        incidents = tuple(sorted(self._incidents, key=lambda incident: incident.time_s))
        return Itinerary(Motion(builder.phases), tuple(self._stays), incidents)

    def _come_to(self, stop: Stop, wait_s: float) -> None:
        self._run_to(stop.chainage_m + self._rng.uniform(-STOP_SCATTER_M, STOP_SCATTER_M), stop)
        self._stay(stop, wait_s)

    def _run_to(self, chainage_m: float, stop: Stop) -> None:
        """Onwards or back, with halts on the way: signals at danger by rail, drivers' rests by road."""
        pace = self._service.rail if stop.by_rail else LORRY
        direction = 1 if chainage_m >= self._builder.chainage_m else -1
        while (left_m := (chainage_m - self._builder.chainage_m) * direction) > 0.0:
            until_halt_m = 2 * THROAT_M + self._rng.expovariate(1 / pace.halt_every_m)
            if until_halt_m + 2 * THROAT_M > left_m:
                self._builder.run(sections(left_m, pace, self._rng), pace.pull, direction)
                self._builder.chainage_m = chainage_m
            else:
                self._builder.run(sections(until_halt_m, pace, self._rng), pace.pull, direction)
                self._builder.stand(pace.halt.draw_s(self._rng))

    def _stay(self, stop: Stop, wait_s: float) -> None:
        builder, rng = self._builder, self._rng
        start_s, end_s = builder.time_s, builder.time_s + wait_s
        if stop.by_rail and wait_s >= SHUNTING_FROM_S:
            times_s = sorted(start_s + wait_s * rng.uniform(0.05, 0.85) for _ in range(rng.randint(1, 3)))
            for time_s in times_s:
                builder.stand(time_s - builder.time_s)
                self._shunt(forwards=stop.chainage_m <= SHUNT_M[1] or rng.random() < 0.5)
            if self._chances.over_edge and rng.random() < self._chances.over_edge:
                self._over_edge(stop)
        builder.stand(end_s - builder.time_s)
        stay = Stay(stop.purposes, builder.chainage_m, start_s, builder.time_s)
        self._stays.append(stay)
        self._incidents += incidents_of(stay, rng)

    def _shunt(self, *, forwards: bool) -> None:
        """Out, a pause, and back to the very place; coupling up is felt."""
        builder, rng, pull = self._builder, self._rng, self._service.rail.pull
        home_m, move = builder.chainage_m, [Section(rng.uniform(*SHUNT_M), SHUNT_MPS)]
        for direction in (1, -1) if forwards else (-1, 1):
            builder.run(move, pull, direction)
            self._incidents.append(Incident(builder.time_s, Happening.SHOCK, rng.uniform(*COUPLING_G)))
            builder.stand(rng.uniform(*SHUNT_PAUSE_S))
        builder.chainage_m = home_m

    def _over_edge(self, stop: Stop) -> None:
        """Out of the zone and back, once or several times: for a moment, or for so long that the stay is over."""
        builder, rng, pull = self._builder, self._rng, self._service.rail.pull
        ways = [way for way, edge_m in zip((-1, 1), stop.edges_m, strict=True) if edge_m not in EVERYWHERE]
        for _ in range(rng.randint(1, 3) if ways else 0):
            home_m, way = builder.chainage_m, rng.choice(ways)
            out_m = abs(stop.edges_m[max(0, way)] - home_m) + rng.uniform(*OVER_EDGE_M)
            for direction in (way, -way):
                builder.run([Section(out_m, OVER_EDGE_MPS)], pull, direction)
                builder.stand(rng.uniform(*rng.choice(OVER_EDGE_S)))
            builder.chainage_m = home_m

    def _turns(self) -> dict[int, "Turn"]:
        """After which stop a unit is turned back: at some borders, from the first yard, the second, or beyond them."""
        rng, found = self._rng, dict[int, Turn]()
        yards = [at for at, stop in enumerate(self._stops) if Purpose.BORDER in stop.purposes]
        for border in dict.fromkeys(self._stops[at].border for at in yards):
            own = [at for at in yards if self._stops[at].border == border]
            back_to_m = self._stops[own[0]].chainage_m - rng.uniform(*BACK_M)
            is_turned = rng.random() < self._chances.turned_back
            at, beyond_m = rng.choice([(own[0], 0.0), (own[-1], 0.0), (own[-1], rng.uniform(*BACK_M))])
            if is_turned and back_to_m > 0.0 and not (beyond_m and self._is_met(at, beyond_m)):
                found[at] = Turn(own[0], back_to_m, beyond_m)
        return found

    def _is_met(self, at: int, beyond_m: float) -> bool:
        """Whether another border or the end comes within a distance of a stop."""
        until_m = self._stops[at].chainage_m + 2 * beyond_m
        later = self._stops[at + 1 :]
        return until_m > self._stops[-1].chainage_m or any(
            stop.border is not None and stop.chainage_m < until_m for stop in later
        )

    def _turn_back(self, turn: "Turn", again: Sequence[tuple[Stop, float]]) -> None:
        """Perhaps on for a while, then back to before the border, a pause, and through its yards again."""
        builder, rng, here = self._builder, self._rng, again[-1][0]
        if turn.beyond_m:
            self._run_to(here.chainage_m + turn.beyond_m, here)
            builder.stand(rng.uniform(*BACK_S))
        self._run_to(turn.back_to_m, here)
        builder.stand(rng.uniform(*BACK_S))
        for stop, wait_s in again:
            if wait_s > 0.0:
                self._come_to(stop, max(MIN_STAY_S, wait_s * TURNED_WAIT_SHARE))


@dataclass(frozen=True, slots=True)
class Turn:
    """From a stop, or so far beyond it, back to a chainage before the border, whose first yard is stop `first`."""

    first: int
    back_to_m: float
    beyond_m: float


def incidents_of(stay: Stay, rng: Random) -> list[Incident]:
    """Customs open the door; lifting a container or changing bogies is felt."""
    made: list[Incident] = []
    if Purpose.BORDER in stay.purposes and rng.random() < INSPECTION_CHANCE:
        opened_s = stay.start_s + stay.duration_s * rng.uniform(0.2, 0.7)
        open_s = min(rng.uniform(*INSPECTION_S), stay.duration_s * 0.2)
        made.append(Incident(opened_s, Happening.DOOR_OPENED))
        made.append(Incident(opened_s + open_s, Happening.DOOR_CLOSED))
    if stay.purposes & {Purpose.GAUGE_BREAK, Purpose.TRANSFER}:
        made += [
            Incident(stay.start_s + stay.duration_s * rng.uniform(0.3, 0.9), Happening.SHOCK, rng.uniform(*LIFTING_G))
            for _ in range(rng.randint(1, 3))
        ]
    return made


def sections(length_m: float, pace: Pace, rng: Random) -> list[Section]:
    """A run from stop to stop, slow through the tracks at both ends."""
    throat_m = min(THROAT_M, length_m / 3)
    throat = Section(throat_m, pace.near_stop_mps)
    made = [throat]
    left_m = length_m - 2 * throat_m
    while left_m > 0.0:
        stretch_m = min(left_m, rng.uniform(*SECTION_M))
        made.append(Section(stretch_m, rng.uniform(pace.slowest_mps, pace.fastest_mps)))
        left_m -= stretch_m
    return [*made, throat]


def waits_s(stops: Sequence[Stop], service: Service, rng: Random) -> list[float]:
    """How long a unit waits at each stop: 0 where it passes, and at both ends, which are not a wait on the way."""
    borders = border_waits_s(stops, service, rng)
    waits = [0.0]
    for before, stop, after in zip(stops, stops[1:], stops[2:], strict=False):
        wait_s = borders.pop((stop.border, stop.side), 0.0) if Purpose.BORDER in stop.purposes else 0.0
        if Purpose.GAUGE_BREAK in stop.purposes and before.by_rail:
            wait_s += service.gauge_break.draw_s(rng)
        if Purpose.TRANSFER in stop.purposes or stop.by_rail != after.by_rail:
            wait_s += service.transfer.draw_s(rng)
        elif Purpose.TERMINAL in stop.purposes:
            wait_s += service.terminal.draw_s(rng)
        elif wait_s == 0.0 and Purpose.YARD in stop.purposes and rng.random() < service.yard_chance:
            wait_s += service.yard.draw_s(rng)
        waits.append(max(wait_s, MIN_STAY_S) if wait_s else 0.0)
    return [*waits, 0.0]


def border_waits_s(stops: Sequence[Stop], service: Service, rng: Random) -> dict[tuple[str | None, str | None], float]:
    """What each side of each border takes: one wait a border, split over the sides that have a yard."""
    made: dict[tuple[str | None, str | None], float] = {}
    yards = [stop for stop in stops if Purpose.BORDER in stop.purposes]
    for border in dict.fromkeys(stop.border for stop in yards):
        of_border = [stop for stop in yards if stop.border == border]
        by_rail = of_border[0].by_rail
        wait = Wait(rng.choice(service.border_means_h), service.border_spread) if by_rail else ROAD_BORDER
        wait_s, share = wait.draw_s(rng), rng.uniform(0.35, 0.65)
        sides = list(dict.fromkeys(stop.side for stop in of_border))
        shares = [share, 1 - share] if len(sides) == 2 else [1 / len(sides)] * len(sides)
        made |= {(border, side): wait_s * part for side, part in zip(sides, shares, strict=True)}
    return made
