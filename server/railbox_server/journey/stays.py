"""Stays inside a zone: one state machine over what is sure (inside, outside), with bounds for entry and exit.

Between a sure outside and a sure inside lies the entry; when exactly, the straight line tells. A short excursion does
not end a stay. Pure; knows times, not where anything is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from railbox_server.journey.model import Settings, Step
from railbox_server.journey.path import during


class Sure(NamedTuple):
    """From when until when the unit is surely inside, or surely outside, and then whether far out.

    A guess is of a unit that by the straight line came inside between two samples: not sure, when least of all. Its
    `from_s` is the later and its `to_s` the earlier of them: by then it had been, until then it was yet to be.
    """

    from_s: float
    to_s: float
    inside: bool
    far: bool = False

    @property
    def is_guess(self) -> bool:
        return self.from_s > self.to_s


class Near(NamedTuple):
    """A time near a zone: what was sure, and when the straight line was inside its edge; both in time order."""

    zone: str
    from_s: float
    to_s: float
    spans: Sequence[Sure]
    lines: Sequence[tuple[float, float]]


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
    earliest_s: float | None = None
    """Of the entry, where the dark shortly before may hide more of the stay; None: `last_out_s`."""
    latest_s: float | None = None
    """Of the exit, likewise; None: `first_out_s`."""

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
MayHide = Callable[[float, float], bool]
"""Whether the dark between two times outside was long enough to come inside and out again."""


@dataclass(slots=True)
class _Draft:
    last_out_s: float | None
    first_in_s: float
    last_in_s: float
    first_out_s: float | None = None
    earliest_s: float | None = None
    latest_s: float | None = None

    def extend(self, sure: Sure) -> None:
        """A guess makes no bound narrower, and the first that is sure takes the place of guesses."""
        self.first_out_s = self.latest_s = None
        if not sure.is_guess:
            if self.first_in_s > self.last_in_s:
                self.first_in_s = sure.from_s
            self.last_in_s = sure.to_s


class _Outside:
    """The time surely outside before or after a stay, as far as no dark may hide that it was inside.

    An excursion that short does not end a stay: so one before it, or after it, in the dark may be the same.
    """

    def __init__(self, settings: Settings, may_hide: MayHide) -> None:
        self._settings = settings
        self._may_hide = may_hide
        self.since_s: float | None = None
        self.to_s: float | None = None
        self.before_s: float | None = None
        """The last time outside before the dark that may hide a stay; None: there is none."""
        self._far = False

    @property
    def is_short(self) -> bool:
        """Too short to part two stays."""
        if self.since_s is None or self.to_s is None or self._far:
            return False
        return self.to_s - self.since_s <= self._settings.excursion_s

    def take(self, sure: Sure) -> bool:
        """Goes on outside; true where the dark between may hide a stay that it was too short to part from."""
        hides = self.to_s is not None and self._may_hide(self.to_s, sure.from_s)
        was_short = self.is_short
        if hides:
            self.before_s = self.before_s if was_short and self.before_s is not None else self.to_s
        if hides or self.since_s is None:
            self.since_s, self._far = sure.from_s, False
        self.to_s, self._far = sure.to_s, self._far or sure.far
        return hides and was_short

    def end(self) -> None:
        """It is inside."""
        self.since_s = self.to_s = self.before_s = None
        self._far = False


class _Machine:
    """Runs the table over sure spans in time order."""

    def __init__(self, settings: Settings, elsewhere: ElsewhereBetween, may_hide: MayHide) -> None:
        self._settings = settings
        self._elsewhere = elsewhere
        self._outside = _Outside(settings, may_hide)
        self._state = State.OUTSIDE
        self._draft: _Draft | None = None
        self._last_out_s: float | None = None
        self.drafts: list[_Draft] = []

    def take(self, sure: Sure) -> None:
        if not sure.inside:
            may_go_on = self._outside.take(sure)
            if may_go_on and self._draft is not None and self._draft.first_out_s is not None:
                self._draft.latest_s = sure.from_s
            self._step(Input.OUTSIDE, sure)
        if self._is_gone(sure):
            self._step(Input.GONE, sure)
        if sure.inside:
            self._step(Input.INSIDE, sure)
            self._outside.end()
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
        return too_long or sure.far or self._elsewhere(since_s, until_s)

    def _step(self, cause: Input, sure: Sure) -> None:
        self._state, action = TRANSITIONS[self._state, cause]
        if action is Action.OPEN:
            earliest_s = self._outside.before_s if self._outside.is_short else None
            self._draft = _Draft(self._last_out_s, sure.from_s, sure.to_s, earliest_s=earliest_s)
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


def stays(
    near: Near,
    dark: Sequence[Step],
    settings: Settings,
    elsewhere: ElsewhereBetween,
    may_hide: MayHide,
    *,
    goes_on: bool,
) -> list[Stay]:
    """The stays while the unit was near a zone. `dark`: the dark steps of that time, perhaps among others.

    `goes_on`: afterwards the path leads on, away from the zone.
    """
    machine = _Machine(settings, elsewhere, may_hide)
    for span in near.spans:
        machine.take(span)
    machine.end(goes_on)
    return [_stay(near, dark, draft, settings) for draft in machine.drafts]


def _stay(near: Near, dark: Sequence[Step], draft: _Draft, settings: Settings) -> Stay:
    out_s, in_s = draft.last_out_s, draft.first_in_s
    entry_s = in_s if out_s is None else _line_time(near, out_s, in_s, entering=True)
    exit_s = None
    if draft.first_out_s is not None:
        exit_s = _line_time(near, draft.last_in_s, draft.first_out_s, entering=False)
    dark_s = _dark_s(dark, in_s, draft.last_in_s, settings.dark_inside_s)
    latest_s = None if exit_s is None else draft.latest_s
    return Stay(out_s, entry_s, in_s, draft.last_in_s, exit_s, draft.first_out_s, dark_s, draft.earliest_s, latest_s)


def _line_time(near: Near, from_s: float, to_s: float, *, entering: bool) -> float:
    """When the straight line crosses the zone's edge: into it for the last time, or out of it for the first time."""
    insides = [(start_s, end_s) for start_s, end_s in near.lines if start_s <= to_s and end_s >= from_s]
    if not insides:
        return (from_s + to_s) / 2
    return max(from_s, insides[-1][0]) if entering else min(to_s, insides[0][1])


def _dark_s(steps: Sequence[Step], from_s: float, to_s: float, longest_s: float) -> float:
    return sum(
        step.end.time_s - step.start.time_s
        for step in during(steps, from_s, to_s)
        if not step.continuous
        and step.start.time_s >= from_s
        and step.end.time_s <= to_s
        and step.end.time_s - step.start.time_s > longest_s
    )
