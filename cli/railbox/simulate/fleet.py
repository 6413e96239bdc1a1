"""The units of one call: who they are, when they leave, and the recording and truth of each.

Pure: everything is drawn from the seed; one unit's draws never change another's, nor the journey the receiver's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from math import ceil
from operator import attrgetter
from random import Random
from typing import Final

from railbox.simulate import numbers, outages, services, stations
from railbox.simulate.board import Board
from railbox.simulate.itinerary import Itinerary, Planner
from railbox.simulate.lines import Lines
from railbox.simulate.receiver import Receiver
from railbox.simulate.route import Route, build
from railbox.simulate.services import HOUR_S
from railbox_agent.recording import Chunk, Header
from railbox_server.geo.corridors import Corridor

BEFORE_S: Final = 5 * HOUR_S
AFTER_S: Final = 4 * HOUR_S
STAGGER_S: Final = (20 * HOUR_S, 44 * HOUR_S)
"""From one unit's departure to the next's."""
GNSS_PORT: Final = "gnss"
BOARD_PORT: Final = "board"
SENTENCES_LATE_US: Final = 120_000
"""A receiver has told an epoch about this long after it."""
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Wish:
    """What a call asks for. `end_s`: UTC of the recordings' end; `days` None: the first unit's whole journey."""

    corridor: Corridor
    seed: int
    end_s: int
    units: int = 1
    days: float | None = None
    period_ms: int = 10_000
    board_interval_s: int = 600
    reverse: bool = False
    outages: str = "usual"


@dataclass(frozen=True, slots=True)
class Journey:
    """One unit's; `chunks` may be read any number of times and gives the same."""

    wish: Wish
    number: int
    unit: str
    started_at_s: int
    length_s: int
    route: Route
    itinerary: Itinerary

    @property
    def device(self) -> str:
        return numbers.device(self.unit)

    @property
    def corridor(self) -> Corridor:
        return self.wish.corridor

    def header(self) -> Header:
        rng = draws(self.wish, self.number, "uplink")
        return Header(
            started_at_ms=self.started_at_s * 1000,
            fix_period_s=self.wish.period_ms / 1000,
            unit=self.unit,
            ports={GNSS_PORT: "gnss", BOARD_PORT: "board"},
            place=self.corridor.title,
            device=self.device,
            uplink_down=outages.of_uplink(self.corridor.name, self.itinerary, self.length_s, rng),
        )

    def chunks(self) -> Iterator[Chunk]:
        """In order of time, as both ports gave them."""
        return merge(self._gnss(), self._board(), key=attrgetter("mono_us"))

    def _gnss(self) -> Iterator[Chunk]:
        dark = outages.of_receiver(
            self.itinerary, self.route, outages.LEVELS[self.wish.outages], draws(self.wish, self.number, "outages")
        )
        rng = draws(self.wish, self.number, "receiver")
        receiver = Receiver(self.route, self.itinerary.motion, dark, self.started_at_s, rng)
        for time_ms, data in receiver.epochs(self.length_s, self.wish.period_ms):
            yield Chunk(GNSS_PORT, time_ms * 1000 + SENTENCES_LATE_US, data)

    def _board(self) -> Iterator[Chunk]:
        board = Board(self.route, self.itinerary, self.started_at_s, draws(self.wish, self.number, "board"))
        for time_ms, data in board.frames(self.length_s, self.wish.board_interval_s):
            yield Chunk(BOARD_PORT, time_ms * 1000, data)


def journeys(wish: Wish, lines: Lines) -> list[Journey]:
    """All units of the call, by departure; their recordings share start and end."""
    met = stations.in_order(wish.corridor, reverse=wish.reverse)
    route = build([station.waypoint for station in met], lines)
    stops, service = stations.stops(met, route), services.service_of(wish.corridor.name)
    departs_s, stagger = BEFORE_S, draws(wish, 0, "stagger")
    plans: list[Itinerary] = []
    for number in range(1, wish.units + 1):
        plans.append(Planner(service, draws(wish, number, "journey"), stops).plan(departs_s))
        departs_s += stagger.uniform(*STAGGER_S)
    whole_s = ceil((plans[0].arrived_s + AFTER_S) / HOUR_S) * int(HOUR_S)
    length_s = whole_s if wish.days is None else round(wish.days * DAY_S)
    name = numbers.wagon if service.carries == "wagon" else numbers.container
    return [
        Journey(wish, number, name(draws(wish, number, "unit")), wish.end_s - length_s, length_s, route, plan)
        for number, plan in enumerate(plans, 1)
    ]


def draws(wish: Wish, number: int, about: str) -> Random:
    """The chances of one unit in one matter (text seeds are hashed the same everywhere)."""
    direction = "back" if wish.reverse else "there"
    return Random(f"{wish.seed}/{wish.corridor.name}/{direction}/{number}/{about}")  # noqa: S311 - no secret
