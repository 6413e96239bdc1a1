"""Visits, crossings and flags of units kept up to date: what a change says anew, as the rows that differ.

The bridge between the store's knots, the engine's book and the pure history. What is open is in memory, so that the
clock alone can judge it. Decides nothing itself.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from railbox_server.custody.spans import end_s, start_s
from railbox_server.engine.book import Book, waypoint
from railbox_server.engine.changes import Change
from railbox_server.engine.unit_knots import UnitKnots
from railbox_server.fleet import Assignment
from railbox_server.journey.history import FIRST_PAD_S, History, TimeSpan, joined
from railbox_server.journey.judging import clock_of
from railbox_server.journey.model import Bounds, Crossing, Settings, Visit, Waypoint
from railbox_server.journey.network import Network
from railbox_server.journey.rejudge import crossing_at, visit_at
from railbox_server.journey.report import crossing_row, visit_row
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import DerivedChange, Row, Untrusted

ALWAYS: Final = (-math.inf, math.inf)
DUE_GAP_S: Final = 3_600.0


@dataclass(slots=True)
class New:
    """What is new of a unit. `spans`: by device; None: all of it may be. `stored`: by outbox, as Change has it."""

    spans: dict[str, list[TimeSpan]] | None = field(default_factory=dict[str, list[TimeSpan]])
    stored: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, change: Change) -> None:
        for epoch, count in change.stored:
            name = _outbox(change.device, epoch)
            self.stored[name] = max(count, self.stored.get(name, 0))
        if not change.spans:
            self.spans = None
        elif self.spans is not None:
            self.spans.setdefault(change.device, []).extend(change.spans)


@dataclass(frozen=True, slots=True)
class Open:
    """What lasts of a unit, and when it was last heard of."""

    visits: tuple[Visit, ...]
    crossings: tuple[Crossing, ...]
    contact_s: int

    def at(self, now_s: int, settings: Settings) -> "Open":
        clock = clock_of(now_s, self.contact_s, settings)
        return Open(
            tuple([visit_at(visit, clock) for visit in self.visits]),
            tuple([crossing_at(crossing, clock) for crossing in self.crossings]),
            self.contact_s,
        )

    def flags(self) -> list[object]:
        """What somebody is to be told of when it is another thing."""
        return [(each.flag, each.no_contact_since_s) for each in (*self.visits, *self.crossings)]

    def rows(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        return tuple(map(visit_row, self.visits)), tuple(map(crossing_row, self.crossings))


@dataclass(frozen=True, slots=True)
class News:
    """`last_moved`: the newest trusted place is another one. `open_moved`: so may be what is open."""

    change: DerivedChange
    last: Waypoint | None
    last_moved: bool
    open_moved: bool
    open: Open | None
    """None, too, where it has not moved."""


class Keeper:
    def __init__(self, store: JourneyStore, book: Book, network: Network, settings: Settings) -> None:
        self.book = book
        self.settings = settings
        self._store = store
        self._network = network

    def update(self, unit: str, assignments: Sequence[Assignment], fresh: New, now_s: int) -> News:
        """What is new of a unit changes. To be called, and stored, while the book is written."""
        head: dict[str, Any] = self.book.head(unit)
        spans = fresh.spans
        anew = spans is None or not head or head["assigned"] != _assigned(assignments)
        if anew or spans is None:
            self.book.forget(unit)
            spans = {item.device: [ALWAYS] for item in assignments}
            # Counted before the knots are read: what is stored meanwhile is told of later.
            head = {"stored": self._stored(assignments), "due": {"path": [], "spans": []}}
        knots = UnitKnots(self._store, assignments, head.get("extents", {}))
        was_last = waypoint(head.get("last"))
        pages = self.book.of(unit, was_last)
        for device, own in spans.items():
            for from_s, to_s in joined(own, 0.0):
                # As the history reads it first: one reading serves both.
                knots.add_extents(knots.between(from_s - FIRST_PAD_S, to_s + FIRST_PAD_S, device))
        history = History(unit, knots, pages, self._network, self.settings)
        update = history.update(spans)
        old = [history.concluded(kept, update.was_last, now_s) for kept in update.gone]
        new = [history.concluded(kept, pages.last, now_s) for kept in update.new]
        old_visits, new_visits = [v for each in old for v in each.visits], [v for each in new for v in each.visits]
        old_crossings = [c for each in old for c in each.crossings]
        new_crossings = [c for each in new for c in each.crossings]
        doubts = update.trust_moved or update.doubts or anew
        judged = update.judged if doubts else []
        untrusted = {key: reason for device, span in judged for key, reason in history.untrusted(device, span).items()}
        change = DerivedChange(
            unit,
            tuple(visit_row(each) for each in old_visits if each not in new_visits),
            tuple(visit_row(each) for each in new_visits if each not in old_visits),
            tuple(crossing_row(each) for each in old_crossings if each not in new_crossings),
            tuple(crossing_row(each) for each in new_crossings if each not in old_crossings),
            tuple(judged),
            tuple(Untrusted(*key, reason) for key, reason in untrusted.items()),
            anew=anew,
        )
        moments = set(map(_moments, old_visits)) ^ set(map(_moments, new_visits))
        head |= {
            "assigned": _assigned(assignments),
            "stored": _most(head["stored"], fresh.stored),
            "last": pages.last,
            "extents": knots.by_track,
            "due": {
                "path": joined(map(_span, (*head["due"]["path"], *update.moved)), DUE_GAP_S),
                "spans": joined(
                    (
                        *map(_span, head["due"]["spans"]),
                        *update.moved,
                        *(span for own in spans.values() for span in own),
                        *((start_s(entered), end_s(exited)) for _, entered, exited, _ in moments),
                    ),
                    DUE_GAP_S,
                ),
            },
        }
        self.book.put_head(unit, head)
        moved = pages.last != was_last
        came_or_went = len(update.new) != len(update.gone)
        open_moved = moved or anew or came_or_went or any(map(pages.is_newest, update.new))
        now_open = self._open(history, pages.last, now_s) if open_moved else None
        return News(change, pages.last, moved, open_moved, now_open)

    def is_current(self, unit: str, assignments: Sequence[Assignment]) -> bool:
        """Whether all that is stored of a unit has been judged."""
        head = self.book.head(unit)
        return bool(head) and head["assigned"] == _assigned(assignments) and head["stored"] == self._stored(assignments)

    def is_concluded(self, unit: str) -> bool:
        """Whether nothing is due to be concluded."""
        return not any(self.book.head(unit).get("due", {}).values())

    def _stored(self, assignments: Sequence[Assignment]) -> dict[str, int]:
        states = [state for device in {item.device for item in assignments} for state in self._store.outboxes(device)]
        counts = {_outbox(state.outbox.device, state.outbox.epoch): len(state.ledger.stored) for state in states}
        return {name: count for name, count in counts.items() if count}

    def open(self, unit: str, assignments: Sequence[Assignment], now_s: int) -> Open | None:
        """What lasts of a unit; None: nothing does."""
        head = self.book.head(unit)
        last = waypoint(head.get("last"))
        knots = UnitKnots(self._store, assignments, head.get("extents", {}))
        return self._open(History(unit, knots, self.book.of(unit, last), self._network, self.settings), last, now_s)

    def last_s(self, unit: str) -> int | None:
        """The time of its newest trusted place."""
        last = waypoint(self.book.head(unit).get("last"))
        return None if last is None else int(last.time_s)

    def forget(self, unit: str) -> None:
        """The unit is no more."""
        with self.book.writing():
            self.book.forget(unit)

    def _open(self, history: History, last: Waypoint | None, now_s: int) -> Open | None:
        if last is None:
            return None
        found = history.newest(now_s)
        visits = tuple(visit for visit in found.visits if visit.exited is None)
        crossings = tuple(crossing for crossing in found.crossings if crossing.departed is None)
        return Open(visits, crossings, math.floor(last.time_s)) if visits or crossings else None


def _assigned(assignments: Sequence[Assignment]) -> list[list[Any]]:
    return [[item.device, item.span.from_s, item.span.to_s] for item in assignments]


def _outbox(device: str, epoch: int) -> str:
    return f"{device} {epoch}"


def _most(counts: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    return {name: max(counts.get(name, 0), others.get(name, 0)) for name in {**counts, **others}}


def _moments(visit: Visit) -> tuple[str, Bounds, Bounds | None, bool]:
    return visit.place.id, visit.entered, visit.exited, visit.already_inside


def _span(body: Sequence[float]) -> TimeSpan:
    from_s, to_s = body
    return from_s, to_s
