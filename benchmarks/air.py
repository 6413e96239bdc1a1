"""Bytes on the air of one journey: the tracker's own sender against OwnTracks' JSON, by a real Mosquitto over TLS.

Both have client certificates, QoS 1, and break off as often, at the same instants. The tracker's part runs on the
journey's clock: its reports, statuses, questions, the server's words (its own announcer decides) and the age of its TLS
sessions are what they would be. The app makes a full handshake each time, as it does: it has a new SSLContext for each.
"""

import json
import random
import ssl
import subprocess
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from meter import Cost, Meter
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from railbox_agent import logs
from railbox_agent.items import Item
from railbox_agent.mqtt import Access, Acknowledged, Address, Connected, Disconnected, Message, Received, UplinkEvent
from railbox_agent.outbox import Outbox
from railbox_agent.packing import Packer
from railbox_agent.sender import Sender, SenderSettings, subscriptions, will
from railbox_agent.thinning.policy import Thinning
from railbox_agent.uplink import BackOff, Uplink
from railbox_server.ingest.announcer import Announcer
from railbox_server.store.values import Outbox as OutboxId
from railbox_telemetry.values import Fix
from support.brokers import Broker, free_port, mosquitto
from support.fake_server import FakeServer

DEVICE = "TRK-0001"
DAY_S = 86_400
RECONNECTS_A_DAY = 10
KEEPALIVE_S = 3_700
"""Above the longest heartbeat, so that nothing is sent only to stay connected."""
SHORT_KEEPALIVE_S = 300
OWNTRACKS_EVERY_S = 30
WAIT_S = 20.0


@dataclass
class Side:
    """What one side cost, by purpose. `payload_bytes`: what it wanted to say; `gaps_s`: silences on the connection."""

    days: float
    costs: dict[str, Cost]
    payload_bytes: int = 0
    gaps_s: list[float] = field(default_factory=list[float])

    @property
    def air_bytes_a_day(self) -> float:
        return sum(cost.air_bytes for cost in self.costs.values()) / self.days

    def pings_a_day(self, keepalive_s: int) -> float:
        return sum(int(gap_s / keepalive_s) for gap_s in self.gaps_s) / self.days


@dataclass(frozen=True)
class Place:
    """A broker with a TLS listener, and who may speak to it."""

    broker: Broker
    tls_port: int
    folder: Path


@contextmanager
def tls_broker(folder: Path) -> Generator[Place]:
    """Mosquitto with a plain listener for the server's side, and one that asks for client certificates."""
    make_certificates(folder)
    port = free_port()
    lines = ["allow_anonymous true", "max_queued_messages 0", f"listener {port} 127.0.0.1", "require_certificate true"]
    files = [f"cafile {folder}/fleet.crt", f"certfile {folder}/broker.crt", f"keyfile {folder}/broker.key"]
    with mosquitto(folder, None, *lines, *files) as broker:
        yield Place(broker, port, folder)


def make_certificates(folder: Path) -> None:
    """The broker's certificate and a tracker's, with keys on P-256, each of an authority of its own (install.md):
    who has its own authority's certificate at hand sends that along, though nobody needs it."""

    def openssl(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    lean = "subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
    names = {"broker": ("authority", "subjectAltName=IP:127.0.0.1\n"), DEVICE: ("fleet", lean)}
    for name, (authority, extensions) in names.items():
        subject = (
            "-keyout",
            f"{authority}.key",
            "-out",
            f"{authority}.crt",
            "-subj",
            f"/CN={authority}",
            "-days",
            "30",
        )
        openssl("req", "-x509", *key, *subject)
        (folder / "extensions").write_text(extensions)
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signing = ("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-set_serial", "1", "-days", "30")
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *signing, "-extfile", "extensions")


def breaks_s() -> Iterator[float]:
    """When the connection breaks: so often each day, at any instants; the same ones every time that it is asked."""
    dice = random.Random(10)  # noqa: S311 - spreads the breaks, hides nothing
    for day in count():
        yield from sorted(DAY_S * (day + dice.random()) for _ in range(RECONNECTS_A_DAY))


