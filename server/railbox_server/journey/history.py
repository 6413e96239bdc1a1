"""A unit's history kept up to date: what new knots change is found out next to them, wherever they are in time.

For each device the chains of knots it was seen to drive, for the unit its episodes: both are kept in a memory, cut out
around what is new, made anew there from the knots, and joined again. What comes out is what would have come of all
knots at once. Pure but for the memory and the knots that are passed in.
"""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from railbox_server.journey.beliefs import Beliefs
from railbox_server.journey.conclude import AHEAD, NO_PAST, NOTHING, Concluded, Past, after, asks, conclude, places
from railbox_server.journey.episodes import observed, replaced
from railbox_server.journey.judging import clock_of
from railbox_server.journey.kept import Kept, Knots, Memory, TimeSpan, joined
from railbox_server.journey.model import FixKey, Settings, Step, Waypoint
from railbox_server.journey.nearby import first_window, wider
from railbox_server.journey.network import Network
from railbox_server.journey.path import steps


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
        self._beliefs = Beliefs(knots, memory, settings)

    def update(self, changed: Mapping[str, Sequence[TimeSpan]]) -> Update:
        """`changed`: by device, all times in which there are knots that there were not, or the other way round."""
        update = Update()
        for device, spans in sorted(changed.items()):
            for span, differing in self._beliefs.judge(device, spans):
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
        return self._beliefs.doubtful(self._knots.between(*span, device))

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
        window = first_window(self._knots, span)
        while True:
            from_s, to_s, _, is_first, is_last = window
            lines = sum(first <= to_s + silence_s and last >= from_s - silence_s for first, last in extents)
            # One outbox's knot says something of another's path as far away as a continuous step is long.
            room_s = silence_s if lines > 1 else 0.0
            tracks = self._knots.between(from_s, to_s)
            doubtful = self._beliefs.doubtful(tracks)
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
            window = wider(self._knots, window, None, before=first is None, behind=last is None)


def _is_last(kept: Kept, was: Waypoint | None, now: Waypoint | None) -> bool:
    """Whether the end of the path is, or was, in an episode: then what lasts is another thing when that moves."""
    return was != now and any(point is not None and point.time_s <= kept.to_s for point in (was, now))
