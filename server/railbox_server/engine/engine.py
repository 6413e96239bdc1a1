"""Which unit is judged when: new data, a changed assignment, or time passing over an open visit.

New data is judged at once, for visits, crossings and flags, next to where it is; progress, trip and custody are
concluded from the whole journey, in turns of their own. A unit touched many times is judged once; one that is costly
rests longer, so none starves the others. Knows nothing of borders; the clock that ticks is passed in.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from railbox_server.clock import Clock
from railbox_server.engine.changes import Change, touched
from railbox_server.engine.judge import Judge
from railbox_server.engine.keeper import Keeper, Open
from railbox_server.engine.rows import worst_flag
from railbox_server.fleet import Assignment, Units, units_of
from railbox_server.journey.history import TimeSpan
from railbox_server.store.interface import JourneyStore, StoreError
from railbox_server.store.values import DerivedChange

log = logging.getLogger(__name__)

LEAST_REST_S: Final = 0.2
REST_PER_COST: Final = 5.0
"""A unit rests this many times what judging it took: no unit takes more than a sixth of a core."""
REGISTRY_S: Final = 1.0
"""How soon an assignment made by another process is seen."""
TICK_S: Final = {"real": 30.0, "replay": 1.0}
"""How often open visits are judged by the clock alone."""
STORE_RETRY_S: Final = 5.0
UNSURE_S: Final = 6 * 3_600.0
"""At its start an engine looks again at so much of the end of each journey: the last one may not have got that far."""

New = dict[str, list[TimeSpan]] | None
"""By device: when there is something new of a unit; None: all of it may be."""


class Told(NamedTuple):
    """What the engine lets the rest know after each turn: a tuple, since thousands of them cross a pipe."""

    pending: int
    unit: str | None = None
    """The unit that was judged, or is gone."""
    last_fix_s: int | None = None
    """Its newest trusted fix: what moves the clock of a replay."""
    rows_changed: bool = False
    """Its visits or crossings are other ones now."""
    took_s: float | None = None
    """How long it took to judge the unit and to store that."""


class Engine:
    """`turn` does one thing and says how long there is nothing to do; whoever runs it waits, and calls `touch`."""

    def __init__(
        self,
        store: JourneyStore,
        judge: Judge,
        clock: Clock,
        tell: Callable[[Told], None],
        mono_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._judge = judge
        self._clock = clock
        self._tell = tell
        self._mono_s = mono_s
        self._units: Units = {}
        self._version = -1
        self._keeper = Keeper(store, judge.book, judge.network, judge.settings)
        self._due: dict[str, float] = {}
        """Units with something new, and when they are to be judged."""
        self._new: dict[str, New] = {}
        self._whole: dict[str, float] = {}
        """Units whose whole journey is to be judged, and when."""
        self._resting: dict[str, float] = {}
        self._open: dict[str, tuple[Open, int]] = {}
        """What time alone may change, with the time it was judged at."""
        self._next_registry_s = self._next_tick_s = float("-inf")

    @property
    def pending(self) -> int:
        """Units whose rows are out of date. By the real clock open ones always are a little: they do not count."""
        stale = self._stale() if self._clock.mode == "replay" else []
        return len({*self._due, *self._whole, *stale})

    def touch(self, changes: Sequence[Change]) -> None:
        by_device: dict[str, list[Change]] = {}
        for change in changes:
            by_device.setdefault(change.device, []).append(change)
        for unit in sorted(touched(changes, self._units)):
            devices = dict.fromkeys(item.device for item in self._units[unit])
            self._touch(unit, [change for device in devices for change in by_device.get(device, ())])
        self._tell(Told(self.pending))

    def again(self, units: Iterable[str]) -> None:
        """Something else than data says another thing of these units."""
        for unit in sorted(units):
            if unit in self._units:
                self._judge_whole(unit)

    def turn(self) -> float:
        """Judges the unit that is due longest, if any; returns in how many seconds there is something to do."""
        mono_s = self._mono_s()
        if mono_s >= self._next_registry_s:
            self._next_registry_s = mono_s + REGISTRY_S
            self._read_registry()
        if mono_s >= self._next_tick_s:
            self._next_tick_s = mono_s + TICK_S[self._clock.mode]
            self._judge_by_the_clock()
        for due, judge in ((self._due, self._update_now), (self._whole, self._judge_now)):
            unit = min(due, key=due.__getitem__, default=None)
            if unit is not None and due[unit] <= mono_s:
                judge(unit)
                return 0.0
        soonest_s = min([self._next_registry_s, self._next_tick_s, *self._due.values(), *self._whole.values()])
        return max(0.0, soonest_s - self._mono_s())

    def _update_now(self, unit: str) -> None:
        """Judges what is new of a unit."""
        del self._due[unit]
        new = self._new.pop(unit)
        start_s, now_s = self._mono_s(), self._clock.now_s()
        assignments = self._units[unit]
        try:
            with self._keeper.book.writing():
                news = self._keeper.update(unit, assignments, new, now_s)
                lasts = news.open if news.open_moved else self._open.get(unit, (None, 0))[0]
                change = news.change
                if news.last_moved or news.open_moved:
                    change = replace(change, row=self._judge.head_row(unit, assignments, news.last, lasts, now_s))
                changed = bool(not change.is_empty and self._store.change_derived([change]))
        except StoreError as error:
            log.error("%s: %s; trying again in %.0f s", unit, error, STORE_RETRY_S)
            self._due[unit], self._new[unit] = start_s + STORE_RETRY_S, new
            return
        except Exception:
            # One unit's data must not stop the others: it is judged again when there is more of it.
            log.exception("unit %s cannot be judged", unit)
            self._new[unit] = None
            return
        last_s = None if news.last is None else int(news.last.time_s)
        if last_s is not None:
            self._clock.saw(last_s)
        if news.open_moved:
            self._open.pop(unit, None)
            if news.open is not None:
                self._open[unit] = news.open, now_s
        self._judge_whole(unit)
        self._tell(Told(self.pending, unit, last_s, changed, self._mono_s() - start_s))

    def _judge_now(self, unit: str) -> None:
        """Judges a unit's whole journey: for its progress, trip and custody."""
        del self._whole[unit]
        start_s = self._mono_s()
        try:
            judged = self._judge.judge(unit, self._units[unit], self._clock.now_s())
            changed = self._store.put_derived(judged.derived)
        except StoreError as error:
            log.error("%s: %s; trying again in %.0f s", unit, error, STORE_RETRY_S)
            self._whole[unit] = start_s + STORE_RETRY_S
            return
        except Exception:
            log.exception("unit %s cannot be judged", unit)
            return
        end_s = self._mono_s()
        self._resting[unit] = end_s + max(LEAST_REST_S, REST_PER_COST * (end_s - start_s))
        self._tell(Told(self.pending, unit, judged.last_fix_s, changed, end_s - start_s))

    def _judge_by_the_clock(self) -> None:
        """Judges what lasts, without any knot."""
        now_s = self._clock.now_s()
        changes: list[DerivedChange] = []
        for unit in self._stale():
            before, _ = self._open[unit]
            now = before.at(now_s, self._judge.settings)
            if now != before:
                visits, crossings = now.rows()
                rows = self._store.unit_rows(unit) if now.flags() != before.flags() else ()
                flag, certainty = worst_flag([*visits, *crossings])
                row = {**rows[0], "flag": flag, "certainty": certainty} if rows else None
                changes.append(DerivedChange(unit, visits=visits, crossings=crossings, row=row))
            self._open[unit] = now, now_s
        if not changes:
            return
        try:
            self._store.change_derived(changes)
        except StoreError as error:
            log.error("%s; what lasts is judged again in %.0f s", error, TICK_S[self._clock.mode])
            return
        for change in changes:
            self._tell(Told(self.pending, change.unit, rows_changed=True))

    def _touch(self, unit: str, changes: Sequence[Change] | None = None) -> None:
        """`changes`: all that is new; None: nobody can say what is."""
        new = self._new.setdefault(unit, {})
        for change in changes or ():
            if change.first_s is None or change.last_s is None:
                self._new[unit] = new = None
            elif new is not None:
                new.setdefault(change.device, []).append((change.first_s, change.last_s))
        if changes is None:
            self._new[unit] = None
        self._due.setdefault(unit, self._mono_s())

    def _judge_whole(self, unit: str) -> None:
        self._whole.setdefault(unit, max(self._mono_s(), self._resting.get(unit, 0.0)))

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
        for unit in sorted(units):
            if self._version < 0:
                self._begin(unit, units[unit])
            elif units[unit] != self._units.get(unit):
                self._touch(unit)
        gone = (self._units.keys() if self._version >= 0 else self._store.derived_units()) - units.keys()
        self._units, self._version = units, version
        for unit in sorted(gone):
            for kept in (self._due, self._new, self._whole, self._open):
                kept.pop(unit, None)
            self._judge.forget(unit)
            self._keeper.forget(unit)
            self._store.drop_derived(unit)
            self._tell(Told(self.pending, unit, rows_changed=True))
        self._tell(Told(self.pending))

    def _begin(self, unit: str, assignments: Sequence[Assignment]) -> None:
        """Takes up what the last engine left."""
        if not self._keeper.is_current(unit, assignments):
            self._touch(unit)
            return
        last_s = self._keeper.last_s(unit)
        if last_s is not None:
            self._clock.saw(last_s)
            self._new[unit] = {item.device: [(last_s - UNSURE_S, math.inf)] for item in assignments}
            self._due.setdefault(unit, self._mono_s())
        now_s = self._clock.now_s()
        lasts = self._keeper.open(unit, assignments, now_s)
        if lasts is not None:
            self._open[unit] = lasts, now_s
