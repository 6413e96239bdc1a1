"""Live updates for pages: what changed, told to every listener, the newest only.

A listener that reads slowly loses intermediate states, never the last one, and holds one message a unit at most. One
that comes back is told what changed since the last that it heard. Knows neither HTTP nor the store.
"""

import asyncio
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

UPDATE_S: Final = 0.2
"""Five updates a second a unit at most."""
CLOCK_S: Final = 2.0
REMEMBERED: Final = 20_000
"""Subjects whose last change is remembered for those who come back."""

_BOARD: Final = "board"
_END: Final = "end"


@dataclass(frozen=True, slots=True)
class Update:
    """`id`: what a listener that comes back says it heard last."""

    id: str
    event: str
    data: str


class Changes:
    """The number of each subject's last change, the newest last; the oldest are forgotten. Pure."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._life = secrets.token_hex(4)
        """Numbers begin anew with every start of the server: those of another life say nothing."""
        self._most = most
        self._last: OrderedDict[str, int] = OrderedDict()
        self._number = self._forgotten = 0

    @property
    def newest(self) -> str:
        return f"{self._life}-{self._number}"

    def note(self, subject: str) -> str:
        """Its id."""
        self._number += 1
        self._last.pop(subject, None)
        self._last[subject] = self._number
        if len(self._last) > self._most:
            self._forgotten = self._last.popitem(last=False)[1]
        return self.newest

    def since(self, heard: str) -> dict[str, str] | None:
        """The subjects that changed after that id, with their ids, in order; None: it is too old, or none of ours."""
        life, _, text = heard.partition("-")
        if life != self._life or not text.isdecimal() or not self._forgotten <= int(text) <= self._number:
            return None
        return {subject: f"{life}-{number}" for subject, number in self._last.items() if number > int(text)}


@dataclass(slots=True, eq=False)
class Listener:
    """One open page: what it has not been told yet, the newest by subject."""

    waiting: dict[str, Update] = field(default_factory=dict[str, Update])
    something: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, subject: str, update: Update) -> None:
        self.waiting.pop(subject, None)  # the newest goes to the end
        self.waiting[subject] = update
        self.something.set()

    def catch_up(self, missed: dict[str, Update]) -> None:
        """Before what came meanwhile, which is newer."""
        self.waiting = {subject: update for subject, update in missed.items() if subject not in self.waiting} | (
            self.waiting
        )
        self.something.set()

    async def updates(self) -> AsyncGenerator[Update]:
        """Ends when the hub closes."""
        while True:
            await self.something.wait()
            self.something.clear()
            while self.waiting:
                update = self.waiting.pop(next(iter(self.waiting)))
                if update.event == _END:
                    return
                yield update


class Hub:
    """`rows_of(units)` gives the rows of /api/units, `clock_row()` that of /api/clock; both may block."""

    def __init__(
        self,
        rows_of: Callable[[Iterable[str]], list[dict[str, Any]]],
        clock_row: Callable[[], object],
        changes: Changes | None = None,
    ) -> None:
        self._rows_of = rows_of
        self._clock_row = clock_row
        self._changes = changes or Changes()
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        """Over the two that follow: the loop looks at them by itself, so that thousands of changes do not wake it."""
        self._changed: set[str] = set()
        self._board_changed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    @property
    def newest(self) -> str:
        """The id of the last change."""
        return self._changes.newest

    # --- from any thread ---------------------------------------------------------------------------------------------

    def changed(self, units: Iterable[str] = (), *, board: bool = False) -> None:
        with self._lock:
            self._changed.update(units)
            self._board_changed |= board

    def close(self) -> None:
        """Ends every listener, so that the server can stop while pages are open."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)

    # --- in the event loop -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tells the listeners, until cancelled."""
        self._loop = asyncio.get_running_loop()
        next_clock_s = self._loop.time()
        while True:
            await asyncio.sleep(UPDATE_S)
            with self._lock:
                units, self._changed = self._changed, set()
                board, self._board_changed = self._board_changed, False
            rows = await self._read(units) if self._listeners else dict.fromkeys(units)
            # A number is given when a change is told: who listens from between does not miss it.
            for unit, row in rows.items():
                number = self._changes.note(_subject(unit))
                if row is not None:
                    self._tell(_subject(unit), Update(number, "unit", _json(row)))
            if board:
                self._tell(_BOARD, Update(self._changes.note(_BOARD), "board", "{}"))
            if self._listeners and self._loop.time() >= next_clock_s:
                next_clock_s = self._loop.time() + CLOCK_S
                self._tell("clock", self._clock())

    @asynccontextmanager
    async def listening(self, heard: str | None = None) -> AsyncGenerator[Listener]:
        """A listener, which hears the time at once, then what changed since the id that it heard last, or that too much
        did (`reread`), and then all that changes."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            if heard is not None:
                listener.catch_up(await self._missed(heard))
            listener.offer("clock", self._clock())
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _missed(self, heard: str) -> dict[str, Update]:
        ids = self._changes.since(heard)
        if ids is None:
            return {"reread": Update(self._changes.newest, "reread", "{}")}
        rows = await self._read({subject.removeprefix("unit ") for subject in ids if subject != _BOARD})
        missed = {_subject(unit): ("unit", row) for unit, row in rows.items() if row is not None}
        if _BOARD in ids:
            missed[_BOARD] = ("board", {})
        return {
            subject: Update(number, missed[subject][0], _json(missed[subject][1]))
            for subject, number in ids.items()
            if subject in missed
        }

    async def _read(self, units: set[str]) -> dict[str, dict[str, Any] | None]:
        """The rows of units by name; None: it has none any more."""
        rows = {row["unit"]: row for row in await asyncio.to_thread(self._rows_of, units)} if units else {}
        return {unit: rows.get(unit) for unit in sorted(units)}

    def _clock(self) -> Update:
        return Update(self._changes.newest, "clock", _json(self._clock_row()))

    def _tell(self, subject: str, update: Update) -> None:
        for listener in self._listeners:
            listener.offer(subject, update)

    def _end(self) -> None:
        for listener in self._listeners:
            listener.offer(_END, Update("", _END, ""))


def _subject(unit: str) -> str:
    return f"unit {unit}"


def _json(data: object) -> str:
    return json.dumps(data, separators=(",", ":"))
