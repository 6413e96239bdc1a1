"""What ingest knows already, kept in memory between groups: known devices, ledgers, the bytes of the group at hand.

All of it comes from the store, and is forgotten when the store refuses a group.
"""

from typing import Final

from railbox_server.ledger import Ledger
from railbox_server.store.interface import IngestStore
from railbox_server.store.values import Outbox

MAX_LEDGERS: Final = 20_000


class StoreBooks:
    def __init__(self, store: IngestStore) -> None:
        self._store = store
        self._ledgers: dict[Outbox, Ledger] = {}
        self._fresh: dict[tuple[Outbox, int], bytes] = {}
        self._known: frozenset[str] = frozenset()
        self._version = -1
        self._restored = store.restored_version()

    def restored(self) -> bool:
        """Whether something else put batches into the store since the last time; what is known is read anew then."""
        version = self._store.restored_version()
        if version == self._restored:
            return False
        self._restored = version
        self.forget()
        return True

    def refresh(self) -> frozenset[str]:
        """Starts a group; returns the devices that became known since the last one, by whichever process."""
        self._fresh.clear()
        if len(self._ledgers) > MAX_LEDGERS:
            self._ledgers.clear()
        version = self._store.registry_version()
        if version == self._version:
            return frozenset()
        before, self._known = self._known, self._store.known_devices()
        self._version = version
        return self._known - before

    def is_known(self, device: str) -> bool:
        return device in self._known

    def ledger(self, outbox: Outbox) -> Ledger:
        """The one in memory, which the group at hand changes."""
        found = self._ledgers.get(outbox)
        if found is None:
            found = self._ledgers[outbox] = self._store.ledger(outbox)
        return found

    def payload(self, outbox: Outbox, seq: int) -> bytes | None:
        return self._fresh.get((outbox, seq)) or self._store.payload(outbox, seq)

    def stored(self, outbox: Outbox, seq: int, payload: bytes) -> None:
        """The group at hand will store it."""
        self._fresh[outbox, seq] = payload

    def forget(self) -> None:
        """The store refused a group: the ledgers here are ahead of it."""
        self._ledgers.clear()
        self._fresh.clear()
