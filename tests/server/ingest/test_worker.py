"""Ingest against a store and a broker that only remembers: what becomes of every kind of message."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from railbox_server.engine.changes import Change
from railbox_server.fleet import ALWAYS, Assignment
from railbox_server.ingest.parcel import Message
from railbox_server.ingest.worker import Worker
from railbox_server.store.interface import Store, StoreError, UnstorableError
from railbox_server.store.sqlite import SqliteStore
from railbox_server.store.values import Group, Outbox, Reason
from railbox_telemetry.committed import Committed, decode_committed
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.topics import Leaf, Topic
from railbox_telemetry.values import Batch, Discarded, Knot, Positions, SeqRange
from railbox_telemetry.wire import WireError, encode
from support.batches import DEVICE, EPOCH, START_S, batch, door, payload, positions, temperatures
from support.brokers import wait_for
from support.stored import group_of, stored

NOW_S = START_S + 86_400
UNIT = "CSQU3054383"
OUTBOX = Outbox(DEVICE, EPOCH)


@dataclass
class Broker:
    """Remembers what was published and acknowledged."""

    published: list[tuple[str, Committed]] = field(default_factory=list[tuple[str, Committed]])
    acknowledged: list[bytes] = field(default_factory=list[bytes])
    away: bool = False

    def publish(self, topic: str, payload: bytes) -> bool:
        if not self.away:
            self.published.append((topic, decode_committed(payload)))
        return not self.away

    def message(self, payload: bytes, topic: str | None = None, device: str = DEVICE) -> Message:
        return Message(
            topic or str(Topic(device, Leaf.BATCH)), payload, NOW_S * 1000, lambda: self.acknowledged.append(payload)
        )

    def status(self, text: str, device: str = DEVICE) -> Message:
        return self.message(text.encode(), str(Topic(device, Leaf.STATUS)))


@dataclass
class Ingest:
    store: Store
    broker: Broker = field(default_factory=Broker)
    changes: list[Change] = field(default_factory=list[Change])
    now_s: float = NOW_S

    def __post_init__(self) -> None:
        self.worker = self.new_worker()

    def new_worker(self) -> Worker:
        return Worker(self.store, self.broker.publish, self.touch, lambda: self.now_s)

    def touch(self, changes: Sequence[Change]) -> None:
        self.changes += changes

    def send(self, *payloads: bytes, device: str = DEVICE) -> None:
        self.worker.handle([self.broker.message(payload, device=device) for payload in payloads])

    def committed(self) -> Committed:
        self.worker.handle([self.broker.status(f'{{"online": true, "epoch": {EPOCH}, "ask_committed": true}}')])
        return self.broker.published[-1][1]


@pytest.fixture
def ingest(store: Store) -> Ingest:
    store.assign(Assignment(DEVICE, UNIT), NOW_S * 1000)
    return Ingest(store)


def reasons(ingest: Ingest) -> list[Reason]:
    return [item.reason for item in ingest.store.quarantined()]


def test_a_batch_is_stored_acknowledged_and_told_to_the_engine(ingest: Ingest) -> None:
    ingest.send(payload(1))
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 3
    assert ingest.broker.acknowledged == [payload(1)]
    assert ingest.changes == [Change(DEVICE, ((START_S + 180, START_S + 300),), ((EPOCH, 1),))]
    assert ingest.committed() == Committed(EPOCH, 1)


def test_the_same_batch_again_is_acknowledged_and_counted_only(ingest: Ingest) -> None:
    ingest.send(payload(1), payload(1))
    ingest.send(payload(1))
    assert ingest.broker.acknowledged == [payload(1)] * 3
    assert (ingest.worker.totals.accepted, ingest.worker.totals.repeated) == (1, 2)
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 3
    assert reasons(ingest) == []


def test_other_contents_under_a_taken_number_go_to_quarantine(ingest: Ingest) -> None:
    other = payload(1, positions([50]))
    ingest.send(payload(1))
    ingest.send(other)
    ingest.send(payload(2), payload(2, positions([60])))
    assert reasons(ingest) == [Reason.NUMBER_TAKEN, Reason.NUMBER_TAKEN]
    assert ingest.store.quarantined()[0].payload == other
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 6


@pytest.mark.parametrize(
    ("bad", "detail"),
    [
        (b"", "ends inside a number"),
        (b'{"_type": "location", "lat": 1, "lon": 2}', "wire version 123"),
        (payload(1)[:-1], ""),
        (payload(1) + b"\x00" * 70_000, "are over 65536"),
    ],
    ids=["empty", "foreign", "truncated", "huge"],
)
def test_what_is_no_batch_goes_to_quarantine_and_settles_no_number(ingest: Ingest, bad: bytes, detail: str) -> None:
    ingest.send(bad, payload(2))
    (kept,) = ingest.store.quarantined(DEVICE)
    assert (kept.reason, kept.payload, kept.seq) == (Reason.UNDECODABLE, bad, None)
    assert detail in kept.detail
    assert ingest.broker.acknowledged == [bad, payload(2)]
    assert ingest.committed() == Committed(EPOCH, 0, (SeqRange(2, 2),))


@pytest.mark.parametrize(
    ("bad", "detail"),
    [
        (Positions((Knot(START_S, 15_200_000, 0),)), "latitude 152.00000"),
        (Positions((Knot(START_S, 0, 18_000_001),)), "longitude 180.00001"),
        (Positions((Knot(1_000_000, 0, 0),)), "before 2015"),
        (Positions((Knot(2**34, 0, 0),)), "after 2242"),
        (Positions((Knot(START_S, 0, 0, 2**60),)), "dark_s"),
        (temperatures([1_400_000_000], [1]), "before 2015"),
        (door(1_400_000_000), "before 2015"),
        (door(START_S, 2**60), "event code"),
        (Discarded((SeqRange(1, 3),)), "discards 1-3"),
    ],
)
def test_an_implausible_batch_goes_to_quarantine_and_counts_as_committed(
    ingest: Ingest, bad: Positions, detail: str
) -> None:
    ingest.send(payload(1), payload(2, positions([1]), bad), payload(3))
    (kept,) = ingest.store.quarantined(DEVICE)
    assert (kept.reason, kept.epoch, kept.seq) == (Reason.IMPLAUSIBLE, EPOCH, 2)
    assert detail in kept.detail
    assert ingest.committed() == Committed(EPOCH, 3)
    assert ingest.store.without_data(OUTBOX, SeqRange(1, 3)) == (SeqRange(2, 2),)
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 6


@pytest.mark.parametrize(("epoch", "seq"), [(2**28, 1), (EPOCH, 0), (EPOCH, 2**69 - 1)])
def test_a_number_that_no_tracker_gives_settles_nothing(ingest: Ingest, epoch: int, seq: int) -> None:
    ingest.send(payload(seq, positions([1]), epoch=epoch), payload(1))
    assert reasons(ingest) == [Reason.IMPLAUSIBLE]
    assert ingest.committed() == Committed(EPOCH, 1)


def test_a_value_that_no_sensor_can_give_is_left_out_and_the_rest_stays(ingest: Ingest) -> None:
    hot = temperatures([START_S, START_S + 1], [9_000, 215])
    ingest.send(payload(1, positions([1], {0: 1_000_000, 1: 90, 5: -9_999}), hot))
    (point,) = ingest.store.points(DEVICE, ALWAYS)
    assert (point.speed_dmps, point.course_deg) == (None, 90)
    assert [item.value for item in ingest.store.readings(DEVICE, ALWAYS, 0, 10)] == [215]
    assert reasons(ingest) == []
    assert ingest.worker.complaints.counts == {"value_out_of_range": 1}


def test_a_fix_from_the_future_is_stored(ingest: Ingest) -> None:
    ingest.send(payload(1, Positions((Knot(4_102_444_800, 0, 0),))))
    assert [point.time_s for point in ingest.store.points(DEVICE, ALWAYS)] == [4_102_444_800]
    assert reasons(ingest) == []


def test_an_unknown_device_is_kept_apart_and_can_delete_what_it_sent(ingest: Ingest) -> None:
    ingest.send(payload(1), payload(2), device="STRANGER")
    ingest.worker.handle([ingest.broker.status(f'{{"online": true, "epoch": {EPOCH}}}', "STRANGER")])
    assert reasons(ingest) == [Reason.UNKNOWN_DEVICE] * 2
    assert ingest.store.points("STRANGER", ALWAYS) == []
    assert ingest.broker.published == [(str(Topic("STRANGER", Leaf.COMMITTED)), Committed(EPOCH, 2))]


def test_what_was_kept_is_ingested_once_the_device_is_registered(ingest: Ingest) -> None:
    ingest.send(payload(1), b"garbage", payload(2, temperatures([1], [1])), payload(3), device="STRANGER")
    ingest.store.register("STRANGER", NOW_S * 1000)
    ingest.now_s += 1000
    ingest.send()
    assert reasons(ingest) == [Reason.UNDECODABLE, Reason.IMPLAUSIBLE]
    assert {point.received_at_s for point in ingest.store.points("STRANGER", ALWAYS)} == {NOW_S}
    assert [item.device for item in ingest.changes] == ["STRANGER"] * 2
    ledger = ingest.store.ledger(Outbox("STRANGER", EPOCH))
    assert (ledger.stored.ranges, ledger.quarantined.ranges) == (
        (SeqRange(1, 1), SeqRange(3, 3)),
        (SeqRange(2, 2),),
    )


def test_trying_quarantine_again_releases_what_is_stored_by_now(ingest: Ingest) -> None:
    ingest.send(payload(1), device="STRANGER")
    assert ingest.worker.retry_now("STRANGER") == 0
    ingest.store.register("STRANGER", NOW_S * 1000)
    ingest.send(payload(1), device="STRANGER")
    assert reasons(ingest) == []
    assert len(ingest.store.points("STRANGER", ALWAYS)) == 3
    assert ingest.worker.retry_now("STRANGER") == 0


@pytest.mark.parametrize("topic", ["rb/1/99/TRK1/b", "rb/1/7/no.dots/b", "rb/2/7/TRK1/b", "x"])
def test_a_wrong_topic_goes_to_quarantine(ingest: Ingest, topic: str) -> None:
    ingest.worker.handle([ingest.broker.message(payload(1), topic)])
    assert reasons(ingest) == [Reason.WRONG_TOPIC]
    assert ingest.store.points(DEVICE, ALWAYS) == []


def test_discarded_batches_count_as_committed_and_are_listed(ingest: Ingest) -> None:
    ingest.send(payload(5, Discarded((SeqRange(1, 2), SeqRange(4, 4)))))
    assert ingest.committed() == Committed(EPOCH, 2, (SeqRange(4, 5),))
    assert ingest.store.ledger(OUTBOX).discarded.ranges == (SeqRange(1, 2), SeqRange(4, 4))
    assert ingest.store.ledger(OUTBOX).missing() == (SeqRange(3, 3),)


def test_committed_is_told_every_64_batches_or_hourly(ingest: Ingest) -> None:
    for seq in range(1, 64):
        ingest.send(payload(seq))
    assert ingest.broker.published == []
    ingest.send(payload(64), payload(65))
    assert ingest.broker.published == [(str(Topic(DEVICE, Leaf.COMMITTED)), Committed(EPOCH, 65))]
    ingest.send(payload(66))
    ingest.now_s += 3_000
    ingest.send()
    assert len(ingest.broker.published) == 1
    ingest.now_s += 700
    ingest.send()
    assert ingest.broker.published[1:] == [(str(Topic(DEVICE, Leaf.COMMITTED)), Committed(EPOCH, 66))]
    ingest.now_s += 100_000
    ingest.send()
    assert len(ingest.broker.published) == 2


def test_committed_is_told_when_a_device_comes_online_and_when_it_asks(ingest: Ingest) -> None:
    def say(text: str) -> int:
        ingest.worker.handle([ingest.broker.status(text)])
        return len(ingest.broker.published)

    ingest.send(payload(1))
    assert say('{"online": true}') == 1
    assert say('{"online": true}') == 1
    assert say('{"online": false}') == 1
    assert say('{"online": true}') == 2
    assert say('{"online": true, "ask_committed": true}') == 3
    assert {committed for _, committed in ingest.broker.published} == {Committed(EPOCH, 1)}


def test_what_could_not_be_told_is_told_once_the_broker_is_back(ingest: Ingest) -> None:
    ingest.send(payload(1))
    ingest.broker.away = True
    ingest.worker.handle([ingest.broker.status('{"online": true}')])
    assert ingest.broker.published == []
    ingest.broker.away = False
    ingest.send()
    assert len(ingest.broker.published) == 1


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"online": 1}', '{"online": true, "epoch": "x"}'])
def test_a_status_that_is_none_is_survived(ingest: Ingest, text: str) -> None:
    ingest.worker.handle([ingest.broker.status(text), ingest.broker.message(payload(1))])
    assert ingest.store.statuses() == []
    assert len(ingest.broker.acknowledged) == 2


def test_the_same_complaint_is_logged_once(ingest: Ingest, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            ingest.send(bytes([250, number]))
        ingest.now_s += 700
        ingest.send(b"\xfa")
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith(f"{DEVICE}: undecodable: kept in quarantine: ")
    assert second.endswith("(4 more since the last such line)")
    assert ingest.worker.complaints.counts == {"undecodable": 6}


class Refusing:
    """A store that refuses some writes; everything else is the real one's."""

    def __init__(self, store: Store, refuses: Callable[[Group], None]) -> None:
        self._store = store
        self._refuses = refuses

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def write(self, group: Group) -> None:
        self._refuses(group)
        self._store.write(group)


