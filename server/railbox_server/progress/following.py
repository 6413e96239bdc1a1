"""Which corridor a unit follows and what following it came to, kept up to date: what changes is followed anew next to
where it is, until it comes to what it came to before.

The path is cut into cells of four hours. For each one the trace before it, what was over in it, and how near its
places are to which corridor are kept in a memory. What comes out is what would have come of the whole path at once.
Pure but for the memory and the path that are passed in.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple, Protocol

from railbox_server.geo.model import Corridor
from railbox_server.geo.way import Way
from railbox_server.journey.model import Step, Waypoint
from railbox_server.progress.follow import START, Excursion, Followed, Run, Stop, Trace, follow

CELL_S: Final = 14_400
MOST_CELLS: Final = 64
"""So many are followed at once, at most."""
SAMPLE_S: Final = 3_600
"""One place in so long tells which corridor a path keeps to; it divides a cell."""
NEAR_PER_DEG: Final = 100
"""That is told for squares of a hundredth of a degree: a kilometre decides nothing."""

TimeSpan = tuple[float, float]
Votes = Mapping[str, tuple[int, int]]
"""By corridor: how many places were not astray from it, and how many metres they were off it together."""


class Cell(NamedTuple):
    """Four hours of a path: the trace before them, and what they came to. A step is in the cell that it ends in."""

    from_s: int
    before: Trace
    stops: tuple[Stop, ...]
    excursions: tuple[Excursion, ...]
    runs: tuple[Run, ...]
    votes: Votes

    def then(self, later: "Cell") -> "Cell":
        """This, and what came of going on in the same cell."""
        return Cell(
            self.from_s,
            self.before,
            (*self.stops, *later.stops),
            (*self.excursions, *later.excursions),
            (*self.runs, *later.runs),
            _counted(self.votes, later.votes),
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How it is at the end of the path. `corridor`: the one that is followed, None: none."""

    corridor: str | None = None
    trace: Trace = START
    votes: Votes = field(default_factory=dict[str, tuple[int, int]])


class Trail(Protocol):
    """What is kept of one unit."""

    standing: Standing

    def cells(self, from_s: float, until_s: float) -> Iterable[Cell]:
        """Those that begin in a span of time, its end not included, in time order."""
        ...

    def put(self, from_s: float, until_s: float, cells: Sequence[Cell]) -> None:
        """Instead of those that begin in that span."""
        ...


PathOf = Callable[[TimeSpan], Sequence[Step]]
"""The steps of a span of time, from a waypoint before it, if there is one, to one after it."""


class Ways:
    """The corridors, made ready once."""

    def __init__(self, corridors: Sequence[Corridor]) -> None:
        self._ways = {corridor.name: Way(corridor) for corridor in corridors}
        self._near = lru_cache(maxsize=100_000)(self._off_m)

    def __getitem__(self, name: str) -> Way:
        return self._ways[name]

    def __contains__(self, name: object) -> bool:
        return name in self._ways

    def votes(self, path: Iterable[Step], seen: Waypoint | None = None) -> Votes:
        """Of the steps of one cell. `seen`: the last waypoint before them, whose hour has been counted."""
        found: dict[str, tuple[int, int]] = {}
        for point in _samples(path, seen):
            at = math.floor(point.lat_deg * NEAR_PER_DEG), math.floor(point.lon_deg * NEAR_PER_DEG)
            for name, off_m in self._near(*at):
                count, sum_m = found.get(name, (0, 0))
                found[name] = count + 1, sum_m + off_m
        return found

    def _off_m(self, north: int, east: int) -> tuple[tuple[str, int], ...]:
        """The corridors that the middle of a square is not astray from, and how many metres it is off each."""
        middle = (north + 0.5) / NEAR_PER_DEG, (east + 0.5) / NEAR_PER_DEG
        spots = [(name, way.locate(middle)) for name, way in self._ways.items() if way.places]
        return tuple((name, round(spot.off_m)) for name, spot in spots if spot.off_m <= spot.room_m)


def most_kept_to(votes: Votes) -> str | None:
    """The corridor that most places keep to, and of those the nearest; None of none."""
    return min(votes, key=lambda name: (-votes[name][0], votes[name][1], name), default=None)


