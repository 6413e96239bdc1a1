"""Which unit is judged when: new data, a changed assignment, or time passing over an open visit.

New data is judged at once, for visits, crossings and flags; progress, trips and custody are concluded in turns of
their own, when nothing is left to judge. A unit touched many times is judged once; one that is costly rests longer, so
none starves the others. Knows nothing of borders; the clock that ticks is passed in.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from railbox_server.clock import Clock
from railbox_server.engine.changes import Change, touched
from railbox_server.engine.concluder import Concluder
from railbox_server.engine.hearing import RESTORED, Counts, Hearing
from railbox_server.engine.keeper import Keeper, New, News, Open
from railbox_server.engine.present import present_row
from railbox_server.engine.reach import reached
from railbox_server.engine.rows import devices_now, worst_flag
from railbox_server.fleet import ALWAYS, Assignment, Units, shared, units_of
from railbox_server.store.interface import JourneyStore, MovedError, StoreError
from railbox_server.store.values import Conclusion, DerivedChange

log = logging.getLogger(__name__)

TURN_S: Final = 0.05
"""So long units are judged, at least one, before what they came to is committed together."""
LEAST_REST_S: Final = 0.2
REST_PER_COST: Final = 5.0
"""A unit rests this many times what judging it took: no unit takes more than a sixth of a core."""
REGISTRY_S: Final = 1.0
"""How soon an assignment made by another process is seen."""
TICK_S: Final = {"real": 30.0, "replay": 1.0}
"""How often open visits are judged by the clock alone."""
STORE_RETRY_S: Final = 5.0
UNTOLD_S: Final = 5.0
"""Ingest tells of what it stored within milliseconds; after so long all of the unit is judged anew instead."""
UNTOLD_REST_S: Final = 0.01


class Told(NamedTuple):
    """What the engine lets the rest know after each turn: a tuple, since thousands of them cross a pipe."""

    pending: int
    unit: str | None = None
    """The unit that was judged, or is gone."""
    last_fix_s: int | None = None
    """Its newest trusted fix: what moves the clock of a replay."""
    rows_changed: bool = False
    """Its visits, crossings or custody are other ones now."""
    took_s: float | None = None
    """How long it took to judge the unit and to store that."""


@dataclass(frozen=True, slots=True)
class _Judged:
    unit: str
    news: News
    change: DerivedChange
    """With the unit's row."""
    took_s: float