def test_nothing_is_acknowledged_before_the_store_took_it(ingest: Ingest) -> None:
    refusals = iter([True, True, False])

    def refuse(_: Group) -> None:
        assert ingest.broker.acknowledged == []
        if next(refusals, False):
            raise StoreError("disk full")

    ingest.store = Refusing(ingest.store, refuse)  # type: ignore[assignment] - stands in for a Store
    ingest.worker = ingest.new_worker()
    ingest.send(payload(1), payload(2))
    assert len(ingest.broker.acknowledged) == 2
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 6
    assert ingest.worker.totals.accepted == 2


def test_one_message_that_cannot_be_stored_holds_up_no_other(ingest: Ingest) -> None:
    def refuse(group: Group) -> None:
        if any(item.batch.seq == 2 for item in group.batches):
            raise UnstorableError("integer out of range")

    ingest.store = Refusing(ingest.store, refuse)  # type: ignore[assignment] - stands in for a Store
    ingest.worker = ingest.new_worker()
    ingest.send(payload(1), payload(2), payload(3))
    assert reasons(ingest) == [Reason.NOT_STORABLE]
    assert len(ingest.broker.acknowledged) == 3
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 6
    assert ingest.store.ledger(OUTBOX).stored.ranges == (SeqRange(1, 1), SeqRange(3, 3))


