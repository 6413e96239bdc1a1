"""Real time series databases for tests: InfluxDB 1.6.7 of Debian behind a small adapter, and VictoriaMetrics.

Debian's InfluxDB answers InfluxQL but has no /api/v2/write, which came with 1.8: the adapter maps that path to /write
and passes the rest on. A test that needs one that is not installed is skipped, saying which.
"""

import http.client
import json
import shutil
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.brokers import free_port, wait_for

PRECISION = {"ns": "n", "us": "u", "ms": "ms", "s": "s"}
TIMEOUT_S = 20.0


@dataclass
class Server:
    """A database's process; its port and files stay the same over `kill` and `start`."""

    command: list[str]
    port: int
    log: Path
    ready: str
    """Path that answers once it is up."""
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        wait_for(self._answers, f"{self.command[0]} to answer", TIMEOUT_S)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.ready}", timeout=1).close()
        except OSError:
            return False
        return True


@dataclass
class Influx:
    """`url` is the adapter's. `refuse`: status and words with which it answers writes itself."""

    server: Server
    url: str = ""
    refuse: tuple[int, str] | None = None
    writes: int = 0

    def ask(self, query: str, database: str = "") -> list[dict[str, Any]]:
        """The series of a query's answer."""
        body = urllib.parse.urlencode({"q": query, "db": database, "epoch": "ns"}).encode()
        with urllib.request.urlopen(f"{self.url}/query", body, timeout=TIMEOUT_S) as answer:
            return json.load(answer)["results"][0].get("series", [])

    def database(self, name: str) -> str:
        self.ask(f'CREATE DATABASE "{name}"')
        return name


@contextmanager
def influxdb(folder: Path) -> Generator[Influx]:
    port = free_port()
    config = folder / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
        f'[meta]\ndir = "{folder}/meta"\n[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
        f'[monitor]\nstore-enabled = false\n[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n'
    )
    command = [_found("influxd", "the Debian package influxdb"), "-config", str(config)]
    server = Server(command, port, folder / "influxd.log", "/ping")
    server.start()
    influx = Influx(server)
    adapter = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Adapter, influx))
    influx.url = f"http://127.0.0.1:{adapter.server_address[1]}"
    thread = threading.Thread(target=adapter.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield influx
    finally:
        adapter.shutdown()
        adapter.server_close()
        server.kill()


@contextmanager
def victoria_metrics(folder: Path) -> Generator[Server]:
    port = free_port()
    program = _found("victoria-metrics", "the Debian package victoria-metrics")
    flags = {
        "storageDataPath": folder / "vm",
        "httpListenAddr": f"127.0.0.1:{port}",
        "search.latencyOffset": "0s",
        "retentionPeriod": "100y",
    }
    command = [program, *(f"-{name}={value}" for name, value in flags.items())]
    server = Server(command, port, folder / "victoria.log", "/health")
    server.start()
    try:
        yield server
    finally:
        server.kill()


class _Adapter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, influx: Influx, *args: Any) -> None:
        self._influx = influx
        super().__init__(*args)

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
        """Says nothing."""

    def _pass_on(self) -> None:
        influx = self._influx
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(self.path)
        target = self.path
        if path.path == "/api/v2/write":
            influx.writes += 1
            if influx.refuse is not None:
                self._answer(influx.refuse[0], json.dumps({"code": "x", "message": influx.refuse[1]}).encode())
                return
            query = dict(urllib.parse.parse_qsl(path.query))
            database, _, policy = query["bucket"].partition("/")
            wanted = {"db": database, "precision": PRECISION[query["precision"]], **({"rp": policy} if policy else {})}
            target = f"/write?{urllib.parse.urlencode(wanted)}"
        kept = {name: self.headers[name] for name in ("Content-Type", "Content-Encoding") if name in self.headers}
        connection = http.client.HTTPConnection("127.0.0.1", influx.server.port, timeout=TIMEOUT_S)
        try:
            connection.request(self.command, target, body, kept)
            answer = connection.getresponse()
            self._answer(answer.status, answer.read())
        except OSError:
            self.close_connection = True  # as if InfluxDB itself were gone
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)


def _found(name: str, where: str) -> str:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed (it comes with {where})")
    return program
