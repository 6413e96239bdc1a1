"""What a path says of zones and borders, as little as serves to conclude everything from: episodes.

An episode is a time in which the unit was near some zone, or changed sides of some border; between two of them there
is nothing to conclude. All that is kept of one is joined from what each of its steps says, so it can be cut at any
waypoint and joined again: what a late knot changes are the steps next to it. Pure; concludes nothing itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from railbox_server.journey import sights
from railbox_server.journey.model import Settings, Step, Waypoint
from railbox_server.journey.network import Network, Sides
from railbox_server.journey.stays import Near, Sure
from railbox_server.journey.zones import Zone, cell_of


class SideSpan(NamedTuple):
    """Consecutive waypoints, from first to last, that are on the same sides."""

    sides: Sides
    first: Waypoint
    last: Waypoint


@dataclass(frozen=True, slots=True)
class Episode:
    """`steps`: those that are dark, or about whose ends' sides something changes or is not sure. All in time order."""

    from_s: float
    to_s: float
    nears: tuple[Near, ...]
    sides: tuple[SideSpan, ...]
    steps: tuple[Step, ...]


# --- from steps -------------------------------------------------------------------------------------------------------


def observed(path: Iterable[Step], network: Network, settings: Settings) -> list[Episode]:
    """The episodes of consecutive steps."""
    seen = _Observer(network, settings)
    for step in path:
        seen.take(step)
    return seen.episodes()


class _Open:
    """A time near a zone while it lasts. Most steps only prolong what was sure of the one before."""

    __slots__ = ("_from_s", "_inside", "_lines", "_outside", "_settings", "_sight", "_spans", "_to_s", "zone")

    def __init__(self, zone: Zone, start: Waypoint, settings: Settings) -> None:
        self.zone = zone
        self._settings = settings
        self._sight = zone.sight(start)
        self._from_s = self._to_s = start.time_s
        self._spans: list[Sure] = []
        self._lines: list[sights.TimeSpan] = []
        self._inside = self._outside = False
        """Whether the last span reaches until now, and only has not been prolonged yet."""

    def take(self, step: Step, end: Waypoint) -> None:
        start, there = self._sight, self._sight
        if end != step.start:
            there = self._sight = self.zone.sight(end)
        margin_m = max(start.point.margin_m, end.margin_m)
        if step.continuous and end.time_s > self._to_s:
            way_m = abs(there.east_m - start.east_m) + abs(there.north_m - start.north_m)
            both_m = start.outside_m + there.outside_m
            if self._inside and both_m + way_m < -2 * margin_m:
                self._to_s = end.time_s
                return
            if (
                self._outside
                and both_m - way_m > 2 * margin_m
                and start.outside_m <= self._settings.excursion_m
                and there.outside_m <= self._settings.excursion_m
            ):
                self._to_s = end.time_s
                return
        self._prolong()
        spans, lines = sights.along(self.zone, step, start, there, self._settings)
        for span in spans:
            sights.append(self._spans, span)
        for line in lines:
            sights.append_line(self._lines, line)
        self._to_s = end.time_s
        last = self._spans[-1] if self._spans else None
        reaches = last is not None and last.to_s == self._to_s and not last.is_guess
        self._inside = reaches and last is not None and last.inside
        self._outside = reaches and last is not None and not last.inside and not last.far

    def _prolong(self) -> None:
        """Makes up for the steps that only went on."""
        if not (self._inside or self._outside):
            return
        last = self._spans[-1]
        if last.to_s < self._to_s:
            self._spans[-1] = last._replace(to_s=self._to_s)
            if self._inside:
                sights.append_line(self._lines, (last.to_s, self._to_s))

    def near(self) -> Near:
        self._prolong()
        return Near(self.zone.id, self._from_s, self._to_s, tuple(self._spans), tuple(self._lines))