class Engine:
    """`turn` does one thing and says how long there is nothing to do; whoever runs it waits, and calls `touch`."""

    def __init__(
        self,
        store: JourneyStore,
        keeper: Keeper,
        concluder: Concluder,
        clock: Clock,
        tell: Callable[[Told], None],
        mono_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._concluder = concluder
        self._clock = clock
        self._tell = tell
        self._mono_s = mono_s
        self._units: Units = {}
        self._shared = frozenset[str]()
        """Devices that are on several units, each at its time."""
        self._version = -1
        self._hearing: Hearing | None = None
        self._due: dict[str, float] = {}
        """Units with something new, and when they are to be judged."""
        self._new: dict[str, New] = {}
        self._unconcluded: dict[str, float] = {}
        """Units of which something is to be concluded, and when."""
        self._untold: dict[str, float] = {}
        """Units of which something is stored that nobody told of, and since when."""
        self._resting: dict[str, float] = {}
        self._open: dict[str, tuple[Open, int | None]] = {}
        """What time alone may change, with the time it was judged at; None: what is stored of it is of another one."""
        self._looked_s: int | None = None
        self._next_registry_s = self._next_tick_s = float("-inf")

    @property
    def pending(self) -> int:
        """Units whose rows are out of date. By the real clock open ones always are a little: they do not count."""
        stale = self._stale() if self._clock.mode == "replay" else []
        return len({*self._due, *self._unconcluded, *stale})

    def touch(self, changes: Sequence[Change]) -> None:
        if self._hearing is not None:
            self._hearing.hear(changes)
        changes = [self._reached(change) for change in changes]
        by_device: dict[str, list[Change]] = {}
        for change in changes:
            by_device.setdefault(change.device, []).append(change)
        for unit in sorted(touched(changes, self._units)):
            devices = dict.fromkeys(item.device for item in self._units[unit])
            self._touch(unit, [change for device in devices for change in by_device.get(device, ())])
        self._tell(Told(self.pending))

    def _reached(self, change: Change) -> Change:
        try:
            return reached(change, self._store)
        except StoreError as error:
            log.error("%s; all of %s is judged anew", error, change.device)
            return Change(change.device, None, change.stored)

    def again(self, units: Iterable[str]) -> None:
        """Something else than data says another thing of these units."""
        for unit in sorted(units):
            if unit in self._units:
                self._conclude_soon(unit)

    def turn(self) -> float:
        """Judges the unit that is due longest, if any; returns in how many seconds there is something to do."""
        mono_s = self._mono_s()
        if mono_s >= self._next_registry_s:
            self._next_registry_s = mono_s + REGISTRY_S
            self._read_registry()
        if mono_s >= self._next_tick_s:
            self._next_tick_s = mono_s + TICK_S[self._clock.mode]
            self._judge_by_the_clock()
        for due, judge in ((self._due, self._update), (self._unconcluded, self._conclude)):
            ready = sorted((at_s, unit) for unit, at_s in due.items() if at_s <= mono_s)
            if ready:
                judge([unit for _, unit in ready])
                return 0.0
        soonest_s = min([self._next_registry_s, self._next_tick_s, *self._due.values(), *self._unconcluded.values()])
        return max(0.0, soonest_s - self._mono_s())

    def _update(self, units: Sequence[str]) -> None:
        """Judges what is new of units: of as many as a turn is long, all in one transaction."""
        start_s, now_s = self._mono_s(), self._clock.now_s()
        taken: dict[str, New] = {}
        judged: list[_Judged] = []
        try:
            with self._keeper.book.writing():
                for unit in units:
                    if judged and self._mono_s() - start_s >= TURN_S:
                        break
                    del self._due[unit]
                    taken[unit] = self._new.pop(unit)
                    if (found := self._judge(unit, taken[unit], now_s)) is not None:
                        judged.append(found)
                changed = self._store.change_derived([each.change for each in judged if not each.change.is_empty])
                self._note_judged()
        except StoreError as error:
            log.error("%s; trying again in %.0f s", error, STORE_RETRY_S)
            self._new |= taken
            self._due |= dict.fromkeys(taken, start_s + STORE_RETRY_S)
            return
        for each in judged:
            self._is_judged(each.unit, each.news, now_s)
        pending = self.pending
        for each in judged:
            last_s = None if each.news.last is None else int(each.news.last.time_s)
            self._tell(Told(pending, each.unit, last_s, each.unit in changed, each.took_s))

    def _note_judged(self) -> None:
        if self._hearing is not None:
            due = {item.device for unit in self._due for item in self._units[unit]}
            self._keeper.book.put_judged(self._hearing.judged(due))

    def _judge(self, unit: str, new: New, now_s: int) -> "_Judged | None":
        """None where a unit cannot be judged now: it must not stop the others."""
        start_s, assignments = self._mono_s(), self._units[unit]
        devices = sorted({item.device for item in assignments})
        try:
            with self._keeper.book.apart(), self._store.at_one_moment(devices) as stored:
                if not self._is_told(unit, new, stored, start_s):
                    self._judge_later(unit, new, start_s)
                    return None
                news = self._keeper.update(unit, assignments, new, now_s)
                lasts = news.open if news.open_moved else self._open.get(unit, (None, None))[0]
                future_s = self._keeper.settings.future_s
                row = present_row(self._store, unit, assignments, news.last, lasts, now_s, future_s)
            return _Judged(unit, news, replace(news.change, row=row), self._mono_s() - start_s)
        except StoreError:
            raise
        except MovedError:
            self._judge_later(unit, new, start_s)
        except Exception:
            log.exception("unit %s cannot be judged", unit)
            # All of it anew at once; where even that fails, when there is more of it, or by another engine.
            self._new[unit] = New(None)
            self._keeper.book.forget(unit)
            if new.spans is not None:
                self._due[unit] = self._mono_s()
        return None

    def _is_told(self, unit: str, new: New, stored: Counts, mono_s: float) -> bool:
        """Whether all that is stored was told of. What was not is yet to be judged, and nothing can be judged next to
        it; unless all of the unit is, as it is when nobody tells: `new` is made to say so."""
        if self._hearing is None:
            return True
        if not self._hearing.has_heard(stored) and mono_s - self._untold.setdefault(unit, mono_s) >= UNTOLD_S:
            new.spans = None
        if new.spans is None:
            # Of a device that is on others too, what this unit's time has nothing of is theirs to judge.
            self._hearing.saw({key: count for key, count in stored.items() if key[0] not in self._shared})
        elif not self._hearing.has_heard(stored):
            return False
        self._untold.pop(unit, None)
        return True

    def _judge_later(self, unit: str, new: New, mono_s: float) -> None:
        self._new[unit] = new
        self._due[unit] = mono_s + UNTOLD_REST_S

    def _is_judged(self, unit: str, news: News, now_s: int) -> None:
        if news.last is not None:
            self._clock.saw(int(news.last.time_s))
        if news.open_moved:
            self._open.pop(unit, None)
            if news.open is not None:
                self._open[unit] = news.open, now_s
        self._conclude_soon(unit)

    def _conclude(self, units: Sequence[str]) -> None:
        """Concludes what is due of units: progress, trips and custody; of as many as a turn is long."""
        start_s, now_s = self._mono_s(), self._clock.now_s()
        taken: list[str] = []
        concluded: list[Conclusion] = []
        try:
            with self._keeper.book.writing():
                for unit in units:
                    if taken and self._mono_s() - start_s >= TURN_S:
                        break
                    del self._unconcluded[unit]
                    taken.append(unit)
                    concluded += self._concluded(unit, now_s)
                changed = self._store.conclude(concluded)
        except StoreError as error:
            log.error("%s; trying again in %.0f s", error, STORE_RETRY_S)
            self._unconcluded |= dict.fromkeys(taken, start_s + STORE_RETRY_S)
            return
        pending = self.pending
        for each in concluded:
            self._tell(Told(pending, each.unit, rows_changed=each.unit in changed))

    def _concluded(self, unit: str, now_s: int) -> Iterator[Conclusion]:
        start_s = self._mono_s()
        try:
            with self._keeper.book.apart():
                found = self._concluder.conclude(unit, self._units[unit], now_s)
            end_s = self._mono_s()
            self._resting[unit] = end_s + max(LEAST_REST_S, REST_PER_COST * (end_s - start_s))
            yield found
        except StoreError:
            raise
        except Exception:
            log.exception("of unit %s nothing can be concluded", unit)

    def _judge_by_the_clock(self) -> None:
        """Judges what lasts, without any knot."""
        now_s = self._clock.now_s()
        self._touch_reassigned(now_s)
        changes: list[DerivedChange] = []
        lasting: dict[str, tuple[Open, int]] = {}
        try:
            for unit in self._stale():
                before, at_s = self._open[unit]
                now = before.at(now_s, self._keeper.settings)
                lasting[unit] = now, now_s
                if now != before or (at_s is None and not self._is_stored(unit, now)):
                    visits, crossings = now.rows()
                    may_be_told = at_s is None or now.flags() != before.flags()
                    rows = self._store.unit_rows(unit) if may_be_told else ()
                    flag, certainty = worst_flag([*visits, *crossings])
                    row = {**rows[0], "flag": flag, "certainty": certainty} if rows else None
                    changes.append(DerivedChange(unit, visits=visits, crossings=crossings, row=row))
            self._store.change_derived(changes)
        except StoreError as error:
            log.error("%s; what lasts is judged again in %.0f s", error, TICK_S[self._clock.mode])
            return
        self._open |= lasting
        for change in changes:
            self._tell(Told(self.pending, change.unit, rows_changed=True))

    def _touch_reassigned(self, now_s: int) -> None:
        """Other devices may speak for a unit now than at the last look."""
        from_s, to_s = sorted((now_s, now_s if self._looked_s is None else self._looked_s))
        self._looked_s = now_s
        for unit, assignments in self._units.items():
            edges = (edge_s for item in assignments for edge_s in (item.span.from_s, item.span.to_s))
            if any(edge_s is not None and from_s < edge_s <= to_s for edge_s in edges):
                self._touch(unit, ())

    def _is_stored(self, unit: str, lasts: Open) -> bool:
        visits, crossings = lasts.rows()
        lately = float(lasts.contact_s), math.inf
        there = [*self._store.visits_touching(unit, lately), *self._store.crossings_touching(unit, lately)]
        return all(row in there for row in (*visits, *crossings))

    def _touch(self, unit: str, changes: Sequence[Change] | None = None) -> None:
        """`changes`: all that is new; None: nobody can say what is."""
        new = self._new.setdefault(unit, New())
        for change in changes or ():
            new.add(change)
        if changes is None:
            self._new[unit] = New(None)
        self._due.setdefault(unit, self._mono_s())

    def _conclude_soon(self, unit: str) -> None:
        self._unconcluded.setdefault(unit, max(self._mono_s(), self._resting.get(unit, 0.0)))

    def _stale(self) -> list[str]:
        """Open units judged at another time than it is now. By the real clock that is all of them, always."""
        now_s = self._clock.now_s()
        return [unit for unit, (_, at_s) in self._open.items() if at_s != now_s]

    def _read_registry(self) -> None:
        """Judges units whose assignments changed, whoever changed them, and drops those that are no more."""
        version = self._store.registry_version()
        if version == self._version:
            return
        units = units_of(self._store.known_devices(), self._store.assignments())
        derived = self._store.derived_units() if self._version < 0 else frozenset[str]()
        missed = frozenset[str]()
        if self._hearing is None:
            self._hearing = Hearing(self._store, self._keeper.book.judged())
            missed = self._hearing.missed()
            self._concluder.begin()
        for unit in sorted(units):
            if self._version < 0:
                devices = {RESTORED, *(item.device for item in units[unit])}
                self._begin(unit, units[unit], whole=unit not in derived or not missed.isdisjoint(devices))
            elif units[unit] != self._units.get(unit):
                self._touch(unit)
        gone = (self._units.keys() if self._version >= 0 else derived) - units.keys()
        self._units, self._version = units, version
        self._shared = shared(units)
        for unit in sorted(gone):
            for kept in (self._due, self._new, self._unconcluded, self._untold, self._resting, self._open):
                kept.pop(unit, None)
            self._concluder.forget(unit)
            self._keeper.forget(unit)
            self._store.drop_derived(unit)
            self._tell(Told(self.pending, unit, rows_changed=True))
        self._tell(Told(self.pending))

    def _begin(self, unit: str, assignments: Sequence[Assignment], *, whole: bool) -> None:
        """Takes up what the last engine left; `whole`: nothing of it is of use."""
        if whole or not self._keeper.is_current(unit, assignments):
            self._touch(unit)
            return
        last_s = self._keeper.last_s(unit)
        if last_s is not None:
            self._clock.saw(last_s)
        now_s = self._clock.now_s()
        rows = self._store.unit_rows(unit) if any(item.span != ALWAYS for item in assignments) else ()
        if any(row["devices"] != devices_now(assignments, now_s) for row in rows):
            self._touch(unit, ())
        lasts = self._keeper.open(unit, assignments, now_s)
        if lasts is not None:
            self._open[unit] = lasts, None
        if not self._keeper.is_concluded(unit):
            self._conclude_soon(unit)
