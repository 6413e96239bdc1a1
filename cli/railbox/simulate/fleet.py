"""The units of one call: who they are, when they leave, and the recordings and truth of each.

Pure: everything is drawn from the seed; one unit's draws never change another's, nor the journey the receiver's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from math import ceil
from operator import attrgetter
from random import Random
from typing import Final

from railbox.simulate import numbers, outages, trackers
from railbox.simulate.board import Board
from railbox.simulate.ground import Ground, ground
from railbox.simulate.itinerary import ROUGH, SMOOTH, Itinerary, Planner
from railbox.simulate.lines import Lines
from railbox.simulate.outages import Outage
from railbox.simulate.receiver import Receiver
from railbox.simulate.route import Route
from railbox.simulate.services import HOUR_S
from railbox.simulate.trackers import Tracker
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
    """What a call asks for. `end_s`: UTC of the recordings' end; `days` None: the first unit's whole journey.

    `rough`: units are shunted over the edges of places and turned back at borders, trackers and boards boot anew, and
    half way another tracker takes the first one's place.
    """

    corridor: Corridor
    seed: int
    end_s: int
    units: int = 1
    days: float | None = None
    period_ms: int = 10_000
    board_interval_s: int = 600
    reverse: bool = False
    outages: str = "usual"
    rough: bool = False


@dataclass(frozen=True, slots=True)
class Journey:
    """One unit's, with the trackers that were fixed to it, in order of time."""

    wish: Wish
    number: int
    unit: str
    started_at_s: int
    length_s: int
    ground: Ground
    itinerary: Itinerary
    trackers: Sequence[Tracker]

    @property
    def corridor(self) -> Corridor:
        return self.wish.corridor

    @property
    def route(self) -> Route:
        return self.ground.route

    def outages(self) -> list[Outage]:
        """Of the receiver, whichever tracker it is in."""
        rng = draws(self.wish, self.number, "outages")
        found = outages.of_receiver(self.itinerary, self.route, outages.LEVELS[self.wish.outages], rng)
        cuts_s = [cut_s for tracker in self.trackers for cut_s in tracker.cuts_s(self.length_s)]
        return outages.undeceived(found, cuts_s)

    def header(self, tracker: Tracker) -> Header:
        rng = draws(self.wish, self.number, "uplink")
        spans = outages.of_uplink(self.corridor.name, self.itinerary, self.length_s, rng)
        return Header(
            started_at_ms=(self.started_at_s + tracker.from_s) * 1000,
            fix_period_s=self.wish.period_ms / 1000,
            unit=self.unit,
            ports={GNSS_PORT: "gnss", BOARD_PORT: "board"},
            place=self.corridor.title,
            device=tracker.device,
            uplink_down=tracker.within(spans),
        )

    def chunks(self, tracker: Tracker) -> Iterator[Chunk]:
        """In order of time, as both ports gave them; any number of times the same."""
        both = merge(self._gnss(tracker), self._board(tracker), key=attrgetter("mono_us"))
        return tracker.heard(both)

    def _gnss(self, tracker: Tracker) -> Iterator[Chunk]:
        rng = draws(self.wish, self.number, f"receiver{tracker.suffix}")
        dark = outages.apart([*self.outages(), *tracker.cold_starts()])
        receiver = Receiver(self.route, self.itinerary.motion, dark, self.started_at_s, rng)
        for time_ms, data in receiver.epochs(self.length_s, self.wish.period_ms):
            yield Chunk(GNSS_PORT, time_ms * 1000 + SENTENCES_LATE_US, data)

    def _board(self, tracker: Tracker) -> Iterator[Chunk]:
        rng = draws(self.wish, self.number, f"board{tracker.suffix}")
        board = Board(self.route, self.itinerary, self.started_at_s, rng, tracker.board_boots_s)
        for time_ms, data in board.frames(self.length_s, self.wish.board_interval_s):
            yield Chunk(BOARD_PORT, time_ms * 1000, data)


def journeys(wish: Wish, lines: Lines) -> list[Journey]:
    """All units of the call, by departure; their recordings share start and end."""
    return journeys_on(ground(wish.corridor, lines, reverse=wish.reverse), wish)


def journeys_on(own: Ground, wish: Wish) -> list[Journey]:
    """The same, on ground that was made before: that of the wished corridor and direction."""
    chances = ROUGH if wish.rough else SMOOTH
    departs_s, stagger = BEFORE_S, draws(wish, 0, "stagger")
    plans: list[Itinerary] = []
    for number in range(1, wish.units + 1):
        plans.append(Planner(own.service, draws(wish, number, "journey"), own.stops, chances).plan(departs_s))
        departs_s += stagger.uniform(*STAGGER_S)
    whole_s = ceil((plans[0].arrived_s + AFTER_S) / HOUR_S) * int(HOUR_S)
    length_s = whole_s if wish.days is None else round(wish.days * DAY_S)
    name = numbers.wagon if own.service.carries == "wagon" else numbers.container
    made: list[Journey] = []
    for number, plan in enumerate(plans, 1):
        unit = name(draws(wish, number, "unit"))
        rng = draws(wish, number, "trackers")
        fixed = trackers.rough(unit, length_s, rng) if wish.rough else (trackers.single(unit, length_s),)
        made.append(Journey(wish, number, unit, wish.end_s - length_s, length_s, own, plan, fixed))
    return made


def draws(wish: Wish, number: int, about: str) -> Random:
    """The chances of one unit in one matter (text seeds are hashed the same everywhere)."""
    direction = "back" if wish.reverse else "there"
    return Random(f"{wish.seed}/{wish.corridor.name}/{direction}/{number}/{about}")  # noqa: S311 - no secret
