"""Delivery: newest first, then the backlog in its pace; nothing is deleted but by the server's word."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from railbox_agent.delivery import MAX_IN_FLIGHT, Delivery, DeliverySettings
from railbox_telemetry.committed import Committed, committed_of
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import SeqRange

FAST = DeliverySettings(
    in_flight=4, backlog_per_s=1000, resend_after_ms=10_000, ask_after_ms=1_000, ask_every_ms=1_000, max_tries=3
)


def numbers(seqs: Iterable[int]) -> SeqSet:
    return SeqSet(SeqRange(seq, seq) for seq in seqs)


def connected(stored: range | list[int], how: DeliverySettings = FAST) -> Delivery:
    delivery = Delivery(how)
    delivery.stored(stored)
    delivery.connected(0)
    return delivery


def upto(seq: int, *beyond: SeqRange) -> Committed:
    return Committed(1, seq, beyond)


def test_nothing_is_sent_without_a_connection() -> None:
    delivery = Delivery(FAST)
    delivery.stored([1, 2])
    assert delivery.next(0) == []
    assert not delivery.ask(0)


def test_on_connecting_the_newest_goes_first_then_the_backlog_from_its_oldest() -> None:
    assert connected(range(1, 11)).next(0) == [10, 1, 2, 3]


def test_what_is_stored_while_the_backlog_goes_out_overtakes_it() -> None:
    delivery = connected(range(1, 11))
    for seq in delivery.next(0):
        delivery.acknowledged(seq, 0)
    delivery.stored([11])
    assert delivery.next(0) == [11, 4, 5, 6]


def test_after_a_reconnect_the_newest_is_first_again() -> None:
    delivery = connected(range(1, 11))
    assert delivery.next(0) == [10, 1, 2, 3]
    delivery.disconnected()
    assert delivery.next(0) == []
    delivery.connected(0)
    assert delivery.next(0) == [10, 1, 2, 3]


def test_the_backlog_is_throttled_and_the_newest_is_not() -> None:
    delivery = connected(range(1, 101), DeliverySettings(in_flight=20, backlog_per_s=2))
    assert delivery.next(0) == [100, 1, 2]
    assert delivery.next(0) == []
    delivery.stored([101])
    assert delivery.next(100) == [101]
    assert delivery.next(600) == [3]


def test_an_acknowledgement_by_the_broker_deletes_nothing() -> None:
    delivery = connected([1])
    assert delivery.next(0) == [1]
    delivery.acknowledged(1, 5)
    assert delivery.committed(upto(0)) == []
    assert not delivery.idle
    assert delivery.committed(upto(1)) == [1]
    assert delivery.idle


def test_committed_ranges_beyond_the_contiguous_delete_too() -> None:
    delivery = connected(range(1, 5))
    assert sorted(delivery.next(0)) == [1, 2, 3, 4]
    assert sorted(delivery.committed(upto(1, SeqRange(3, 4)))) == [1, 3, 4]


def test_a_committed_number_that_was_never_sent_is_kept() -> None:
    delivery = Delivery(FAST)
    delivery.stored([1, 2])
    assert delivery.committed(upto(2)) == []
    assert len(delivery.waiting) == 2


def test_what_an_answer_does_not_cover_is_sent_again_after_the_time_out() -> None:
    delivery = connected([1])
    delivery.next(0)
    delivery.acknowledged(1, 0)
    assert delivery.ask(5_000)
    delivery.committed(upto(0))
    assert delivery.next(9_999) == []
    assert delivery.next(10_000) == [1]


def test_an_answer_to_what_was_asked_before_a_batch_was_sent_says_nothing_of_it() -> None:
    delivery = connected([1])
    delivery.next(0)
    delivery.acknowledged(1, 0)
    assert delivery.ask(1_000)
    delivery.stored([2])
    assert delivery.next(1_001) == [2]
    delivery.acknowledged(2, 1_001)
    delivery.committed(upto(1))
    assert delivery.next(11_001) == []


def test_while_the_server_is_silent_the_time_out_is_longer() -> None:
    delivery = connected([1])
    delivery.next(0)
    delivery.acknowledged(1, 0)
    assert delivery.next(39_999) == []
    assert delivery.next(40_000) == [1]


def test_a_batch_not_committed_in_its_tries_goes_behind_everything_else() -> None:
    delivery = connected([1, 2])
    now_ms = 0
    for _ in range(FAST.max_tries):
        assert 1 in delivery.next(now_ms)
        delivery.acknowledged(1, now_ms)
        delivery.acknowledged(2, now_ms)
        assert delivery.ask(now_ms + 5_000)
        delivery.committed(upto(0, SeqRange(2, 2)))
        now_ms += 10_000
    delivery.disconnected()
    delivery.stored([3, 4, 5])
    delivery.connected(0)
    assert delivery.next(now_ms) == [5, 3, 4, 1]


def test_the_server_is_asked_when_its_word_is_overdue_and_then_ever_less_often() -> None:
    delivery = connected([1])
    delivery.next(0)
    delivery.acknowledged(1, 0)
    asked = [now_ms for now_ms in range(0, 20_000, 100) if delivery.ask(now_ms)]
    assert asked == [1_000, 2_000, 4_000, 8_000, 16_000]
    delivery.committed(upto(0))
    assert delivery.ask(20_000)


def test_a_full_window_stops_sending_and_asks_at_once() -> None:
    delivery = connected(range(1, 11), DeliverySettings(window=4))
    sent = delivery.next(0)
    assert len(sent) == 4
    for seq in sent:
        delivery.acknowledged(seq, 0)
    assert delivery.next(1) == []
    assert delivery.ask(1)
    delivery.committed(committed_of(1, numbers(sent)))
    assert len(delivery.next(2)) == 4


def test_a_batch_sent_in_an_earlier_life_waits_for_the_server_before_it_is_sent_again() -> None:
    delivery = Delivery(FAST)
    delivery.restored(1, 2, 0)
    delivery.restored(2, 0, 0)
    delivery.connected(0)
    assert delivery.next(0) == [2]
    assert delivery.committed(upto(1)) == [1]


def test_what_the_uplink_had_no_room_for_counts_no_try() -> None:
    delivery = connected([1])
    for _ in range(10):
        assert delivery.next(0) == [1]
        delivery.not_taken(1)
    assert delivery.tries == {}
    assert len(delivery.waiting) == 1


def test_what_was_evicted_is_forgotten_wherever_it_is() -> None:
    delivery = connected(range(1, 11))
    sent = delivery.next(0)
    delivery.acknowledged(sent[0], 0)
    delivery.forget(range(1, 11))
    delivery.acknowledged(sent[1], 1)
    assert delivery.idle
    assert delivery.next(1_000_000) == []


@dataclass
class World:
    """A broker that loses what the test says, and a server that commits what reaches it."""

    delivery: Delivery
    now_ms: int = 0
    stored: int = 0
    evicted: set[int] = field(default_factory=set[int])
    at_server: set[int] = field(default_factory=set[int])
    deleted: set[int] = field(default_factory=set[int])
    online: bool = False

    def run(self, steps: list[str]) -> None:
        for step in steps:
            getattr(self, step)()
            self.now_ms += 700
            assert len(self.delivery.in_flight) <= MAX_IN_FLIGHT
            assert self.deleted <= self.at_server

    def store(self) -> None:
        self.stored += 3
        self.delivery.stored(range(self.stored - 2, self.stored + 1))

    def evict(self) -> None:
        left = set(range(1, self.stored + 1)) - self.deleted - self.evicted
        if left:
            self.evicted.add(min(left))
            self.delivery.forget([min(left)])

    def connect(self) -> None:
        if not self.online:
            self.delivery.connected(self.now_ms)
        self.online = True

    def disconnect(self) -> None:
        if self.online:
            self.delivery.disconnected()
        self.online = False

    def deliver(self) -> None:
        for seq in self.delivery.next(self.now_ms):
            self.at_server.add(seq)
            self.delivery.acknowledged(seq, self.now_ms)

    def lose_after_acknowledging(self) -> None:
        for seq in self.delivery.next(self.now_ms):
            self.delivery.acknowledged(seq, self.now_ms)

    def lose_the_acknowledgement(self) -> None:
        self.at_server.update(self.delivery.next(self.now_ms))

    def answer(self) -> None:
        if self.online and self.delivery.ask(self.now_ms):
            self.deleted.update(self.delivery.committed(committed_of(1, numbers(self.at_server))))

    def lose_the_answer(self) -> None:
        self.delivery.ask(self.now_ms)


KINDS = [
    "store",
    "evict",
    "connect",
    "disconnect",
    "deliver",
    "answer",
    "lose_the_answer",
    "lose_after_acknowledging",
    "lose_the_acknowledgement",
]
STEPS = st.lists(st.sampled_from(KINDS), max_size=60)


@given(STEPS, st.integers(1, MAX_IN_FLIGHT), st.integers(1, 40))
@settings(deadline=None)
def test_whatever_the_broker_loses_everything_not_evicted_is_committed_in_the_end(
    steps: list[str], in_flight: int, window: int
) -> None:
    how = DeliverySettings(
        in_flight=in_flight,
        window=window,
        backlog_per_s=5,
        resend_after_ms=5_000,
        ask_after_ms=1_000,
        ask_every_ms=500,
        max_tries=2,
    )
    world = World(Delivery(how))
    world.run(steps)
    world.run(["disconnect", "connect", *["deliver", "answer"] * (60 + 8 * world.stored)])
    assert world.delivery.idle
    assert world.deleted | world.evicted == set(range(1, world.stored + 1))
