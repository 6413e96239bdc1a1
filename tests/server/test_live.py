"""Live updates: the newest state reaches every listener, however slowly it reads."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from railbox_server.live import Hub, Listener, Update

rows: dict[str, int] = {}


def rows_of(units: Iterable[str]) -> list[dict[str, Any]]:
    return [{"unit": unit, "seen": rows[unit]} for unit in sorted(units)]


async def _collect(listener: Listener, count: int) -> list[Update]:
    found: list[Update] = []
    async for update in listener.updates():
        found.append(update)
        if len(found) == count:
            break
    return found


def test_each_listener_hears_the_time_and_then_the_newest_of_each_unit() -> None:
    async def run() -> None:
        hub = Hub(rows_of, lambda: {"now": "t"})
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        async with hub.listening() as first, hub.listening() as second:
            for number in range(1, 4):
                rows.update(a=number, b=10 * number)
                hub.unit_changed("a")
                hub.unit_changed("b")
            hub.board_changed()
            for listener in (first, second):
                heard = [(item.event, json.loads(item.data)) for item in await _collect(listener, 4)]
                assert ("clock", {"now": "t"}) in heard
                assert ("unit", {"unit": "a", "seen": 3}) in heard
                assert ("unit", {"unit": "b", "seen": 30}) in heard
                assert ("board", {}) in heard
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())


def test_a_slow_listener_holds_one_update_a_subject() -> None:
    listener = Listener()
    for number in range(1000):
        listener.offer("unit a", Update(number, "unit", str(number)))
    listener.offer("board", Update(1000, "board", "{}"))
    assert [update.data for update in listener.waiting.values()] == ["999", "{}"]


def test_closing_ends_every_listener() -> None:
    async def run() -> list[Update]:
        hub = Hub(rows_of, dict)
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        async with hub.listening() as listener:
            hub.close()
            found = [update async for update in listener.updates()]
        running.cancel()
        return found

    assert [update.event for update in asyncio.run(run())] == ["clock"]
