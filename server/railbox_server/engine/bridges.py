"""Which steps a batch without knots may have made known: none is missing any more between the knots around it.

Numbers tell what is missing, and the times of such a batch need not lie between those knots. Decides nothing else.
"""

from typing import Final

from railbox_server.engine.changes import Change
from railbox_server.journey.history import TimeSpan
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Outbox
from railbox_telemetry.values import Positions
from railbox_telemetry.wire import decode

MOST: Final = 100
"""So many batches without knots that follow each other are looked through; more of them, and nobody can say."""


def with_bridges(change: Change, store: JourneyStore) -> Change:
    """With the times between the knots around its batches without any. Raises StoreError."""
    for epoch, seq in change.bridges if change.spans else ():
        outbox = Outbox(change.device, epoch)
        before, after = (_nearest(store, outbox, seq, towards) for towards in (-1, 1))
        if before is not None and after is not None:
            span = min(before[0], after[0]), max(before[1], after[1])
            change = change.joined(Change(change.device, (span,) if before and after else ()))
    return change._replace(bridges=())


def _nearest(store: JourneyStore, outbox: Outbox, seq: int, towards: int) -> TimeSpan | None:
    """When the nearest knots of lower or higher numbers are; None: a batch is missing before them."""
    for number in range(seq + towards, seq + towards * MOST, towards):
        ...
    return None
