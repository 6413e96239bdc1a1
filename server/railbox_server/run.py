"""`railbox server`: builds the parts from the settings, wires them once, runs them until it is told to stop.

The only place that knows all parts; it decides nothing but whether to start.
"""

import argparse
import fcntl
import gc
import json
import logging
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

import uvicorn

from railbox_server import logs
from railbox_server.addresses import Listen
from railbox_server.api.app import create_app
from railbox_server.api.services import Services, judged_rows
from railbox_server.broker import Broker, choose_port
from railbox_server.broker_config import EmbeddedBroker, parse_credentials
from railbox_server.clock import clock_of
from railbox_server.config import MIN_TOKEN, ServerSettings, read_secret, webhook_secret
from railbox_server.configuration.registry import Registry
from railbox_server.configuration.room import Configurations
from railbox_server.engine import plan_file
from railbox_server.engine.engine import Told
from railbox_server.engine.process import EngineProcess, EngineSpec
from railbox_server.errors import ServerError
from railbox_server.exposure import exposures
from railbox_server.geo import corridors
from railbox_server.imports.handing_in import hand_in
from railbox_server.ingest.mqtt import Session, Tls
from railbox_server.ingest.parcel import Message
from railbox_server.ingest.worker import Worker
from railbox_server.live import Hub
from railbox_server.store.keeping import Keeping
from railbox_server.telling.room import Telling
from railbox_server.watching import readiness
from railbox_server.watching.metrics import Metrics
from railbox_server.watching.state import Sources
from railbox_telemetry import iso
from railbox_telemetry.settings import SettingsError, load, render

log = logging.getLogger(__name__)

PAGE: Final = Path(__file__).parent / "web"
SUBSCRIBE_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 3
GARBAGE: Final = 50_000, 2, 2
"""When it is looked for cycles: seldom, since a group of batches makes tens of thousands of objects without one; then
soon among all."""
EXIT_FAILED, EXIT_USAGE = 1, 2
EXAMPLES: Final = """examples:
  railbox server                                  page and API on http://127.0.0.1:8080, its own broker
  railbox server --config /etc/railbox/server.toml
  railbox server --data /var/lib/railbox --broker mqtts://railbox@broker.example:8883
  railbox server --print-config > server.toml     every key with its default, to start from
"""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    try:
        settings = settings_of(args)
        if args.print_config:
            print(render(settings), end="")
            return 0
        reasons = list(
            exposures(
                settings.http_listen(),
                settings.broker_listen(),
                has_token=settings.http.token_file is not None,
                has_credentials=settings.broker.device_credentials is not None,
            )
        )
        for reason in reasons:
            print(f"railbox server: not started: {reason}", file=sys.stderr)
        if reasons:
            return EXIT_USAGE
        logs.configure(args.log, args.log_format)
        with ExitStack() as stack:
            serve(settings, stack, args.log_format, as_json=args.json)
    except SettingsError as error:
        print(f"railbox server: {error}", file=sys.stderr)
        return EXIT_USAGE
    except ServerError as error:
        print(f"railbox server: {error}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def settings_of(args: argparse.Namespace) -> ServerSettings:
    """The file's settings with the command line's over them; raises SettingsError."""
    settings = load(args.config, ServerSettings) if args.config else ServerSettings()
    if args.http:
        settings = replace(settings, http=replace(settings.http, listen=args.http))
    if args.broker:
        settings = replace(settings, broker=replace(settings.broker, address=args.broker))
    settings = replace(settings, data=args.data or settings.data, clock=args.clock or settings.clock)
    settings.check()
    return settings


def serve(settings: ServerSettings, stack: ExitStack, log_format: logs.Format = "text", *, as_json: bool) -> None:
    """Runs the server until a signal ends it; `stack` ends its parts, in reverse order of their start."""
    _lock(settings.data, stack)
    token = read_secret("http.token_file", settings.http.token_file, MIN_TOKEN)
    door = listening(settings.http_listen(), stack)
    keeping = Keeping(settings.data, settings.store)
    stack.callback(keeping.close)
    store = keeping.store
    known = corridors.available(settings.corridors)
    clock = clock_of(settings.clock)
    engine_settings = settings.borders.for_engine()
    silence_s = engine_settings.contact_heartbeats * engine_settings.heartbeat_s
    hub = Hub(
        lambda units: judged_rows(store, clock, silence_s, units),
        lambda: {"now": iso.from_s(clock.now_s()), "mode": clock.mode},
    )

    telling = Telling(
        settings.data, store, clock, silence_s, settings.telling, settings.webhook, webhook_secret(settings.webhook)
    )

    metrics = Metrics()

    def on_told(told: Sequence[Told]) -> None:
        telling.told(told)
        metrics.told(told)
        for each in told:
            if each.last_fix_s is not None:
                clock.saw(each.last_fix_s)
        units = {each.unit for each in told if each.unit is not None}
        hub.changed(units, board=any(each.rows_changed for each in told))

    plan_file.read(settings.borders.planned_journeys, known)
    spec = EngineSpec(
        settings.data,
        settings.corridors,
        engine_settings,
        settings.clock,
        settings.custody.for_engine(),
        settings.borders.planned_journeys,
        log.getEffectiveLevel(),
        log_format,
    )
    engine = EngineProcess(spec, on_told)

    def publish(topic: str, payload: bytes) -> bool:
        return session.publish(topic, payload)

    worker = Worker(store, publish, engine.touch, on_commit=metrics.committed)
    registry = Registry(settings.data)
    stack.callback(registry.close)
    configurations = Configurations(registry, publish)
    session = _session(settings, worker, configurations, stack)
    # Stopped in reverse: those first for whom the session may wait, so that it is free to end.
    for part in (keeping, telling, engine, session, configurations, worker):
        part.start()
        stack.callback(part.stop)
    if not session.subscribed.wait(SUBSCRIBE_TIMEOUT_S):
        log.warning("broker %s does not answer yet; the server goes on, and connects once it does", session.address)
    checks = readiness.checks(store, session.subscribed.is_set, str(session.address), lambda: engine.is_up)
    metrics.watch(
        Sources(
            store=store,
            data=settings.data,
            checks=checks,
            ingest_waiting=lambda: worker.waiting,
            ingest_counters=lambda: worker.counters | configurations.counters,
            store_counters=lambda: keeping.counters,
            engine_pending=lambda: engine.pending,
            listeners=lambda: hub.listeners,
            telling=telling.state,
        )
    )
    services = Services(
        store=store,
        clock=clock,
        corridors=known,
        corridor_file=lambda name: corridors.data_path(name, settings.corridors),
        silence_s=silence_s,
        admit=worker.admit,
        replay=worker.replay,
        hand_in=lambda device, payloads: hand_in(worker.put, device, payloads, time.time_ns() // 1_000_000),
        engine_pending=lambda: engine.pending,
        ingest_waiting=lambda: worker.waiting,
        ingest_counters=lambda: worker.counters | keeping.counters | configurations.counters,
        configurations=configurations,
        checks=checks,
        exposition=metrics.exposition,
        hub=hub,
        page=PAGE,
        token=token,
        telling=telling,
    )
    config = uvicorn.Config(
        create_app(services),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSE_TIMEOUT_S,
    )
    url = f"http://{Listen(*door.getsockname()[:2])}"
    HttpServer(config, lambda: _say_ready(url, str(session.address), as_json), hub.close).run(sockets=[door])


class HttpServer(uvicorn.Server):
    """uvicorn that says when it is ready, and ends open streams before it waits for its connections to close."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_exit: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_exit = on_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What was made up to here stays: looking through it for garbage again and again costs answers 100 ms at times.
        gc.freeze()
        gc.set_threshold(*GARBAGE)
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Not uvicorn's own, which sends itself the signal again at the end, before our other parts were stopped."""
        self._on_exit()
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _session(settings: ServerSettings, worker: Worker, configurations: Configurations, stack: ExitStack) -> Session:
    """The session with the embedded broker, which is started here, or with another one."""

    def deliver(message: Message) -> None:
        if not configurations.takes(message):
            worker.put(message)

    listen, address = settings.broker_listen(), settings.broker_address()
    chosen = settings.broker
    if address is not None:
        password = read_secret("broker.password_file", chosen.password_file)
        return Session(
            address,
            deliver,
            password=password,
            tls=Tls(chosen.tls_ca, chosen.tls_certificate, chosen.tls_key),
            on_subscribed=configurations.connected,
        )
    assert listen is not None
    folder = settings.data / "broker"
    folder.mkdir(exist_ok=True)
    credentials, password = None, None
    if (path := chosen.device_credentials) is not None:
        credentials, password = (
            parse_credentials(_text("broker.device_credentials", path), str(path)),
            secrets.token_urlsafe(32),
        )
    broker = Broker(
        EmbeddedBroker(
            choose_port(listen, folder / "port"), folder / "sessions", folder / "nats.log", credentials, password or ""
        ),
        folder,
    )
    broker.start()
    stack.callback(broker.stop)
    return Session(broker.address, deliver, password=password, on_subscribed=configurations.connected)


def _say_ready(http: str, broker: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"http": http, "broker": broker}), flush=True)
    else:
        print(f"page    {http}/\nAPI     {http}/docs\nbroker  {broker}", flush=True)


