"""Which story is about which fact: by overlap in place and time, never by ids, since late data may change those.

Pure. The outcome depends on the stories and facts alone, not on the order they are given in.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from railbox_server.telling.model import Fact, Story

_NEVER: Final = float("inf")

Pair = tuple[Story, Fact]
_Moment = tuple[object, ...]


def match(stories: Iterable[Story], facts: Iterable[Fact]) -> tuple[list[Pair], list[Story], list[Fact]]:
    """Pairs; stories that are about nothing that is true; facts of which there is no story.

    Each story has one fact at most and each fact one story: of a visit that late data splits, the part that begins
    nearest to what was told goes on as its story, the other is news.
    """
    pairs, lone_stories, lone_facts = _unchanged(stories, facts)
    lone_stories.sort(key=_story_order)
    lone_facts.sort(key=_order)
    lone_stories, lone_facts = _unmoved(lone_stories, lone_facts, pairs)
    for story, fact in sorted(_overlapping(lone_stories, lone_facts), key=_nearness):
        if story in lone_stories and fact in lone_facts:
            pairs.append((story, fact))
            lone_stories.remove(story)
            lone_facts.remove(fact)
    return pairs, lone_stories, lone_facts


def overlap(a: Fact, b: Fact) -> bool:
    """Whether both may be about the same thing."""
    return (
        (a.kind, a.unit) == (b.kind, b.unit)
        and not set(a.where).isdisjoint(b.where)
        and a.start_s <= _end(b)
        and b.start_s <= _end(a)
    )


def _unchanged(stories: Iterable[Story], facts: Iterable[Fact]) -> tuple[list[Pair], list[Story], list[Fact]]:
    """Pairs off what is just as it was told, which is nearly everything, before anything is sorted."""
    by_moment = _by_moment(stories)
    pairs: list[Pair] = []
    rest: list[Fact] = []
    for fact in facts:
        found = by_moment[_moment(fact)]
        same = next((story for story in found if story.fact.body == fact.body), None)
        if same is None:
            rest.append(fact)
        else:
            pairs.append((same, fact))
            found.remove(same)
    return pairs, [story for found in by_moment.values() for story in found], rest


def _unmoved(stories: list[Story], facts: list[Fact], pairs: list[Pair]) -> tuple[list[Story], list[Fact]]:
    """Pairs off what is where and when it was, though something else is said of it; returns the rest."""
    by_moment = _by_moment(stories)
    rest: list[Fact] = []
    for fact in facts:
        found = by_moment[_moment(fact)]
        if found:
            pairs.append((found.pop(0), fact))
        else:
            rest.append(fact)
    return [story for found in by_moment.values() for story in found], rest


def _by_moment(stories: Iterable[Story]) -> dict[_Moment, list[Story]]:
    found: dict[_Moment, list[Story]] = defaultdict(list)
    for story in stories:
        found[_moment(story.fact)].append(story)
    return found


def _overlapping(stories: Sequence[Story], facts: Sequence[Fact]) -> Iterator[Pair]:
    by_place: dict[tuple[str, str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        for place in fact.where:
            by_place[fact.kind, fact.unit, place].append(fact)
    for story in stories:
        told = story.fact
        near = {id(fact): fact for place in told.where for fact in by_place[told.kind, told.unit, place]}
        yield from ((story, fact) for fact in near.values() if overlap(told, fact))


def _nearness(pair: Pair) -> tuple[object, ...]:
    story, fact = pair
    return abs(story.fact.start_s - fact.start_s), _order(fact), _story_order(story)


def _order(fact: Fact) -> tuple[object, ...]:
    return fact.kind, fact.start_s, _end(fact), fact.where, repr(sorted(fact.body.items()))


def _story_order(story: Story) -> tuple[object, ...]:
    return *_order(story.fact), story.id


def _moment(fact: Fact) -> _Moment:
    return fact.kind, fact.unit, fact.where, fact.start_s, fact.end_s


def _end(fact: Fact) -> float:
    return _NEVER if fact.end_s is None else fact.end_s
