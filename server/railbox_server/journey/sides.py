"""On which side of a border a unit is, and when that changed: the passages of the border's line. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from railbox_server.journey.episodes import SideSpan
from railbox_server.journey.judging import bounds
from railbox_server.journey.model import Bounds, Settings, Step, Waypoint
from railbox_server.journey.network import OFF_CORRIDOR_M, BorderArea
from railbox_server.journey.path import during


class Seen(NamedTuple):
    """Surely on one side of a border, from the first to the last of these waypoints."""

    side: int
    first: Waypoint
    last: Waypoint


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit changed from one side to the other between waypoints `before` (where it was last seen on its side, or
    got lost) and `after`; `way` are the steps that are known of that. `came` and `went` are when it probably came to
    the border and went on, for sides where nobody saw it.
    """

    from_side: int
    to_side: int
    before: Waypoint
    after: Waypoint
    way: Sequence[Step]
    when: Bounds
    came: Bounds
    went: Bounds
    is_dark: bool
    """Whether nobody saw any of it. Who was seen meanwhile, even far off the corridor, was elsewhere."""


def seen_sides(number: int, spans: Iterable[SideSpan], before: Seen | None) -> list[Seen]:
    """The sure sides of area `number` in time order, `before` (where it last was) included; neighbours differ."""
    found = [] if before is None else [before]
    for sides, first, last in spans:
        side = sides[number]
        if side is None:
            continue
        if found and found[-1].side == side:
            found[-1] = Seen(side, found[-1].first, last)
        else:
            found.append(Seen(side, first, last))
    return found


def passages(
    area: BorderArea, seen: Sequence[Seen], sighted_s: Sequence[float], steps: Sequence[Step], settings: Settings
) -> list[Passage]:
    """`sighted_s`: in order, when the unit was last seen on some corridor; `steps`: those of the time in question that
    are dark, or that do not stay on one side.
    """
    return [_passage(area, a, b, sighted_s, steps, settings) for a, b in pairwise(seen)]


def _passage(
    area: BorderArea, a: Seen, b: Seen, sighted_s: Sequence[float], steps: Sequence[Step], settings: Settings
) -> Passage:
    before, after = a.last, b.first
    way = _between(steps, before, after)
    went_dark = _went_dark(after, way)
    if went_dark is not None and _is_lost(area, before, went_dark, sighted_s):
        before, way = went_dark, _between(steps, went_dark, after)
    when = _when(area, before, after, way, 1.0 if b.side == 1 else -1.0, settings)
    came = went = when
    is_dark = went_dark == before
    if is_dark:
        came_s, line_s, went_s = _unseen(area, before, after, settings)
        came, when, went = (bounds(when.earliest_s, est_s, when.latest_s) for est_s in (came_s, line_s, went_s))
    return Passage(a.side, b.side, before, after, way, when, came, went, is_dark)


def _between(steps: Sequence[Step], before: Waypoint, after: Waypoint) -> list[Step]:
    return [
        step
        for step in during(steps, before.time_s, after.time_s)
        if step.start.time_s >= before.time_s and step.end.time_s <= after.time_s
    ]


def _went_dark(after: Waypoint, way: Sequence[Step]) -> Waypoint | None:
    """From where nothing but dark steps led to a waypoint; None: the last step there was seen."""
    since: Waypoint | None = None
    for step in reversed(way):
        if step.continuous or step.end.time_s != (after if since is None else since).time_s:
            break
        since = step.start
    return since


def _is_lost(area: BorderArea, before: Waypoint, here: Waypoint, sighted_s: Sequence[float]) -> bool:
    """Whether a unit is off every corridor and has been since `before`: then no one can say how it went on.

    Who was seen on another corridor meanwhile went that way.
    """
    last_s = sighted_s[bisect_right(sighted_s, here.time_s) - 1]
    return last_s <= before.time_s < here.time_s and area.off_m(here) > OFF_CORRIDOR_M


def _when(
    area: BorderArea, before: Waypoint, after: Waypoint, way: Sequence[Step], ahead: float, settings: Settings
) -> Bounds:
    """The line lies between the last time surely before it and the first time surely beyond it."""
    earliest_s, latest_s = before.time_s, after.time_s
    est_s, latest_found = None, False
    for step in way:
        from_m, to_m = ahead * area.ahead_m(step.start), ahead * area.ahead_m(step.end)
        if est_s is None and from_m <= 0 < to_m:
            est_s = _time_at(step, from_m, to_m, 0.0)
        if step.continuous and step.end.time_s - step.start.time_s > settings.sampled_s:
            margin_m = max(step.start.margin_m, step.end.margin_m)
            if from_m <= -margin_m < to_m:
                earliest_s = max(earliest_s, _time_at(step, from_m, to_m, -margin_m))
            if from_m < margin_m <= to_m and not latest_found:
                latest_s, latest_found = min(latest_s, _time_at(step, from_m, to_m, margin_m)), True
    return bounds(earliest_s, (earliest_s + latest_s) / 2 if est_s is None else est_s, latest_s)


def _time_at(step: Step, from_m: float, to_m: float, at_m: float) -> float:
    return step.start.time_s + (at_m - from_m) / (to_m - from_m) * (step.end.time_s - step.start.time_s)


def _unseen(area: BorderArea, before: Waypoint, after: Waypoint, settings: Settings) -> tuple[float, float, float]:
    """When a unit that was dark probably came to the border, passed its line, and went on.

    It travelled at the usual speed, and stood at the borders on its way, equally long at each.
    """
    a_km, b_km = area.km(before), area.km(after)
    low_km, high_km = min(a_km, b_km), max(a_km, b_km)
    met = [border for border in area.chain.corridor.borders if low_km < border.km < high_km]
    earlier = [border for border in met if abs(border.km - a_km) < abs(area.border.km - a_km)]
    to_line_km = min(abs(area.border.km - a_km), high_km - low_km)
    time_s = after.time_s - before.time_s
    travel_s = min(time_s, (high_km - low_km) * 1_000 / settings.travel_mps)
    stand_s = (time_s - travel_s) / max(1, len(met))
    came_s = before.time_s + travel_s * (to_line_km / ((high_km - low_km) or 1.0)) + stand_s * len(earlier)
    return came_s, came_s + stand_s / 2, came_s + stand_s
