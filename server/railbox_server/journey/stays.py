"""Stays inside a zone: one state machine over what is sure (inside, outside), with bounds for entry and exit.

Between a sure outside and a sure inside lies the entry; when exactly, the straight line tells. A short excursion does
not end a stay. Pure; knows zones and steps, not places or borders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from railbox_server.journey.model import Settings, Step
from railbox_server.journey.zones import Zone


class Sure(NamedTuple):
    """A time span in which the unit is surely inside, or surely outside, and then how far out at its end."""

    from_s: float
    to_s: float
    inside: bool
    out_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Stay:
    """Seconds, exact. `last_out_s` None: no outside is known before. `first_out_s` None: it lasts."""

    last_out_s: float | None
    entry_s: float
    first_in_s: float
    last_in_s: float
    exit_s: float | None
    first_out_s: float | None
    dark_s: float
    """Dark spans inside that are too long to count as surely stayed."""

    @property
    def lasts(self) -> bool:
        return self.first_out_s is None


class State(Enum):
    OUTSIDE = "outside"
    INSIDE = "inside"
    AWAY = "away"


class Input(Enum):
    INSIDE = "surely inside"
    OUTSIDE = "surely outside"
    GONE = "gone for good"
    """Outside too long, too far, or in another yard: what comes is another stay."""


class Action(Enum):
    NOTHING = ""
    OPEN = "open a stay"
    EXTEND = "extend it"
    LEAVE = "note its first outside"
    CLOSE = "close it"


TRANSITIONS: Final[dict[tuple[State, Input], tuple[State, Action]]] = {
    (State.OUTSIDE, Input.OUTSIDE): (State.OUTSIDE, Action.NOTHING),
    (State.OUTSIDE, Input.INSIDE): (State.INSIDE, Action.OPEN),
    (State.INSIDE, Input.INSIDE): (State.INSIDE, Action.EXTEND),
    (State.INSIDE, Input.OUTSIDE): (State.AWAY, Action.LEAVE),
    (State.AWAY, Input.OUTSIDE): (State.AWAY, Action.NOTHING),
    (State.AWAY, Input.INSIDE): (State.INSIDE, Action.EXTEND),
    (State.AWAY, Input.GONE): (State.OUTSIDE, Action.CLOSE),
}


def diagram() -> str:
    """The state machine as Mermaid text, drawn from its own table."""
    rows = [
        f"    {state.value} --> {after.value}: {cause.value}{' / ' + action.value if action.value else ''}"
        for (state, cause), (after, action) in TRANSITIONS.items()
    ]
    return "\n".join(["stateDiagram-v2", "    [*] --> outside", *rows])


ElsewhereBetween = Callable[[float, float], bool]
"""Whether the unit was surely inside another yard in a time span."""


@dataclass(slots=True)
class _Draft:
    last_out_s: float | None
    first_in_s: float
    last_in_s: float
    first_out_s: float | None = None


class _Machine:
    """Runs the table over sure spans in time order."""

    def __init__(self, settings: Settings, elsewhere: ElsewhereBetween) -> None:
        self._settings = settings
        self._elsewhere = elsewhere
        self._state = State.OUTSIDE
        self._draft: _Draft | None = None
        self._last_out_s: float | None = None
        self.drafts: list[_Draft] = []

    def take(self, sure: Sure) -> None:
        if self._state is State.AWAY and self._is_gone(sure):
            self._step(Input.GONE, sure)
        self._step(Input.INSIDE if sure.inside else Input.OUTSIDE, sure)
        if not sure.inside:
            if self._state is State.AWAY and self._is_gone(sure):
                self._step(Input.GONE, sure)
            self._last_out_s = sure.to_s

    def end(self, gone: bool) -> None:
        """The path leads no nearer again (`gone`), or it ends here."""
        if self._draft is not None:
            if not (gone and self._state is State.AWAY):
                self._draft.first_out_s = None
            self.drafts.append(self._draft)

    def _is_gone(self, sure: Sure) -> bool:
        assert self._draft is not None
        assert self._draft.first_out_s is not None
        since_s = self._draft.first_out_s
        until_s = sure.from_s if sure.inside else sure.to_s
        if self._elsewhere(since_s, until_s):
            return True
        if sure.inside:
            return False
        return until_s - since_s > self._settings.excursion_s or sure.out_m > self._settings.excursion_m

    def _step(self, cause: Input, sure: Sure) -> None:
        self._state, action = TRANSITIONS[self._state, cause]
        if action is Action.OPEN:
            self._draft = _Draft(self._last_out_s, sure.from_s, sure.to_s)
            return
        draft = self._draft
        if action is Action.NOTHING or draft is None:
            return
        if action is Action.EXTEND:
            draft.last_in_s, draft.first_out_s = sure.to_s, None
        elif action is Action.LEAVE:
            draft.first_out_s = sure.from_s
        else:
            self.drafts.append(draft)
            self._draft = None


def sure_spans(zone: Zone, run: Sequence[Step]) -> list[Sure]:
    """What is surely known along consecutive steps. Of a dark step only its ends are."""
    spans: list[Sure] = []
    for number, step in enumerate(run):
        if step.continuous:
            found = _along_step(zone, step)
        else:
            found = _at_waypoint(zone, Step(step.start, step.start, True)) if number == 0 else []
            found += _at_waypoint(zone, Step(step.end, step.end, True))
        for span in found:
            _append(spans, span)
    return spans


def _append(spans: list[Sure], span: Sure) -> None:
    """Adds a span, joined to the one before when nothing lies between them."""
    if spans and spans[-1].inside == span.inside and spans[-1].to_s == span.from_s:
        span = Sure(spans[-1].from_s, span.to_s, span.inside, max(spans[-1].out_m, span.out_m))
        spans.pop()
    spans.append(span)


def _at_waypoint(zone: Zone, still: Step) -> list[Sure]:
    time_s, margin_m = still.start.time_s, still.start.margin_m
    if zone.inside(still, -margin_m):
        return [Sure(time_s, time_s, True)]
    if zone.inside(still, margin_m):
        return []
    return [Sure(time_s, time_s, False, zone.distance_m(still.start))]


def _along_step(zone: Zone, step: Step) -> list[Sure]:
    if step.start.time_s == step.end.time_s:
        return _at_waypoint(zone, step)
    margin_m = max(step.start.margin_m, step.end.margin_m)
    near = zone.inside(step, margin_m)
    if not near:
        return [Sure(step.start.time_s, step.end.time_s, False, _farthest_m(zone, step))]
    from_s, length_s = step.start.time_s, step.end.time_s - step.start.time_s
    spans = [Sure(from_s + a * length_s, from_s + b * length_s, True) for a, b in zone.inside(step, -margin_m)]
    edges = [0.0, *(edge for span in near for edge in span), 1.0]
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        # A line that starts or ends within the margin has no outside there: its edge is its end.
        if b > a:
            out_m = zone.distance_m(step.end if b == 1.0 else step.start) if a == 0.0 or b == 1.0 else 0.0
            spans.append(Sure(from_s + a * length_s, from_s + b * length_s, False, out_m))
    return sorted(spans)


def _farthest_m(zone: Zone, step: Step) -> float:
    """The farther end: the distance from a convex zone is greatest at an end of a straight line."""
    return max(zone.distance_m(step.start), zone.distance_m(step.end))


def stays(
    zone: Zone,
    run: Sequence[Step],
    spans: Sequence[Sure],
    *,
    goes_on: bool,
    settings: Settings,
    elsewhere: ElsewhereBetween,
) -> list[Stay]:
    """The stays along consecutive steps near the zone, of which `spans` are the sure spans.

    `goes_on`: after the last of the steps the path leads on, away from the zone.
    """
    machine = _Machine(settings, elsewhere)
    for span in spans:
        machine.take(span)
    machine.end(goes_on)
    return [_stay(zone, run, draft, settings) for draft in machine.drafts]


def _stay(zone: Zone, run: Sequence[Step], draft: _Draft, settings: Settings) -> Stay:
    out_s, in_s = draft.last_out_s, draft.first_in_s
    entry_s = in_s if out_s is None else _line_time(zone, run, out_s, in_s, entering=True)
    exit_s = None
    if draft.first_out_s is not None:
        exit_s = _line_time(zone, run, draft.last_in_s, draft.first_out_s, entering=False)
    dark_s = _dark_s(run, in_s, draft.last_in_s, settings.dark_inside_s)
    return Stay(out_s, entry_s, in_s, draft.last_in_s, exit_s, draft.first_out_s, dark_s)


def _line_time(zone: Zone, run: Sequence[Step], from_s: float, to_s: float, *, entering: bool) -> float:
    """When the straight line crosses the zone's edge: into it for the last time, or out of it for the first time."""
    insides: list[tuple[float, float]] = []
    for step in run:
        start_s, length_s = step.start.time_s, step.end.time_s - step.start.time_s
        if step.end.time_s < from_s or start_s > to_s:
            continue
        for a, b in zone.inside(step, 0.0):
            span = max(from_s, start_s + a * length_s), min(to_s, start_s + b * length_s)
            if insides and span[0] <= insides[-1][1]:
                insides[-1] = insides[-1][0], max(span[1], insides[-1][1])
            elif span[0] <= span[1]:
                insides.append(span)
    if not insides:
        return (from_s + to_s) / 2
    return insides[-1][0] if entering else insides[0][1]


def _dark_s(run: Sequence[Step], from_s: float, to_s: float, longest_s: float) -> float:
    return sum(
        step.end.time_s - step.start.time_s
        for step in run
        if not step.continuous
        and step.start.time_s >= from_s
        and step.end.time_s <= to_s
        and step.end.time_s - step.start.time_s > longest_s
    )
