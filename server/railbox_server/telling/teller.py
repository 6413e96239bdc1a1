"""Looks at units whose result may be another one, and records what is to be told of them. A thread; decides nothing.

`told` only notes the unit, so neither the engine nor ingest ever waits. At the start every unit is looked at, so that
nothing is missed over a crash.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol

from railbox_server.clock import Clock, host_now_s
from railbox_server.engine.engine import Told
from railbox_server.fleet import Assignment, Fleet, Registered
from railbox_server.store.interface import StoreError
from railbox_server.store.values import Row
from railbox_server.telling.facts import Contact, facts
from railbox_server.telling.ledger import NoticeLedger
from railbox_server.telling.model import Hysteresis, Keeping, Kind, Story
from railbox_server.telling.notices import Now, Outcome, step
from railbox_telemetry import iso

log = logging.getLogger(__name__)

LEAST_ROUND_S: Final = 0.5
REST_PER_COST: Final = 19.0
"""After a round it rests so many times what that took: telling takes a twentieth of a core at most."""
CONTACT_S: Final = 15.0
"""How often it is looked at which units fell silent."""
LET_GO_S: Final = 3_600.0
"""How often it is looked for notices to let go; one step a round while there are some."""
STORE_RETRY_S: Final = 5.0
STOP_TIMEOUT_S: Final = 5.0
MARK_BYTES: Final = 16
TOGETHER: Final = 50
"""What becomes of so many units is written in one transaction."""


class TellingStore(Registered, Protocol):
    """What telling reads of the store."""

    def unit_rows(self, unit: str | None = None) -> Sequence[Row]: ...

    def visits(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]: ...

    def crossings(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]: ...

    def custody(self, unit: str) -> Sequence[Row]: ...

    def data_since_s(self, unit: str) -> float:
        """Until when retention let go of anything that the rest is made of."""
        ...


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at a unit came to. `mark`: of what is true of it."""

    unit: str
    mark: bytes
    stories: Sequence[Story]
    outcome: Outcome


