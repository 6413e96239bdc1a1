"""What an engine has heard of, on its disk: how many numbers of each outbox were stored, and by all units judged.

Whoever heard of as many as the store has missed nothing, whenever the last engine was killed. Decides nothing else.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from railbox_server.engine.changes import Change
from railbox_server.store.interface import JourneyStore

RESTORED: Final = ""
"""Among devices: what else than ingest put into the store."""

Counts = Mapping[tuple[str, int], int]
"""By device and epoch."""


class Hearing:
    def __init__(self, store: JourneyStore, judged: Mapping[tuple[str, int], int]) -> None:
        """`judged`: what the last engine left. To be made before any knot is read: what comes later is told of."""
        self._heard = {(RESTORED, 0): store.restored_version(), **store.stored_counts()}
        self._unjudged = {key: count for key, count in self._heard.items() if judged.get(key, 0) != count}

    def missed(self) -> frozenset[str]:
        """The devices of which the last engine did not judge all; RESTORED among them: all of them."""
        return frozenset(device for device, _ in self._unjudged)

    def hear(self, changes: Iterable[Change]) -> None:
        for change in changes:
            for epoch, count in change.stored:
                if count > self._heard.get((change.device, epoch), 0):
                    self._heard[change.device, epoch] = self._unjudged[change.device, epoch] = count

    def has_heard(self, stored: Counts) -> bool:
        """Whether what is stored by now was told of."""
        return all(self._heard.get(outbox, 0) >= count for outbox, count in stored.items())

    def saw(self, stored: Counts) -> None:
        """All of what is stored by now is judged, whether it was told of or not."""
        for outbox, count in stored.items():
            if self._heard.get(outbox) != count:
                self._heard[outbox] = self._unjudged[outbox] = count

    def judged(self, due: Collection[str]) -> Counts:
        """What is judged now, and was not told of before: all of the devices that are not due."""
        found = {
            key: count
            for key, count in self._unjudged.items()
            if key[0] not in due and not (key[0] == RESTORED and due)
        }
        for key in found:
            del self._unjudged[key]
        return found
