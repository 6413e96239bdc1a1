"""What waits for ingest is bounded in number and in bytes, whoever sends how fast."""

import threading

from railbox_server.ingest.inbox import Inbox
from railbox_server.ingest.parcel import Message
from railbox_server.ingest.worker import Worker
from railbox_server.store.interface import Store, StoreError
from railbox_server.store.values import Group
from support.batches import payload
from support.brokers import wait_for

MESSAGES = 400
"""Of which each second one has a megabyte: far more than may wait."""


def test_it_takes_no_more_than_its_number_and_its_bytes() -> None:
    inbox: Inbox[bytes] = Inbox(len, max_items=3, max_bytes=10)
    assert [inbox.put(bytes(size), 0.0) for size in (4, 4, 4, 2, 0)] == [True, True, False, True, False]
    assert inbox.get(0.0) == bytes(4)
    assert inbox.put(bytes(5), 0.0) is False
    assert inbox.put(bytes(4), 0.0) is True


def test_one_that_is_larger_than_all_is_taken_alone() -> None:
    inbox: Inbox[bytes] = Inbox(len, max_items=3, max_bytes=10)
    assert inbox.put(bytes(1_000), 0.0)
    assert not inbox.put(b"", 0.0)
    assert inbox.get(0.0) == bytes(1_000)
    assert inbox.get(0.0) is None


def test_a_group_ends_with_what_ends_it() -> None:
    inbox: Inbox[int] = Inbox(lambda _: 1)
    for number in range(6):
        inbox.put(number, 0.0)
    assert inbox.take(2, 1.0, 1.0, lambda _: False) == [0, 1]
    assert inbox.take(9, 1.0, 1.0, lambda number: number == 4) == [2, 3, 4]
    assert inbox.take(9, 0.01, 0.01, lambda _: False) == [5]


def test_while_the_store_is_full_whoever_delivers_waits_and_loses_nothing(store: Store) -> None:
    """The broker's thread, which then reads no more: the rest stays with the broker."""
    full = threading.Event()
    full.set()

    class Full:
        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def write(self, group: Group) -> None:
            if full.is_set():
                raise StoreError("disk full")
            store.write(group)

    store.register("TRK1", 0)
    acknowledged: list[int] = []
    worker = Worker(Full(), lambda _topic, _payload: True, lambda _changes: None)  # type: ignore[arg-type] - stands in for a Store
    worker.start()
    padding = bytes(1_000_000)
    sent: list[int] = []

    def deliver() -> None:
        for seq in range(1, MESSAGES + 1):
            data = payload(seq) if seq % 2 else padding
            worker.put(Message("rb/1/43/TRK1/b", data, 0, lambda seq=seq: acknowledged.append(seq)))
            sent.append(seq)

    broker = threading.Thread(target=deliver, daemon=True)
    broker.start()
    try:
        broker.join(0.5)
        assert broker.is_alive()
        assert len(sent) < MESSAGES
        assert acknowledged == []
        full.clear()
        broker.join(30)
        wait_for(lambda: len(acknowledged) == MESSAGES, "all to be acknowledged")
    finally:
        worker.stop()
    assert worker.totals.accepted + worker.totals.quarantined >= MESSAGES // 2