class Teller:
    """`recorded` is called after something was, in the teller's thread. `posted`: the kinds that the webhook takes."""

    def __init__(
        self,
        store: TellingStore,
        ledger: NoticeLedger,
        clock: Clock,
        silence_s: float,
        calm: Hysteresis,
        posted: frozenset[Kind],
        recorded: Callable[[], None],
        host_s: Callable[[], int] = host_now_s,
        mono_s: Callable[[], float] = time.monotonic,
        keeping: Keeping = Keeping(),  # noqa: B008 - it is frozen
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._silence_s = silence_s
        self._calm = calm
        self._posted = posted
        self._recorded = recorded
        self._host_s = host_s
        self._mono_s = mono_s
        self._keeping = keeping
        self._fleet = Fleet()
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._due_s: dict[str, int] = {}
        """By the host: units in which something is held back."""
        self._marks: dict[str, bytes] = {}
        """What was true at the last look: while it is, and nothing is held back, there is nothing to tell."""
        self._last_fix_s: dict[str, int] = {}
        self._silent: set[str] = set()
        self._next_contact_s = self._next_let_go_s = float("-inf")
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is not told by now is told at the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(STOP_TIMEOUT_S)

    def told(self, told: Iterable[Told]) -> None:
        """The engine's hook; from any thread, never waits. A unit whose rows are the same and that was no long time
        silent is not looked at: that is nearly all of them."""
        now_s = self._clock.now_s()
        with self._changed:
            for each in told:
                if each.unit is None:
                    continue
                before_s = self._last_fix_s.get(each.unit)
                if each.last_fix_s is not None:
                    self._last_fix_s[each.unit] = each.last_fix_s
                if each.rows_changed or before_s is None or self._is_silence(now_s - before_s):
                    self._waiting.add(each.unit)

    # --- in the thread -----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Everything as it stands. What the very first look finds is history: recorded, posted to nobody."""
        posted = self._posted if self._ledger.has_begun else frozenset[Kind]()
        rows = {row["unit"]: row for row in self._store.unit_rows()}
        with self._changed:
            latest = {unit: row["latest"] for unit, row in rows.items() if row["latest"] is not None}
            self._last_fix_s = {unit: iso.to_s(last["time"]) for unit, last in latest.items()} | self._last_fix_s
        self._look_at(sorted(rows.keys() | self._ledger.units()), posted)
        self._ledger.begin()

    def turn(self) -> None:
        """One round: units that changed, in which something was held back, or that fell silent."""
        host_s, mono_s = self._host_s(), self._mono_s()
        with self._changed:
            waiting, self._waiting = self._waiting, set()
            if mono_s >= self._next_contact_s:
                self._next_contact_s = mono_s + CONTACT_S
                waiting |= self._newly_silent()
        waiting |= {unit for unit, due_s in self._due_s.items() if due_s <= host_s}
        try:
            self._look_at(sorted(waiting), self._posted)
        except StoreError:
            with self._changed:
                self._waiting |= waiting
            raise
        if mono_s >= self._next_let_go_s and not self._let_go(host_s):
            self._next_let_go_s = mono_s + LET_GO_S

    def _let_go(self, host_s: int) -> int:
        gone = self._ledger.let_go(self._keeping, host_s, self._clock.now_s() - self._calm.settle_s)
        if gone:
            log.info("telling: let go of %d notices that nothing changes any more", gone)
        return gone

    def _newly_silent(self) -> set[str]:
        now_s = self._clock.now_s()
        silent = {unit for unit, last_s in self._last_fix_s.items() if self._is_silence(now_s - last_s)}
        newly, self._silent = silent - self._silent, silent
        return newly

    def _is_silence(self, unheard_s: float) -> bool:
        return unheard_s > self._silence_s

    def _look_at(self, units: Sequence[str], posted: frozenset[Kind]) -> None:
        if not units:
            return
        known = self._fleet.of(self._store)
        for first in range(0, len(units), TOGETHER):
            looks: list[_Look] = []
            for unit in units[first : first + TOGETHER]:
                try:
                    if (look := self._look(unit, known)) is not None:
                        looks.append(look)
                except StoreError:
                    raise
                except Exception:
                    _log_odd(unit)
            self._record(looks, posted)

    def _record(self, looks: Sequence["_Look"], posted: frozenset[Kind]) -> None:
        """Together, or where they cannot be written so, each for itself."""
        try:
            self._ledger.record([(look.stories, look.outcome) for look in looks], posted)
        except StoreError:
            raise
        except Exception:
            if len(looks) == 1:
                _log_odd(looks[0].unit)
            else:
                for look in looks:
                    self._record([look], posted)
            return
        for look in looks:
            self._marks[look.unit] = look.mark
            self._due_s.pop(look.unit, None)
            if look.outcome.due_s is not None:
                self._due_s[look.unit] = look.outcome.due_s
        if any(look.outcome.notices for look in looks):
            self._recorded()

    def _look(self, unit: str, known: Mapping[str, Sequence[Assignment]]) -> "_Look | None":
        """None where nothing new is true of the unit."""
        row = next(iter(self._store.unit_rows(unit)), None)
        if row is None and unit in known:
            return None  # not judged yet
        now = Now(self._host_s(), self._clock.now_s(), self._ledger.let_go_until_s, self._store.data_since_s(unit))
        assigned = any(now.clock_s in item.span for item in known.get(unit, ()))
        true = facts(
            unit,
            self._store.visits(unit),
            self._store.crossings(unit),
            self._store.custody(unit),
            Contact(row, assigned, now.clock_s, self._silence_s),
        )
        mark = blake2b(repr(true).encode(), digest_size=MARK_BYTES).digest()
        if mark == self._marks.get(unit) and unit not in self._due_s:
            return None
        stories = self._ledger.stories(unit)
        return _Look(unit, mark, stories, step(stories, true, now, self._calm))

    def _run(self) -> None:
        todo = self.begin
        while True:
            start_s = self._mono_s()
            rest_s = LEAST_ROUND_S
            try:
                todo()
                todo = self.turn
                rest_s = max(LEAST_ROUND_S, REST_PER_COST * (self._mono_s() - start_s))
            except StoreError as error:
                log.error("telling: %s; trying again in %.0f s", error, STORE_RETRY_S)
                rest_s = STORE_RETRY_S
            except Exception:
                # Whatever it is, all units' news would end with the thread.
                log.exception("telling failed; trying again in %.0f s", STORE_RETRY_S)
                rest_s = STORE_RETRY_S
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, rest_s)
                if self._stopping:
                    return


def _log_odd(unit: str) -> None:
    """One unit's odd data must not keep others' news: it is looked at again when it changes."""
    log.exception("unit %s: cannot be told of", unit)