class Following:
    """Of one unit."""

    def __init__(self, ways: Ways, trail: Trail, path_of: PathOf, span: TimeSpan | None) -> None:
        """`span`: a time not after the path's first waypoint, and that of its last; None: there is none."""
        self._ways = ways
        self._trail = trail
        self._path_of = path_of
        self._span = span
        self._others: set[Stop | Run] = set()
        """Those that were not there before, or are not any more."""

    def update(self, changed: Sequence[TimeSpan], said: str | None = None) -> list[TimeSpan]:
        """Follows the path where it has changed; returns when it came to another thing, and when the stops and runs
        are that did, which may be known long after they were over. `said`: the corridor that it follows, whatever it
        keeps to."""
        before = self._lasting()
        self._others.clear()
        found = self._updated(changed, said)
        others = ((float(each.from_s), float(each.to_s)) for each in self._others)
        return [*found, *others, *_differing(before, self._lasting())]

    def _updated(self, changed: Sequence[TimeSpan], said: str | None) -> list[TimeSpan]:
        is_new = next(iter(self._trail.cells(-math.inf, math.inf)), None) is None
        if changed and is_new and self._span is not None:
            self._suppose(self._span[1])
        found = [self._renew(span) for span in changed]
        corridor = said if said is not None and said in self._ways else most_kept_to(self._trail.standing.votes)
        if corridor == self._trail.standing.corridor:
            return found
        self._trail.standing = Standing(corridor, START, self._trail.standing.votes)
        return [self._renew((-math.inf, math.inf))]

    def now(self, from_s: float) -> Followed:
        """What was over since a time, and how it is now."""
        return since(self._trail.cells(cell_s(from_s), math.inf), self._trail.standing.trace, from_s)

    def runs(self, span: TimeSpan) -> list[Run]:
        """Those that are over and touch a span of time."""
        found: list[Run] = []
        for cell in self._trail.cells(cell_s(span[0]), math.inf):
            found += [run for run in cell.runs if run.to_s >= span[0] and run.from_s <= span[1]]
            if any(run.from_s > span[1] for run in cell.runs):
                break
        return found

    def stops(self, run: Run) -> list[Stop]:
        """Those that are in a run, the one that lasts too."""
        found: list[Stop] = []
        for cell in self._trail.cells(cell_s(run.from_s), math.inf):
            found += [stop for stop in cell.stops if stop.to_s >= run.from_s and stop.from_s <= run.to_s]
            if cell.stops and cell.from_s > run.to_s:
                return found
        halt = self._trail.standing.trace.halt
        return [*found, halt] if halt is not None and halt.is_long and halt.from_s <= run.to_s else found

    def _lasting(self) -> Run | None:
        name = self._trail.standing.corridor
        return None if name is None else self._trail.standing.trace.run(self._ways[name])

    def _suppose(self, last_s: float) -> None:
        """Of a unit that is new: that it follows the corridor it keeps to now. Mostly it does, and is followed once."""
        votes = self._ways.votes(self._path_of((last_s - SAMPLE_S, last_s)))
        self._trail.standing = replace(self._trail.standing, corridor=most_kept_to(votes))

    def _renew(self, span: TimeSpan) -> TimeSpan:
        if self._span is None:
            self._replace(-math.inf, math.inf, ())
            self._stand(START)
            return -math.inf, math.inf
        seen = self._trail.standing.trace.seen
        if seen is not None and span[0] >= seen.time_s:
            self._go_on(seen)
            return seen.time_s, math.inf
        return cell_s(span[0]), self._follow_anew(span, *self._span)

    def _go_on(self, seen: Waypoint) -> None:
        """The path is as it was, and longer."""
        at_s = cell_s(seen.time_s)
        path = [step for step in self._path_of((seen.time_s, math.inf)) if step.end.time_s > seen.time_s]
        cells, trace = self._followed(path, self._trail.standing.trace, seen)
        (last,) = self._trail.cells(at_s, math.inf)
        if not cells or cells[0].from_s > at_s:
            cells.insert(0, last)
        else:
            cells[0] = last.then(cells[0])
        self._replace(at_s, math.inf, cells)
        self._stand(trace)

    def _follow_anew(self, span: TimeSpan, first_s: float, last_s: float) -> float:
        """From before a change until it comes to what it came to before; returns until when."""
        at_s, trace, begins = cell_s(max(span[0], first_s)), START, span[0] <= first_s
        if begins:
            self._replace(-math.inf, at_s, ())
        else:
            trace = self._trace_at(at_s)
        count = 1
        while True:
            until_s = at_s + count * CELL_S
            path = [step for step in self._path_of((at_s, until_s)) if step.end.time_s >= at_s]
            if not path and until_s <= last_s:
                # What was first is not believed, or is let go: the path begins later.
                self._replace(at_s, until_s, ())
                at_s, count = until_s, min(2 * count, MOST_CELLS)
                continue
            if begins and path:
                path, begins = _from_first(path), False
            inside = [step for step in path if step.end.time_s < until_s]
            cells, trace = self._followed(inside, trace)
            if len(path) == len(inside):
                self._replace(at_s, math.inf, cells)
                self._stand(trace)
                return math.inf
            next_s = cell_s(path[len(inside)].end.time_s)
            self._replace(at_s, next_s, cells)
            if next_s > span[1] and self._trace_at(next_s) == trace:
                return next_s
            at_s, count = next_s, min(2 * count, MOST_CELLS)

    def _trace_at(self, time_s: float) -> Trace:
        after = next(iter(self._trail.cells(time_s, math.inf)), None)
        return self._trail.standing.trace if after is None else after.before

    def _stand(self, trace: Trace) -> None:
        self._trail.standing = replace(self._trail.standing, trace=trace)

    def _followed(self, path: Iterable[Step], trace: Trace, seen: Waypoint | None = None) -> tuple[list[Cell], Trace]:
        """The cells of some steps. `seen`: the last waypoint before them, if its cell has been counted."""
        name = self._trail.standing.corridor
        cells: list[Cell] = []
        for at_s, own in groupby(path, key=lambda step: cell_s(step.end.time_s)):
            steps = list(own)
            came = Followed(START) if name is None else follow(self._ways[name], steps, trace)
            votes = self._ways.votes(steps, seen)
            cells.append(Cell(int(at_s), trace, came.stops, came.excursions, came.runs, votes))
            trace = came.trace
        return cells, trace

    def _replace(self, from_s: float, until_s: float, cells: Sequence[Cell]) -> None:
        trail = self._trail
        votes = trail.standing.votes
        for cell in trail.cells(from_s, until_s):
            votes = _counted(votes, cell.votes, -1)
            self._others ^= {*cell.stops, *cell.runs}
        for cell in cells:
            votes = _counted(votes, cell.votes)
            self._others ^= {*cell.stops, *cell.runs}
        trail.put(from_s, until_s, cells)
        trail.standing = replace(trail.standing, votes=votes)


