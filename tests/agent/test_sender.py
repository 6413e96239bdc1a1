"""The sender: items become batches that the server commits, whatever happens on the way."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from railbox_agent.delivery import DeliverySettings
from railbox_agent.items import Item, Report
from railbox_agent.mqtt import (
    Access,
    Acknowledged,
    Address,
    Connected,
    Disconnected,
    Message,
    Received,
    SubscriptionRefused,
    UplinkEvent,
)
from railbox_agent.outbox import Outbox
from railbox_agent.packing import Packer
from railbox_agent.sender import STATUS_EVERY_MS, Sender, SenderSettings, subscriptions, will
from railbox_agent.uplink import BackOff, Uplink
from railbox_telemetry.committed import Committed, encode_committed
from railbox_telemetry.tables import STATUS_KEYS
from railbox_telemetry.values import Event, Fix, Knot, Positions, Reading, UndatedEvent
from railbox_telemetry.wire import decode
from support.brokers import Start, mosquitto, nats, wait_for
from support.fake_server import FakeServer

T0 = 1_750_000_000
BOOT = 99
MB = 1_000_000
QUICK = DeliverySettings(backlog_per_s=1e6, resend_after_ms=400, ask_after_ms=50, ask_every_ms=50)
BATCH, COMMITTED, STATUS = (f"rb/1/3/TRK1/{leaf}" for leaf in "bas")


def report(time_s: int) -> Report:
    return Report(time_s, (Knot(time_s, 5_500_000, 3_700_000),))


class FakeLine:
    """An uplink without a network: what was published, and events to come. `taken_at_once`: how much fits."""

    def __init__(self, taken_at_once: int = 20) -> None:
        self.published: list[Message] = []
        self.coming: list[UplinkEvent] = []
        self.room = taken_at_once

    def publish(self, message: Message) -> bool:
        if len(self.published) >= self.room:
            return False
        self.published.append(message)
        return True

    def events(self, wait_s: float = 0.0) -> list[UplinkEvent]:
        coming, self.coming = self.coming, []
        return coming

    def batches(self) -> list[Message]:
        return [message for message in self.published if message.topic == BATCH]

    def statuses(self) -> list[dict[str, Any]]:
        return [json.loads(message.payload) for message in self.published if message.topic == STATUS]


class Bench:
    """A sender on a fake line and a fake clock."""

    def __init__(self, folder: Path, line: FakeLine | None = None) -> None:
        self.now_ms = 0
        self.line = line or FakeLine()
        self.outbox = Outbox(folder, MB)
        settings = SenderSettings("TRK1", BOOT, QUICK)
        self.sender = Sender(settings, Packer(BOOT), self.outbox, self.line, now_ms=lambda: self.now_ms)

    def hear(self, *events: UplinkEvent) -> None:
        self.line.coming += events
        self.sender.step()

    def committed(self, contiguous: int, epoch: int | None = None) -> Received:
        message = Committed(self.outbox.epoch if epoch is None else epoch, contiguous)
        return Received(COMMITTED, encode_committed(message))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_batch_is_sent_once_it_is_on_disk_and_deleted_once_it_is_committed(bench: Bench) -> None:
    bench.hear(Connected("MQTT 5"))
    bench.sender.take([report(T0)])
    assert bench.line.batches() == []
    bench.sender.step()
    (message,) = bench.line.batches()
    assert decode(message.payload).sections == (Positions((Knot(T0, 5_500_000, 3_700_000),)),)
    bench.hear(Acknowledged(message))
    assert not bench.sender.done
    bench.hear(bench.committed(1))
    assert bench.sender.done
    assert (bench.sender.totals.batches_sent, bench.sender.totals.batches_committed) == (1, 1)


def test_items_are_counted_by_kind(bench: Bench) -> None:
    bench.sender.take([Fix(T0 * 1000, 55.0, 37.0), report(T0), Reading(T0, 0, 215), Event(T0, 1), UndatedEvent(1, 1)])
    totals = bench.sender.totals
    assert (totals.fixes, totals.knots, totals.readings, totals.events) == (1, 1, 1, 2)


def test_fixes_alone_cause_no_writing(bench: Bench) -> None:
    bench.sender.step()
    bench.now_ms = 100_000
    bench.sender.take([Fix(T0 * 1000, 55.0, 37.0)])
    bench.sender.step()
    assert len(bench.outbox) == 0
    assert not bench.outbox.due(bench.now_ms, collected=False)


def test_what_is_collected_is_on_disk_within_the_commit_interval(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.sender.take([report(T0)])
    bench.sender.step()
    bench.sender.take([report(T0 + 1)])
    bench.now_ms = 5_000
    bench.sender.step()
    bench.outbox.close()  # and nothing more is done in good order
    again = Outbox(tmp_path, MB)
    assert [seq for seq, _ in again.restore()] == [1, 2]


def test_on_connecting_it_says_who_it_is_and_asks_only_when_something_is_open(bench: Bench) -> None:
    bench.hear(Connected("MQTT 5"))
    bench.sender.take([report(T0)])
    bench.sender.step()
    bench.hear(Acknowledged(bench.line.batches()[0]))
    bench.hear(Disconnected("gone"), Connected("MQTT 5"))
    first, again = bench.line.statuses()
    assert set(first) == set(STATUS_KEYS)
    assert (first["online"], first["boot_id"], first["epoch"]) == (True, BOOT, bench.outbox.epoch)
    assert (first["ask_committed"], again["ask_committed"]) == (False, True)
    assert (first["outbox_batches"], again["outbox_batches"]) == (0, 1)
    assert all(message.retain for message in bench.line.published if message.topic == STATUS)


def test_to_a_broker_for_which_it_was_never_away_it_says_nothing_until_a_status_is_due(bench: Bench) -> None:
    bench.hear(Connected("MQTT 5"))
    bench.sender.take([report(T0)])
    bench.sender.step()
    bench.hear(Acknowledged(bench.line.batches()[0]))
    again = Connected("MQTT 5", resumed=True, same=True)
    bench.hear(Disconnected("gone"), again)
    assert len(bench.line.statuses()) == 1
    counters = bench.sender.all_counters()
    assert (counters["connections"], counters["tls_resumed"], counters["sessions_kept"]) == (2, 1, 1)
    bench.now_ms = STATUS_EVERY_MS // 2
    bench.hear(Disconnected("gone"), again)
    assert len(bench.line.statuses()) > 1


def test_a_connection_that_failed_is_counted_by_its_kind_and_says_where_and_what_to_do(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    where = "mqtts://broker.example:8883"
    bench.hear(Disconnected("it expired", counter="own_certificate_refused", where=where))
    bench.hear(Disconnected("stopped", expected=True, counter="broker_unreachable", where=where))
    assert f"no connection to the broker {where}: it expired; check who signed uplink.cert_file" in caplog.text
    assert bench.sender.all_counters() == {"own_certificate_refused": 1}


def test_the_status_has_the_trackers_own_time_once_it_has_one(bench: Bench) -> None:
    bench.sender.say()
    bench.sender.take([report(T0)])
    bench.sender.step()
    bench.now_ms = 90_000
    bench.sender.say()
    before, after = bench.line.statuses()
    assert (before["sent_at"], before["outbox_oldest_s"]) == (None, None)
    assert (after["sent_at"], after["outbox_oldest_s"]) == ("2025-06-15T15:08:10Z", 90)


def test_a_status_comes_by_itself_only_seldom(bench: Bench) -> None:
    bench.hear(Connected("MQTT 5"))
    bench.now_ms = STATUS_EVERY_MS - 1
    bench.sender.step()
    assert len(bench.line.statuses()) == 1
    bench.now_ms = STATUS_EVERY_MS
    bench.sender.step()
    assert len(bench.line.statuses()) == 2


def test_counters_of_everybody_are_in_the_status(tmp_path: Path) -> None:
    line = FakeLine()
    sender = Sender(
        SenderSettings("TRK1", BOOT),
        Packer(BOOT),
        Outbox(tmp_path, MB),
        line,
        more_counters=lambda: {"gnss.bad_checksum": 3, "gnss.fine": 0},
    )
    line.coming.append(Connected("MQTT 5"))
    sender.step()
    assert line.statuses()[0]["counters"] == {"connections": 1, "gnss.bad_checksum": 3}


def test_where_the_line_has_no_room_nothing_is_lost(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeLine(taken_at_once=3))
    bench.hear(Connected("MQTT 5"))
    for i in range(10):
        bench.sender.take([Event(T0 + i, 1)])
        bench.sender.step()
    assert len(bench.line.batches()) == 2
    bench.line.room = 100
    bench.sender.step()
    assert sorted(decode(message.payload).seq for message in bench.line.batches()) == list(range(1, 11))


@pytest.mark.parametrize(
    ("event", "counter"),
    [
        (Received(COMMITTED, b"\xff\xff\xff"), "committed_garbage"),
        (Received(COMMITTED, b""), "committed_garbage"),
        (SubscriptionRefused("Not authorized"), "subscription_refused"),
        (Acknowledged(Message(STATUS, b""), refused="Quota exceeded"), "publish_refused"),
    ],
)
def test_nonsense_from_the_broker_is_counted_and_survived(bench: Bench, event: UplinkEvent, counter: str) -> None:
    bench.hear(Connected("MQTT 5"), event)
    assert bench.sender.counters[counter] == 1


def test_what_is_committed_of_another_epoch_deletes_nothing(bench: Bench) -> None:
    bench.hear(Connected("MQTT 5"))
    bench.sender.take([report(T0)])
    bench.sender.step()
    bench.hear(bench.committed(1, epoch=bench.outbox.epoch ^ 1))
    assert not bench.sender.done
    assert bench.sender.counters["committed_other_epoch"] == 1


def test_numbers_that_the_server_has_already_are_not_given_out_again(bench: Bench) -> None:
    bench.hear(Connected("MQTT 5"), bench.committed(40))
    bench.sender.take([Event(T0, 1)])
    bench.sender.step()
    assert [decode(message.payload).seq for message in bench.line.batches()] == [41]
    assert bench.sender.counters["outbox_forgot"] == 1
    bench.hear(bench.committed(2**40))
    bench.sender.take([Event(T0, 1)])
    bench.sender.step()
    assert [decode(message.payload).seq for message in bench.line.batches()] == [41, 42]


def test_when_a_damaged_outbox_is_replaced_everything_goes_on_in_the_new_epoch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.hear(Connected("MQTT 5"))
    bench.sender.take([Event(T0, 1)])
    bench.sender.step()
    epoch = bench.outbox.epoch
    monkeypatch.setattr(bench.outbox, "_broken", True)
    bench.sender.take([Event(T0 + 1, 1)])
    bench.sender.step()
    batches = [decode(message.payload) for message in bench.line.batches()]
    assert [batch.epoch == epoch for batch in batches] == [True, False, False]
    bench.hear(bench.committed(2))
    assert bench.sender.done


# --- against real brokers --------------------------------------------------------------------------------------------


class Tracker:
    """A sender on a real uplink, with an outbox in a folder; may be left without a goodbye and started anew."""

    def __init__(self, port: int, folder: Path) -> None:
        self.outbox = Outbox(folder, 10 * MB, commit_ms=20)
        access = Access(Address("127.0.0.1", port), "TRK1", ack_timeout_s=2.0)
        self.uplink = Uplink(access, will("TRK1"), subscriptions("TRK1"), BackOff(0.05, 0.2))
        self.sender = Sender(SenderSettings("TRK1", BOOT, QUICK), Packer(BOOT), self.outbox, self.uplink)
        self.uplink.start()

    def take(self, *items: Item) -> None:
        self.sender.take(items)
        self.sender.step()

    def until(self, condition: Callable[[], object], what: str) -> None:
        def stepped() -> object:
            self.sender.step(0.02)
            return condition()

        wait_for(stepped, what)

    def leave(self) -> None:
        self.uplink.set_coverage(False)
        self.uplink.stop()
        self.outbox.close()


@pytest.mark.parametrize("start", [nats, mosquitto])
def test_everything_arrives_once_over_a_real_broker(tmp_path: Path, start: Start) -> None:
    with start(tmp_path) as broker, FakeServer(broker.port) as server:
        tracker = Tracker(broker.port, tmp_path / "outbox")
        for i in range(500):
            tracker.take(report(T0 + 60 * i))
        tracker.until(lambda: tracker.sender.done, "everything to be committed")
        assert server.seqs() == list(range(1, 501))
        assert tracker.sender.totals.batches_committed == 500
        assert len(tracker.outbox) == 0
        tracker.leave()


@pytest.mark.parametrize("start", [nats, mosquitto])
def test_nothing_is_lost_when_broker_server_and_tracker_die_in_turn(tmp_path: Path, start: Start) -> None:
    dice = random.Random(3)
    with start(tmp_path) as broker, FakeServer(broker.port) as server:
        tracker = Tracker(broker.port, tmp_path / "outbox")
        for i in range(400):
            tracker.take(Event(T0 + i, 1))
            match dice.randrange(60):
                case 0:
                    broker.kill()
                    broker.start()
                case 1:
                    server.deaf = not server.deaf
                case 2:
                    tracker.leave()
                    tracker = Tracker(broker.port, tmp_path / "outbox")
                case _:
                    pass
        server.deaf = False
        tracker.until(lambda: tracker.sender.done, "everything to be committed")
        assert server.seqs() == list(range(1, 401))
        tracker.leave()


def test_what_a_broker_acknowledged_and_lost_is_sent_again(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker, FakeServer(broker.port) as server:
        server.deaf = True
        tracker = Tracker(broker.port, tmp_path / "outbox")
        for i in range(50):
            tracker.take(Event(T0 + i, 1))
        tracker.until(lambda: tracker.sender.totals.batches_sent == 50, "everything to be sent")
        assert server.seqs() == []
        server.deaf = False
        tracker.until(lambda: tracker.sender.done, "everything to be committed")
        assert server.seqs() == list(range(1, 51))
        assert tracker.sender.counters["batches_resent"] > 0
        tracker.leave()


def test_a_tracker_that_vanishes_is_offline_and_what_it_held_arrives_when_it_is_back(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker, FakeServer(broker.port) as server:
        tracker = Tracker(broker.port, tmp_path / "outbox")
        tracker.until(lambda: server.statuses, "the first status")
        tracker.leave()
        wait_for(lambda: server.statuses[-1] == {"online": False}, "the will")
        tracker = Tracker(broker.port, tmp_path / "outbox")
        tracker.take(Event(T0, 1))
        tracker.until(lambda: tracker.sender.done, "everything to be committed")
        assert server.statuses[-1]["online"] is True
        tracker.leave()
