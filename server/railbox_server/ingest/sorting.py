"""A group of messages becomes one transaction: parcels through the steps, statuses parsed, ledgers brought up to date.

Decides only; the store, the broker and the log are worker.py's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from railbox_server.ingest.books import StoreBooks
from railbox_server.ingest.parcel import Message, Parcel, Refusal
from railbox_server.ingest.statuses import StatusError, parse_status
from railbox_server.ingest.steps import pass_through
from railbox_server.ledger import Ledger
from railbox_server.store.values import Group, Outbox, Quarantined, Reason, Status, StoredBatch
from railbox_telemetry.topics import Leaf, TopicError, parse_topic
from railbox_telemetry.values import Discarded

MAX_NAME = 64
"""Characters kept of a device name that is none."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something to count and to log once."""

    what: str
    where: str
    detail: str


@dataclass(slots=True)
class Sorted:
    """What a group of messages comes to. `numbered`: batches whose number is settled once the group is stored."""

    batches: list[StoredBatch] = field(default_factory=list[StoredBatch])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    released: list[int] = field(default_factory=list[int])
    statuses: list[Status] = field(default_factory=list[Status])
    ledgers: dict[Outbox, Ledger] = field(default_factory=dict[Outbox, Ledger])
    numbered: list[Outbox] = field(default_factory=list[Outbox])
    complaints: list[Complaint] = field(default_factory=list[Complaint])
    repeated: int = 0

    def group(self) -> Group:
        return Group(
            tuple(self.batches), tuple(self.quarantined), tuple(self.released), tuple(self.statuses), self.ledgers
        )


def sort_messages(messages: Iterable[Message], books: StoreBooks) -> Sorted:
    found = Sorted()
    for message in messages:
        try:
            topic = parse_topic(message.topic)
        except TopicError as error:
            refused = Parcel(_name(message.topic), message.payload, message.received_at_ms)
            _refuse(refused, Refusal(Reason.WRONG_TOPIC, str(error)), found)
            continue
        if topic.leaf is Leaf.BATCH:
            _sort_parcel(Parcel(topic.device, message.payload, message.received_at_ms), books, found)
        elif topic.leaf is Leaf.STATUS and message.payload:
            _sort_status(topic.device, message, found)
    return found


def sort_again(page: Iterable[Quarantined], books: StoreBooks) -> Sorted:
    """Messages in quarantine through the steps once more; those that end there again stay as they are."""
    found = Sorted()
    for item in page:
        if item.reason is not Reason.WRONG_TOPIC:
            parcel = Parcel(item.device, item.payload, item.received_at_ms, quarantine_row=item.row_id)
            _sort_parcel(parcel, books, found)
    return found


def sort_unstorable(message: Message, why: str) -> Sorted:
    """A message that the store can never take, whatever its steps said of it."""
    found = Sorted()
    parcel = Parcel(_name(message.topic), message.payload, message.received_at_ms)
    _refuse(parcel, Refusal(Reason.NOT_STORABLE, why), found)
    return found


def merged(parts: Iterable[Sorted]) -> Sorted:
    """What several groups, stored one after the other, come to."""
    whole = Sorted()
    for part in parts:
        whole.batches += part.batches
        whole.quarantined += part.quarantined
        whole.statuses += part.statuses
        whole.numbered += part.numbered
        whole.complaints += part.complaints
        whole.ledgers |= part.ledgers
        whole.repeated += part.repeated
    return whole


def _sort_parcel(parcel: Parcel, books: StoreBooks, found: Sorted) -> None:
    pass_through(parcel, books)
    if parcel.refusal is None:
        _accept(parcel, books, found)
    else:
        _refuse(parcel, parcel.refusal, found)
        _number(parcel, books, found)


def _accept(parcel: Parcel, books: StoreBooks, found: Sorted) -> None:
    assert parcel.batch is not None
    if parcel.quarantine_row:
        found.released.append(parcel.quarantine_row)
    if parcel.repeated:
        found.repeated += 1
        return
    if parcel.doubts:
        found.complaints.append(Complaint("value_out_of_range", parcel.device, f"left out: {', '.join(parcel.doubts)}"))
    outbox, seq = Outbox(parcel.device, parcel.batch.epoch), parcel.batch.seq
    ledger = found.ledgers[outbox] = books.ledger(outbox)
    ledger.stored.add(seq)
    ledger.quarantined.discard(seq)
    for section in parcel.batch.sections:
        if isinstance(section, Discarded):
            for item in section.ranges:
                ledger.discarded.add(item.first, item.last)
    books.stored(outbox, seq, parcel.payload)
    found.batches.append(StoredBatch(parcel.device, parcel.batch, parcel.payload, parcel.received_at_ms))
    found.numbered.append(outbox)


def _refuse(parcel: Parcel, refusal: Refusal, found: Sorted) -> None:
    if parcel.quarantine_row:  # it stays where it is
        return
    numbers = (parcel.batch.epoch, parcel.batch.seq) if parcel.batch is not None and parcel.numbered else (None, None)
    found.quarantined.append(
        Quarantined(parcel.device, refusal.reason, refusal.detail, parcel.payload, parcel.received_at_ms, *numbers)
    )
    found.complaints.append(Complaint(refusal.reason.value, parcel.device, f"kept in quarantine: {refusal.detail}"))


def _number(parcel: Parcel, books: StoreBooks, found: Sorted) -> None:
    """A refused batch that has a number is safe under it: the tracker may delete it."""
    if parcel.quarantine_row or not parcel.numbered or parcel.batch is None:
        return
    outbox = Outbox(parcel.device, parcel.batch.epoch)
    ledger = found.ledgers[outbox] = books.ledger(outbox)
    if parcel.batch.seq not in ledger.stored:
        ledger.quarantined.add(parcel.batch.seq)
    found.numbered.append(outbox)


def _sort_status(device: str, message: Message, found: Sorted) -> None:
    try:
        found.statuses.append(parse_status(device, message.payload, message.received_at_ms))
    except StatusError as error:
        found.complaints.append(Complaint("bad_status", device, str(error)))


def _name(topic: str) -> str:
    """What stands where the device does, as far as it can be shown."""
    parts = topic.split("/")
    return (parts[3] if len(parts) > 3 else topic)[:MAX_NAME]
