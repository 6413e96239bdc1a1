"""From a unit's tracks to its journey: the engine's steps, in order."""

from collections.abc import Iterable, Sequence
from itertools import chain

from railbox_server.journey.crossings import AreaLog, crossings, yard_visits
from railbox_server.journey.judging import Clock, clock_of, entered, exited, flag, stay_dwell
from railbox_server.journey.model import Crossing, Journey, Settings, Step, Track, Visit
from railbox_server.journey.network import Network
from railbox_server.journey.path import judge, steps
from railbox_server.journey.sides import Course, passages, side_spans
from railbox_server.journey.stays import Stay, stays, sure_spans
from railbox_server.journey.zones import Zone

DEFAULTS = Settings()
ON_CORRIDOR_M = 50_000.0


def derive(unit: str, tracks: Sequence[Track], network: Network, now_s: int, settings: Settings = DEFAULTS) -> Journey:
    """All that can be concluded of a unit at `now_s`: a function of the arguments as sets, whatever their order."""
    doubtful = judge(tracks, settings)
    path = steps(tracks, doubtful, settings)
    if not path:
        return Journey((), (), doubtful, None)
    clock = clock_of(now_s, path[-1].end.time_s, settings)
    found = _stays(path, network, settings)
    visits = {
        place.id: [_visit(unit, place.id, stay, network, clock) for stay in found.get(place.id, ())]
        for place in network.places.values()
    }
    seen = _crossings(unit, path, network, found, visits, clock)
    return Journey(
        visits=tuple(sorted(chain.from_iterable(visits.values()), key=_visit_order)),
        crossings=tuple(sorted(seen, key=_crossing_order)),
        untrusted=doubtful,
        last=path[-1].end,
    )


def _stays(path: Sequence[Step], network: Network, settings: Settings) -> dict[str, list[Stay]]:
    """The stays by zone, in time order."""
    near = [
        (zone, indices, run, sure_spans(zone, run))
        for zone, indices in network.index.runs(path)
        for run in [path[indices[0] : indices[-1] + 1]]
    ]
    near = [item for item in near if any(span.inside for span in item[3])]
    inside = [
        (span.from_s, span.to_s, zone)
        for zone, _, _, spans in near
        if zone.id in network.places
        for span in spans
        if span.inside
    ]
    found: dict[str, list[Stay]] = {}
    for zone, indices, run, spans in near:
        found.setdefault(zone.id, []).extend(
            stays(
                zone,
                run,
                spans,
                goes_on=indices[-1] < len(path) - 1,
                settings=settings,
                elsewhere=_Elsewhere(zone, inside if zone.id in network.places else ()).between,
            )
        )
    for own in found.values():
        own.sort(key=lambda stay: stay.first_in_s)
    return found


class _Elsewhere:
    """Whether the unit was surely inside another yard, one that does not overlap this one."""

    def __init__(self, zone: Zone, inside: Iterable[tuple[float, float, Zone]]) -> None:
        self._zone = zone
        self._inside = inside

    def between(self, from_s: float, to_s: float) -> bool:
        return any(
            start_s <= to_s and end_s >= from_s and not self._zone.touches(other)
            for start_s, end_s, other in self._inside
        )


def _visit(unit: str, place_id: str, stay: Stay, network: Network, clock: Clock) -> Visit:
    place = network.places[place_id]
    length = stay_dwell(stay, clock)
    limit_s = round((place.limit_h or 0) * 3_600)
    return Visit(
        unit=unit,
        place=place,
        entered=entered(stay),
        exited=exited(stay),
        already_inside=stay.last_out_s is None,
        dwell=length,
        limit_s=limit_s,
        flag=flag(length, limit_s),
        no_contact_since_s=clock.silent_since_s if stay.lasts else None,
    )


def _crossings(
    unit: str,
    path: Sequence[Step],
    network: Network,
    found: dict[str, list[Stay]],
    visits: dict[str, list[Visit]],
    clock: Clock,
) -> list[Crossing]:
    course = Course(path)
    followed = _followed(course, network)
    logs: list[AreaLog] = []
    for area in network.areas:
        sides = side_spans(area, network, course)
        logs.append(
            AreaLog(
                unit=unit,
                area=area,
                corridor=max(area.corridors, key=lambda name: followed[name]),
                stays=found.get(area.zone.id, ()),
                sides=sides,
                passages=passages(area, sides, course),
                visits=yard_visits(area, visits),
            )
        )
    return crossings(logs, course, clock)


def _followed(course: Course, network: Network) -> dict[str, int]:
    """Over how many cells the path keeps to each corridor."""
    chainages = [network.chainages(cell) for cell in {run.cell for run in course.cell_runs}]
    return {
        chain.corridor.name: sum(cell[number][1] <= ON_CORRIDOR_M for cell in chainages)
        for number, chain in enumerate(network.chains)
    }


def _visit_order(visit: Visit) -> tuple[int, str]:
    return visit.entered.latest_s or 0, visit.place.id


def _crossing_order(crossing: Crossing) -> tuple[int, str]:
    return crossing.arrived.latest_s or 0, crossing.border.id if crossing.border else crossing.candidates[0]