def test_one_message_that_trips_the_code_holds_up_no_other(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(found: Batch) -> str | None:
        return {1: None, 3: None}[found.seq]

    monkeypatch.setattr("railbox_server.ingest.steps.implausible", trip)
    ingest.send(payload(1), payload(2), payload(3))
    assert reasons(ingest) == [Reason.NOT_STORABLE]
    assert len(ingest.broker.acknowledged) == 3
    assert ingest.committed() == Committed(EPOCH, 1, (SeqRange(3, 3),))


def test_what_is_kept_and_trips_the_code_stops_nothing_that_comes(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest.send(payload(1), device="STRANGER")
    ingest.store.register("STRANGER", NOW_S * 1000)
    monkeypatch.setattr("railbox_server.ingest.worker.sort_again", None)
    ingest.send(payload(1))
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 3
    assert reasons(ingest) == [Reason.UNKNOWN_DEVICE]


def test_the_inbox_is_drained_by_the_thread_and_admits(ingest: Ingest) -> None:
    ingest.worker.start()
    try:
        for seq in range(1, 50):
            ingest.worker.put(ingest.broker.message(payload(seq)))
        ingest.worker.put(ingest.broker.message(payload(1), device="STRANGER"))
        assert ingest.worker.admit("STRANGER") == 1
        assert len(ingest.broker.acknowledged) == 50
        assert ingest.worker.waiting == 0
    finally:
        ingest.worker.stop()


def test_any_order_and_repetition_store_the_same(ingest: Ingest) -> None:
    sent = [encode(batch(seq)) for seq in range(1, 9)]
    ingest.send(*sent[5:], *sent[:2])
    ingest.send(*reversed(sent), *sent[::2])
    ingest.send(*sent)
    assert [point.time_s for point in ingest.store.points(DEVICE, ALWAYS)] == sorted(
        START_S + number * 60 for number in range(3, 27)
    )
    assert ingest.committed() == Committed(EPOCH, 8)


def test_a_batch_of_ten_megabytes_is_kept_whole_and_holds_up_nothing(ingest: Ingest) -> None:
    huge = payload(1) + bytes(10_000_000)
    ingest.send(huge, payload(2))
    (kept,) = ingest.store.quarantined(DEVICE)
    assert (kept.reason, len(kept.payload)) == (Reason.UNDECODABLE, len(huge))
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 3


@pytest.mark.parametrize("version", [0, 2, 127])
def test_a_batch_of_another_wire_version_is_kept_until_it_is_understood(ingest: Ingest, version: int) -> None:
    ingest.send(bytes([version]) + payload(1)[1:], payload(2))
    (kept,) = ingest.store.quarantined(DEVICE)
    assert (kept.reason, kept.seq) == (Reason.UNDECODABLE, None)
    assert f"wire version {version}" in kept.detail
    assert ingest.committed() == Committed(EPOCH, 0, (SeqRange(2, 2),))


def test_what_an_older_release_could_not_decode_comes_in_after_an_upgrade(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:

        def refuse(_: bytes) -> Batch:
            raise WireError("section kind 9 is not known")

        older.setattr("railbox_server.ingest.steps.wire.decode", refuse)
        ingest.send(payload(1), payload(2))
    ingest.send(b"garbage", payload(3, Positions((Knot(START_S, 15_200_000, 0),))))
    assert ingest.worker.retry_now(reason=Reason.IMPLAUSIBLE) == 0
    assert ingest.worker.retry_now(reason=Reason.UNDECODABLE) == 2
    assert reasons(ingest) == [Reason.UNDECODABLE, Reason.IMPLAUSIBLE]
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 6
    assert ingest.committed() == Committed(EPOCH, 3)


def test_a_replay_is_done_by_the_thread_and_says_how_many_came_out(ingest: Ingest) -> None:
    ingest.send(payload(1), payload(2), device="STRANGER")
    ingest.worker.start()
    try:
        assert ingest.worker.replay("STRANGER") == 0
        assert ingest.worker.admit("STRANGER") == 2
        assert ingest.worker.replay() == 0
    finally:
        ingest.worker.stop()


def test_a_revoked_device_is_kept_apart_and_its_past_stays(ingest: Ingest) -> None:
    ingest.send(payload(1))
    ingest.store.revoke(DEVICE)
    ingest.send(payload(2))
    assert reasons(ingest) == [Reason.UNKNOWN_DEVICE]
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 3
    assert ingest.committed() == Committed(EPOCH, 2)
    ingest.store.register(DEVICE, NOW_S * 1000)
    ingest.send(payload(3))
    assert reasons(ingest) == []
    assert ingest.store.ledger(OUTBOX).stored.ranges == (SeqRange(1, 3),)


def test_an_old_epochs_backlog_sent_again_is_dropped_and_counted_and_the_new_one_goes_on(ingest: Ingest) -> None:
    backlog = [payload(seq, epoch=3) for seq in range(1, 41)]
    ingest.send(*backlog)
    ingest.send(payload(1))
    ingest.send(*reversed(backlog), payload(2))
    assert (ingest.worker.totals.accepted, ingest.worker.totals.repeated) == (42, 40)
    assert len(ingest.broker.acknowledged) == 82
    assert reasons(ingest) == []
    assert ingest.store.ledger(Outbox(DEVICE, 3)).missing() == ()
    assert ingest.committed() == Committed(EPOCH, 2)


def test_what_retention_let_go_and_comes_again_is_a_repetition(ingest: Ingest) -> None:
    ingest.send(payload(1))
    assert isinstance(ingest.store, SqliteStore)
    ingest.store.let_go(OUTBOX, SeqSet([SeqRange(1, 1)]))
    with ingest.store.database.writing() as db:
        db.execute("DELETE FROM batches")
    ingest.send(payload(1))
    assert (ingest.worker.totals.repeated, reasons(ingest)) == (1, [])


def test_after_a_restore_ledgers_are_read_anew_and_the_engine_looks_at_everything(ingest: Ingest) -> None:
    ingest.send(payload(1))
    other = group_of([stored(payload(2))])
    ingest.store.write(other)
    ingest.store.count_restore()
    ingest.changes.clear()
    ingest.send(payload(3))
    assert ingest.changes[0] == Change(DEVICE)
    assert ingest.committed() == Committed(EPOCH, 3)


def test_a_group_that_fails_is_tried_again_before_anything_else(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mosquitto sends what was not acknowledged again only after a reconnect."""
    monkeypatch.setattr("railbox_server.ingest.worker.LONGEST_RETRY_S", 0.01)
    failures = iter([True, True])
    real = ingest.store.registry_version

    def fail() -> int:
        if next(failures, False):
            raise ValueError("a fault of ours")
        return real()

    monkeypatch.setattr(ingest.store, "registry_version", fail)
    ingest.worker.start()
    try:
        ingest.worker.put(ingest.broker.message(payload(1)))
        wait_for(lambda: ingest.broker.acknowledged, "the group to be stored")
    finally:
        ingest.worker.stop()
    assert ingest.broker.acknowledged == [payload(1)]
    assert len(ingest.store.points(DEVICE, ALWAYS)) == 3
