"""Which unit is judged when: new data, a changed assignment, or time passing over an open visit.

A unit touched many times is judged once; one that is costly to judge rests longer, so none starves the others. Knows
nothing of borders; the clock that ticks is passed in.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from railbox_server.clock import Clock
from railbox_server.engine.changes import Change, touched
from railbox_server.engine.judge import Judge
from railbox_server.fleet import Units, units_of
from railbox_server.store.interface import JourneyStore, StoreError

log = logging.getLogger(__name__)

LEAST_REST_S: Final = 0.2
REST_PER_COST: Final = 5.0
"""A unit rests this many times what judging it took: no unit takes more than a sixth of a core."""
REGISTRY_S: Final = 1.0
"""How soon an assignment made by another process is seen."""
TICK_S: Final = {"real": 30.0, "replay": 1.0}
"""How often open visits are judged by the clock alone."""
STORE_RETRY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """What the engine lets the rest know after each turn."""

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
        self._due: dict[str, float] = {}
        self._resting: dict[str, float] = {}
        self._open: dict[str, int] = {}
        """Units that time alone may change, with the time they were judged at."""
        self._next_registry_s = self._next_tick_s = float("-inf")

    @property
    def pending(self) -> int:
        """Units whose rows are out of date. By the real clock open ones always are a little: they do not count."""
        stale = self._stale() if self._clock.mode == "replay" else []
        return len(self._due) + sum(unit not in self._due for unit in stale)

    def touch(self, changes: Sequence[Change]) -> None:
        for unit in sorted(touched(changes, self._units)):
            self._touch(unit)
        self._tell(Told(self.pending))

    def again(self, units: Iterable[str]) -> None:
        """Something else than data says another thing of these units."""
        for unit in sorted(units):
            if unit in self._units:
                self._touch(unit)

    def turn(self) -> float:
        """Judges the unit that is due longest, if any; returns in how many seconds there is something to do."""
        mono_s = self._mono_s()
        if mono_s >= self._next_registry_s:
            self._next_registry_s = mono_s + REGISTRY_S
            self._read_registry()
        if mono_s >= self._next_tick_s:
            self._next_tick_s = mono_s + TICK_S[self._clock.mode]
            for unit in self._stale():
                self._touch(unit)
        unit = min(self._due, key=self._due.__getitem__, default=None)
        if unit is not None and self._due[unit] <= mono_s:
            self._judge_now(unit)
            return 0.0
        soonest_s = min([self._next_registry_s, self._next_tick_s, *self._due.values()])
        return max(0.0, soonest_s - self._mono_s())

    def _judge_now(self, unit: str) -> None:
        del self._due[unit]
        start_s = self._mono_s()
        now_s = self._clock.now_s()
        try:
            judged = self._judge.judge(unit, self._units[unit], now_s)
            changed = self._store.put_derived(judged.derived)
        except StoreError as error:
            log.error("%s: %s; trying again in %.0f s", unit, error, STORE_RETRY_S)
            self._due[unit] = start_s + STORE_RETRY_S
            return
        except Exception:
            # One unit's data must not stop the others: it is judged again when there is more of it.
            log.exception("unit %s cannot be judged", unit)
            return
        if judged.last_fix_s is not None:
            self._clock.saw(judged.last_fix_s)
        self._open.pop(unit, None)
        if judged.is_open:
            self._open[unit] = now_s
        end_s = self._mono_s()
        self._resting[unit] = end_s + max(LEAST_REST_S, REST_PER_COST * (end_s - start_s))
        self._tell(Told(self.pending, unit, judged.last_fix_s, changed, end_s - start_s))

    def _touch(self, unit: str) -> None:
        if unit not in self._due:
            self._due[unit] = max(self._mono_s(), self._resting.get(unit, 0.0))

    def _stale(self) -> list[str]:
        """Open units judged at another time than it is now. By the real clock that is all of them, always."""
        now_s = self._clock.now_s()
        return [unit for unit, at_s in self._open.items() if at_s != now_s]

    def _read_registry(self) -> None:
        """Judges units whose assignments changed, whoever changed them, and drops those that are no more."""
        version = self._store.registry_version()
        if version == self._version:
            return
        units = units_of(self._store.known_devices(), self._store.assignments())
        for unit in sorted(units):
            if self._version < 0 or units[unit] != self._units.get(unit):
                self._touch(unit)
        gone = (self._units.keys() if self._version >= 0 else self._store.derived_units()) - units.keys()
        self._units, self._version = units, version
        for unit in sorted(gone):
            self._due.pop(unit, None)
            self._open.pop(unit, None)
            self._judge.forget(unit)
            self._store.drop_derived(unit)
            self._tell(Told(self.pending, unit, rows_changed=True))
        self._tell(Told(self.pending))
