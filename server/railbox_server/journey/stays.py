"""Stays inside a zone: one state machine over what is sure (inside, outside), with bounds for entry and exit.

Between a sure outside and a sure inside lies the entry; when exactly, the straight line tells. A short excursion does
not end a stay. Pure; knows zones and steps, not places or borders.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from railbox_server.journey.model import Settings, Step
from railbox_server.journey.path import during
from railbox_server.journey.zones import Sight, Zone


class Sure(NamedTuple):
    """From when until when the unit is surely inside, or surely outside, and then how far out.

    A guess is of a unit that by the straight line came inside between two samples: not sure, when least of all. Its
    `from_s` is the later and its `to_s` the earlier of them: by then it had been, until then it was yet to be.
    """

    from_s: float
    to_s: float
    inside: bool
    out_m: float = 0.0

    @property
    def is_guess(self) -> bool:
        return self.from_s > self.to_s


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

    def extend(self, sure: Sure) -> None:
        """A guess makes no bound narrower, and the first that is sure takes the place of guesses."""
        self.first_out_s = None
        if not sure.is_guess:
            if self.first_in_s > self.last_in_s:
                self.first_in_s = sure.from_s
            self.last_in_s = sure.to_s


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
        if not sure.inside:
            self._step(Input.OUTSIDE, sure)
        if self._is_gone(sure):
            self._step(Input.GONE, sure)
        if sure.inside:
            self._step(Input.INSIDE, sure)
        else:
            self._last_out_s = sure.to_s

    def end(self, gone: bool) -> None:
        """The path leads no nearer again (`gone`), or it ends here."""
        if self._draft is not None:
            if not (gone and self._state is State.AWAY):
                self._draft.first_out_s = None
            self.drafts.append(self._draft)

    def _is_gone(self, sure: Sure) -> bool:
        since_s = self._draft.first_out_s if self._draft is not None else None
        if since_s is None:
            return False
        until_s = sure.from_s if sure.inside else sure.to_s
        too_long = not sure.inside and until_s - since_s > self._settings.excursion_s
        return too_long or sure.out_m > self._settings.excursion_m or self._elsewhere(since_s, until_s)

    def _step(self, cause: Input, sure: Sure) -> None:
        self._state, action = TRANSITIONS[self._state, cause]
        if action is Action.OPEN:
            self._draft = _Draft(self._last_out_s, sure.from_s, sure.to_s)
            return
        draft = self._draft
        if action is Action.NOTHING or draft is None:
            return
        if action is Action.EXTEND:
            draft.extend(sure)
        elif action is Action.LEAVE:
            draft.first_out_s = sure.from_s
        else:
            self.drafts.append(draft)
            self._draft = None


def sure_spans(zone: Zone, run: Sequence[Step], settings: Settings) -> list[Sure]:
    """What is surely known along consecutive steps."""
    spans: list[Sure] = []
    end: Sight | None = None
    for step in run:
        start = end if end is not None and end.point == step.start else zone.sight(step.start)
        end = start if step.end == step.start else zone.sight(step.end)
        for span in _along(zone, step, start, end, settings):
            _append(spans, span)
    return spans


def _append(spans: list[Sure], span: Sure) -> None:
    """Adds a span, joined to the one before when nothing lies between them."""
    if spans:
        before = spans[-1]
        if before.inside == span.inside and before.to_s == span.from_s:
            spans[-1] = Sure(before.from_s, span.to_s, span.inside, max(before.out_m, span.out_m))
            return
    spans.append(span)


def _along(zone: Zone, step: Step, start: Sight, end: Sight, settings: Settings) -> Sequence[Sure]:
    """What is sure of one step, its end points included. Of a dark step only they are."""
    if not step.continuous:
        return [*_at(start), *_at(end)]
    # No point of the step is nearer to the edge, or farther from it, than the way through both ends allows.
    way_m = math.hypot(end.east_m - start.east_m, end.north_m - start.north_m)
    nearest_m, farthest_m = (start.outside_m + end.outside_m - way_m) / 2, (start.outside_m + end.outside_m + way_m) / 2
    margin_m = max(start.point.margin_m, end.point.margin_m)
    if farthest_m < -margin_m:
        return [Sure(start.point.time_s, end.point.time_s, True)]
    if nearest_m > margin_m:
        return [Sure(start.point.time_s, end.point.time_s, False, max(start.outside_m, end.outside_m))]
    if end.point.time_s - start.point.time_s > settings.sampled_s:
        return _along_line(zone, step, start, end)
    return _between_samples(zone, step, start, end)


def _at(sight: Sight) -> list[Sure]:
    inside, time_s = sight.inside, sight.point.time_s
    return [] if inside is None else [Sure(time_s, time_s, inside, max(0.0, sight.outside_m))]


def _between_samples(zone: Zone, step: Step, start: Sight, end: Sight) -> list[Sure]:
    """The ends; and when the line leads through the zone between them, that it was inside at some time."""
    margin_m = max(start.point.margin_m, end.point.margin_m)
    through = not start.inside and not end.inside and bool(zone.inside(step, -margin_m))
    between = [Sure(end.point.time_s, start.point.time_s, True)] if through else []
    return [*_at(start), *between, *_at(end)]


def _along_line(zone: Zone, step: Step, start: Sight, end: Sight) -> list[Sure]:
    """The straight line's spans: what thinning promises."""
    margin_m = max(start.point.margin_m, end.point.margin_m)
    from_s, length_s = step.start.time_s, step.end.time_s - step.start.time_s
    spans = [Sure(from_s + a * length_s, from_s + b * length_s, True) for a, b in zone.inside(step, -margin_m)]
    edges = [0.0, *(edge for span in zone.inside(step, margin_m) for edge in span), 1.0]
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        # A line that starts or ends within the margin has no outside there: its edge is its end.
        if b > a:
            out_m = max(start.outside_m if a == 0.0 else 0.0, end.outside_m if b == 1.0 else 0.0)
            spans.append(Sure(from_s + a * length_s, from_s + b * length_s, False, out_m))
    return sorted(spans)


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
    for step in during(run, from_s, to_s):
        start_s, length_s = step.start.time_s, step.end.time_s - step.start.time_s
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
        for step in during(run, from_s, to_s)
        if not step.continuous
        and step.start.time_s >= from_s
        and step.end.time_s <= to_s
        and step.end.time_s - step.start.time_s > longest_s
    )
