"""Live updates: the newest state reaches every listener, however slowly it reads."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from railbox_server.live import Changes, Hub, Listener, Update

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
                hub.changed(["a", "b"])
            hub.changed(board=True)
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
        listener.offer("unit a", Update(str(number), "unit", str(number)))
    listener.offer("board", Update("1000", "board", "{}"))
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


def test_changes_are_remembered_by_subject_and_number() -> None:
    changes = Changes(most=3)
    start = changes.newest
    first, _, third = (changes.note(subject) for subject in ("a", "b", "a"))
    assert list(changes.since(start) or ()) == ["b", "a"]
    assert list(changes.since(first) or ()) == ["b", "a"]
    assert changes.since(third) == {}


def test_what_is_too_old_or_of_another_life_is_not_known() -> None:
    changes = Changes(most=2)
    start = changes.newest
    ids = [changes.note(subject) for subject in ("a", "b", "c")]
    assert changes.since(start) is None
    assert list(changes.since(ids[0]) or ()) == ["b", "c"]
    for stranger in (Changes().newest, "", "x", "1", f"{ids[0]}0", ids[0].replace("-", "--"), ids[0].rstrip("1") + "²"):
        assert changes.since(stranger) is None


class Served:
    """A hub that runs, and what its listeners hear."""

    def __init__(self, changes: Changes | None = None) -> None:
        self.hub = Hub(rows_of, lambda: {"now": "t"}, changes)

    async def __aenter__(self) -> "Served":
        self._running = asyncio.create_task(self.hub.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running

    async def heard(self, count: int, since: str | None = None) -> list[Update]:
        async with self.hub.listening(since) as listener:
            return await _collect(listener, count)

    async def changed(self, *units: str) -> Update:
        """Lets the hub tell of these; returns the last word."""
        async with self.hub.listening() as listener:
            self.hub.changed(units)
            updates = listener.updates()
            while True:
                update = await anext(updates)
                if update.event == "unit" and json.loads(update.data)["unit"] == max(units):
                    return update


def test_who_comes_back_is_told_what_changed_meanwhile_and_no_more() -> None:
    async def run() -> None:
        rows.update(a=1, b=1, c=1)
        async with Served() as served:
            await served.changed("a", "b")
            last = await served.changed("c")
            rows.update(a=2, b=2)
            await served.changed("a")
            await served.changed("b")
            heard = await served.heard(3, last.id)
            told = [(item.event, json.loads(item.data)) for item in heard]
            assert told[:2] == [("unit", {"unit": "a", "seen": 2}), ("unit", {"unit": "b", "seen": 2})]
            assert told[2][0] == "clock"
            # From between, the rest of it.
            assert [item.id for item in await served.heard(2, heard[0].id)] == [heard[1].id, heard[2].id]
            assert [item.event for item in await served.heard(1, heard[-1].id)] == ["clock"]

    asyncio.run(run())


def test_who_was_away_too_long_is_told_to_read_again() -> None:
    async def run() -> None:
        rows.update(a=1, b=1, c=1)
        async with Served(Changes(most=2)) as served:
            old = await served.changed("a")
            await served.changed("b", "c")
            await served.changed("a")
            assert [item.event for item in await served.heard(2, "another-1")] == ["reread", "clock"]
            assert (await served.heard(2, old.id))[0].event == "reread"

    asyncio.run(run())


def test_what_changes_while_nobody_listens_is_told_to_who_comes_back() -> None:
    async def run() -> None:
        rows.update(a=1)
        async with Served() as served:
            last = await served.changed("a")
            rows.update(a=7)
            served.hub.changed(["a"], board=True)
            while served.hub.newest == last.id:
                await asyncio.sleep(0.01)
            told = {item.event: json.loads(item.data) for item in await served.heard(3, last.id)}
            assert (told["unit"], told["board"]) == ({"unit": "a", "seen": 7}, {})

    asyncio.run(run())