def listening(listen: Listen, stack: ExitStack) -> socket.socket:
    """A bound socket, so that an address in use is told before anything else starts."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # The protocol is named because asyncio looks at it: only what it knows to be TCP sends at once (TCP_NODELAY), and
    # an answer's body waited 40 ms for the client to acknowledge its headers.
    door = stack.enter_context(socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP))
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((listen.host, listen.port))
    except OSError as error:
        raise ServerError(f"cannot listen on {listen}: {error.strerror}; set another address with --http") from error
    return door


def _lock(data: Path, stack: ExitStack) -> None:
    """One server a data folder; the lock goes with the process, however that ends."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock: TextIO = stack.enter_context((data / "server.lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ServerError(f"another server uses {data}; stop it, or give this one a folder of its own") from error
    except OSError as error:
        raise ServerError(f"data folder {data}: {error.strerror}; set another one with --data") from error


def _text(key: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{key} = {path}: cannot be read: {error}") from error


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox server",
        description="Takes what trackers send, stores it, judges borders, and serves page and API.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML); the options below go over them")
    made.add_argument("--data", type=Path, metavar="DIR", help="folder of store and broker sessions")
    made.add_argument("--http", metavar="HOST:PORT", help="address of page and API; port 0: any free one")
    made.add_argument("--broker", metavar="embedded|mqtt://…", help="the broker to use")
    made.add_argument("--clock", choices=("real", "replay"), help="what now is for open visits")
    made.add_argument("--json", action="store_true", help="say the addresses as one line of JSON when ready")
    made.add_argument("--log", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO", help="default: INFO")
    made.add_argument(
        "--log-format", choices=logs.FORMATS, default="text", help="json: an object a line, for collectors of logs"
    )
    made.add_argument("--print-config", action="store_true", help="print all settings with their explanations, and end")
    return made
