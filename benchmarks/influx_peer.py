"""The plain way for comparison: a paho client that writes what comes as line protocol straight into influxd.

The same broker kind, load and machine; the batches are decoded by Railbox's own decoder. It keeps no numbers, tells no
tracker what is safe, judges no border, and acknowledges what it has not stored.
"""

import queue
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from rig import Load, go, publisher_of, told

from railbox_telemetry import wire
from railbox_telemetry.values import Positions
from support.brokers import free_port, nats, wait_for

LINES_A_WRITE = 5_000
LONG_S = 1_800.0


@dataclass(frozen=True)
class Rate:
    knots_per_s: float
    bytes_a_knot: float


def is_here() -> bool:
    return shutil.which("influxd") is not None


def rate(work: Path, load: Load) -> Rate:
    work.mkdir()
    knots = load.count * load.fleet.knots_a_batch
    with influxd(work) as url, nats(work) as broker:
        writer = _Writer(url)
        client = _subscriber(broker.url, writer)
        with publisher_of(load, broker.url) as publisher:
            started = time.monotonic()
            go(publisher)
            wait_for(lambda: writer.written >= knots, "influxd to hold all", LONG_S)
            seconds = time.monotonic() - started
            told(publisher)
        client.disconnect()
        client.loop_stop()
        writer.stop()
    size = sum(file.stat().st_size for file in (work / "influx").rglob("*") if file.is_file())
    return Rate(knots / seconds, size / knots)


class _Writer:
    """Collects lines and writes them a few thousand at a time, in a thread of its own."""

    def __init__(self, url: str) -> None:
        self.written = 0
        self._url = f"{url}/write?db=bench&precision=s"
        self._lines: queue.Queue[str | None] = queue.Queue(50_000)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, device: str, payload: bytes) -> None:
        for section in wire.decode(payload).sections:
            if isinstance(section, Positions):
                for knot in section.knots:
                    self._lines.put(f"knots,device={device} lat={knot.lat_deg},lon={knot.lon_deg} {knot.time_s}")

    def stop(self) -> None:
        self._lines.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            lines = [line]
            with suppress(queue.Empty):
                while len(lines) < LINES_A_WRITE and (more := self._lines.get(timeout=0.05)) is not None:
                    lines.append(more)
            urllib.request.urlopen(self._url, "\n".join(lines).encode(), timeout=60).close()  # noqa: S310 - our own
            self.written += len(lines)


def _subscriber(url: str, writer: _Writer) -> mqtt.Client:
    subscribed = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "plain")

    def connected(client: mqtt.Client, *_: Any) -> None:
        client.subscribe("rb/1/+/+/b", 1)

    def granted(*_: Any) -> None:
        subscribed.set()

    def message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        writer.put(message.topic.split("/")[3], bytes(message.payload))

    client.on_connect = connected
    client.on_subscribe = granted
    client.on_message = message
    parts = urlsplit(url)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    subscribed.wait(10)
    return client


@contextmanager
def influxd(work: Path) -> Generator[str]:
    """An influxd on free ports with an empty database `bench`."""
    http, rpc = free_port(), free_port()
    config = work / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n'
        f'[meta]\ndir = "{work}/influx/meta"\n[data]\ndir = "{work}/influx/data"\nwal-dir = "{work}/influx/wal"\n'
        f'[http]\nbind-address = "127.0.0.1:{http}"\nlog-enabled = false\n[monitor]\nstore-enabled = false\n'
    )
    url = f"http://127.0.0.1:{http}"
    with (work / "influxd.log").open("wb") as log:
        process = subprocess.Popen(["influxd", "-config", str(config)], stdout=log, stderr=log)
    try:
        wait_for(lambda: _answers(f"{url}/ping"), "influxd to answer", 30)
        urllib.request.urlopen(f"{url}/query", b"q=CREATE+DATABASE+bench", timeout=10).close()  # noqa: S310 - our own
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - our own
    except OSError:
        return False
    return True
