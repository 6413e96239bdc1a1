"""A unit's history kept up to date: what new knots change is found out next to them, wherever they are in time.

For each device the chains of knots it was seen to drive, for the unit its episodes: both are kept in a memory, cut out
around what is new, made anew there from the knots, and joined again. What comes out is what would have come of all
knots at once. Pure but for the memory and the knots that are passed in.
"""

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Final, NamedTuple, Protocol

from railbox_server.journey.conclude import AHEAD, NO_PAST, NOTHING, Concluded, Past, after, asks, conclude, places
from railbox_server.journey.episodes import Episode, observed, replaced
from railbox_server.journey.judging import clock_of
from railbox_server.journey.model import FixKey, SeenKnot, Settings, Step, Track, Waypoint
from railbox_server.journey.network import Network
from railbox_server.journey.path import steps
from railbox_server.journey.trust import Chain, bad_ones, beyond_dispute, chains_of, judged

FIRST_PAD_S: Final = 600.0
PAD_TIMES: Final = 9.0
"""How much farther beyond the next knot is looked when no neighbour was found."""

TimeSpan = tuple[float, float]
"""Both ends are in it."""


class Kept(NamedTuple):
    """An episode, what was before it, and, where it matters, by which places the unit came next."""

    episode: Episode
    past: Past
    ahead: tuple[str, ...] = ()

    @property
    def from_s(self) -> float:
        return self.episode.from_s

    @property
    def to_s(self) -> float:
        return self.episode.to_s


class _Around(NamedTuple):
    """The steps from a waypoint that a change leaves as it is to another (None: from the start, to the end), and
    whether there are knots next to them that are not believed."""

    start: Waypoint | None
    end: Waypoint | None
    path: Sequence[Step]
    doubts: bool

    @property
    def to_s(self) -> float:
        return math.inf if self.end is None else self.end.time_s


class _Window(NamedTuple):
    """A span of time in which neighbours of a change are looked for."""

    from_s: float
    to_s: float
    pad_s: float
    is_first: bool
    """Whether no knot is before it."""
    is_last: bool


class Knots(Protocol):
    """A unit's knots."""

    def between(self, from_s: float, to_s: float, device: str | None = None) -> Sequence[Track]:
        """Those of a span of time, ends included, of one device or of all; as `path.ordered` has them."""
        ...

    def extents(self) -> Sequence[TimeSpan]:
        """First and last time of each track."""
        ...

    def last_before(self, time_s: float, device: str | None = None) -> float | None: ...

    def first_after(self, time_s: float, device: str | None = None) -> float | None: ...


class Memory(Protocol):
    """What is kept of a unit. Chains of one device do not overlap, nor do episodes."""

    def chains(self, device: str, from_s: float, to_s: float) -> Sequence[Chain]:
        """Those that have a part in a span of time, in time order."""
        ...

    def chain_before(self, device: str, time_s: float) -> Chain | None:
        """The last that ends before a time."""
        ...

    def chain_after(self, device: str, time_s: float) -> Chain | None: ...

    def put_chains(self, device: str, gone: Sequence[Chain], new: Sequence[Chain]) -> None: ...

    def episodes(self, from_s: float, to_s: float) -> Sequence[Kept]:
        """Those that have a part in a span of time, in time order."""
        ...

    def episode_before(self, time_s: float) -> Kept | None: ...

    def episode_after(self, time_s: float) -> Kept | None: ...

    def put_episodes(self, gone: Sequence[Kept], new: Sequence[Kept]) -> None: ...

    @property
    def last(self) -> Waypoint | None:
        """The newest trusted place."""
        ...

    @last.setter
    def last(self, last: Waypoint | None) -> None: ...


