"""What waits between the broker's thread and ingest's: bounded in number and in bytes, so that memory is as well.

Whoever puts waits while it is full; then nothing more is read from the broker.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MAX_ITEMS: Final = 4_000
MAX_BYTES: Final = 64 * 2**20
"""An item that is larger alone is taken when nothing else waits."""


class Inbox(Generic[T]):
    def __init__(self, size_of: Callable[[T], int], max_items: int = MAX_ITEMS, max_bytes: int = MAX_BYTES) -> None:
        self._size_of = size_of
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, timeout_s: float) -> bool:
        """Whether there was room in time."""
        size = self._size_of(item)
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(size), timeout_s):
                return False
            self._items.append((item, size))
            self._bytes += size
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float) -> T | None:
        """The oldest; None when none came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._items, timeout_s):
                return None
            item, size = self._items.popleft()
            self._bytes -= size
            self._changed.notify_all()
            return item

    def take(self, most: int, wait_s: float, gather_s: float, ends: Callable[[T], bool]) -> list[T]:
        """What comes within `gather_s` of the first, for which it waits `wait_s`; no more after one that `ends` it, nor
        once there is as much as may wait."""
        taken: list[T] = []
        size = 0
        end_s = time.monotonic() + wait_s
        while len(taken) < most and size < self._max_bytes and (left_s := end_s - time.monotonic()) > 0:
            item = self.get(left_s)
            if item is None:
                break
            if not taken:
                end_s = time.monotonic() + gather_s
            taken.append(item)
            size += self._size_of(item)
            if ends(item):
                break
        return taken

    def _has_room(self, size: int) -> bool:
        return not self._items or (len(self._items) < self._max_items and self._bytes + size <= self._max_bytes)
