"""A real server and the load on it, for benchmarks: started, loaded, watched, asked."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import processes
from load import Fleet, Publisher, messages, save

from railbox_server.store.sqlite import FILE, SqliteStore
from railbox_telemetry import iso
from railbox_telemetry.topics import Leaf, Topic
from railbox_telemetry.values import Batch, Knot, Positions
from railbox_telemetry.wire import encode
from support.system import Command

LONG_S = 1_800.0
LOOK_S = 0.1
"""How often a server is asked how far it has come: each answer is CPU of its own."""
PROBE = "PROBE"
LOAD_PROGRAM = Path(__file__).parent / "load.py"


@dataclass(frozen=True)
class Load:
    """A fleet's packets in a file."""

    fleet: Fleet
    file: Path
    count: int


def loaded(file: Path, fleet: Fleet) -> Load:
    return Load(fleet, file, save(file, messages(fleet)))


def loaded_in_parts(file: Path, fleet: Fleet, parts: int) -> list[Load]:
    """The first round over all units, since outboxes are new only once, and the rest in so many parts."""
    made = messages(fleet)
    counts = [fleet.units, *[(fleet.batches - fleet.units) // parts] * parts]
    files = [file.with_name(f"{file.name}-{nth}") for nth in range(len(counts))]
    return [Load(fleet, each, save(each, islice(made, count))) for each, count in zip(files, counts, strict=True)]


@dataclass(frozen=True)
class Done:
    """Seconds from the first message until all were stored; CPU seconds by process until then."""

    stored_s: float
    cpu_s: dict[str, float]


class Run:
    """A running server."""

    def __init__(self, command: Command, http: str, broker: str, data: Path) -> None:
        self.http, self.broker = http, broker
        self._pid = command.process.pid
        self._data = data
        self._client = httpx.Client(base_url=http, timeout=60)

    def close(self) -> None:
        self._client.close()

    def take(self, load: Load) -> Done:
        """All of the load, as fast as the server takes it. What it comes to is still to be judged."""
        before, cpu_before = self._arrived(), self.cpu_s()
        with self._publisher(load) as publisher:
            started = time.monotonic()
            go(publisher)
            self.until_arrived(before + load.count)
            stored_s, cpu_after = time.monotonic() - started, self.cpu_s()
            load_cpu_s = told(publisher)["cpu_s"]
        used = {name: used_s - cpu_before.get(name, 0.0) for name, used_s in cpu_after.items()}
        return Done(stored_s, {**used, "load generator": load_cpu_s})

    def until_arrived(self, count: int) -> None:
        """So many messages in all."""
        _until(lambda: self._arrived() >= count, "the load to be stored")

    def until_delivered(self) -> None:
        _until(lambda: self.spool() == 0, "InfluxDB to have all")

    def spool(self) -> int:
        """Batches that InfluxDB does not have yet."""
        return self._health()["ingest"]["spool"]

    def peak_mb(self) -> float:
        return processes.peak_mb(self._pid)

    def settle(self) -> None:
        _until(lambda: self._health()["engine_pending"] == 0, "the engine to have judged all")

    def register(self, devices: Sequence[str]) -> None:
        with closing(SqliteStore(self._data)) as store:
            for device in devices:
                store.register(device, 0)

    @contextmanager
    def loaded_by(self, load: Load, rate: float) -> Generator[None]:
        """The load goes on at this rate meanwhile."""
        with self._publisher(load, str(rate)) as publisher:
            go(publisher)
            yield
            publisher.terminate()

    def probed(self, load: Load, rate: float, probes: int) -> list[float]:
        """Seconds from publishing a position until the API shows it, beside the load."""
        publisher = Publisher(self.broker, "probe")
        times_s: list[float] = []
        with self.loaded_by(load, rate):
            time.sleep(2.0)  # until the load runs evenly
            now_s = int(time.time())
            for number in range(1, probes + 1):
                times_s.append(self._probe(publisher, number, now_s - 10 * probes + 10 * number))
                time.sleep(0.13)
        return times_s

    def _probe(self, publisher: Publisher, number: int, time_s: int) -> float:
        payload = encode(Batch(7, number, (Positions((Knot(time_s, 2_490_000 + number, 6_700_000),)),)))
        topic = str(Topic(PROBE, Leaf.BATCH)).encode()
        body = len(topic).to_bytes(2) + topic + b"\0\0" + payload
        packet = bytearray(b"\x32" + bytes([len(body)]) + body)
        started = time.monotonic()
        publisher.publish([(packet, 2 + 2 + len(topic))])
        window = {"from": iso.from_s(time_s), "to": iso.from_s(time_s + 1)}
        while not self._client.get(f"/api/units/{PROBE}/track", params=window).json()["points"]:
            time.sleep(0.002)
        return time.monotonic() - started

    def missing(self) -> int:
        return sum(last - first + 1 for row in self._pages("/api/gaps", "devices") for first, last in row["missing"])

    def _pages(self, path: str, key: str) -> Iterator[dict[str, list[tuple[int, int]]]]:
        cursor: str | None = None
        while True:
            answer = self._client.get(path, params={"cursor": cursor} if cursor else {}).json()
            yield from answer[key]
            cursor = answer.get("next")
            if not cursor:
                return

    def _arrived(self) -> int:
        ingest = self._health()["ingest"]
        return ingest["accepted"] + ingest["repeated"] + ingest["quarantined"]

    def _health(self) -> dict[str, Any]:
        return self._client.get("/healthz").json()

    def cpu_s(self) -> dict[str, float]:
        """By process, all since the server was started."""
        used: dict[str, float] = {}
        for pid in processes.family(self._pid):
            name = processes.name(pid)
            used[name] = used.get(name, 0.0) + processes.cpu_s(pid)
        return used

    @contextmanager
    def _publisher(self, load: Load, *more: str) -> Generator[subprocess.Popen[str]]:
        with publisher_of(load, self.broker, *more) as process:
            yield process


def _until(condition: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + LONG_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError(f"waited {LONG_S:g} s for {what}")
        time.sleep(LOOK_S)


@contextmanager
def publisher_of(load: Load, url: str, *more: str) -> Generator[subprocess.Popen[str]]:
    """The load generator in a process of its own, connected and waiting to be told to go."""
    process = subprocess.Popen(
        [sys.executable, str(LOAD_PROGRAM), str(load.file), url, *more],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        told(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def told(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


@contextmanager
def running(data: Path, devices: Sequence[str] = (), settings: str = "") -> Generator[Run]:
    """A server on this data that knows these devices, and has judged all that is there. `settings`: TOML."""
    data.mkdir(exist_ok=True)
    config = data / "server.toml"
    config.write_text(settings)
    with closing(SqliteStore(data)) as store:
        for device in devices:
            store.register(device, 0)
    args = [
        "server",
        "--config",
        str(config),
        "--data",
        str(data),
        "--broker",
        "embedded",
        "--http",
        "127.0.0.1:0",
        "--json",
    ]
    command = Command([*args, "--log", "WARNING"], data / "server.log")
    command.start()
    assert command.process.stdout is not None
    ready = json.loads(command.process.stdout.readline() or "null")
    assert ready, command.log
    run = Run(command, ready["http"], ready["broker"], data)
    try:
        run.settle()
        yield run
    finally:
        run.close()
        command.stop()


@dataclass(frozen=True)
class Bytes:
    """On disk, a knot: the rows with their index and what finds them by place; and the raw batch's share."""

    knots: float
    batches: float


def table_bytes(data: Path) -> Bytes:
    with closing(sqlite3.connect(f"file:{data / FILE}?mode=ro", uri=True)) as db:
        sizes: dict[str, int] = dict(
            db.execute(
                "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_schema m ON m.name = d.name GROUP BY 1"
            )
        )
        (count,) = db.execute("SELECT count(*) FROM knots").fetchone()
    knots = sum(size for name, size in sizes.items() if name in KNOT_TABLES)
    return Bytes(knots / count, sizes["batches"] / count)


KNOT_TABLES = ("knots", "boxes")