@dataclass(slots=True)
class Update:
    """What an update changed."""

    gone: list[Kept] = field(default_factory=list[Kept])
    new: list[Kept] = field(default_factory=list[Kept])
    judged: list[tuple[str, TimeSpan]] = field(default_factory=list[tuple[str, TimeSpan]])
    """By device: when there are new knots, or knots may now be believed, or not believed any more."""
    trust_moved: bool = False
    """Whether some that were there are now believed, or not any more."""
    doubts: bool = False
    """Whether there are any next to what is new that are not believed."""
    paths: list[Sequence[Step]] = field(default_factory=list[Sequence[Step]])
    """The steps that were looked at anew."""
    moved: list[TimeSpan] = field(default_factory=list[TimeSpan])
    """From the last waypoint before them to the first after them."""

    def exchange(self, gone: Sequence[Kept], new: Sequence[Kept]) -> None:
        """What this update made itself and unmade again was never there."""
        for kept in gone:
            if kept in self.new:
                self.new.remove(kept)
            else:
                self.gone.append(kept)
        self.new += new


class History:
    """Of one unit."""

    def __init__(self, unit: str, knots: Knots, memory: Memory, network: Network, settings: Settings) -> None:
        self.unit = unit
        self._knots = knots
        self._memory = memory
        self._network = network
        self._settings = settings

    def update(self, changed: Mapping[str, Sequence[TimeSpan]]) -> Update:
        """`changed`: by device, all times in which there are knots that there were not, or the other way round."""
        update = Update()
        for device, spans in sorted(changed.items()):
            for span, differing in self._trust(device, joined(spans, FIRST_PAD_S)):
                update.trust_moved |= bool(differing)
                update.judged += [(device, each) for each in joined([span, *differing], 0.0)]
        for around in self._paths_around(joined((span for _, span in update.judged), self._settings.silence_s)):
            self._renew(around, update)
        return update

    def concluded(self, kept: Kept, last: Waypoint | None, now_s: int) -> Concluded:
        """`last`: the newest trusted place."""
        if last is None:
            return NOTHING
        clock = clock_of(now_s, last.time_s, self._settings)
        return conclude(
            self.unit, kept.episode, kept.past, kept.ahead, self._network, self._settings, clock, last.time_s
        )

    def path(self, span: TimeSpan) -> Sequence[Step]:
        """From a waypoint before a span of time, if there is one, to one after it."""
        return self._path_around(span).path

    def untrusted(self, device: str | None, span: TimeSpan) -> dict[FixKey, str]:
        """The knots of a time that are not believed, with the reason."""
        return self._doubtful(self._knots.between(*span, device))

    # --- trust -------------------------------------------------------------------------------------------------------

    def _trust(self, device: str, spans: Sequence[TimeSpan]) -> Iterator[tuple[TimeSpan, list[TimeSpan]]]:
        """Judges a device's knots next to each change; yields it, and when others are believed now, or not any more."""
        waiting = deque(spans)
        while waiting:
            span = waiting.popleft()
            knots, before, behind = self._valid_around(device, span)
            if waiting and behind is not None and behind.time_s >= waiting[0][0]:
                # A neighbour that is new itself stands in no chain yet.
                waiting[0] = span[0], waiting[0][1]
            else:
                yield span, self._trust_within(device, span, knots, before, behind)

    def _trust_within(
        self,
        device: str,
        span: TimeSpan,
        knots: Sequence[SeenKnot],
        before: SeenKnot | None,
        behind: SeenKnot | None,
    ) -> list[TimeSpan]:
        memory, settings = self._memory, self._settings
        from_s = span[0] if before is None else float(before.time_s)
        to_s = span[1] if behind is None else float(behind.time_s)
        old = memory.chains(device, from_s, to_s)
        new = chains_of(knots, settings)
        if before is not None and old and new and old[0].from_s < before.time_s:
            new[0] = new[0]._replace(first=old[0].first)
        if behind is not None and old and new and old[-1].to_s > behind.time_s:
            new[-1] = new[-1]._replace(last=old[-1].last)
        if [chain[:2] for chain in old] == [chain[:2] for chain in new]:
            return []
        left, right = self._left_of(device, from_s, old), self._right_of(device, to_s, old)
        verdict = judged([*left, *new, *right], settings)
        first = max(beyond_dispute(left, settings), default=0)
        last = len(left) + len(new) + min(beyond_dispute(right, settings), default=len(right) - 1)
        gone = [*left, *old, *right][first : last + 1 + len(old) - len(new)]
        there = verdict[first : last + 1]
        memory.put_chains(device, [each for each in gone if each not in there], [e for e in there if e not in gone])
        return _differing(_cut_out(gone), _cut_out(there))

    def _valid_around(self, device: str, span: TimeSpan) -> tuple[Sequence[SeenKnot], SeenKnot | None, SeenKnot | None]:
        """The knots of a time that are not bad by themselves, from the last before it to the first after it."""
        window = self._window(span)
        while True:
            valid = self._valid(self._knots.between(window.from_s, window.to_s, device))
            first = bisect_left(valid, span[0], key=_time_s) - 1
            last = bisect_right(valid, span[1], key=_time_s)
            has_before, has_behind = first >= 0, last < len(valid)
            if (has_before or window.is_first) and (has_behind or window.is_last):
                before, behind = valid[first] if has_before else None, valid[last] if has_behind else None
                return valid[max(0, first) : last + 1], before, behind
            window = self._wider(window, device, before=not has_before, behind=not has_behind)

    def _valid(self, tracks: Sequence[Track]) -> Sequence[SeenKnot]:
        """Those not bad by themselves, in time order; what several outboxes of a device say of one second, one says."""
        kept = [(track.epoch, self._without_bad_ones(track.knots)) for track in tracks]
        if len(kept) == 1:
            return kept[0][1]
        inorder = sorted(
            ((knot.time_s, epoch, knot) for epoch, knots in kept for knot in knots), key=lambda item: item[:2]
        )
        return [next(same)[2] for _, same in groupby(inorder, key=lambda item: item[0])]

    def _without_bad_ones(self, knots: Sequence[SeenKnot]) -> Sequence[SeenKnot]:
        bad = {knot.time_s for knot, _ in bad_ones(knots, self._settings)}
        return [knot for knot in knots if knot.time_s not in bad] if bad else knots

    def _left_of(self, device: str, time_s: float, without: Sequence[Chain]) -> list[Chain]:
        """The chains before a time, as far back as may matter."""
        found: list[Chain] = []
        at_s = without[0].from_s if without else time_s
        while (chain := self._memory.chain_before(device, at_s)) is not None:
            found.insert(0, chain)
            at_s = chain.from_s
            if beyond_dispute(found, self._settings):
                break
        return found

    def _right_of(self, device: str, time_s: float, without: Sequence[Chain]) -> list[Chain]:
        found: list[Chain] = []
        at_s = without[-1].to_s if without else time_s
        while (chain := self._memory.chain_after(device, at_s)) is not None:
            found.append(chain)
            at_s = chain.to_s
            if beyond_dispute(found, self._settings):
                break
        return found

    def _doubtful(self, tracks: Sequence[Track]) -> dict[FixKey, str]:
        doubtful: dict[FixKey, str] = {}
        for track in tracks:
            if not track.knots:
                continue
            cut = _cut_out(self._memory.chains(track.device, track.knots[0].time_s, track.knots[-1].time_s))
            for (from_s, to_s), reason in cut:
                first = bisect_left(track.knots, from_s, key=_time_s)
                last = bisect_right(track.knots, to_s, key=_time_s)
                for knot in track.knots[first:last]:
                    doubtful[track.device, track.epoch, knot.time_s] = reason
            for knot, reason in bad_ones(track.knots, self._settings):
                doubtful[track.device, track.epoch, knot.time_s] = reason
        return doubtful

    # --- path and episodes -------------------------------------------------------------------------------------------

    def _renew(self, around: "_Around", update: Update) -> None:
        """Looks at the path of a time anew, and at what it changes."""
        memory = self._memory
        start, end, path, doubts = around
        from_s, to_s = -math.inf if start is None else start.time_s, around.to_s
        update.doubts |= doubts
        update.paths.append(path)
        update.moved.append((from_s, to_s))
        old = list(memory.episodes(from_s, to_s))
        was_last = memory.last
        if end is None:
            memory.last = path[-1].end if path else start
        fresh = observed(path, self._network, self._settings)
        whole = replaced([each.episode for each in old], fresh, start, end, self._network, self._settings)
        first_s = min([from_s, *(each.from_s for each in old)])
        past = old[0].past if old else self._past_at(first_s)
        new: list[Kept] = []
        for episode in whole:
            new.append(Kept(episode, past))
            past = after(episode, past, self._network)
        at_s = max([to_s, *(each.to_s for each in old)])
        if not old or after(old[-1].episode, old[-1].past, self._network) != past:
            self._carry_on(past, at_s, old, new)
        gone = [each for each in old if each not in new or _is_last(each, was_last, memory.last)]
        fresh_ones = [each for each in new if each not in old or _is_last(each, was_last, memory.last)]
        memory.put_episodes(gone, fresh_ones)
        self._look_ahead(first_s, gone, fresh_ones)
        update.exchange(gone, fresh_ones)

    def _past_at(self, time_s: float) -> Past:
        before = self._memory.episode_before(time_s) if time_s > -math.inf else None
        return NO_PAST if before is None else after(before.episode, before.past, self._network)

    def _carry_on(self, past: Past, at_s: float, old: list[Kept], new: list[Kept]) -> None:
        """What comes after is another thing now where its past is."""
        while at_s < math.inf and (follows := self._memory.episode_after(at_s)) is not None:
            if follows.past == past:
                return
            old.append(follows)
            new.append(Kept(follows.episode, past))
            past = after(follows.episode, past, self._network)
            at_s = follows.to_s

    def _look_ahead(self, first_s: float, gone: list[Kept], new: list[Kept]) -> None:
        """Tells those that ask, here and before, by which places the unit comes next."""
        network, memory = self._network, self._memory
        asking = [kept for kept in new if asks(kept.episode, network)]
        if [each for kept in gone for each in places(kept.episode, network)] != [
            each for kept in new for each in places(kept.episode, network)
        ]:
            at_s, met = first_s, 0
            while met < AHEAD and (earlier := memory.episode_before(at_s)) is not None:
                asking += [earlier] if asks(earlier.episode, network) else []
                at_s, met = earlier.from_s, met + len(places(earlier.episode, network))
        for kept in asking:
            told = kept._replace(ahead=self._next_places(kept.to_s))
            if told != kept:
                memory.put_episodes([kept], [told])
                if kept in new:
                    new.remove(kept)
                else:
                    gone.append(kept)
                new.append(told)

    def _next_places(self, time_s: float) -> tuple[str, ...]:
        found: list[str] = []
        while len(found) < AHEAD and (follows := self._memory.episode_after(time_s)) is not None:
            found += places(follows.episode, self._network)
            time_s = follows.to_s
        return tuple(found[:AHEAD])

    def _paths_around(self, spans: Sequence[TimeSpan]) -> Iterator["_Around"]:
        """Of each change; of several that have no waypoint between them that all of them leave as it is, one."""
        waiting = deque(spans)
        while waiting:
            from_s, _ = span = waiting.popleft()
            around = self._path_around(span)
            if waiting and around.to_s >= waiting[0][0] - self._settings.silence_s:
                waiting[0] = from_s, waiting[0][1]
            else:
                yield around

    def _path_around(self, span: TimeSpan) -> "_Around":
        silence_s = self._settings.silence_s
        extents, doubts = self._knots.extents(), False
        window = self._window(span)
        while True:
            from_s, to_s, _, is_first, is_last = window
            lines = sum(first <= to_s + silence_s and last >= from_s - silence_s for first, last in extents)
            # One outbox's knot says something of another's path as far away as a continuous step is long.
            room_s = silence_s if lines > 1 else 0.0
            tracks = self._knots.between(from_s, to_s)
            doubtful = self._doubtful(tracks)
            doubts |= bool(doubtful)
            path = steps(tracks, doubtful, self._settings)
            points = [path[0].start, *(step.end for step in path)] if path else []
            first = next(
                (
                    i
                    for i in range(len(points) - 1, -1, -1)
                    if points[i].time_s < span[0] - room_s and (is_first or points[i].time_s >= from_s + room_s)
                ),
                None,
            )
            last = next(
                (
                    i
                    for i, point in enumerate(points)
                    if point.time_s > span[1] + room_s and (is_last or point.time_s <= to_s - room_s)
                ),
                None,
            )
            if (first is not None or is_first) and (last is not None or is_last):
                between = path[first or 0 : last]
                start, end = None if first is None else points[first], None if last is None else points[last]
                return _Around(start, end, between, doubts)
            window = self._wider(window, None, before=first is None, behind=last is None)

    def _window(self, span: TimeSpan) -> _Window:
        extents = self._knots.extents()
        from_s, to_s = span[0] - FIRST_PAD_S, span[1] + FIRST_PAD_S
        first_s = min((first for first, _ in extents), default=0.0)
        last_s = max((last for _, last in extents), default=0.0)
        return _Window(from_s, to_s, FIRST_PAD_S, from_s <= first_s, to_s >= last_s)

    def _wider(self, window: _Window, device: str | None, *, before: bool, behind: bool) -> _Window:
        """To the next knots before or behind it, and farther and farther beyond them."""
        from_s, to_s, pad_s, is_first, is_last = window
        if before and not is_first:
            next_s = self._knots.last_before(from_s, device)
            from_s, is_first = (from_s, True) if next_s is None else (next_s - pad_s, False)
        if behind and not is_last:
            next_s = self._knots.first_after(to_s, device)
            to_s, is_last = (to_s, True) if next_s is None else (next_s + pad_s, False)
        return _Window(from_s, to_s, PAD_TIMES * pad_s, is_first, is_last)


