"""From a unit's tracks to its journey: the engine's steps, in order."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

from railbox_server.geo.model import LIMIT_H
from railbox_server.journey.crossings import AreaLog, crossings, yard_visits
from railbox_server.journey.judging import Clock, clock_of, entered, exited, flag, stay_dwell
from railbox_server.journey.model import Crossing, Journey, Settings, Track, Visit
from railbox_server.journey.network import Network
from railbox_server.journey.path import judge, ordered, steps
from railbox_server.journey.sides import Course, passages, side_spans
from railbox_server.journey.stays import ElsewhereBetween, Stay, Sure, stays, sure_spans
from railbox_server.journey.zones import Zone

DEFAULTS: Final = Settings()
ON_CORRIDOR_M: Final = 50_000.0


def derive(unit: str, tracks: Sequence[Track], network: Network, now_s: int, settings: Settings = DEFAULTS) -> Journey:
    """All that can be concluded of a unit at `now_s`: a function of the arguments as sets, whatever their order."""
    tracks = ordered(tracks)
    doubtful = judge(tracks, settings)
    path = steps(tracks, doubtful, settings)
    if not path:
        return Journey((), (), doubtful, None)
    clock = clock_of(now_s, path[-1].end.time_s, settings)
    course = Course(path)
    found = _stays(course, network, settings)
    visits = {
        place.id: [_visit(unit, place.id, stay, network, clock) for stay in found.get(place.id, ())]
        for place in network.places.values()
    }
    logs = _area_logs(unit, course, network, found, visits, settings)
    seen = crossings(logs, course, clock, settings)
    return Journey(
        visits=tuple(sorted(chain.from_iterable(visits.values()), key=_visit_order)),
        crossings=tuple(sorted(seen, key=_crossing_order)),
        untrusted=doubtful,
        last=path[-1].end,
        path=path,
    )


def _stays(course: Course, network: Network, settings: Settings) -> dict[str, list[Stay]]:
    """The stays by zone, in time order."""
    near = [
        (zone, last, run, sure_spans(zone, run, settings))
        for zone, first, last in network.index.runs(course.path, course.cells)
        for run in [course.path[first : last + 1]]
    ]
    near = [item for item in near if any(span.inside for span in item[3])]
    elsewhere = _Elsewhere([(zone, spans) for zone, _, _, spans in near if zone.id in network.places])
    found: dict[str, list[Stay]] = {}
    for zone, last, run, spans in near:
        goes_on = last < len(course.path) - 1
        own = stays(zone, run, spans, goes_on=goes_on, settings=settings, elsewhere=elsewhere.of(zone))
        found.setdefault(zone.id, []).extend(own)
    for own in found.values():
        own.sort(key=lambda stay: stay.first_in_s)
    return found


class _Elsewhere:
    """When the unit was surely inside which yard."""

    def __init__(self, seen: Sequence[tuple[Zone, Sequence[Sure]]]) -> None:
        inside = [
            (span.from_s, zone.id, zone) for zone, spans in seen for span in spans if span.inside and not span.is_guess
        ]
        inside.sort(key=lambda item: item[:2])
        self._starts_s = [from_s for from_s, _, _ in inside]
        self._zones = [zone for _, _, zone in inside]

    def of(self, zone: Zone) -> ElsewhereBetween:
        """Whether it came into another yard, one that does not overlap this one; a border's area is no yard."""

        def between(from_s: float, to_s: float) -> bool:
            first, last = bisect_left(self._starts_s, from_s), bisect_right(self._starts_s, to_s)
            return any(not zone.touches(other) for other in self._zones[first:last])

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
    course: Course,
    network: Network,
    found: Mapping[str, Sequence[Stay]],
    visits: Mapping[str, Sequence[Visit]],
    settings: Settings,
) -> list[AreaLog]:
    followed = _followed(course, network)
    logs: list[AreaLog] = []
    for area in network.areas:
        sides = side_spans(area, network, course)
        corridor = max(area.corridors, key=lambda name: followed[name])
        logs.append(
            AreaLog(
                unit=unit,
                area=area,
                corridor=corridor,
                followed=followed[corridor],
                stays=found.get(area.zone.id, ()),
                sides=sides,
                passages=passages(area, sides, course, settings),
                visits=yard_visits(area, visits),
            )
        )
    return logs


def _followed(course: Course, network: Network) -> dict[str, int]:
    """Over how many cells the path keeps to each corridor."""
    chainages = [network.chainages(cell) for cell in {run.cell for run in course.cell_runs}]
    return {
        chain.corridor.name: sum(cell[number][1] <= ON_CORRIDOR_M for cell in chainages)
        for number, chain in enumerate(network.chains)
    }


def _visit_order(visit: Visit) -> tuple[int, str]:
    return visit.entered.latest_s or 0, visit.place.id


def _crossing_order(crossing: Crossing) -> tuple[int, int, str]:
    border = crossing.border.id if crossing.border else crossing.candidates[0]
    return crossing.arrived.latest_s or 0, crossing.arrived.est_s or 0, border
