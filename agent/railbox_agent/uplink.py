"""The uplink: a thread that keeps a connection to the broker, so that nobody else ever waits for the network.

Two queues lead to it: `publish` never waits, and what happened is read with `events`. A connection that ends takes its
messages with it: the outbox is the only memory there is. Decides nothing about what to send.
"""

import queue
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from paho.mqtt.enums import MQTTProtocolVersion

from railbox_agent.health.pulse import Pulse
from railbox_agent.mqtt import (
    MAX_OUTSTANDING,
    PROTOCOLS,
    Access,
    Acknowledged,
    Connection,
    Disconnected,
    Memory,
    Message,
    UplinkEvent,
    tls_of,
)
from railbox_agent.traffic import Traffic

STEP_S: Final = 1.0
"""How often keepalive and time-outs are looked at while nothing happens."""
NO_COVERAGE_S: Final = 0.1
"""How often, without coverage, a stop is looked for."""
FAREWELL_S: Final = 3.0
"""How long a stop waits for the broker to acknowledge the last messages."""
CONNECT_S: Final = 240.0
"""Connecting may take so long before the thread counts as hanging: names asked of several servers that do not answer,
several addresses, and a broker that says nothing on any of them."""
STEADY_S: Final = 60.0
"""A connection that held so long was a good one: the next failure is the first."""


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait after the n-th failure in a row: doubling, less a random half, so that a fleet spreads out."""

    first_s: float = 1.0
    most_s: float = 120.0

    def delay_s(self, failures: int, dice: random.Random) -> float:
        return min(self.most_s, self.first_s * 2 ** min(failures - 1, 30)) * dice.uniform(0.5, 1.0)


@dataclass(slots=True)
class _Lane:
    """An access and what is to go by it: nothing that is published after a change of access goes by the old one."""

    access: Access
    memory: Memory
    outgoing: deque[Message] = field(default_factory=deque[Message])


class Uplink:
    """`will`: what the broker says in our name when we vanish. `topics`: what to read, on every connection;
    `cumulative`: those of them that may be read at QoS 0 (see Connection). `now_s`: by which sessions
    grow old.

    `pulse`: the thread's sign of life. `traffic`: what all connections have cost.
    """

    def __init__(
        self,
        access: Access,
        will: Message,
        topics: tuple[str, ...],
        back_off: BackOff | None = None,
        *,
        cumulative: tuple[str, ...] = (),
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pulse = Pulse("uplink")
        self.traffic = Traffic()
        self._earlier = Traffic()
        self._now_s = now_s
        self._lane = self._new_lane(access)
        self._cumulative = frozenset(cumulative)
        self._will = will
        self._topics = topics
        self._back_off = back_off or BackOff()
        self._dice = random.Random()  # noqa: S311 - spreads reconnects, hides nothing
        self._events: queue.SimpleQueue[UplinkEvent] = queue.SimpleQueue()
        self._outstanding = 0
        self._stopping = threading.Event()
        self._covered = threading.Event()
        self._covered.set()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    # --- for the owner's thread --------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def publish(self, message: Message) -> bool:
        """False when there is no room: MAX_OUTSTANDING messages are not acknowledged yet."""
        if self._outstanding >= MAX_OUTSTANDING:
            return False
        self._outstanding += 1
        self._lane.outgoing.append(message)
        self._wake()
        return True

    def events(self, wait_s: float = 0.0) -> list[UplinkEvent]:
        """What happened since the last call; waits so long for a first one."""
        found: list[UplinkEvent] = []
        with suppress(queue.Empty):
            found.append(self._events.get(timeout=wait_s) if wait_s > 0 else self._events.get_nowait())
            while True:
                found.append(self._events.get_nowait())
        for event in found:
            if isinstance(event, Acknowledged):
                self._outstanding = max(0, self._outstanding - 1)
            elif isinstance(event, Disconnected):
                self._lane.outgoing.clear()
                self._outstanding = 0
        return found

    def set_access(self, access: Access) -> None:
        """From now on by this one: a connection by another ends, in good order, and takes its messages with it."""
        if access != self._lane.access:
            self._lane = self._new_lane(access)
            self._wake()

    def _new_lane(self, access: Access) -> _Lane:
        return _Lane(access, Memory(tls_of(access, self._now_s), now_s=self._now_s))

    def set_coverage(self, covered: bool) -> None:
        """For recordings: without coverage, what connection there was breaks off and none is made."""
        if covered == self._covered.is_set():
            return
        (self._covered.set if covered else self._covered.clear)()
        self._wake()

    def stop(self) -> None:
        """Sends what is queued, as far as the broker answers, and takes leave of it in good order."""
        self._stopping.set()
        self._wake()
        self._thread.join(FAREWELL_S + STEP_S)

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # a full pipe wakes as well
            self._wake_write.send(b"\0")

    # --- the uplink's own thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures, protocol = 0, PROTOCOLS[0]
        while not self._stopping.is_set():
            self.pulse.beat()
            if not self._covered.wait(NO_COVERAGE_S):
                continue
            started_s, lane = time.monotonic(), self._lane
            connection = self._connection(protocol, lane)
            if connection.again:
                continue
            if _is_introduction(protocol, connection):
                protocol = _next_protocol(protocol, connection)
                continue
            renewed = lane is not self._lane
            expected = self._stopping.is_set() or not self._covered.is_set() or renewed
            where = str(lane.access.address)
            self._events.put(Disconnected(connection.ended or "stopped", expected, connection.counter, where))
            if renewed:
                failures = 0
                continue
            steady = connection.up and time.monotonic() - started_s > STEADY_S
            failures = 1 if steady else failures + 1
            if not connection.up:
                protocol = _next_protocol(protocol, connection)
            delay_s = self._back_off.delay_s(failures, self._dice)
            self.pulse.beat(delay_s)
            self._stopping.wait(delay_s)
        self.pulse.rest()

    def _connection(self, protocol: MQTTProtocolVersion, lane: _Lane) -> Connection:
        """Connects and stays so as long as it goes; returns what is left of it."""
        connection = Connection(
            lane.access, protocol, self._will, self._topics, self._events.put, lane.memory, self._cumulative
        )
        try:
            self.pulse.beat(CONNECT_S)
            connection.open(self._wake_read)
            while connection.ended is None and not self._stopping.is_set():
                self._converse(connection, lane, STEP_S)
                self._count(connection)
            if connection.up and connection.ended is None:
                self._take_leave(connection, lane)
        except Exception as error:  # whatever paho makes of a broker's bytes, the uplink has to come back
            connection.fail(error)
        connection.close()
        self._count(connection)
        self._earlier = self.traffic
        return connection

    def _count(self, connection: Connection) -> None:
        self.traffic = self._earlier + connection.traffic

    def _converse(self, connection: Connection, lane: _Lane, timeout_s: float) -> None:
        self.pulse.beat(timeout_s)
        if not self._covered.is_set():
            connection.break_off("no coverage")
            return
        if lane is not self._lane:
            connection.say_goodbye("other settings for the uplink")
            return
        with suppress(BlockingIOError):
            self._wake_read.recv(4096)
        while connection.up and lane.outgoing and connection.ended is None:
            connection.publish(lane.outgoing.popleft())
        connection.step(timeout_s)

    def _take_leave(self, connection: Connection, lane: _Lane) -> None:
        deadline_s = time.monotonic() + FAREWELL_S
        self._converse(connection, lane, 0.0)
        while connection.outstanding and connection.ended is None and time.monotonic() < deadline_s:
            self._converse(connection, lane, 0.1)
        if connection.ended is None:
            connection.say_goodbye()


def _is_introduction(protocol: MQTTProtocolVersion, connection: Connection) -> bool:
    """The broker does not speak what we like best: not a failure, and the next protocol is tried at once."""
    return connection.wrong_protocol and protocol == PROTOCOLS[0]


def _next_protocol(protocol: MQTTProtocolVersion, connection: Connection) -> MQTTProtocolVersion:
    """The other one, after a broker that was there but did not let us in without saying why, or because of it."""
    if connection.reached and (connection.wrong_protocol or not connection.refused):
        return PROTOCOLS[1 - PROTOCOLS.index(protocol)]
    return protocol
