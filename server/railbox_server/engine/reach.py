"""What batches say of other times than their own: which steps they join, and when events were.

A batch may be the last that was missing between two others, whatever the times of its readings; and the clock of a boot
dates the events that were sent before it was known. Decides nothing else.
"""

from collections.abc import Iterable
from typing import Final

from railbox_server.engine.changes import Change, times_of
from railbox_server.journey.kept import ALWAYS, TimeSpan
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Outbox
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import Positions, SeqRange
from railbox_telemetry.wire import WireError, decode

MOST: Final = 100
"""So many batches without knots that follow each other are looked through."""


def reached(change: Change, store: JourneyStore) -> Change:
    """With all times that it says something of. Raises StoreError."""
    if change.spans is None or not (change.filled or change.boots):
        return change
    dated = [span for boot_id in change.boots for span in store.boot_spans(change.device, boot_id)]
    joining = [span for outbox, run in _runs(change) if (span := _joining(store, outbox, run)) is not None]
    return change._replace(filled=(), boots=()).joined(Change(change.device, (*dated, *joining)))


def _joining(store: JourneyStore, outbox: Outbox, run: SeqRange) -> TimeSpan | None:
    """Between the knots of the numbers before and after some; None: there are still none."""
    before = _nearest(store, outbox, run.first, -1)
    after = _nearest(store, outbox, run.last, 1) if before is not None else None
    if before is None or after is None:
        return None
    for earlier, later in ((before, after), (after, before)):
        if earlier[1] <= later[0]:
            return earlier[1], later[0]
    return min(before[0], after[0]), max(before[1], after[1])


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
        try:
            sections = decode(payload).sections
        except WireError:
            return ALWAYS  # an older version may have stored it
        knots = [section for section in sections if isinstance(section, Positions)]
        if times := [time_s for section in knots for time_s in times_of(section)]:
            return float(min(times)), float(max(times))
    return ALWAYS