class _Observer:
    def __init__(self, network: Network, settings: Settings) -> None:
        self._network = network
        self._settings = settings
        self._there: Waypoint | None = None
        self._view = network.view((0, 0))
        self._cell = (0, 0)
        self._sides: Sides | None = None
        """Those of the last waypoint; None: not asked for yet."""
        self._open: dict[str, _Open] = {}
        self._nears: list[Near] = []
        self._side_spans: list[SideSpan] = []
        self._steps: list[Step] = []
        self._episodes: list[Episode] = []

    def take(self, step: Step) -> None:
        start, end, continuous = step
        if self._there is not start:
            self._view, self._cell, self._sides = self._network.view(cell_of(start)), cell_of(start), None
        here, view = self._cell, self._view
        there = cell_of(end)
        self._there = end
        if there == here:
            if view.is_quiet:
                self._close()
                return
            near: Iterable[Zone] = view.zones
            view_there = view
        else:
            view_there = self._network.view(there)
            near = self._network.index.on_way(here, there, continuous)
        sides = self._sides if self._sides is not None else view.sides_at(start)
        sides_there = view_there.sides_at(end)
        self._view, self._cell, self._sides = view_there, there, sides_there
        if not near and sides == sides_there:
            self._close()
            return
        self._look(step, near, sides, sides_there)
        unsure = sides != sides_there or any(sides_there[number] is None for number, _ in view_there.near)
        if unsure or not continuous:
            self._steps.append(step)

    def _look(self, step: Step, near: Iterable[Zone], sides: Sides, sides_there: Sides) -> None:
        start, end, _ = step
        if not self._side_spans:
            self._side_spans.append(SideSpan(sides, start, start))
        last = self._side_spans[-1]
        if last.sides == sides_there:
            self._side_spans[-1] = SideSpan(sides_there, last.first, end)
        else:
            self._side_spans.append(SideSpan(sides_there, end, end))
        before, self._open = self._open, {}
        for zone in near:
            mine = before.pop(zone.id, None) or _Open(zone, start, self._settings)
            mine.take(step, end)
            self._open[zone.id] = mine
        self._nears += [each.near() for each in before.values()]

    def _close(self) -> None:
        self._nears += [each.near() for each in self._open.values()]
        self._open.clear()
        if self._side_spans:
            self._episodes.append(
                Episode(
                    self._side_spans[0].first.time_s,
                    self._side_spans[-1].last.time_s,
                    tuple(sorted(self._nears, key=_near_order)),
                    tuple(self._side_spans),
                    tuple(self._steps),
                )
            )
        self._nears, self._side_spans, self._steps = [], [], []

    def episodes(self) -> list[Episode]:
        self._close()
        return self._episodes


def _near_order(near: Near) -> tuple[float, str]:
    return near.from_s, near.zone


# --- cut and joined ---------------------------------------------------------------------------------------------------


def replaced(
    old: Sequence[Episode],
    new: Sequence[Episode],
    before: Waypoint | None,
    after: Waypoint | None,
    network: Network,
    settings: Settings,
) -> list[Episode]:
    """`old` with what was between two of its waypoints replaced by `new`. None: from the beginning, to the end."""
    pieces = list(new)
    if before is not None:
        pieces += [_until(each, before, network, settings) for each in old if each.from_s < before.time_s]
    if after is not None:
        pieces += [_since(each, after, network, settings) for each in old if each.to_s > after.time_s]
    return list(_joined(sorted(pieces, key=lambda each: each.from_s)))


def _until(episode: Episode, end: Waypoint, network: Network, settings: Settings) -> Episode:
    if episode.to_s <= end.time_s:
        return episode
    nears = [_near_until(near, end, network, settings) for near in episode.nears if near.from_s < end.time_s]
    spans = [span for span in episode.sides if span.first.time_s <= end.time_s]
    if spans[-1].last.time_s > end.time_s:
        spans[-1] = spans[-1]._replace(last=end)
    steps = tuple(step for step in episode.steps if step.end.time_s <= end.time_s)
    return Episode(episode.from_s, end.time_s, tuple(nears), tuple(spans), steps)


