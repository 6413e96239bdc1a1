"""The broker's edge: an MQTT session that delivers messages, acknowledges them late, and publishes.

A fixed client id and clean_session off let the broker keep what came while the server was away. MQTT 3.1.1, which every
broker speaks. Decides nothing about contents.
"""

import logging
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from railbox_server.addresses import BrokerAddress
from railbox_server.errors import ServerError
from railbox_server.ingest.parcel import Message
from railbox_telemetry.topics import Leaf, subscription

log = logging.getLogger(__name__)

CLIENT_ID: Final = "railbox-server"
KEEPALIVE_S: Final = 60
LONGEST_RECONNECT_S: Final = 10
QOS: Final = 1
HEARD: Final = (Leaf.BATCH, Leaf.STATUS, Leaf.RESULT)


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of a TLS connection: the authority that signed the broker's certificate, and our own certificate."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Raises ServerError, which names the files."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ServerError(f"TLS files {self.ca}, {self.certificate}, {self.key}: {error}") from error
        return context


class Session:
    """`deliver` is called in the session's own thread, and may wait: then nothing more is read from the broker.

    `on_subscribed`, in that thread too: the broker is there (again).
    """

    def __init__(
        self,
        address: BrokerAddress,
        deliver: Callable[[Message], None],
        *,
        password: str | None = None,
        tls: Tls | None = None,
        client_id: str = CLIENT_ID,
        on_subscribed: Callable[[], None] = lambda: None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.subscribed = threading.Event()
        self.address = address
        self._deliver = deliver
        self._on_ready = on_subscribed
        self._now_s = now_s
        self._lock = threading.Lock()
        self._connection = 0
        """Counts connections: an acknowledgement of an earlier one would name another message now."""
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=False, protocol=paho.MQTTv311, manual_ack=True
        )
        self._client.reconnect_delay_set(1, LONGEST_RECONNECT_S)
        if address.user is not None:
            self._client.username_pw_set(address.user, password)
        if address.tls:
            self._client.tls_set_context((tls or Tls()).context())  # pyright: ignore[reportUnknownMemberType] - paho leaves it untyped
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connects in the background, for as long as it takes."""
        self._client.connect_async(self.address.host, self.address.port, KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Retained. False when the broker is away: then nothing is kept here, the caller says it again."""
        if not self._client.is_connected():
            return False
        return self._client.publish(topic, payload, QOS, retain=True).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    # --- paho's thread -----------------------------------------------------------------------------------------------

    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: paho.ConnectFlags, reason: ReasonCode, _more: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("broker %s refuses us: %s", self.address, reason)
            return
        with self._lock:
            self._connection += 1
        client.subscribe([(subscription(leaf), QOS) for leaf in HEARD])

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _more: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            log.error("broker %s does not let us subscribe: check what the user may read", self.address)
            return
        log.info("connected to broker %s", self.address)
        self.subscribed.set()
        self._on_ready()

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: Any,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self.subscribed.clear()
        with self._lock:
            self._connection += 1
        if reason.is_failure:
            log.warning("connection to broker %s lost: %s; connecting again", self.address, reason)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        connection, mid, qos = self._connection, message.mid, message.qos
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(not UTF-8)"
        received_at_ms = round(self._now_s() * 1000)
        self._deliver(Message(topic, bytes(message.payload), received_at_ms, lambda: self._ack(connection, mid, qos)))

    def _ack(self, connection: int, mid: int, qos: int) -> None:
        with self._lock:
            if connection == self._connection:
                self._client.ack(mid, qos)
