"""The moments of one passage of a border: arrived, left, crossed, reached, departed.

They come from the visits of its yards. A side without a yard, or whose yard was not visited, has the line's; a yard
that reaches over the line serves both sides. Where a visit may have gone unseen in the dark, the bounds say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from railbox_server.journey.judging import bounds
from railbox_server.journey.model import Bounds, Settings, Step, Visit
from railbox_server.journey.network import BorderArea
from railbox_server.journey.path import during
from railbox_server.journey.sides import Passage
from railbox_server.journey.stays import Stay
from railbox_server.journey.zones import Zone


@dataclass(frozen=True, slots=True)
class Moments:
    """None where they have not come."""

    arrived: Bounds
    left: Bounds | None = None
    crossed: Bounds | None = None
    reached: Bounds | None = None
    departed: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What a passage is judged by: the stay in the border's area it is part of, and the visits of its yards."""

    area: BorderArea
    steps: Sequence[Step]
    """Of that time: all that are dark, perhaps among others."""
    settings: Settings
    passage: Passage
    stay: Stay
    visits: Sequence[Visit]

    def of_side(self, side: int) -> list[Visit]:
        return [visit for visit in self.visits if visit.place.side == self.area.border.sides[side]]


def est_s(moment: Bounds) -> int:
    return moment.est_s or 0


def moments(scene: Scene) -> Moments:
    passage, stay = scene.passage, scene.stay
    line = passage.when
    near = [v for v in scene.of_side(passage.from_side) if _may_be_before(v.entered, line)]
    far = [v for v in scene.of_side(passage.to_side) if v.exited is None or _may_be_before(line, v.exited)]
    if near:
        arrived, left = _maybe_earlier(scene, near[0].entered), _maybe_later(scene, near[-1].exited)
    elif far and est_s(far[0].entered) < est_s(line):
        arrived = left = far[0].entered
    else:
        arrived, left = _unseen_before(scene)
    if far:
        reached, departed = _maybe_reached(scene, far[0].entered), _maybe_departed(scene, far[-1].exited)
        return Moments(arrived, left, line, reached, departed)
    if left is None or (stay.lasts and scene.area.yards[passage.to_side]):
        return Moments(arrived, left, line)
    if near and est_s(left) > est_s(line):
        return Moments(arrived, left, line, left, left)
    return Moments(arrived, left, line, *_unseen_after(scene))


def _may_be_before(a: Bounds, b: Bounds) -> bool:
    return a.earliest_s is None or b.latest_s is None or a.earliest_s < b.latest_s


# --- what the dark may hide beside a visit that was seen --------------------------------------------------------------


def _maybe_earlier(scene: Scene, arrived: Bounds) -> Bounds:
    """Not after the line, and earlier where the dark before may hide another visit of that side."""
    est = min(est_s(arrived), est_s(scene.passage.when))
    if arrived.earliest_s is None:
        return bounds(None, est, arrived.latest_s)
    hidden = _hidden(scene, scene.passage.from_side, _since_s(scene), arrived.earliest_s)
    return bounds(hidden[0].step.start.time_s if hidden else arrived.earliest_s, est, arrived.latest_s)


def _maybe_later(scene: Scene, left: Bounds | None) -> Bounds | None:
    """Later, where the dark until beyond the line may hide another visit of the side it left."""
    if left is None or left.latest_s is None:
        return left
    hidden = _hidden(scene, scene.passage.from_side, left.latest_s, scene.passage.after.time_s)
    return bounds(left.earliest_s, est_s(left), hidden[-1].step.end.time_s if hidden else left.latest_s)


def _maybe_reached(scene: Scene, reached: Bounds) -> Bounds:
    """Earlier, where the dark since before the line may hide another visit of the side it came to."""
    if reached.earliest_s is None:
        return reached
    hidden = _hidden(scene, scene.passage.to_side, scene.passage.before.time_s, reached.earliest_s)
    return bounds(hidden[0].step.start.time_s if hidden else reached.earliest_s, est_s(reached), reached.latest_s)


def _maybe_departed(scene: Scene, departed: Bounds | None) -> Bounds | None:
    """Not before the line, and later where the dark after may hide another visit of that side."""
    if departed is None or departed.latest_s is None:
        return departed
    hidden = _hidden(scene, scene.passage.to_side, departed.latest_s, _until_s(scene))
    est = max(est_s(departed), est_s(scene.passage.when))
    return bounds(departed.earliest_s, est, hidden[-1].step.end.time_s if hidden else departed.latest_s)


def _since_s(scene: Scene) -> float:
    stay = scene.stay
    return stay.first_in_s if stay.last_out_s is None else stay.last_out_s


def _until_s(scene: Scene) -> float:
    stay = scene.stay
    return stay.last_in_s if stay.first_out_s is None else stay.first_out_s


# --- what may have gone unseen ---------------------------------------------------------------------------------------


class _Hidden(NamedTuple):
    """A dark step in which a yard may have been visited: how long beyond the usual travel, and between when."""

    spare_s: float
    came_s: float
    went_s: float
    step: Step


def _unseen_before(scene: Scene) -> tuple[Bounds, Bounds]:
    """Arrived and left, where no visit was seen on the side the unit came from."""
    passage = scene.passage
    line = passage.when
    hidden = _hidden(scene, passage.from_side, _since_s(scene), passage.before.time_s)
    if not hidden:
        return passage.came if scene.area.yards[passage.from_side] else line, line
    likeliest = max(hidden)
    came_s, went_s = likeliest[1:3] if likeliest.spare_s > 0 else (est_s(line), est_s(line))
    earliest_s = hidden[0].step.start.time_s
    return (
        bounds(earliest_s, min(came_s, est_s(passage.came)), line.latest_s),
        bounds(earliest_s, min(went_s, est_s(line)), line.latest_s),
    )


def _unseen_after(scene: Scene) -> tuple[Bounds, Bounds]:
    """Reached and departed, where no visit was seen on the side the unit went to."""
    passage = scene.passage
    line = passage.when
    hidden = _hidden(scene, passage.to_side, passage.after.time_s, _until_s(scene))
    if not hidden:
        return line, passage.went if scene.area.yards[passage.to_side] else line
    likeliest = max(hidden)
    came_s, went_s = likeliest[1:3] if likeliest.spare_s > 0 else (est_s(line), est_s(line))
    latest_s = hidden[-1].step.end.time_s
    return (
        bounds(line.earliest_s, max(came_s, est_s(line)), latest_s),
        bounds(line.earliest_s, max(went_s, est_s(passage.went)), latest_s),
    )


def _hidden(scene: Scene, side: int, from_s: float, to_s: float) -> list[_Hidden]:
    """The dark steps of a time span in which one of a side's yards may have been visited."""
    return [
        hidden
        for step in during(scene.steps, from_s, to_s)
        if not step.continuous and step.start.time_s >= from_s and step.end.time_s <= to_s
        for zone in scene.area.yard_zones[side]
        if (hidden := _visit_in(step, zone, scene.settings)) is not None
    ]


def _visit_in(step: Step, yard: Zone, settings: Settings) -> _Hidden | None:
    """None where there was no time to go by the yard."""
    to_m, on_m = (max(0.0, yard.sight(point).outside_m) for point in (step.start, step.end))
    time_s = step.end.time_s - step.start.time_s
    if to_m + on_m > settings.max_speed_mps * time_s:
        return None
    came_s, went_s = step.start.time_s + to_m / settings.travel_mps, step.end.time_s - on_m / settings.travel_mps
    return _Hidden(went_s - came_s, came_s, went_s, step)
