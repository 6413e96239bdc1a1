"""What is told: stories so far and what is true now in, notices out. Pure; time is an argument.

One rule: what differs from what was told is told once it has differed for `hold_s`. What was never told counts as told
to be nothing, what is true no more as nothing to tell; so flapping tells nobody anything.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from railbox_server.telling.alike import alike
from railbox_server.telling.matching import match
from railbox_server.telling.model import AT_ONCE, PASSING, Action, Fact, Hysteresis, Notice, Story


def drawn() -> str:
    """An id for a story: what is true again later is another one, so nothing that it is about could name it."""
    return str(uuid4())


@dataclass(frozen=True, slots=True)
class Outcome:
    """`stories`: those that are still told or about to be; `closed`: ids of those that are over, or were never told.

    `due_s`: when to look again though nothing changes; None: there is no need to.
    """

    stories: tuple[Story, ...]
    closed: tuple[str, ...]
    notices: tuple[Notice, ...]
    due_s: int | None


@dataclass(frozen=True, slots=True)
class Now:
    """`host_s`: what flaps does so by arrival, so holding goes by the host. `clock_s`: the journeys' own time.

    `let_go_until_s`: what ended by then may have been told and forgotten; None: nothing was forgotten. `data_since_s`:
    of what ended before, data may have been let go, so nobody could tell whether it is still true.
    """

    host_s: int
    clock_s: int
    let_go_until_s: int | None = None
    data_since_s: float = float("-inf")


def step(
    stories: Sequence[Story], facts: Iterable[Fact], now: Now, calm: Hysteresis, draw: Callable[[], str] = drawn
) -> Outcome:
    """Of one unit."""
    pairs, unfounded, news = match(stories, facts)
    kept: list[Story] = []
    closed: list[str] = []
    notices: list[Notice] = []
    for story, fact in pairs:
        after, notice = _go_on(story, fact, now, calm)
        kept.append(after)
        notices += [notice] if notice else []
    for story in unfounded:
        rest, notice = _take_back(story, now, calm)
        kept += [rest] if rest else []
        closed += [] if rest else [story.id]
        notices += [notice] if notice else []
    for fact in news:
        if not (_is_settled(fact, now, calm) or _is_forgotten(fact, now)):
            after, notice = _go_on(Story(draw(), fact, differs_since_s=now.host_s), fact, now, calm)
            kept.append(after)
            notices += [notice] if notice else []
    due = [since_s + _hold_s(story, calm) for story in kept if (since_s := story.differs_since_s) is not None]
    return Outcome(tuple(kept), tuple(closed), tuple(sorted(notices, key=_told_order)), min(due, default=None))


def _go_on(story: Story, fact: Fact, now: Now, calm: Hysteresis) -> tuple[Story, Notice | None]:
    """The story of something that is true."""
    if story.revision and (_is_settled(fact, now, calm) or _says_same(story.fact, fact, calm)):
        return replace(story, differs_since_s=None), None
    since_s = _since(story, now)
    if now.host_s - since_s < _hold_s(story, calm):
        return replace(story, differs_since_s=since_s), None
    action = Action.REVISED if story.revision else Action.TOLD
    told = Story(story.id, fact, story.revision + 1)
    return told, Notice(told.id, told.revision, action, fact, now.host_s)


def _take_back(story: Story, now: Now, calm: Hysteresis) -> tuple[Story | None, Notice | None]:
    """The story of something that is not true, or not any more."""
    if not story.revision:
        return None, None
    if _is_settled(story.fact, now, calm):
        return replace(story, differs_since_s=None), None
    since_s = _since(story, now)
    if now.host_s - since_s < _hold_s(story, calm):
        return replace(story, differs_since_s=since_s), None
    action = Action.ENDED if story.fact.kind in PASSING else Action.RETRACTED
    return None, Notice(story.id, story.revision + 1, action, story.fact, now.host_s)


def _says_same(told: Fact, true: Fact, calm: Hysteresis) -> bool:
    if (told.end_s is None) != (true.end_s is None):
        return False
    return told.body == true.body or alike(_lasting(told), _lasting(true), calm)


def _lasting(fact: Fact) -> dict[str, object]:
    """Of its body what the mere passing of time does not change."""
    return {name: value for name, value in fact.body.items() if fact.end_s is not None or name not in GROWING}


GROWING: Final = frozenset({"dwell_min_s", "dwell_est_s", "dwell_max_s", "dwell_by_side", "no_contact_since"})
"""Of what lasts: as of when it was told."""


def _is_settled(fact: Fact, now: Now, calm: Hysteresis) -> bool:
    """Over for so long that nothing is told of it any more, or before what data goes back to."""
    settled_s = max(now.clock_s - calm.settle_s, now.data_since_s)
    return fact.end_s is not None and fact.end_s < settled_s


def _is_forgotten(fact: Fact, now: Now) -> bool:
    """Though it be settled no more, since the settings are others: what was told once is not told again as news."""
    return fact.end_s is not None and now.let_go_until_s is not None and fact.end_s <= now.let_go_until_s


def _since(story: Story, now: Now) -> int:
    return now.host_s if story.differs_since_s is None else min(now.host_s, story.differs_since_s)


def _hold_s(story: Story, calm: Hysteresis) -> int:
    return 0 if not story.revision and story.fact.kind in AT_ONCE else calm.hold_s


def _told_order(notice: Notice) -> tuple[object, ...]:
    """What is taken back comes first, then as it happened."""
    return notice.stands, notice.fact.start_s, notice.fact.kind, notice.story
