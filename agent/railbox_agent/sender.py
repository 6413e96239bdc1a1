"""From items to committed batches: packer, outbox, delivery and uplink, tied together on the host's clock.

What `railbox agent` and `railbox replay --to` share. Belongs to one thread, which calls `take` and `step`; only the
uplink has a thread of its own, so neither ever waits for the network.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from railbox_agent.delivery import Delivery, DeliverySettings
from railbox_agent.items import Item, Report
from railbox_agent.mqtt import (
    Acknowledged,
    Connected,
    Disconnected,
    Message,
    Received,
    SubscriptionRefused,
    UplinkEvent,
)
from railbox_agent.outbox import Outbox
from railbox_agent.packing import Packer
from railbox_agent.status import WILL, Status, encode_status
from railbox_telemetry.committed import decode_committed
from railbox_telemetry.counters import counted
from railbox_telemetry.topics import Leaf, Topic
from railbox_telemetry.values import Event, Fix, Reading, UndatedEvent
from railbox_telemetry.wire import WireError

log = logging.getLogger(__name__)

STATUS_EVERY_MS: Final = 6 * 3_600_000
"""A status costs as much as ten batches: it is for people, and the retained one says whether we are online."""


class Line(Protocol):
    """What the sender needs of an uplink."""

    def publish(self, message: Message) -> bool: ...
    def events(self, wait_s: float = 0.0) -> list[UplinkEvent]: ...


@dataclass(slots=True)
class Totals:
    """What went through since the start. Sent and committed count each batch once; `bytes_sent` counts payloads, and
    each time that one is sent."""

    fixes: int = 0
    knots: int = 0
    readings: int = 0
    events: int = 0
    batches_sent: int = 0
    batches_committed: int = 0
    bytes_sent: int = 0

    def add(self, item: Item) -> None:
        match item:
            case Fix():
                self.fixes += 1
            case Report():
                self.knots += len(item.knots)
            case Reading():
                self.readings += 1
            case Event() | UndatedEvent():
                self.events += 1
            case _:
                return


@dataclass(frozen=True, slots=True)
class SenderSettings:
    device: str
    boot_id: int
    delivery: DeliverySettings = field(default_factory=DeliverySettings)


def will(device: str) -> Message:
    """What the uplink is to leave with the broker."""
    return Message(_topic(device, Leaf.STATUS), WILL, retain=True)


def subscriptions(device: str) -> tuple[str, ...]:
    """What the uplink is to read. Each message says all that is committed: QoS 0 will do (`cumulative`)."""
    return (_topic(device, Leaf.COMMITTED),)


class Sender:
    """`trouble`: why there is no connection, None while there is one.

    `more_counters`, `health`: what others count and see, for the status. `held`: what thinning keeps and has not
    reported, for the disk; None: it is not to be kept. `also`: who else hears what happens on the line. `now_ms`: the
    host's monotonic clock.
    """

    def __init__(
        self,
        settings: SenderSettings,
        packer: Packer,
        outbox: Outbox,
        line: Line,
        *,
        more_counters: Callable[[], Mapping[str, int]] = dict,
        health: Callable[[], Mapping[str, object]] = dict,
        held: Callable[[], Report | None] | None = None,
        also: Callable[[UplinkEvent], None] = lambda _: None,
        now_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        self.totals = Totals()
        self.trouble: str | None = "not connected yet"
        self.counters: Counter[str] = Counter()
        self._settings = settings
        self._packer = packer
        self._outbox = outbox
        self._line = line
        self._more_counters = more_counters
        self._health = health
        self._held = held
        self._also = also
        self._committed = _topic(settings.device, Leaf.COMMITTED)
        self._now_ms = now_ms
        self._collected = False
        self._status_ms: int | None = None
        self._utc: tuple[int, int] | None = None
        self._begin_epoch()

    def take(self, items: Iterable[Item]) -> None:
        """Items that became known together."""
        items = list(items)
        for item in items:
            self.totals.add(item)
            self._collected |= not isinstance(item, Fix) or (item.trusted and self._held is not None)
        for parcel in self._packer.pack(items):
            if parcel.time_s is not None:
                self._utc = (parcel.time_s, self._now_ms())
            self._outbox.put(parcel)

    def step(self, wait_s: float = 0.0) -> None:
        """Does what is due, after waiting so long at most for something to happen on the line."""
        for event in self._line.events(wait_s):
            self._on(event)
            self._also(event)
        now_ms = self._now_ms()
        if self._outbox.due(now_ms, self._collected):
            self._commit()
        for seq in self._delivery.next(now_ms):
            self._send(seq)
        ask = self._delivery.ask(now_ms)
        if ask or (self._status_ms is not None and now_ms - self._status_ms >= STATUS_EVERY_MS):
            self.say(ask=ask)

    def flush(self) -> None:
        """Whatever is collected becomes a batch, and is on disk when this returns."""
        for parcel in self._packer.flush():
            self._outbox.put(parcel)
        self._commit()

    def go_on_by(self, delivery: DeliverySettings, quiet_s: int) -> None:
        """Other settings from now on."""
        self._settings = replace(self._settings, delivery=delivery)
        self._delivery.go_on_by(delivery)
        self._packer.set_quiet(quiet_s)

    @property
    def utc_s(self) -> int | None:
        """Now, reckoned from the newest time that was packed; None before there was one."""
        return None if self._utc is None else self._utc[0] + (self._now_ms() - self._utc[1]) // 1000

    @property
    def done(self) -> bool:
        """The server has committed everything that there is."""
        return self._delivery.idle and not len(self._outbox) and not self._collected

    @property
    def oldest_s(self) -> int | None:
        """How long ago the oldest batch that is not committed was collected; None: there is none, or no clock."""
        oldest_s, utc_s = self._outbox.oldest_time_s, self.utc_s
        return None if oldest_s is None or utc_s is None else max(0, utc_s - oldest_s)

    def all_counters(self) -> Counter[str]:
        """What everybody counts."""
        return self.counters + Counter(self._outbox.counters) + Counter(self._more_counters())

    def say(self, *, online: bool = True, ask: bool = False) -> None:
        """Publishes the status."""
        now_ms = self._now_ms()
        status = Status(
            online=online,
            sent_at_s=self.utc_s,
            boot_id=self._settings.boot_id,
            epoch=self._outbox.epoch,
            outbox_batches=len(self._outbox),
            outbox_oldest_s=self.oldest_s,
            ask_committed=ask,
            counters=self.all_counters(),
            health=self._health(),
        )
        if self._publish(Leaf.STATUS, encode_status(status), retain=True):
            self._status_ms = now_ms

    # --- how ---------------------------------------------------------------------------------------------------------

    def _begin_epoch(self) -> None:
        """Takes over what the outbox holds: at the start, and when a damaged file was replaced."""
        self._epoch = self._outbox.epoch
        self._delivery = Delivery(self._settings.delivery)
        now_ms = self._now_ms()
        for seq, tries in self._outbox.restore():
            self._delivery.restored(seq, tries, now_ms)

    def _commit(self) -> None:
        changes = self._outbox.commit(self._now_ms(), self._packer.open(self._held() if self._held else None))
        self._collected = False
        if self._outbox.epoch != self._epoch:
            connected = self._delivery.is_connected
            self._begin_epoch()
            if connected:
                self._delivery.connected(self._now_ms())
            return
        self._delivery.stored(changes.stored)
        self._delivery.forget(changes.evicted)

    def _send(self, seq: int) -> None:
        payload = self._outbox.payload(seq)
        if payload is None:
            self._delivery.forget([seq])
        elif self._publish(Leaf.BATCH, payload, seq=seq):
            tries = self._delivery.tries[seq]
            self._outbox.sent(seq, tries)
            self.totals.bytes_sent += len(payload)
            self.totals.batches_sent += tries == 1
            self.counters["batches_resent"] += tries > 1
        else:
            self._delivery.not_taken(seq)

    def _publish(self, leaf: Leaf, payload: bytes, *, retain: bool = False, seq: int | None = None) -> bool:
        return self._line.publish(Message(_topic(self._settings.device, leaf), payload, retain, seq))

    def _on(self, event: UplinkEvent) -> None:
        match event:
            case Connected():
                self._on_connected(event)
            case Disconnected():
                self._on_disconnected(event)
            case Acknowledged(message, refused):
                if message.seq is not None:
                    self._delivery.acknowledged(message.seq, self._now_ms())
                if refused is not None:
                    self.counters["publish_refused"] += 1
                    log.warning("the broker refuses what is published on %s: %s", message.topic, refused)
            case SubscriptionRefused(reason):
                self.counters["subscription_refused"] += 1
                log.error("the broker lets us not subscribe to %s; check what this device may read", reason)
            case Received(topic, payload) if topic == self._committed:
                self._on_message(topic, payload)
            case Received():
                return

    def _on_connected(self, event: Connected) -> None:
        """Where the broker never knew us away, a status can wait: it costs more than a batch."""
        log.info("connected to the broker by %s", event.protocol)
        self.counters["connections"] += 1
        self.counters["tls_resumed"] += event.resumed
        self.counters["sessions_kept"] += event.same
        self.trouble = None
        now_ms = self._now_ms()
        ask = self._delivery.connected(now_ms, kept=event.same)
        is_recent = self._status_ms is not None and now_ms - self._status_ms < STATUS_EVERY_MS // 2
        if ask or not (event.same and is_recent):
            self.say(ask=ask)

    def _on_disconnected(self, event: Disconnected) -> None:
        todo = counted(event.counter).todo
        level = logging.INFO if event.expected else logging.WARNING
        why = f"{event.reason}; {todo}" if todo else event.reason
        log.log(level, "no connection to the broker %s: %s; trying again", event.where, why)
        if event.counter and not event.expected:
            self.counters[event.counter] += 1
        self.trouble = event.reason
        self._delivery.disconnected()

    def _on_message(self, topic: str, payload: bytes) -> None:
        try:
            committed = decode_committed(payload)
        except WireError as error:
            self.counters["committed_garbage"] += 1
            log.warning("%s: %d bytes are no committed message: %s", topic, len(payload), error)
            return
        if committed.epoch != self._epoch:
            self.counters["committed_other_epoch"] += 1
            return
        highest = committed.beyond[-1].last if committed.beyond else committed.contiguous
        if self._outbox.skip(highest):
            self.counters["outbox_forgot"] += 1
            log.error("the server has batches up to %d, the outbox forgot some of them: does the disk lie?", highest)
        gone = self._delivery.committed(committed)
        self._outbox.delete(gone)
        self.totals.batches_committed += len(gone)


def _topic(device: str, leaf: Leaf) -> str:
    return str(Topic(device, leaf))
