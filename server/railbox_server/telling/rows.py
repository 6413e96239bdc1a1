"""Rows of the ledger as the values of telling, and back. Pure; knows the columns alone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from railbox_server.telling.model import Action, Fact, Kind, Notice, Story

COLUMNS: Final = (
    "number, story, revision, action, unit, kind, places, start_s, end_s, body, told_at_s, "
    "delivery, attempts, next_at_ms, answer"
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A notice with what became of it. `number` counts notices; `answer`: what the receiver said last, or why not."""

    number: int
    notice: Notice
    delivery: str
    attempts: int
    next_at_ms: int
    answer: str | None


def story_row(story: Story) -> tuple[object, ...]:
    fact = story.fact
    return (
        story.id, fact.unit, fact.kind.value, json.dumps(fact.where), fact.start_s, fact.end_s, _text(fact),
        story.revision, story.differs_since_s,
    )  # fmt: skip


def notice_row(notice: Notice, delivery: str) -> tuple[object, ...]:
    fact = notice.fact
    return (
        notice.story, notice.revision, notice.action.value, fact.unit, fact.kind.value, json.dumps(fact.where),
        fact.start_s, fact.end_s, _text(fact), notice.told_at_s, delivery,
    )  # fmt: skip


def _text(fact: Fact) -> str:
    return json.dumps(dict(fact.body), ensure_ascii=False, separators=(",", ":"))


def fact_of(kind: str, unit: str, places: str, start_s: int, end_s: int | None, body: str) -> Fact:
    return Fact(Kind(kind), unit, tuple(json.loads(places)), start_s, end_s, json.loads(body))


def posted_of(row: Sequence[Any]) -> Posted:
    number, story, revision, action, unit, kind, places, start_s, end_s, body, told_at_s, *delivery = row
    fact = fact_of(kind, unit, places, start_s, end_s, body)
    return Posted(number, Notice(story, revision, Action(action), fact, told_at_s), *delivery)
