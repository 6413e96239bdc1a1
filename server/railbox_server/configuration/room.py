"""Wanted configurations on their way: kept, published retained, published again while nothing was heard of them.

The registry is the memory, the broker the way; what trackers say of it comes back as messages on `r`, which a thread
keeps in groups: hundreds that report at once cost a handful of commits, and none of them in the broker's thread.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from railbox_server.complaints import Complaints
from railbox_server.configuration.model import Heard, Report, Wanted
from railbox_server.configuration.registry import Registry
from railbox_server.errors import ServerError
from railbox_server.ingest.inbox import Inbox
from railbox_server.ingest.parcel import Message
from railbox_server.store.interface import StoreError
from railbox_telemetry.remote_messages import (
    Configuration,
    MessageError,
    decode_result,
    encode_configuration,
)
from railbox_telemetry.topics import Leaf, Topic, TopicError, parse_topic

log = logging.getLogger(__name__)

_RESULT: Final = f"/{Leaf.RESULT}"
MAX_GROUP: Final = 1_000
GROUP_S: Final = 0.02
"""How long a group waits for company once it has its first message."""
IDLE_S: Final = 0.5


class ConfigurationError(ServerError):
    """Settings that a tracker would refuse; the message names the key."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one device: the wanted configuration, those before it, and what the tracker said last."""

    device: str
    wanted: Wanted | None
    earlier: Sequence[Wanted]
    heard: Heard | None


class Configurations:
    """`publish(topic, payload)`, retained, never waits, and says False while the broker is away. Safe from any thread.
    Results are noted between `start` and `stop`.

    `complaints`: what came on `r` and was no use.
    """

    def __init__(
        self,
        registry: Registry,
        publish: Callable[[str, bytes], bool],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.complaints = Complaints()
        self._registry = registry
        self._publish = publish
        self._now_ms = now_ms
        self._sending = threading.Lock()
        """Held from the look at what is wanted to its sending: the broker keeps what it is sent last."""
        self._inbox: Inbox[tuple[str, Message]] = Inbox(lambda item: len(item[1].payload))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="configuration", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is not noted by now stays with the broker."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def counters(self) -> dict[str, int]:
        """What came on `r` and was no use, by what it was."""
        return dict(sorted(self.complaints.counts.items()))

    def want(self, devices: Sequence[str], settings: Mapping[str, object]) -> None:
        """From now on these devices are to be set so, whatever was wanted of them before. The devices must be known.

        Raises ConfigurationError, then nothing has changed, and StoreError.
        """
        check(settings)
        with self._sending:
            for wanted in self._registry.want(devices, settings, self._now_ms()):
                self._send(wanted)

    def known(self, device: str) -> Known:
        history = self._registry.history(device)
        return Known(device, history[0] if history else None, history[1:], self._registry.heard(device).get(device))

    def all_known(self) -> list[Known]:
        """Of every device of which something is wanted, without what was wanted before."""
        heard = self._registry.heard()
        return [Known(one.device, one, (), heard.get(one.device)) for one in self._registry.all_newest()]

    def connected(self) -> None:
        """The broker is there (again): it may have missed, or lost, what is on its way."""
        try:
            with self._sending:
                for wanted in self._registry.pending():
                    if not self._send(wanted):
                        return
        except StoreError as error:
            log.error("configurations that are on their way are not sent again now: %s", error)

    def takes(self, message: Message) -> bool:
        """Whether the message is a result; then it is dealt with. Waits while too many wait."""
        if not message.topic.endswith(_RESULT):
            return False
        try:
            topic = parse_topic(message.topic)
        except TopicError:
            return False
        while not self._stopping.is_set() and not self._inbox.put((topic.device, message), IDLE_S):
            pass
        return True

    def turn(self, wait_s: float) -> None:
        """Notes the results that have come, together; waits so long for the first."""
        self._keep(self._inbox.take(MAX_GROUP, wait_s, GROUP_S, lambda _: False))

    # --- how ---------------------------------------------------------------------------------------------------------

    def _send(self, wanted: Wanted) -> bool:
        payload = encode_configuration(Configuration(wanted.version, wanted.settings))
        return self._publish(str(Topic(wanted.device, Leaf.CONFIGURATION)), payload)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.turn(IDLE_S)

    def _keep(self, group: Sequence[tuple[str, Message]]) -> None:
        """All of it together, or when that fails for another reason than the file's state, one by one."""
        try:
            self._note(group)
        except StoreError as error:
            log.error("%s; %d results stay with the broker", error, len(group))
            return
        except Exception as error:  # one that nothing can keep must not hold up the others
            if len(group) > 1:
                for item in group:
                    self._keep([item])
                return
            self._complain("bad_result", group[0][0], str(error))
        for _, message in group:
            message.ack()

    def _note(self, group: Sequence[tuple[str, Message]]) -> None:
        reports = [report for device, message in group if (report := self._report(device, message)) is not None]
        for report, is_wanted in zip(reports, self._registry.report(reports), strict=True):
            if not is_wanted:
                self._complain(
                    "result_of_nothing", report.device, "nothing was wanted of it; is there a second server?"
                )
            elif (why := report.unreadable) is not None:
                self._complain("unreadable_configuration", report.device, f"what it was sent is none: {why}")

    def _report(self, device: str, message: Message) -> Report | None:
        """None: it says nothing."""
        if not message.payload:
            return None
        try:
            return Report(device, decode_result(message.payload), message.received_at_ms)
        except MessageError as error:
            self._complain("bad_result", device, str(error))
            return None

    def _complain(self, what: str, device: str, detail: str) -> None:
        if line := self.complaints.note(what, device, detail, self._now_ms() / 1000):
            log.warning("%s", line)


def check(settings: Mapping[str, object]) -> None:
    """Raises ConfigurationError when a tracker would refuse the settings for what they say."""
    try:
        encode_configuration(Configuration(1, settings))
    except MessageError as error:
        raise ConfigurationError(str(error)) from error
