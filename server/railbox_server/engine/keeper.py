"""Visits, crossings and flags of units kept up to date: what a change says anew, as the rows that differ.

The bridge between the store's knots, the engine's book and the pure history. What is open is in memory, so that the
clock alone can judge it. Decides nothing itself.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from railbox_server.engine.book import Book, waypoint
from railbox_server.fleet import Assignment, Span
from railbox_server.journey.history import FIRST_PAD_S, History, TimeSpan, joined
from railbox_server.journey.judging import clock_of
from railbox_server.journey.model import Crossing, Settings, Track, Visit, Waypoint
from railbox_server.journey.network import Network
from railbox_server.journey.path import ordered
from railbox_server.journey.rejudge import crossing_at, visit_at
from railbox_server.journey.report import crossing_row, visit_row
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import DerivedChange, Outbox, Row, Untrusted
from railbox_telemetry.values import SeqRange

ALWAYS: Final = (-math.inf, math.inf)
Spans = Mapping[str, Sequence[TimeSpan]]
"""By device: when there is something new."""


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
        self._store = store
        self._network = network
        self._settings = settings

    def update(self, unit: str, assignments: Sequence[Assignment], spans: Spans | None, now_s: int) -> News:
        """What is new of a unit; None: all of it may be. To be called, and stored, while the book is written."""
        head = self.book.head(unit)
        knots = _Knots(self._store, assignments, head.get("extents", {}))
        anew = spans is None or not head or head["assigned"] != _assigned(assignments)
        if anew:
            self.book.forget(unit)
            head, spans = {}, {item.device: [ALWAYS] for item in assignments}
            knots.forget_extents()
        assert spans is not None
        was_last = waypoint(head.get("last"))
        pages = self.book.of(unit, was_last)
        for device, own in spans.items():
            for from_s, to_s in joined(own, 0.0):
                # As the history reads it first: one reading serves both.
                knots.add_extents(knots.between(from_s - FIRST_PAD_S, to_s + FIRST_PAD_S, device))
        history = History(unit, knots, pages, self._network, self._settings)
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
            tuple((device, *_storable(span)) for device, span in judged),
            tuple(Untrusted(*key, reason) for key, reason in untrusted.items()),
            anew=anew,
        )
        head |= {
            "assigned": _assigned(assignments),
            "stored": knots.stored(),
            "last": pages.last,
            "extents": knots.by_track,
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
        if not head or head["assigned"] != _assigned(assignments):
            return False
        devices = {item.device for item in assignments}
        states = [state for device in sorted(devices) for state in self._store.outboxes(device)]
        now = {
            f"{state.outbox.device} {state.outbox.epoch}": _text(state.ledger.highest, state.ledger.without_data())
            for state in states
        }
        return head["stored"] == now

    def open(self, unit: str, assignments: Sequence[Assignment], now_s: int) -> Open | None:
        """What lasts of a unit; None: nothing does."""
        head = self.book.head(unit)
        last = waypoint(head.get("last"))
        knots = _Knots(self._store, assignments, head.get("extents", {}))
        return self._open(History(unit, knots, self.book.of(unit, last), self._network, self._settings), last, now_s)

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


class _Knots:
    """A unit's knots in the store: `journey.history.Knots`. What was read once is kept as long as this."""

    def __init__(self, store: JourneyStore, assignments: Sequence[Assignment], extents: dict[str, Any]) -> None:
        self._store = store
        self._assignments = assignments
        self._devices = {item.device for item in assignments}
        self._missing: dict[tuple[str, int], tuple[SeqRange, ...]] = {}
        self._texts: dict[str, str] = {}
        self._read: dict[tuple[float, float, str | None], Sequence[Track]] = {}
        self.by_track: dict[str, list[float]] = {key: list(extent) for key, extent in extents.items()}

    def between(self, from_s: float, to_s: float, device: str | None = None) -> Sequence[Track]:
        if device is None and len(self._devices) == 1:
            (device,) = self._devices
        key = from_s, to_s, device
        if key not in self._read:
            own = [item for item in self._assignments if device is None or item.device == device]
            tracks = [track for item in own for track in self._tracks(item, from_s, to_s)]
            self._read[key] = tracks if len(tracks) < 2 and all(map(_is_distinct, tracks)) else ordered(tracks)
        return self._read[key]

    def extents(self) -> Sequence[TimeSpan]:
        return [(first, last) for first, last in self.by_track.values()]

    def add_extents(self, tracks: Iterable[Track]) -> None:
        for track in tracks:
            first, last = track.knots[0].time_s, track.knots[-1].time_s
            own = next(item for item in self._assignments if item.device == track.device and first in item.span)
            key = f"{track.device} {track.epoch} {own.span.from_s}"
            known = self.by_track.get(key, [first, last])
            self.by_track[key] = [min(known[0], first), max(known[1], last)]

    def forget_extents(self) -> None:
        self.by_track.clear()

    def _tracks(self, item: Assignment, from_s: float, to_s: float) -> list[Track]:
        wanted = Span(
            None if from_s == -math.inf else math.floor(from_s), None if to_s == math.inf else math.floor(to_s) + 1
        )
        span = item.span.both(wanted)
        if span.is_empty:
            return []
        knots = self._store.seen_knots(item.device, span)
        return [Track(item.device, epoch, own, self._missing_of(item.device, epoch)) for epoch, own in knots.items()]

    def stored(self) -> dict[str, str]:
        """By outbox that was read: another text whenever there is more of it in the store than there was."""
        for device, epoch in {tuple(key.split()[:2]) for key in self.by_track}:
            self._missing_of(device, int(epoch))
        return self._texts

    def _missing_of(self, device: str, epoch: int) -> tuple[SeqRange, ...]:
        found = self._missing.get((device, epoch))
        if found is None:
            ledger = self._store.ledger(Outbox(device, epoch))
            found = self._missing[device, epoch] = ledger.without_data()
            self._texts[f"{device} {epoch}"] = _text(ledger.highest, found)
        return found


def _assigned(assignments: Sequence[Assignment]) -> list[list[Any]]:
    return [[item.device, item.span.from_s, item.span.to_s] for item in assignments]


def _is_distinct(track: Track) -> bool:
    """The store has knots by time; nearly always one a second."""
    return len({knot.time_s for knot in track.knots}) == len(track.knots)


def _text(highest: int, missing: Sequence[SeqRange]) -> str:
    return f"{highest} {sha256(repr([(each.first, each.last) for each in missing]).encode()).hexdigest()[:16]}"


def _storable(span: TimeSpan) -> tuple[float, float]:
    """Infinite times as ones that any store can compare with."""
    return max(span[0], -(2.0**62)), min(span[1], 2.0**62)
