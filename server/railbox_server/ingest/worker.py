"""The thread that makes groups of messages durable: takes what has come, commits it once, then lets the others know.

Back-pressure is the inbox: while the store cannot take a group nothing more is taken from the broker, and nothing is
acknowledged. Knows the broker only as `publish` and each message's `ack`.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, TypeVar

from railbox_server.complaints import Complaints
from railbox_server.engine.changes import Change, change_of
from railbox_server.ingest.announcer import Announcer
from railbox_server.ingest.books import StoreBooks
from railbox_server.ingest.inbox import Inbox
from railbox_server.ingest.parcel import Message, Totals
from railbox_server.ingest.sorting import Sorted, merged, sort_again, sort_messages, sort_unstorable
from railbox_server.store.interface import IngestStore, StoreError
from railbox_server.store.values import Group, Outbox, Reason, Status
from railbox_telemetry.committed import committed_of, encode_committed
from railbox_telemetry.topics import Leaf, Topic

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_GROUP: Final = 400
"""Messages of 20 knots: written in less than 200 ms on one core, and hardly dearer each than in larger groups."""
GROUP_S: Final = 0.02
"""How long a group waits for company once it has its first message; the commit itself gathers the next one."""
IDLE_S: Final = 0.5
FIRST_RETRY_S: Final = 0.2
LONGEST_RETRY_S: Final = 10.0
RETRY_PAGE: Final = 500
_NOTHING: Final = Group()


@dataclass(frozen=True, slots=True)
class Wish:
    """That what is in quarantine is tried again: of one device or of all, for one reason or for any. The result is how
    many batches came out."""

    device: str | None = None
    reason: Reason | None = None
    admit: bool = False
    """The device becomes known first."""
    done: Future[int] = field(default_factory=Future[int])


class Worker:
    """`publish(topic, payload)` returns False when the broker is away; `touch` hands changes to the engine;
    `on_commit` is told every group that is on disk, and how many seconds that took."""

    def __init__(
        self,
        store: IngestStore,
        publish: Callable[[str, bytes], bool],
        touch: Callable[[Sequence[Change]], None],
        now_s: Callable[[], float] = time.time,
        on_commit: Callable[[Group, float], None] = lambda _group, _took_s: None,
    ) -> None:
        self.totals = Totals()
        self.complaints = Complaints()
        self._store = store
        self._publish = publish
        self._touch = touch
        self._now_s = now_s
        self._on_commit = on_commit
        self._books = StoreBooks(store)
        self._announcer = Announcer()
        self._online: dict[str, bool] = {}
        self._inbox: Inbox[Message | Wish] = Inbox(_size)
        self._again: list[Message] = []
        """A group that is not acknowledged yet: when it fails it is tried again before anything else."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    # --- from other threads ------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is not committed by now stays with the broker, unacknowledged."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def put(self, item: Message | Wish) -> None:
        """Waits while the inbox is full; drops the item when the server stops."""
        while not self._stopping.is_set() and not self._inbox.put(item, IDLE_S):
            pass

    def admit(self, device: str, timeout_s: float = 60.0) -> int:
        """Makes the device known and ingests what quarantine has of it; returns how many batches that were."""
        return self._granted(Wish(device, admit=True), timeout_s)

    def replay(self, device: str | None = None, reason: Reason | None = None, timeout_s: float = 600.0) -> int:
        """Tries again what is in quarantine, as after an upgrade that understands more; returns how many batches came
        out. What is still wrong stays."""
        return self._granted(Wish(device, reason), timeout_s)

    def _granted(self, wish: Wish, timeout_s: float) -> int:
        self.put(wish)
        return wish.done.result(timeout_s)

    @property
    def waiting(self) -> int:
        return len(self._inbox)

    @property
    def counters(self) -> dict[str, int]:
        """What became of messages since the start, and what was wrong with them."""
        return {
            "accepted": self.totals.accepted,
            "repeated": self.totals.repeated,
            "quarantined": self.totals.quarantined,
            "commits": self.totals.groups,
            **dict(sorted(self.complaints.counts.items())),
        }

    # --- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            messages, wishes = self._take()
            try:
                self.handle(messages)
            except StoreError:
                log.warning("stopping: %d messages stay with the broker", len(messages))
            except Exception:
                # One group must not end ingest. It is not acknowledged, and not every broker sends it again by itself.
                log.exception("a group of %d messages failed; trying it again", len(messages))
                self._books.forget()
                self._stopping.wait(LONGEST_RETRY_S)
            for wish in wishes:
                self._grant(wish)

    def handle(self, messages: Sequence[Message]) -> None:
        """One group, step by step; an empty one only looks for what is due."""
        self._again = list(messages)
        self._look_at_store()
        self.retry_known()
        found = self._store_messages(messages)
        for message in messages:
            message.ack()
        self._again = []
        self._follow_up(found)

    def _look_at_store(self) -> None:
        """After a restore every unit may be another one."""
        if self._patiently(self._books.restored):
            self._touch([Change(device) for device in sorted(self._store.known_devices())])

    def retry_known(self) -> dict[str, int]:
        """Ingests what is kept of devices that became known since the last time, by whichever process."""
        newly_known = self._patiently(self._books.refresh)
        waiting = newly_known & self._store.quarantine_counts().keys() if newly_known else newly_known
        return {device: self._retry_safely(device) for device in sorted(waiting)}

    def _retry_safely(self, device: str) -> int:
        """What is kept must not stop what comes."""
        try:
            return self.retry_now(device)
        except StoreError:
            raise
        except Exception:
            log.exception("the quarantine of %s cannot be tried again", device)
            self._books.forget()
            return 0

    def retry_now(self, device: str | None = None, reason: Reason | None = None) -> int:
        """Sends what is in quarantine through the steps again; returns how many were ingested."""
        count, row = 0, 0
        while page := self._store.quarantined(device, RETRY_PAGE, row):
            again = [item for item in page if reason in (None, item.reason)]
            found = self._commit(lambda again=again: sort_again(again, self._books))
            self._follow_up(found)
            count += len(found.batches)
            row = page[-1].row_id
        return count

    def _follow_up(self, found: Sorted) -> None:
        """What happens once a group is on disk. Live updates come from the engine."""
        self._touch([change_of(item, found.ledgers[item.outbox]) for item in found.batches])
        self._announce(found)
        self._count(found)

    def _store_messages(self, messages: Sequence[Message]) -> Sorted:
        """The group, or when it fails for another reason than the store's state, its messages one by one: the one that
        fails alone goes to quarantine, and holds up no other."""
        try:
            return self._commit(lambda: sort_messages(messages, self._books))
        except StoreError:
            raise
        except Exception as error:
            self._books.forget()
            if len(messages) != 1:
                return merged([self._store_messages([message]) for message in messages])
            log.exception("%s: a message of %d bytes failed", messages[0].topic, len(messages[0].payload))
            refused = sort_unstorable(messages[0], str(error))
            return self._commit(lambda: refused)

    def _commit(self, sort: Callable[[], Sorted]) -> Sorted:
        """Sorts and writes until it succeeds; sorting is done anew each time, from what the store holds then."""

        def attempt() -> Sorted:
            found = sort()
            if (group := found.group()) != _NOTHING:
                start_s = time.perf_counter()
                self._store.write(group)
                self.totals.groups += 1
                self._on_commit(group, time.perf_counter() - start_s)
            return found

        return self._patiently(attempt)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Tries until the store takes it. Raises StoreError only when the server stops meanwhile."""
        delay_s = FIRST_RETRY_S
        while True:
            try:
                return attempt()
            except StoreError as error:
                self._books.forget()
                log.error("%s; trying again in %.1f s, until then nothing is acknowledged", error, delay_s)
                if self._stopping.wait(delay_s):
                    raise
                delay_s = min(delay_s * 2, LONGEST_RETRY_S)

    def _announce(self, found: Sorted) -> None:
        """Tells trackers what is committed, those whose turn it is."""
        now_s = self._now_s()
        for outbox in found.numbered:
            self._announcer.stored(outbox, now_s)
        for status in found.statuses:
            came_online = status.online and not self._online.get(status.device, False)
            self._online[status.device] = status.online
            if (came_online or status.body.get("ask_committed") is True) and (outbox := self._outbox_of(status)):
                self._announcer.asked(outbox)
        for outbox in self._announcer.due(now_s):
            message = encode_committed(committed_of(outbox.epoch, self._books.ledger(outbox).settled()))
            if not self._publish(str(Topic(outbox.device, Leaf.COMMITTED)), message):
                return
            self._announcer.told(outbox)

    def _outbox_of(self, status: Status) -> Outbox | None:
        """The outbox a status speaks of; of an older tracker that names none, the one heard last."""
        if (epoch := status.body.get("epoch")) is not None:
            return Outbox(status.device, epoch)
        states = self._store.outboxes(status.device)
        return states[-1].outbox if states else None

    def _count(self, found: Sorted) -> None:
        self.totals.accepted += len(found.batches)
        self.totals.repeated += found.repeated
        self.totals.quarantined += len(found.quarantined)
        for item in found.complaints:
            if line := self.complaints.note(item.what, item.where, item.detail, self._now_s()):
                log.warning("%s", line)

    # --- the inbox ---------------------------------------------------------------------------------------------------

    def _take(self) -> tuple[list[Message], list[Wish]]:
        """The next group: what has come within GROUP_S of its first message, and wishes between."""
        if self._again:
            return self._again, []
        items = self._inbox.take(MAX_GROUP, IDLE_S, GROUP_S, lambda item: isinstance(item, Wish))
        return (
            [item for item in items if isinstance(item, Message)],
            [item for item in items if isinstance(item, Wish)],
        )

    def _grant(self, wish: Wish) -> None:
        try:
            released: dict[str, int] = {}
            if wish.admit and wish.device is not None:
                self._store.register(wish.device, round(self._now_s() * 1000))
                released = self.retry_known()
            if wish.device in released:
                wish.done.set_result(released[wish.device])
            else:
                wish.done.set_result(self.retry_now(wish.device, wish.reason))
        except Exception as error:  # whoever wished is told, and ingest goes on
            wish.done.set_exception(error)
            self._books.forget()


def _size(item: Message | Wish) -> int:
    """In memory, about."""
    return len(item.payload) + len(item.topic) if isinstance(item, Message) else 0