def until(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {WAIT_S:g} s for {what}")
        time.sleep(0.0005)


# --- the tracker -----------------------------------------------------------------------------------------------------


class WatchedLine:
    """An uplink, and what went over it."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink
        self.published = self.acknowledged = self.received = self.connected = self.disconnected = 0
        self.resumed = False
        self.topics: list[str] = []
        self.payload_bytes = 0

    @property
    def idle(self) -> bool:
        return self.published == self.acknowledged

    def publish(self, message: Message) -> bool:
        taken = self._uplink.publish(message)
        if taken:
            self.published += 1
            self.topics.append(message.topic)
            self.payload_bytes += len(message.payload)
        return taken

    def events(self, wait_s: float = 0.0) -> list[UplinkEvent]:
        found = self._uplink.events(wait_s)
        for event in found:
            match event:
                case Acknowledged():
                    self.acknowledged += 1
                case Received():
                    self.received += 1
                case Connected():
                    self.connected += 1
                    self.resumed = event.resumed
                case Disconnected():
                    self.disconnected += 1
                    self.published = self.acknowledged
                case _:
                    continue
        return found


class Tracker:
    """The agent's sender on a journey's clock, over a metered connection."""

    def __init__(self, place: Place, server: FakeServer, boot_id: int, quiet_s: int) -> None:
        self.now_ms = 0
        self.meter = Meter(place.tls_port)
        access = Access(
            Address("127.0.0.1", self.meter.port, tls=True),
            DEVICE,
            ca_file=place.folder / "authority.crt",
            cert_file=place.folder / f"{DEVICE}.crt",
            key_file=place.folder / f"{DEVICE}.key",
            keepalive_s=KEEPALIVE_S,
            will_delay_s=KEEPALIVE_S,
        )
        topics = subscriptions(DEVICE)
        self.uplink = Uplink(
            access, will(DEVICE), topics, BackOff(0.01, 0.01), cumulative=topics, now_s=lambda: self.now_ms / 1000
        )
        self.line = WatchedLine(self.uplink)
        self.outbox = Outbox(None, 1_000_000_000)
        settings = SenderSettings(DEVICE, boot_id)
        packer = Packer(boot_id, quiet_s)
        self.sender = Sender(settings, packer, self.outbox, self.line, now_ms=lambda: self.now_ms)
        self.gaps_s: list[float] = []
        self._server = server
        self._announcer = Announcer()
        self._id = OutboxId(DEVICE, self.outbox.epoch)
        self._spoke_ms = self._known = 0

    def connect(self) -> None:
        """Breaks the connection that there is, and waits for a new one; all that it says then belongs to it."""
        connected, received = self.line.connected, self.line.received
        if connected:
            self.meter.tunnel()
            self.uplink.set_coverage(False)
            self._turn_until(lambda: self.line.disconnected >= connected, "the connection to break")
            self.uplink.set_coverage(True)
        else:
            self.uplink.start()
        self._turn_until(lambda: self.line.connected > connected and self.line.idle, "a connection")
        self._finish("connections, TLS resumed" if self.line.resumed else "connections, TLS in full", patience_s=0.03)
        if self.line.received > received:
            self._announcer.told(self._id)

    def take(self, items: Sequence[Item], at_s: float) -> None:
        self.now_ms = int(at_s * 1000)
        self.sender.take(items)
        self.sender.step()
        if not self.line.idle:
            self._turn_until(lambda: self.line.idle, "an acknowledgement")
            status_only = all(topic.endswith("/s") for topic in self.line.topics)
            self._finish("status" if status_only else "batches")
        for _ in range(len(self._server.batches) - self._known):
            self._announcer.stored(self._id, at_s)
        self._known = len(self._server.batches)
        if self._id in self._announcer.due(at_s):
            self._commit()

    def _commit(self) -> None:
        received = self.line.received
        self._server.commit(DEVICE, self.outbox.epoch)
        self._turn_until(lambda: self.line.received > received, "the server's word")
        self._announcer.told(self._id)
        self._finish("committed")

    def _turn_until(self, condition: Callable[[], bool], what: str) -> None:
        def turned() -> bool:
            self.sender.step(0.001)
            return condition()

        until(turned, what)

    def _finish(self, purpose: str, patience_s: float = 0.0) -> None:
        time.sleep(patience_s)
        self.meter.settle()
        self.sender.step()
        self.meter.exchange(purpose)
        self.line.topics.clear()
        self.gaps_s.append((self.now_ms - self._spoke_ms) / 1000)
        self._spoke_ms = self.now_ms


def tracker_side(place: Place, log: logs.Log, thinning: Thinning, fixes: list[Fix] | None = None) -> Side:
    """Sends the journey; `fixes` gets the trusted ones."""
    with FakeServer(place.broker.port) as server:
        tracker = Tracker(place, server, log.boot_id, thinning.quiet_s)
        tracker.connect()
        breaks, at_s = breaks_s(), 0.0
        next_break_s = next(breaks)
        for step in log.steps:
            at_s = step.at_s
            while at_s >= next_break_s:
                tracker.now_ms = int(next_break_s * 1000)
                tracker.connect()
                next_break_s = next(breaks)
            tracker.take(step.items, at_s)
            if fixes is not None:
                fixes += [item for item in step.items if isinstance(item, Fix) and item.trusted]
        tracker.uplink.stop()
        until(lambda: len(server.batches) == tracker.sender.totals.batches_sent, "all batches")
    return Side(at_s / DAY_S, dict(tracker.meter.costs), tracker.line.payload_bytes, tracker.gaps_s)


# --- OwnTracks -------------------------------------------------------------------------------------------------------


class OwnTracks:
    """What the app sends: https://owntracks.org/booklet/tech/json/, as on a phone in a mobile network."""

    def __init__(self, place: Place, keepalive_s: int = 3_600) -> None:
        self.meter = Meter(place.tls_port)
        self.payload_bytes = 0
        self._keepalive_s = keepalive_s
        self._folder = place.folder
        self._client: Client | None = None
        self._acknowledged = -1
        self._subscribed = False

    def connect(self) -> None:
        if self._client is not None and (before := self._client.socket()) is not None:
            self.meter.tunnel()
            before.close()
        context = ssl.create_default_context(cafile=self._folder / "authority.crt")
        context.load_cert_chain(self._folder / f"{DEVICE}.crt", self._folder / f"{DEVICE}.key")
        client = Client(CallbackAPIVersion.VERSION2, "owntracks", clean_session=False, protocol=MQTTv311)
        client.tls_set_context(context)  # pyright: ignore[reportUnknownMemberType] - paho leaves it untyped
        gone = json.dumps({"_type": "lwt", "tst": 1})
        client.will_set("owntracks/railbox/TRK1", gone, 1)
        self._subscribed = False
        client.on_subscribe = self._on_subscribe
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.connect("127.0.0.1", self.meter.port, self._keepalive_s)
        self._client = client
        self._turn_until(lambda: self._subscribed, "a connection")
        time.sleep(0.02)
        self.meter.settle()
        self.meter.exchange("connections, TLS in full")

    def _on_connect(self, client: Client, *_: object) -> None:
        client.subscribe("owntracks/railbox/TRK1/cmd", 1)

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    def _on_publish(self, _client: Client, _data: object, mid: int, *_: object) -> None:
        self._acknowledged = mid

    def tell(self, fix: Fix) -> None:
        assert self._client is not None
        payload = json.dumps(message(fix), separators=(",", ":"))
        self.payload_bytes += len(payload)
        mid = self._client.publish("owntracks/railbox/TRK1", payload, 1).mid
        self._turn_until(lambda: self._acknowledged == mid, "an acknowledgement")
        self.meter.exchange("positions")

    def wait_for_ping(self) -> Cost:
        """Says nothing until the client asks whether the connection still stands, and is answered."""
        costs: list[Cost] = []

        def asked() -> bool:
            self.meter.settle()
            costs.append(self.meter.exchange("pings"))
            return costs[-1].exchanges > 0

        self._turn_until(asked, "a ping")
        return costs[-1]

    def _turn_until(self, condition: Callable[[], bool], what: str) -> None:
        client = self._client
        assert client is not None

        def turned() -> bool:
            client.loop(0.05)
            return condition()

        until(turned, what)


def message(fix: Fix) -> dict[str, object]:
    tst = fix.fix_time_ms // 1000
    return {
        "_type": "location",
        "acc": round((fix.hdop or 1.0) * 5),
        "alt": round(fix.alt_m or 0),
        "batt": 87,
        "bs": 1,
        "cog": round(fix.course_deg or 0),
        "conn": "m",
        "created_at": tst + 1,
        "lat": round(fix.lat_deg, 7),
        "lon": round(fix.lon_deg, 7),
        "m": 1,
        "t": "t",
        "tid": "01",
        "tst": tst,
        "vac": 4,
        "vel": round((fix.speed_mps or 0) * 3.6),
    }


def owntracks_side(place: Place, fixes: Sequence[Fix], days: float) -> Side:
    """A position every half a minute: the newest there is."""
    app = OwnTracks(place)
    app.connect()
    start_ms = fixes[0].fix_time_ms
    breaks, next_s = breaks_s(), 0.0
    next_break_s = next(breaks)
    for fix in fixes:
        at_s = (fix.fix_time_ms - start_ms) / 1000
        while at_s >= next_break_s:
            app.connect()
            next_break_s = next(breaks)
        while at_s >= next_s:
            app.tell(fix)
            next_s += OWNTRACKS_EVERY_S
    return Side(days, dict(app.meter.costs), app.payload_bytes)


def ping_cost(place: Place) -> Cost:
    app = OwnTracks(place, keepalive_s=1)
    app.connect()
    return app.wait_for_ping()