def _differing(before: Run | None, after: Run | None) -> list[TimeSpan]:
    """When one of two runs is, and the other is not or is another one."""
    if before is None or after is None or before.from_s != after.from_s:
        return [(float(run.from_s), float(run.to_s)) for run in (before, after) if run is not None]
    return [] if before == after else [(float(min(before.to_s, after.to_s)), float(max(before.to_s, after.to_s)))]


def since(cells: Iterable[Cell], trace: Trace, from_s: float) -> Followed:
    """What was over in some cells, without what was over before a time."""
    some = list(cells)
    return Followed(
        trace,
        tuple(stop for cell in some for stop in cell.stops if stop.to_s >= from_s),
        tuple(each for cell in some for each in cell.excursions if each.to_s is None or each.to_s >= from_s),
        tuple(run for cell in some for run in cell.runs if run.to_s >= from_s),
    )


def cell_s(time_s: float) -> float:
    """When the cell of a time begins."""
    return time_s // CELL_S * CELL_S if math.isfinite(time_s) else time_s


def _from_first(path: Sequence[Step]) -> list[Step]:
    """With the first waypoint as a step of its own: it stays what it is when there is a second one."""
    first = path[0].start
    return [*path] if path[0].end == first else [Step(first, first, continuous=True), *path]


def _samples(path: Iterable[Step], seen: Waypoint | None) -> Iterator[Waypoint]:
    for number, own in groupby(path, key=lambda step: step.end.time_s // SAMPLE_S):
        if seen is None or number > seen.time_s // SAMPLE_S:
            yield next(own).end


def _counted(votes: Votes, more: Votes, sign: int = 1) -> Votes:
    """With more of them, or with fewer."""
    total = dict(votes)
    for name, (count, off_m) in more.items():
        had, had_m = total.get(name, (0, 0))
        total[name] = had + sign * count, had_m + sign * off_m
    return {name: vote for name, vote in total.items() if vote[0]}
