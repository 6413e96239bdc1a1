"""From an episode to its visits and crossings: a function of the episode, of what was before it, and of the clock."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from railbox_server.geo.model import LIMIT_H
from railbox_server.journey.crossings import AreaLog, crossings, yard_visits
from railbox_server.journey.episodes import Episode
from railbox_server.journey.judging import Clock, entered, exited, flag, stay_dwell
from railbox_server.journey.model import Crossing, Settings, Step, Visit, Waypoint
from railbox_server.journey.network import Network
from railbox_server.journey.path import during
from railbox_server.journey.sides import Seen, passages, seen_sides
from railbox_server.journey.stays import ElsewhereBetween, MayHide, Near, Stay, stays
from railbox_server.journey.zones import Zone

PLACES: Final = 16
AHEAD: Final = 4
"""So many places that it came by before, and came by after, tell which corridor a unit follows."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was before an episode: where the unit last was of each border, and by which places it came last."""

    seen: tuple[Seen | None, ...] = ()
    places: tuple[str, ...] = ()


NO_PAST: Final = Past()
NOWHERE: Final = Waypoint(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Concluded:
    """In order of time."""

    visits: tuple[Visit, ...]
    crossings: tuple[Crossing, ...]


NOTHING: Final = Concluded((), ())


def conclude(
    unit: str,
    episode: Episode,
    past: Past,
    ahead: Sequence[str],
    network: Network,
    settings: Settings,
    clock: Clock,
    last_s: float,
) -> Concluded:
    """`ahead`: by which places the unit came next; `last_s`: until when the path leads."""
    found = _stays(episode, network, settings, last_s)
    visits = {
        place.id: [_visit(unit, place.id, stay, network, clock) for stay in found[place.id]]
        for place in (network.places[zone] for zone in found if zone in network.places)
    }
    logs = _area_logs(unit, episode, past, ahead, network, found, visits, settings)
    return Concluded(
        tuple(sorted(chain.from_iterable(visits.values()), key=visit_order)),
        tuple(sorted(crossings(logs, network.areas, episode.steps, clock, settings), key=crossing_order)),
    )


def after(episode: Episode, past: Past, network: Network) -> Past:
    """What is past when the episode is."""
    before = past.seen or (None,) * len(network.areas)
    seen = tuple(_last(number, episode, before[number]) for number in range(len(network.areas)))
    return Past(seen, (*past.places, *places(episode, network))[-PLACES:])


def places(episode: Episode, network: Network) -> tuple[str, ...]:
    """By which the unit came, in time order."""
    return tuple(near.zone for near in episode.nears if near.zone in network.places)


def asks(episode: Episode, network: Network) -> bool:
    """Whether it matters which corridor the unit followed: where several have a border, or it may be passed unseen."""
    inside = {near.zone for near in episode.nears if any(span.inside for span in near.spans)}
    is_dark = any(not step.continuous for step in episode.steps)
    for number, area in enumerate(network.areas):
        if area.zone.id in inside:
            if len(area.corridors) > 1:
                return True
        elif is_dark and episode.sides[0].sides[number] != episode.sides[-1].sides[number]:
            return True
    return False


def _last(number: int, episode: Episode, before: Seen | None) -> Seen | None:
    """Where the unit is surely on a side when the episode ends, it stays until the next: when last does not matter."""
    if (side := episode.sides[-1].sides[number]) is not None:
        return Seen(side, NOWHERE, NOWHERE)
    for sides, _, last in reversed(episode.sides):
        if (side := sides[number]) is not None:
            return Seen(side, last, last)
    return before


def _stays(episode: Episode, network: Network, settings: Settings, last_s: float) -> dict[str, list[Stay]]:
    """The stays by zone, in time order."""
    entered_some = [near for near in episode.nears if any(span.inside for span in near.spans)]
    elsewhere = _Elsewhere([near for near in entered_some if near.zone in network.places], network)
    found: dict[str, list[Stay]] = {}
    for near in entered_some:
        may_hide = _may_hide(network.zones[near.zone], episode.steps, settings)
        own = stays(near, episode.steps, settings, elsewhere.of(near.zone), may_hide, goes_on=near.to_s < last_s)
        found.setdefault(near.zone, []).extend(own)
    return found


def _may_hide(zone: Zone, steps: Sequence[Step], settings: Settings) -> MayHide:
    """By how far it is to the zone's edge from where the dark began, and on to where it ended."""

    def between(from_s: float, to_s: float) -> bool:
        return any(
            sum(max(0.0, zone.sight(end).outside_m) for end in (step.start, step.end))
            <= settings.max_speed_mps * (step.end.time_s - step.start.time_s)
            for step in during(steps, from_s, to_s)
            if not step.continuous and step.start.time_s >= from_s and step.end.time_s <= to_s
        )

    return between


class _Elsewhere:
    """When the unit was surely inside which yard."""

    def __init__(self, nears: Iterable[Near], network: Network) -> None:
        self._network = network
        inside = sorted(
            (span.from_s, near.zone) for near in nears for span in near.spans if span.inside and not span.is_guess
        )
        self._starts_s = [from_s for from_s, _ in inside]
        self._zones = [zone for _, zone in inside]

    def of(self, zone: str) -> ElsewhereBetween:
        """Whether it came into another yard, one that does not overlap this one; a border's area is no yard."""
        touch = self._network.touch

        def between(from_s: float, to_s: float) -> bool:
            first, last = bisect_left(self._starts_s, from_s), bisect_right(self._starts_s, to_s)
            return first < last and any(not touch(zone, other) for other in self._zones[first:last])

        return between


def _visit(unit: str, place_id: str, stay: Stay, network: Network, clock: Clock) -> Visit:
    place = network.places[place_id]
    length = stay_dwell(stay, clock)
    limit_s = round((place.limit_h or LIMIT_H) * 3_600)
    return Visit(
        unit=unit,
        place=place,
        entered=entered(stay),
        exited=exited(stay),
        already_inside=stay.last_out_s is None,
        dwell=length,
        dark_s=math.ceil(stay.dark_s),
        limit_s=limit_s,
        flag=flag(length, limit_s),
        no_contact_since_s=clock.silent_since_s if stay.lasts else None,
    )


def _area_logs(
    unit: str,
    episode: Episode,
    past: Past,
    ahead: Sequence[str],
    network: Network,
    found: Mapping[str, Sequence[Stay]],
    visits: Mapping[str, Sequence[Visit]],
    settings: Settings,
) -> list[AreaLog]:
    """Of the borders where something may have happened."""
    before = past.seen or (None,) * len(network.areas)
    met = (*past.places, *places(episode, network), *ahead)
    sighted_s = _sighted_s(episode, before)
    logs: list[AreaLog] = []
    for number, area in enumerate(network.areas):
        seen = seen_sides(number, episode.sides, before[number])
        own = found.get(area.zone.id, ())
        if not own and len(seen) < 2:
            continue
        followed = {name: sum(place in network.places_of[name] for place in met) for name in area.corridors}
        corridor = max(area.corridors, key=followed.__getitem__)
        logs.append(
            AreaLog(
                unit=unit,
                area=area,
                corridor=corridor,
                followed=followed[corridor],
                stays=own,
                sides=seen,
                passages=passages(area, seen, sighted_s, episode.steps, settings),
                visits=yard_visits(area, visits),
            )
        )
    return logs


def _sighted_s(episode: Episode, before: Sequence[Seen | None]) -> list[float]:
    """When the unit was last on some corridor: on a side of some border."""
    lately = [span.last.time_s for span in episode.sides if any(side is not None for side in span.sides)]
    return sorted([*(seen.last.time_s for seen in before if seen is not None), *lately])


def visit_order(visit: Visit) -> tuple[int, str]:
    return visit.entered.latest_s or 0, visit.place.id


def crossing_order(crossing: Crossing) -> tuple[int, int, str, str]:
    border = crossing.border.id if crossing.border else crossing.candidates[0]
    return crossing.arrived.latest_s or 0, crossing.arrived.est_s or 0, border, crossing.from_side
