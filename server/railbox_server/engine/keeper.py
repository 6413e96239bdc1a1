"""Visits, crossings and flags of units kept up to date: what a change says anew, as the rows that differ.

The bridge between the store's knots, the engine's book and the pure history. What is open is in memory, so that the
clock alone can judge it. Decides nothing itself.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from railbox_server.engine.book import Book, Pages, Said, waypoint
from railbox_server.engine.changes import Change
from railbox_server.engine.unit_knots import UnitKnots
from railbox_server.fleet import Assignment
from railbox_server.journey.conclude import Concluded
from railbox_server.journey.history import History
from railbox_server.journey.judging import clock_of
from railbox_server.journey.kept import ALWAYS, Kept, TimeSpan, joined
from railbox_server.journey.model import Crossing, Settings, Visit, Waypoint
from railbox_server.journey.nearby import FIRST_PAD_S
from railbox_server.journey.network import Network
from railbox_server.journey.reading import est_span
from railbox_server.journey.rejudge import crossing_at, visit_at
from railbox_server.journey.report import crossing_row, visit_row
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import DerivedChange, Row, Untrusted

DUE_GAP_S: Final = 3_600.0


@dataclass(slots=True)
class New:
    """What is new of a unit. `spans`: by device; None: all of it may be."""

    spans: dict[str, list[TimeSpan]] | None = field(default_factory=dict[str, list[TimeSpan]])

    def add(self, change: Change) -> None:
        if change.spans is None:
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
    """`last`: the newest trusted place. `open_moved`: what is open may be another thing."""

    change: DerivedChange
    last: Waypoint | None
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
            head = {"due": {"path": [], "spans": []}}
        knots = UnitKnots(self._store, assignments, head.get("extents", {}))
        was_last = waypoint(head.get("last"))
        pages = self.book.of(unit, was_last)
        for device, own in spans.items():
            for from_s, to_s in joined(own, FIRST_PAD_S):
                # As the history reads it first: one reading serves both.
                knots.add_extents(knots.between(from_s - FIRST_PAD_S, to_s + FIRST_PAD_S, device))
        history = History(unit, knots, pages, self._network, self.settings)
        update = history.update(spans)
        visits, crossings = _together(pages.said(update.gone))
        new = [history.concluded(kept, pages.last, now_s) for kept in update.new]
        said = [(list(map(visit_row, each.visits)), list(map(crossing_row, each.crossings))) for each in new]
        new_visits, new_crossings = _together(said)
        pages.put_said(update.gone, update.new, said)
        doubts = update.trust_moved or update.doubts or anew
        judged = update.judged if doubts else []
        untrusted = {key: reason for device, span in judged for key, reason in history.untrusted(device, span).items()}
        moved = pages.last != was_last
        came_or_went = len(update.new) != len(update.gone)
        open_moved = moved or anew or came_or_went or any(map(pages.is_newest, update.new))
        now_open = self._open(history, pages, now_s, dict(zip(update.new, new, strict=True))) if open_moved else None
        # What is stored of them is as of an earlier time, whatever they were now.
        open_visits, open_crossings = ((), ()) if now_open is None else now_open.rows()
        change = DerivedChange(
            unit,
            tuple(row for row in visits if row not in new_visits),
            (*(row for row in new_visits if row not in visits and row not in open_visits), *open_visits),
            tuple(row for row in crossings if row not in new_crossings),
            (*(row for row in new_crossings if row not in crossings and row not in open_crossings), *open_crossings),
            tuple(judged),
            tuple(Untrusted(*key, reason) for key, reason in untrusted.items()),
            anew=anew,
        )
        head |= {
            "assigned": _assigned(assignments),
            "last": pages.last,
            "extents": knots.by_track,
            "due": _due(head["due"], update.moved, [*_flat(spans), *_moved(visits, new_visits)]),
        }
        self.book.put_head(unit, head)
        return News(change, pages.last, open_moved, now_open)

    def is_current(self, unit: str, assignments: Sequence[Assignment]) -> bool:
        """Whether it was judged, and by these assignments."""
        head = self.book.head(unit)
        return bool(head) and head["assigned"] == _assigned(assignments)

    def is_concluded(self, unit: str) -> bool:
        """Whether nothing is due to be concluded."""
        return not any(self.book.head(unit).get("due", {}).values())

    def open(self, unit: str, assignments: Sequence[Assignment], now_s: int) -> Open | None:
        """What lasts of a unit; None: nothing does."""
        head = self.book.head(unit)
        last = waypoint(head.get("last"))
        knots = UnitKnots(self._store, assignments, head.get("extents", {}))
        pages = self.book.of(unit, last)
        return self._open(History(unit, knots, pages, self._network, self.settings), pages, now_s, {})

    def last_s(self, unit: str) -> int | None:
        """The time of its newest trusted place."""
        last = waypoint(self.book.head(unit).get("last"))
        return None if last is None else int(last.time_s)

    def forget(self, unit: str) -> None:
        """The unit is no more."""
        with self.book.writing():
            self.book.forget(unit)

    def _open(self, history: History, pages: Pages, now_s: int, known: Mapping[Kept, Concluded]) -> Open | None:
        """All that lasts is in the last episode."""
        newest = pages.episode_before(math.inf)
        if pages.last is None or newest is None:
            return None
        found = known.get(newest) or history.concluded(newest, pages.last, now_s)
        visits = tuple(visit for visit in found.visits if visit.exited is None)
        crossings = tuple(crossing for crossing in found.crossings if crossing.departed is None)
        return Open(visits, crossings, math.floor(pages.last.time_s)) if visits or crossings else None


def _together(said: Sequence[Said]) -> Said:
    return [row for visits, _ in said for row in visits], [row for _, crossings in said for row in crossings]


def _assigned(assignments: Sequence[Assignment]) -> list[list[Any]]:
    return [[item.device, item.span.from_s, item.span.to_s] for item in assignments]


def _due(before: Mapping[str, Any], moved: Sequence[TimeSpan], said: Sequence[TimeSpan]) -> dict[str, list[TimeSpan]]:
    """What the concluder has to look at: where the path is another one, and where anything else is."""
    return {
        "path": joined((*map(_span, before["path"]), *moved), DUE_GAP_S),
        "spans": joined((*map(_span, before["spans"]), *moved, *said), DUE_GAP_S),
    }


def _flat(spans: Mapping[str, Sequence[TimeSpan]]) -> Iterator[TimeSpan]:
    return (span for own in spans.values() for span in own)


def _moved(before: Sequence[Row], after: Sequence[Row]) -> Iterator[TimeSpan]:
    """When there are visits now that were not there, or began or ended at other times."""
    old, new = ([_moments(row) for row in rows] for rows in (before, after))
    for row, others in (*((row, new) for row in before), *((row, old) for row in after)):
        if _moments(row) not in others:
            yield est_span(row["entered"], row["exited"])


def _moments(row: Row) -> list[object]:
    return [row[key] for key in ("place", "entered", "exited", "already_inside")]


def _span(body: Sequence[float]) -> TimeSpan:
    from_s, to_s = body
    return from_s, to_s