def _time_s(knot: SeenKnot) -> int:
    return knot.time_s


def joined(spans: Iterable[TimeSpan], gap_s: float) -> list[TimeSpan]:
    """In time order; those no farther apart become one."""
    found: list[TimeSpan] = []
    for from_s, to_s in sorted(spans):
        if found and from_s - found[-1][1] <= gap_s:
            found[-1] = found[-1][0], max(found[-1][1], to_s)
        else:
            found.append((from_s, to_s))
    return found


def _is_last(kept: Kept, was: Waypoint | None, now: Waypoint | None) -> bool:
    """Whether the end of the path is, or was, in an episode: then what lasts is another thing when that moves."""
    return was != now and any(point is not None and point.time_s <= kept.to_s for point in (was, now))


def _cut_out(chains: Iterable[Chain]) -> list[tuple[TimeSpan, str]]:
    return [((chain.from_s, chain.to_s), chain.reason) for chain in chains if chain.reason is not None]


def _differing(old: Sequence[tuple[TimeSpan, str]], new: Sequence[tuple[TimeSpan, str]]) -> list[TimeSpan]:
    """When one of the two has something else than the other."""
    edges = sorted({edge for span, _ in (*old, *new) for edge in span})
    if not edges:
        return []
    found = [(edge, edge) for edge in edges if _reason(old, edge) != _reason(new, edge)]
    for a, b in pairwise(edges):
        middle_s = (a + b) / 2
        if _reason(old, middle_s) != _reason(new, middle_s):
            found.append((a, b))
    return found


def _reason(cut: Sequence[tuple[TimeSpan, str]], time_s: float) -> str | None:
    return next((reason for (from_s, to_s), reason in cut if from_s <= time_s <= to_s), None)
