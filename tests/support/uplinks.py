"""An uplink for tests: impatient, and its events are waited for one at a time."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from railbox_agent.mqtt import Access, Message, UplinkEvent
from railbox_agent.uplink import BackOff, Uplink
from support.brokers import wait_for

STATUS, BATCH, COMMITTED = "rb/1/3/TRK1/s", "rb/1/3/TRK1/b", "rb/1/3/TRK1/a"
WILL: Final = Message(STATUS, b"will", retain=True)
QUICK: Final = BackOff(0.05, 0.2)
T = TypeVar("T")


class Link(Uplink):
    def __init__(
        self,
        access: Access,
        *topics: str,
        cumulative: tuple[str, ...] = (),
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(access, WILL, topics, QUICK, cumulative=cumulative, now_s=now_s)
        self._seen: list[UplinkEvent] = []

    def wait(self, kind: type[T]) -> T:
        """The next event of a kind; those before it are passed over."""
        found: list[T] = []

        def seen() -> bool:
            self._seen += self.events(0 if self._seen else 0.1)
            while self._seen and not found:
                event = self._seen.pop(0)
                found.extend([event] if isinstance(event, kind) else [])
            return bool(found)

        wait_for(seen, kind.__name__)
        return found[0]
