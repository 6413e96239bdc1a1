"""A store of many fixes, and the questions that operators ask of it."""

import math
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rig import Run
from tqdm import tqdm

from railbox_server.ledger import Ledger
from railbox_server.store.sqlite import SqliteStore
from railbox_server.store.values import Group, Outbox, StoredBatch
from railbox_telemetry import iso
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.tables import ACCURACY, COURSE, SATS, SPEED
from railbox_telemetry.values import Batch, Knot, Positions, SeqRange

UNITS = 1_000
KNOTS_A_BATCH = 20
BATCHES_A_GROUP = 500
PERIOD_S = 90
DAY_S = 86_400


@dataclass(frozen=True)
class Stored:
    fixes: int
    units: int
    seconds: float
    devices: tuple[str, ...]
    first_s: int
    last_s: int


def build(data: Path, fixes: int) -> Stored:
    """As ingest would have written it, but without wire bytes. The newest knots are of now."""
    data.mkdir(exist_ok=True)
    started, rng = time.monotonic(), random.Random(1)  # noqa: S311 - the same store every time
    devices = tuple(f"Q{number:04d}" for number in range(UNITS))
    rounds = max(1, fixes // UNITS // KNOTS_A_BATCH)
    last_s = int(time.time())
    first_s = last_s - rounds * KNOTS_A_BATCH * PERIOD_S
    trains = [_Train(device, rng) for device in devices]
    with closing(SqliteStore(data)) as store:
        for device in devices:
            store.register(device, 0)
        for number in tqdm(range(rounds), desc="storing", unit="round", leave=False, disable=None):
            batches = [train.batch(number, first_s) for train in trains]
            for at in range(0, UNITS, BATCHES_A_GROUP):
                some = tuple(batches[at : at + BATCHES_A_GROUP])
                ledgers = {item.outbox: Ledger(SeqSet((SeqRange(1, number + 1),))) for item in some}
                store.write(Group(some, ledgers=ledgers))
    return Stored(rounds * UNITS * KNOTS_A_BATCH, UNITS, time.monotonic() - started, devices, first_s, last_s)


class _Train:
    """Back and forth between Karachi and Moscow, roughly."""

    def __init__(self, device: str, rng: random.Random) -> None:
        self._device, self._rng = device, rng
        self._outbox = Outbox(device, rng.randrange(1 << 28))
        self._phase = rng.uniform(0, 2 * math.pi)

    def batch(self, number: int, first_s: int) -> StoredBatch:
        knots = tuple(
            self._knot(first_s + (number * KNOTS_A_BATCH + nth) * PERIOD_S + self._rng.randrange(30))
            for nth in range(KNOTS_A_BATCH)
        )
        state = {SPEED.bit: 140, COURSE.bit: self._rng.randrange(360), ACCURACY.bit: 8, SATS.bit: 11}
        batch = Batch(self._outbox.epoch, number + 1, (Positions(knots, state),))
        return StoredBatch(self._device, batch, b"", (knots[-1].time_s + 5) * 1000)

    def _knot(self, time_s: int) -> Knot:
        way = math.sin(self._phase + time_s / (6 * DAY_S))
        lat, lon = 40.3 + 15.4 * way + self._rng.uniform(0, 0.01), 52.3 - 14.6 * way + self._rng.uniform(0, 0.01)
        return Knot(time_s, round(lat * 1e5), round(lon * 1e5))


@dataclass(frozen=True)
class Question:
    """`ask`: path and parameters, drawn at random."""

    name: str
    at_most_ms: float
    ask: Callable[[Stored, random.Random], tuple[str, dict[str, Any]]]


def _track(days: float, most: int) -> Callable[[Stored, random.Random], tuple[str, dict[str, Any]]]:
    def ask(stored: Stored, rng: random.Random) -> tuple[str, dict[str, Any]]:
        length_s = min(round(days * DAY_S), stored.last_s - stored.first_s)
        start_s = rng.randint(stored.first_s, stored.last_s - length_s)
        window = {"from": iso.from_s(start_s), "to": iso.from_s(start_s + length_s)}
        return f"/api/units/{rng.choice(stored.devices)}/track", {**window, "max_points": most}

    return ask


def _latest(_stored: Stored, _rng: random.Random) -> tuple[str, dict[str, Any]]:
    return "/api/latest", {}


def _box(stored: Stored, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """A day in a box of 2 by 2 degrees on the way."""
    start_s = rng.randint(stored.first_s, max(stored.first_s, stored.last_s - DAY_S))
    way = rng.uniform(-0.95, 0.95)
    lat, lon = 40.3 + 15.4 * way, 52.3 - 14.6 * way
    box = f"{lon - 1:.3f},{lat - 1:.3f},{lon + 1:.3f},{lat + 1:.3f}"
    return "/api/box/points", {"bbox": box, "from": iso.from_s(start_s), "to": iso.from_s(start_s + DAY_S)}


QUESTIONS = (
    Question("24 h track", 10, _track(1, 10_000)),
    Question("10-day track to 500 points", 20, _track(10, 500)),
    Question("latest of all", 20, _latest),
    Question("bounding box and day", 100, _box),
)


def asked(run: Run, stored: Stored, question: Question, times: int) -> tuple[list[float], float]:
    """Seconds each, one after the other over one connection, and CPU seconds of the server's own process for each; the
    first five do not count."""
    rng = random.Random(2)  # noqa: S311 - the same questions every time
    questions = [question.ask(stored, rng) for _ in range(times + 5)]
    with httpx.Client(base_url=run.http, timeout=60) as client:
        for path, params in questions[:5]:
            _ask(client, path, params)
        before_s = run.cpu_s()["server"]
        seconds = [_ask(client, path, params) for path, params in questions[5:]]
        return seconds, (run.cpu_s()["server"] - before_s) / times


def paced(http: str, stored: Stored, per_s: float, seconds: float) -> tuple[list[float], float]:
    """All questions in turn at this rate: seconds from when each was due, and by how much the last one was late."""
    rng, lock = random.Random(3), threading.Lock()  # noqa: S311 - the same questions every time
    started = time.monotonic()

    def one(client: httpx.Client, number: int) -> float:
        due_s = started + number / per_s
        time.sleep(max(0.0, due_s - time.monotonic()))
        with lock:
            path, params = QUESTIONS[number % len(QUESTIONS)].ask(stored, rng)
        _ask(client, path, params)
        return time.monotonic() - due_s

    with httpx.Client(base_url=http, timeout=60) as client, ThreadPoolExecutor(4) as pool:
        times_s = list(pool.map(partial(one, client), range(round(per_s * seconds))))
    return times_s, max(0.0, time.monotonic() - started - seconds)


def _ask(client: httpx.Client, path: str, params: dict[str, Any]) -> float:
    started = time.monotonic()
    client.get(path, params=params).raise_for_status()
    return time.monotonic() - started
