"""One connection to a broker, by paho: opened, stepped, closed, and never used again.

So nothing of an earlier connection is ever repeated behind our back. Callbacks only note what happened. Used by one
thread; knows nothing of batches.
"""

import selectors
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from railbox_agent import AgentError
from railbox_agent.tls import COMMON, Files, Tls, is_our_refusal, is_their_refusal
from railbox_agent.traffic import Traffic, traffic_of

QOS: Final = 1
MAX_OUTSTANDING: Final = 20
"""Messages given to paho and not acknowledged."""
PROTOCOLS: Final[tuple[MQTTProtocolVersion, ...]] = (MQTTv5, MQTTv311)
"""By preference."""
SESSION_S: Final = 7 * 86_400
"""How long the broker is to keep our session, and with it what we subscribed to."""
CLOSED_UNHEARD: Final = "closed without an answer to CONNECT"
PROTOCOL_NAMES: Final = {MQTTv5: "MQTT 5", MQTTv311: "MQTT 3.1.1"}


class AddressError(AgentError):
    """A broker's address that cannot be one."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def parse_address(url: str) -> Address:
    """`mqtt://HOST[:PORT]`, or `mqtts://` for TLS. Raises AddressError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressError(f"broker address {url!r}: {error}") from None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/") or parts.username:
        raise AddressError(f"broker address {url!r}: expected mqtt://HOST:PORT or, for TLS, mqtts://HOST:PORT")
    tls = parts.scheme == "mqtts"
    return Address(parts.hostname, port or (8883 if tls else 1883), tls)


@dataclass(frozen=True, slots=True)
class Access:
    """Where the broker is, and how we prove who we are. The files are read anew at every connection."""

    address: Address
    client_id: str
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = 60
    will_delay_s: int = 0
    """MQTT 5: a connection that is back so soon was never away: the broker does not publish the will."""
    connect_timeout_s: float = 15.0
    ack_timeout_s: float = 60.0
    """A broker that acknowledges nothing for so long is left, and tried anew."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is published. `seq`: which batch it is, if it is one."""

    topic: str
    payload: bytes
    retain: bool = False
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """`resumed`: by a TLS session of before. `same`: for the broker we were never away: it kept our session, and has
    not published our will."""

    protocol: str
    resumed: bool = False
    same: bool = False


