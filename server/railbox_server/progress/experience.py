"""What the fleet has measured on a corridor: how long its units waited at each node and how fast they ran between.

Only what is well known counts: waits that are over and whose bounds are close together. Own history informs forecasts;
it never changes a result. Pure; a function of the journeys as a set.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from types import MappingProxyType
from typing import Any, Final

from railbox_server.geo.model import Mode
from railbox_server.geo.way import Way
from railbox_server.journey.model import Crossing, Dwell, Journey, Visit
from railbox_server.progress.nodes import Node, nodes

LEAST_RUN_KM: Final = 50.0
"""Shorter runs say little: their ends are yards some kilometres wide."""
UNSURE_SHARE: Final = 0.5
UNSURE_S: Final = 2 * 3_600
"""A dwell whose bounds are farther apart than this and than half its estimate is a guess."""

TimeSpan = tuple[float, float]
ALWAYS: Final = (-inf, inf)
Key = tuple[str, str]
"""(node, side it is come from); the side of a place is ""."""


@dataclass(frozen=True, slots=True)
class Experience:
    """Observations, ascending: seconds at nodes, seconds per km of way by mode."""

    waits_s: Mapping[Key, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))
    paces_s_per_km: Mapping[Mode, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))


NO_EXPERIENCE: Final = Experience()


@dataclass(frozen=True, slots=True)
class Call:
    """A unit at a node: came and went (None: not known, or not yet), and at which chainages."""

    node: Node
    from_side: str
    came_s: int | None
    went_s: int | None
    came_km: float
    went_km: float
    wait: Dwell | None


def experience(way: Way, journey: Journey, span: TimeSpan = ALWAYS) -> Experience:
    """Of the waits that began in a span of time, and the runs whose middle lies in it: each of a unit's runs along the
    way has its own."""
    waits: dict[Key, list[float]] = {}
    paces: dict[Mode, list[float]] = {}
    calls = calls_of(way, journey)
    for call in calls:
        if call.wait is not None and _well_known(call.wait) and _in(span, call.came_s):
            waits.setdefault((call.node.id, call.from_side), []).append(float(call.wait.est_s))
    for mode, pace, middle_s in _runs(way, calls):
        if _in(span, middle_s):
            paces.setdefault(mode, []).append(pace)
    return _sorted(waits, paces)


def experience_row(known: Experience) -> dict[str, Any]:
    return {
        "waits_s": [[node, side, list(values)] for (node, side), values in known.waits_s.items()],
        "paces_s_per_km": {mode: list(values) for mode, values in known.paces_s_per_km.items()},
    }


def experience_of(row: Mapping[str, Any]) -> Experience:
    """What `experience_row` tells of."""
    return Experience(
        {(node, side): tuple(values) for node, side, values in row["waits_s"]},
        {mode: tuple(values) for mode, values in row["paces_s_per_km"].items()},
    )


def joined(parts: Iterable[Experience]) -> Experience:
    """What several parts of a fleet measured on one corridor, together."""
    waits: dict[Key, list[float]] = {}
    paces: dict[Mode, list[float]] = {}
    for part in parts:
        for key, waits_s in part.waits_s.items():
            waits.setdefault(key, []).extend(waits_s)
        for mode, own in part.paces_s_per_km.items():
            paces.setdefault(mode, []).extend(own)
    return _sorted(waits, paces)


def _sorted(waits: Mapping[Key, list[float]], paces: Mapping[Mode, list[float]]) -> Experience:
    return Experience(
        {key: tuple(sorted(values)) for key, values in sorted(waits.items())},
        {mode: tuple(sorted(values)) for mode, values in sorted(paces.items())},
    )


def _in(span: TimeSpan, time_s: float | None) -> bool:
    return time_s is not None and span[0] <= time_s <= span[1]


def calls_of(way: Way, journey: Journey) -> list[Call]:
    """The journey's waits at the nodes of the corridor, in time order."""
    by_id = {node.id: node for node in nodes(way)}
    found = [
        _crossing_call(by_id[crossing.border.id], crossing)
        for crossing in journey.crossings
        if crossing.border is not None and crossing.border.id in by_id
    ]
    found += [_visit_call(by_id[visit.place.id], visit) for visit in journey.visits if visit.place.id in by_id]
    return sorted(found, key=lambda call: (_first_s(call), call.node.low_km, call.node.id))


def _first_s(call: Call) -> int:
    return (call.came_s if call.came_s is not None else call.went_s) or 0


def _crossing_call(node: Node, crossing: Crossing) -> Call:
    assert node.border is not None
    forward = crossing.from_side == node.border.sides[0]
    near_km, far_km = (node.low_km, node.high_km) if forward else (node.high_km, node.low_km)
    over = crossing.departed is not None and not crossing.returned
    return Call(
        node=node,
        from_side=crossing.from_side,
        came_s=crossing.arrived.est_s,
        went_s=crossing.departed.est_s if crossing.departed else None,
        came_km=near_km,
        went_km=near_km if crossing.returned else far_km,
        wait=crossing.dwell if over and crossing.arrived.earliest_s is not None else None,
    )


def _visit_call(node: Node, visit: Visit) -> Call:
    came_s = None if visit.already_inside else visit.entered.est_s
    over = visit.exited is not None and not visit.already_inside and not node.is_end
    return Call(
        node=node,
        from_side="",
        came_s=came_s,
        went_s=visit.exited.est_s if visit.exited else None,
        came_km=node.low_km,
        went_km=node.low_km,
        wait=visit.dwell if over else None,
    )


def _well_known(wait: Dwell) -> bool:
    if wait.max_s is None:
        return False
    return wait.max_s - wait.min_s <= max(UNSURE_S, UNSURE_SHARE * wait.est_s)


def _runs(way: Way, calls: Sequence[Call]) -> Iterator[tuple[Mode, float, float]]:
    """Seconds per km from node to node, where the whole way between is of one mode; and when half of that was over."""
    for before, after in pairwise(calls):
        if before.went_s is None or after.came_s is None or after.came_s <= before.went_s:
            continue
        modes = way.modes(before.went_km, after.came_km)
        length_km = sum(modes.values())
        if len(modes) == 1 and length_km >= LEAST_RUN_KM:
            (mode,) = modes
            yield mode, (after.came_s - before.went_s) / length_km, (before.went_s + after.came_s) / 2
