"""From a unit's trace and journey to its progress on a corridor."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from railbox_server.geo.model import Mode
from railbox_server.geo.way import Way
from railbox_server.journey.model import Journey, Visit
from railbox_server.progress.ahead import Forecast, Here
from railbox_server.progress.experience import NO_EXPERIENCE, Call, Experience, calls_of
from railbox_server.progress.follow import Followed, Mark, Trace
from railbox_server.progress.model import Ahead, Deviation, Heading, Plan, Progress, Transfer
from railbox_server.progress.nodes import Node, nodes
from railbox_server.progress.timetable import deviation, late_at_end

NO_PLAN: Final = Plan()


def derive(
    unit: str,
    way: Way,
    came: Followed,
    journey: Journey,
    now_s: int,
    experience: Experience = NO_EXPERIENCE,
    plan: Plan = NO_PLAN,
) -> Progress | None:
    """None without a trusted position. `came`: what following its path along `way` came to (see follow.py)."""
    trace, mark = came.trace, came.trace.mark
    if mark is None or not way.places:
        return None
    heading = _heading(trace, plan)
    waiting = _waiting(way, journey)
    next_border, terminal = _what_lies_ahead(way, mark, heading, waiting, experience, plan, now_s)
    return Progress(
        unit=unit,
        corridor=way.corridor.name,
        mark=mark,
        km=way.published_km(mark.way_km),
        mode=None if mark.astray else way.mode_at(mark.way_km),
        heading=heading,
        standing_at=waiting.node.id if waiting else None,
        next_border=next_border,
        terminal=terminal,
        deviation=_deviation(way, journey, mark, heading, terminal, plan),
        transfers=tuple(_transfers(way, journey, heading)),
        excursions=came.all_excursions,
        stops=came.all_stops,
    )


def _heading(trace: Trace, plan: Plan) -> Heading | None:
    if trace.heading == 0:
        return plan.heading
    return 1 if trace.heading > 0 else -1


def _waiting(way: Way, journey: Journey) -> Call | None:
    """The wait that lasts. A border's comes before that of a place in it."""
    lasting = [call for call in calls_of(way, journey) if call.went_s is None]
    return max(lasting, key=lambda call: (call.node.border is not None, call.came_s or 0), default=None)


def _what_lies_ahead(
    way: Way,
    mark: Mark,
    heading: Heading | None,
    waiting: Call | None,
    experience: Experience,
    plan: Plan,
    now_s: int,
) -> tuple[Ahead | None, Ahead | None]:
    """(next border, terminal)."""
    if heading is None:
        return None, None
    found = nodes(way)
    at_end = waiting is not None and waiting.node.is_end
    here = Here(mark.way_km, mark.time_s, heading, None if at_end else waiting)
    forecast = Forecast(way, here, experience, now_s)
    border = forecast.next_border(found)
    end = _end(way, found, heading, plan)
    ahead = forecast.to(border, found) if border else None
    terminal = forecast.to(end, found)
    if waiting is not None and waiting.node.id == end.id:
        terminal = replace(terminal, eta=None)
    if mark.astray:
        return ahead and replace(ahead, eta=None), replace(terminal, eta=None)
    return ahead, terminal


def _end(way: Way, found: Sequence[Node], heading: Heading, plan: Plan) -> Node:
    place = next((place for place in way.places if place.id == plan.destination), None)
    if place is not None:
        km = way.way_km(place.km or 0.0)
        return Node(place.id, place.name, km, km, None, place, is_end=True)
    ends = [node for node in found if node.is_end]
    return ends[-1] if heading > 0 else ends[0]


def _deviation(
    way: Way, journey: Journey, mark: Mark, heading: Heading | None, terminal: Ahead | None, plan: Plan
) -> Deviation | None:
    if mark.astray:
        return None
    found = deviation(way, journey.visits, heading or 0, mark.way_km, mark.time_s, plan.departure_s)
    if found is None or found.late_at_end_min is not None or terminal is None or terminal.eta is None:
        return found
    if terminal.id != way.corridor.timetable[-1].place_id:
        return found
    at_end_min = late_at_end(way, journey.visits, terminal.eta.p50_s, plan.departure_s)
    return replace(found, late_at_end_min=at_end_min)


def _transfers(way: Way, journey: Journey, heading: Heading | None) -> Iterable[Transfer]:
    kms = {place.id: place.km for place in way.places if "transfer" in place.roles}
    for visit in journey.visits:
        km = kms.get(visit.place.id)
        if km is not None:
            yield _transfer(way, visit, km, heading or 1)


def _transfer(way: Way, visit: Visit, km: float, heading: Heading) -> Transfer:
    legs = way.corridor.legs
    before: Mode | None = next((leg.mode for leg in legs if leg.from_km < km <= leg.to_km), None)
    after: Mode | None = next((leg.mode for leg in legs if leg.from_km <= km < leg.to_km), None)
    return Transfer(visit, before, after) if heading > 0 else Transfer(visit, after, before)