@dataclass(frozen=True, slots=True)
class Disconnected:
    """There is no connection (any more). `expected`: because we did not want one. `counter`: what kind of failure it
    was (`railbox_telemetry.counters`). `where`: the broker's address."""

    reason: str
    expected: bool = False
    counter: str = ""
    where: str = "at its address"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker took the message, or refused it (`refused` says why): either way it is done with it."""

    message: Message
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """`reason`: which topic, and what the broker says."""

    reason: str


UplinkEvent = Connected | Disconnected | Acknowledged | Received | SubscriptionRefused


@dataclass(slots=True)
class Memory:
    """What a connection leaves to the next one. `was_up`: there was one with these topics. `heard_s`: when the broker
    last said something."""

    tls: Tls | None = None
    was_up: bool = False
    heard_s: float = float("-inf")
    now_s: Callable[[], float] = time.monotonic


def tls_of(access: Access, now_s: Callable[[], float] = time.monotonic) -> Tls | None:
    files = Files(access.ca_file, access.cert_file, access.key_file)
    return Tls(files, now_s) if access.address.tls else None


class Connection:
    """`ended` says why it is over, once it is, and `counter` what counts that. `traffic`: what it has cost so far.

    `memory`: of the connections before; None: this one is by itself, and leaves no session with the broker.
    `cumulative`: of these topics each message says all that those before it said: they are read at QoS 0, which costs
    no acknowledgement. `again`: it failed for what is different at the next try: that can be at once.

    `reached`: there was a broker; `up`: it let us in; `refused`: it said why not; `wrong_protocol`: that was why.
    """

    def __init__(
        self,
        access: Access,
        protocol: MQTTProtocolVersion,
        will: Message,
        topics: tuple[str, ...],
        tell: Callable[[UplinkEvent], None],
        memory: Memory | None = None,
        cumulative: frozenset[str] = frozenset(),
    ) -> None:
        self.ended: str | None = None
        self.counter = ""
        self.again = False
        self.traffic = Traffic()
        self.reached = self.up = self.refused = self.wrong_protocol = False
        self._access = access
        self._protocol = protocol
        self._topics = topics
        self._tell = tell
        self._keeps = memory is not None
        self._memory = memory or Memory(tls_of(access))
        if memory is None and self._memory.tls is not None:
            self._memory.tls.way = COMMON
        self._cumulative = cumulative
        self._aliases: dict[str, int] = {}
        self._most_aliases = 0
        self._outstanding: dict[int, tuple[Message, float]] = {}
        self._opened_s = time.monotonic()
        self._client = self._new_client(will)
        self._selector = selectors.DefaultSelector()

    @property
    def outstanding(self) -> int:
        return len(self._outstanding)

    def open(self, wake: socket.socket) -> None:
        """Blocks until the broker's computer answers. `wake`: readable when there is something to send. Raises OSError
        (also for TLS and for a password file that cannot be read) and ValueError (a host that cannot be one)."""
        access, client = self._access, self._client
        if access.username is not None:
            client.username_pw_set(access.username, _password(access.password_file))
        tls = self._memory.tls
        if tls is not None:
            client.tls_set_context(tls.context())  # pyright: ignore[reportUnknownMemberType] - paho leaves it untyped
        try:
            self._connect()
        except OSError as error:
            self.again = tls is not None and isinstance(error, ssl.SSLError) and tls.failed(error)
            raise
        self.reached = True
        self._selector.register(wake, selectors.EVENT_READ)
        self._selector.register(self._socket(), selectors.EVENT_READ)

    def publish(self, message: Message) -> None:
        topic, properties = self._aliased(message)
        info = self._client.publish(topic, message.payload, QOS, message.retain, properties)
        if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._outstanding[info.mid] = (message, time.monotonic())
        else:
            self.ended = f"publishing failed: {info.rc.name}"

    def step(self, timeout_s: float) -> None:
        """Reads and writes what can be, after waiting for it no longer than that."""
        sock = self._socket()
        self._measure()
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        wants = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._client.want_write() else 0)
        self._selector.modify(sock, wants)
        ready = {key.fileobj: mask for key, mask in self._selector.select(0 if pending else timeout_s)}
        mask = ready.get(sock, 0)
        if pending or mask & selectors.EVENT_READ:
            self._check(self._client.loop_read())
            if self.up:
                self._memory.heard_s = self._memory.now_s()
        if self.ended is None and mask & selectors.EVENT_WRITE:
            self._check(self._client.loop_write())
        if self.ended is None:
            self._check(self._client.loop_misc())
        self._look_at_the_time()

    def say_goodbye(self, reason: str = "stopped") -> None:
        """Ends in good order: the broker does not publish the will."""
        self.ended = self.ended or reason
        self._client.disconnect()

    def break_off(self, reason: str) -> None:
        """Ends as a tunnel would end it."""
        self.ended = reason

    def fail(self, error: Exception) -> None:
        """It is over because of this."""
        self.counter = self.counter or counter_of(error)
        if self.reached and not self.up and isinstance(error, ConnectionError):
            self.ended, self.counter = self.ended or CLOSED_UNHEARD, "broker_refused"
        self.ended = self.ended or f"{type(error).__name__}: {error}"

    def close(self) -> None:
        """Lets go of everything. An open connection breaks: the broker publishes the will."""
        self._selector.close()
        self._measure()
        sock = self._client.socket()
        if isinstance(sock, ssl.SSLSocket):
            with suppress(OSError, ValueError):  # without a word at its end, the broker would forget the TLS session
                sock.setblocking(False)
                sock.unwrap()
        if sock is not None:
            sock.close()

    # --- how ---------------------------------------------------------------------------------------------------------

    def _new_client(self, will: Message) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            self._access.client_id,
            clean_session=None if self._protocol == MQTTv5 else not self._keeps,
            protocol=self._protocol,
            reconnect_on_failure=False,
        )
        client.suppress_exceptions = True
        client.connect_timeout = self._access.connect_timeout_s
        client.max_inflight_messages_set(MAX_OUTSTANDING)
        client.max_queued_messages_set(MAX_OUTSTANDING)
        client.will_set(will.topic, will.payload, QOS, will.retain, self._will_properties())
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    def _connect(self) -> None:
        address, keepalive_s = self._access.address, self._access.keepalive_s
        if self._protocol != MQTTv5:
            self._client.connect(address.host, address.port, keepalive_s)
            return
        properties = Properties(PacketTypes.CONNECT)
        if self._keeps:
            properties.SessionExpiryInterval = SESSION_S
        self._client.connect(
            address.host, address.port, keepalive_s, clean_start=not self._keeps, properties=properties
        )

    def _will_properties(self) -> Properties | None:
        if self._protocol != MQTTv5 or not (self._keeps and self._access.will_delay_s):
            return None
        properties = Properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = self._access.will_delay_s
        return properties

    def _aliased(self, message: Message) -> tuple[str, Properties | None]:
        """A batch's topic is told once a connection, and is a number of three bytes from then on."""
        if message.seq is None or self._most_aliases == 0:
            return message.topic, None
        known = message.topic in self._aliases
        if not known and len(self._aliases) >= self._most_aliases:
            return message.topic, None
        properties = Properties(PacketTypes.PUBLISH)
        properties.TopicAlias = self._aliases.setdefault(message.topic, len(self._aliases) + 1)
        return "" if known else message.topic, properties

    def _socket(self) -> Any:
        sock = self._client.socket()
        if sock is None:
            raise ConnectionError("the broker closed the connection")
        return sock

    def _measure(self) -> None:
        """Before the socket is gone: paho closes it by itself when the connection breaks."""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            self.traffic = traffic_of(sock) or self.traffic

    def _check(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS and self.ended is None:
            self.ended = code.name

    def _look_at_the_time(self) -> None:
        now_s = time.monotonic()
        oldest_s = next((at_s for _, at_s in self._outstanding.values()), now_s)
        if not self.up and now_s - self._opened_s > self._access.connect_timeout_s:
            self.ended, self.counter = self.ended or "the broker does not answer CONNECT", "broker_silent"
        elif now_s - oldest_s > self._access.ack_timeout_s:
            self.ended, self.counter = self.ended or "the broker acknowledges nothing", "broker_deaf"

    # --- paho's callbacks: note and return ---------------------------------------------------------------------------

    def _on_connect(
        self, client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, more: Properties | None
    ) -> None:
        if reason.is_failure:
            self.refused, self.counter = True, "broker_refused"
            self.wrong_protocol = reason.getName() == "Unsupported protocol version"
            self.ended = f"refused: {reason}"
            return
        self.up = True
        self._most_aliases = getattr(more, "TopicAliasMaximum", 0)
        memory, sock = self._memory, client.socket()
        has_session = self._keeps and memory.was_up and flags.session_present
        if self._topics and not has_session:
            client.subscribe([(topic, 0 if topic in self._cumulative else QOS) for topic in self._topics])
        resumed = memory.tls is not None and isinstance(sock, ssl.SSLSocket) and memory.tls.connected(sock)
        away_s = memory.now_s() - memory.heard_s
        delayed = self._protocol == MQTTv5 and away_s < self._access.will_delay_s
        memory.was_up, memory.heard_s = True, memory.now_s()
        self._tell(Connected(PROTOCOL_NAMES[self._protocol], resumed, has_session and delayed))

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _more: Properties | None
    ) -> None:
        if self.ended is None and self.reached and not self.up:
            self.ended, self.counter = CLOSED_UNHEARD, "broker_refused"
        self.ended = self.ended or f"disconnected: {reason}"

    def _on_publish(self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _more: Properties | None) -> None:
        message, _ = self._outstanding.pop(mid, (None, 0.0))
        if message is not None:
            self._tell(Acknowledged(message, str(reason) if reason.is_failure else None))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._tell(Received(message.topic, bytes(message.payload)))

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _more: Properties | None
    ) -> None:
        for topic, reason in zip(self._topics, reasons, strict=False):
            if reason.is_failure:
                self._tell(SubscriptionRefused(f"{topic}: {reason}"))


def counter_of(error: BaseException) -> str:
    """What counts a connection that ended so."""
    if is_our_refusal(error):
        return "broker_certificate_refused"
    if is_their_refusal(error):
        return "own_certificate_refused"
    return "broker_silent" if isinstance(error, TimeoutError) else "broker_unreachable"


def _password(path: Path | None) -> str | None:
    return None if path is None else path.read_text(encoding="utf-8").strip()
