"""Live updates for pages: what changed, told to every listener, the newest only.

A listener that reads slowly loses intermediate states, never the last one, and holds one message a unit at most.
Knows neither HTTP nor the store; the API formats, `row_of` reads.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

UPDATE_S: Final = 0.2
"""Five updates a second a unit at most."""
CLOCK_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Update:
    number: int
    event: str
    data: str


@dataclass(slots=True, eq=False)
class Listener:
    """One open page: what it has not been told yet, the newest by subject."""

    waiting: dict[str, Update] = field(default_factory=dict[str, Update])
    something: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, subject: str, update: Update) -> None:
        self.waiting.pop(subject, None)  # the newest goes to the end
        self.waiting[subject] = update
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


_END: Final = "end"


class Hub:
    """`rows_of(units)` gives the rows of /api/units, `clock_row()` that of /api/clock; both may block."""

    def __init__(
        self, rows_of: Callable[[Iterable[str]], list[dict[str, Any]]], clock_row: Callable[[], object]
    ) -> None:
        self._rows_of = rows_of
        self._clock_row = clock_row
        self._listeners: set[Listener] = set()
        self._changed: set[str] = set()
        self._board_changed = False
        self._number = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- from any thread ---------------------------------------------------------------------------------------------

    def unit_changed(self, unit: str) -> None:
        self._call(self._changed.add, unit)

    def board_changed(self) -> None:
        self._call(self._mark_board)

    def close(self) -> None:
        """Ends every listener, so that the server can stop while pages are open."""
        self._call(self._end)

    # --- in the event loop -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tells the listeners, until cancelled."""
        self._loop = asyncio.get_running_loop()
        next_clock_s = self._loop.time()
        while True:
            await asyncio.sleep(UPDATE_S)
            units, self._changed = self._changed, set()
            board, self._board_changed = self._board_changed, False
            if not self._listeners:
                continue
            for row in await asyncio.to_thread(self._rows_of, units) if units else ():
                self._tell("unit", f"unit {row['unit']}", row)
            if board:
                self._tell("board", "board", {})
            if self._loop.time() >= next_clock_s:
                next_clock_s = self._loop.time() + CLOCK_S
                self._tell("clock", "clock", self._clock_row())

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[Listener]:
        """A listener, which hears the time at once and then all that changes."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            listener.offer("clock", self._update("clock", self._clock_row()))
            yield listener
        finally:
            self._listeners.discard(listener)

    def _tell(self, event: str, subject: str, data: object) -> None:
        update = self._update(event, data)
        for listener in self._listeners:
            listener.offer(subject, update)

    def _update(self, event: str, data: object) -> Update:
        self._number += 1
        return Update(self._number, event, json.dumps(data, separators=(",", ":")))

    def _mark_board(self) -> None:
        self._board_changed = True

    def _end(self) -> None:
        for listener in self._listeners:
            listener.offer(_END, Update(0, _END, ""))

    def _call(self, what: Callable[..., object], *args: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *args)
