"""The values of telling: facts (true now), stories (what was told of one thing so far), notices (one telling)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Body = Mapping[str, Any]
"""What a fact says, as JSON: the fields of the row that it comes from."""


class Kind(StrEnum):
    """What a notice can be about."""

    FLAG = "flag"
    NO_CONTACT = "no_contact"
    DOOR = "door"
    SHOCK = "shock"
    LIGHT = "light"
    TILT = "tilt"
    VISIT = "visit"
    CROSSING = "crossing"


INCIDENTS: Final = {
    "door_opened": Kind.DOOR,
    "shock": Kind.SHOCK,
    "light_breach": Kind.LIGHT,
    "tilt": Kind.TILT,
}
"""Custody's incidents by the event's name."""
AT_ONCE: Final = frozenset(INCIDENTS.values())
"""First told without waiting: a door does not become more open by staying so."""
PASSING: Final = frozenset({Kind.NO_CONTACT})
"""What was true as long as it was told: it ends, it is not retracted."""


class Action(StrEnum):
    """What a notice says of its story."""

    TOLD = "told"
    REVISED = "revised"
    RETRACTED = "retracted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is true of a unit, from `start_s` to `end_s` (None: it lasts), in one of the places `where`."""

    kind: Kind
    unit: str
    where: tuple[str, ...]
    start_s: int
    end_s: int | None
    body: Body


@dataclass(frozen=True, slots=True)
class Story:
    """All that was told of one thing: `fact` as it was told last, in `revision` notices.

    `revision` 0: nothing yet. `differs_since_s`: since when (by the host) what is true differs from what was told.
    """

    id: str
    fact: Fact
    revision: int = 0
    differs_since_s: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One telling. A retraction carries what is taken back, so that nobody has to remember it."""

    story: str
    revision: int
    action: Action
    fact: Fact
    told_at_s: int

    @property
    def stands(self) -> bool:
        """What it tells is true until another notice of its story says otherwise."""
        return self.action in (Action.TOLD, Action.REVISED)


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """What keeps telling calm. The figures are the settings' (settings.py explains them)."""

    hold_s: int = 300
    revise_s: int = 900
    revise_value: float = 0.5
    """What a mean or an extreme of the condition must differ by, in its unit."""
    settle_s: int = 90 * 86_400


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long notices are kept, and how many at most, once nothing changes them any more."""

    keep_s: int = 400 * 86_400
    most: int = 1_000_000