def _since(episode: Episode, start: Waypoint, network: Network, settings: Settings) -> Episode:
    if episode.from_s >= start.time_s:
        return episode
    nears = [_near_since(near, start, network, settings) for near in episode.nears if near.to_s > start.time_s]
    spans = [span for span in episode.sides if span.last.time_s >= start.time_s]
    if spans[0].first.time_s < start.time_s:
        spans[0] = spans[0]._replace(first=start)
    steps = tuple(step for step in episode.steps if step.start.time_s >= start.time_s)
    return Episode(start.time_s, episode.to_s, tuple(nears), tuple(spans), steps)


def _near_until(near: Near, end: Waypoint, network: Network, settings: Settings) -> Near:
    if near.to_s <= end.time_s:
        return near
    end_s = end.time_s
    spans = [
        span if span.to_s <= end_s else span._replace(to_s=end_s)
        for span in near.spans
        if (span.from_s <= end_s if span.is_guess else span.from_s < end_s)
    ]
    for span in sights.at(network.zones[near.zone].sight(end), settings):
        sights.append(spans, span)  # it may have been joined to what came after
    lines = [(from_s, min(to_s, end_s)) for from_s, to_s in near.lines if from_s < end_s]
    return Near(near.zone, near.from_s, end_s, tuple(spans), tuple(lines))


def _near_since(near: Near, start: Waypoint, network: Network, settings: Settings) -> Near:
    if near.from_s >= start.time_s:
        return near
    start_s = start.time_s
    spans = sights.at(network.zones[near.zone].sight(start), settings)
    for span in near.spans:
        if span.is_guess:
            if span.to_s >= start_s:
                spans.append(span)
        elif span.to_s > start_s:
            sights.append(spans, span if span.from_s >= start_s else span._replace(from_s=start_s))
    lines = [(max(from_s, start_s), to_s) for from_s, to_s in near.lines if to_s > start_s]
    return Near(near.zone, start_s, near.to_s, tuple(spans), tuple(lines))


def _joined(pieces: Sequence[Episode]) -> Iterator[Episode]:
    """Pieces in time order; those that touch become one."""
    together: list[Episode] = []
    reached_s = float("-inf")
    for piece in pieces:
        if together and piece.from_s > reached_s:
            yield _one(together)
            together = []
        together.append(piece)
        reached_s = max(reached_s, piece.to_s)
    if together:
        yield _one(together)


def _one(pieces: Sequence[Episode]) -> Episode:
    if len(pieces) == 1:
        return pieces[0]
    nears: list[Near] = []
    every = sorted((near for piece in pieces for near in piece.nears), key=lambda near: (near.zone, near.from_s))
    for _, own in groupby(every, key=lambda near: near.zone):
        same: list[Near] = []
        for near in own:
            if same and same[-1].to_s == near.from_s:
                same[-1] = _near_joined(same[-1], near)
            else:
                same.append(near)
        nears += same
    sides: list[SideSpan] = []
    for span in (span for piece in pieces for span in piece.sides):
        if sides and sides[-1].sides == span.sides:
            sides[-1] = sides[-1]._replace(last=span.last)
        else:
            sides.append(span)
    steps = tuple(step for piece in pieces for step in piece.steps)
    from_s, to_s = pieces[0].from_s, max(piece.to_s for piece in pieces)
    return Episode(from_s, to_s, tuple(sorted(nears, key=_near_order)), tuple(sides), steps)


def _near_joined(a: Near, b: Near) -> Near:
    spans, lines = list(a.spans), list(a.lines)
    for span in b.spans:
        sights.append(spans, span)
    for line in b.lines:
        sights.append_line(lines, line)
    return Near(a.zone, a.from_s, b.to_s, tuple(spans), tuple(lines))
