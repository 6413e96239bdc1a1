"""Between which knots nothing is missing any more, now that late batches have come.

A batch may be the last that was missing between two others, whatever the times it tells of. Decides nothing else.
"""

import math
from collections.abc import Iterable
from typing import Final

from railbox_server.engine.changes import Change, times_of
from railbox_server.journey.kept import TimeSpan
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Outbox
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import Positions, SeqRange
from railbox_telemetry.wire import decode

MOST: Final = 100
"""So many batches without knots that follow each other are looked through."""
ALWAYS: Final = (-math.inf, math.inf)


def with_bridges(change: Change, store: JourneyStore) -> Change:
    """With the times between the knots around its batches. Raises StoreError."""
    for outbox, run in _runs(change) if change.spans else ():
        before = _nearest(store, outbox, run.first, -1)
        after = _nearest(store, outbox, run.last, 1) if before is not None else None
        if before is not None and after is not None:
            span = min(before[0], after[0]), max(before[1], after[1])
            change = change.joined(Change(change.device, (span,)))
    return change._replace(filled=())


def _runs(change: Change) -> Iterable[tuple[Outbox, SeqRange]]:
    """Numbers that follow each other; what lies between them is new anyway."""
    by_epoch: dict[int, SeqSet] = {}
    for epoch, seq in change.filled:
        by_epoch.setdefault(epoch, SeqSet()).add(seq)
    return [(Outbox(change.device, epoch), run) for epoch, seqs in by_epoch.items() for run in seqs.ranges]


def _nearest(store: JourneyStore, outbox: Outbox, seq: int, step: int) -> TimeSpan | None:
    """When the nearest knots of lower, or of higher, numbers are: always, where nobody can say; None: behind a batch
    that is missing."""
    for number in range(seq + step, seq + step * MOST, step):
        payload = store.payload(outbox, number)
        if payload is None:
            among = store.without_data(outbox, SeqRange(number - 1, number + 1))
            is_missing = any(each.first <= number <= each.last for each in among)
            return None if is_missing or number < 1 else ALWAYS
        knots = [section for section in decode(payload).sections if isinstance(section, Positions)]
        if times := [time_s for section in knots for time_s in times_of(section)]:
            return float(min(times)), float(max(times))
    return ALWAYS
