"""Store, engine and teller in this process, driven by hand and by the test's clock."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from railbox_server.fleet import Assignment, Span
from railbox_server.store.sqlite import SqliteStore
from railbox_server.telling.facts import Contact, facts
from railbox_server.telling.ledger import Asked, NoticeLedger
from railbox_server.telling.model import Fact, Hysteresis, Kind
from railbox_server.telling.teller import Teller
from railbox_telemetry.values import Batch
from support import detours
from support.server_rig import Rig
from support.told import Listener

DEVICE, UNIT = "TRK1", "CSQU3054383"
NOW_S: Final = detours.END_S + 600
SILENCE_S: Final = 5_400.0
AT_ONCE = Hysteresis(hold_s=0, revise_s=0, revise_value=0.0)


class Room:
    """Store, engine and teller, driven by hand."""

    def __init__(self, folder: Path, calm: Hysteresis = AT_ONCE, begun: bool = True) -> None:
        self.rig = Rig(SqliteStore(folder), NOW_S, folder)
        self.rig.store.assign(Assignment(DEVICE, UNIT, Span(None, None)), 0)
        self.ledger = NoticeLedger(folder)
        self.calm = calm
        self.host_s = NOW_S
        self.woken = 0
        self.restart()
        if begun:
            self.teller.begin()

    def restart(self) -> None:
        """A teller that knows nothing but what is on disk."""
        self.teller = Teller(
            self.rig.store, self.ledger, self.rig.clock, SILENCE_S, self.calm, frozenset(Kind), self._wake,
            lambda: self.host_s, lambda: float(self.host_s),
        )  # fmt: skip

    def receive(self, batches: Iterable[Batch]) -> None:
        self.rig.receive(DEVICE, batches)
        self.settle()

    def settle(self) -> None:
        self.rig.settle()
        self.teller.told(self.rig.told)
        self.rig.told.clear()
        self.teller.turn()

    def told(self, *kinds: Kind) -> list[tuple[str, str, str]]:
        """(kind, action, place or event) of all notices, as they were told."""
        found = self.ledger.notices(Asked(kinds=kinds, limit=10_000))
        return [
            (item.notice.fact.kind.value, item.notice.action.value, item.notice.fact.where[0])
            for item in reversed(found)
        ]

    @property
    def stands(self) -> list[Fact]:
        listener = Listener()
        listener.hear(item.notice for item in self.ledger.notices(Asked(limit=10_000)))
        return listener.believes

    @property
    def true(self) -> list[Fact]:
        store, clock = self.rig.store, self.rig.clock
        (row,) = store.unit_rows(UNIT)
        contact = Contact(row, True, clock.now_s(), SILENCE_S)
        found = facts(UNIT, store.visits(UNIT), store.crossings(UNIT), store.custody(UNIT), contact)
        return sorted(found, key=repr)

    def close(self) -> None:
        self.ledger.close()
        self.rig.store.close()

    def _wake(self) -> None:
        self.woken += 1
