"""The state of the server as metrics, read from its parts when Prometheus asks.

What needs a look through the store is kept for a while, so that asking often costs little.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from railbox_server.store.values import OutboxState, Row
from railbox_server.watching.readiness import Checks

KEPT_S: Final = 30.0


class WatchedStore(Protocol):
    def known_devices(self) -> frozenset[str]: ...

    def outboxes(self, device: str | None = None) -> Sequence[OutboxState]: ...

    def quarantine_counts(self) -> Mapping[str, int]: ...

    def visits(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]: ...

    def crossings(self, unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom to ask."""

    store: WatchedStore
    data: Path
    """The folder of the store."""
    checks: Checks
    ingest_waiting: Callable[[], int]
    ingest_counters: Callable[[], Mapping[str, int]]
    engine_pending: Callable[[], int]
    listeners: Callable[[], int]
    telling: Callable[[], Mapping[str, Any]]
    """`waiting`, `refused`, `dropped` and `let_go` of the queue of notices."""
    store_counters: Callable[[], Mapping[str, int]] = dict
    """What the store's keeping counts (store/keeping.py)."""


class State(Collector):
    def __init__(self, sources: Sources, mono_s: Callable[[], float] = time.monotonic) -> None:
        self._sources = sources
        self._mono_s = mono_s
        self._kept: list[Metric] = []
        self._keep_until_s = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Nothing is read before somebody asks."""
        return ()

    def collect(self) -> Iterator[Metric]:
        sources, now_s = self._sources, self._mono_s()
        counters = CounterMetricFamily(
            "railbox_ingest_messages", "Messages by what became of them, and troubles by name", labels=["what"]
        )
        for what, count in sources.ingest_counters().items():
            if what != "commits":  # of groups, which railbox_commit_seconds counts
                counters.add_metric([what], count)
        yield counters
        yield _gauge("railbox_ingest_waiting", "Messages taken and not stored yet", sources.ingest_waiting())
        yield _gauge("railbox_engine_pending", "Units and messages not judged yet", sources.engine_pending())
        yield _gauge("railbox_live_listeners", "Open streams of live updates", sources.listeners())
        yield _gauges("railbox_ready", "1: the part works", "part", _readiness(sources.checks))
        yield _gauges("railbox_notices", "Notices by what became of them", "state", _notices(sources.telling()))
        kept = "Of the store: damaged files beside it, rows let go, batches on the spool, delivered and refused"
        yield _gauges("railbox_store", kept, "what", sources.store_counters())
        yield _gauges("railbox_store_bytes", "Size of the store's files", "file", _sizes(sources.data))
        yield _gauge("railbox_disk_free_bytes", "Room on the store's disk", shutil.disk_usage(sources.data).free)
        if now_s >= self._keep_until_s:
            self._keep_until_s = now_s + KEPT_S
            self._kept = list(_of_store(sources.store))
        yield from self._kept


def _of_store(store: WatchedStore) -> Iterator[Metric]:
    states, visits, crossings = store.outboxes(), store.visits(open_only=True), store.crossings(open_only=True)
    missing = [sum(item.last - item.first + 1 for item in state.ledger.missing()) for state in states]
    yield _gauge("railbox_devices", "Known devices", len(store.known_devices()))
    yield _gauge("railbox_missing_batches", "Batches that never arrived, by their numbers", sum(missing))
    yield _gauge("railbox_outboxes_with_gaps", "Outboxes that miss batches", sum(count > 0 for count in missing))
    yield _gauge("railbox_quarantine_batches", "Messages in quarantine", sum(store.quarantine_counts().values()))
    yield _gauge("railbox_open_visits", "Visits that last", len(visits))
    yield _gauge("railbox_open_crossings", "Crossings that last", len(crossings))
    flags = GaugeMetricFamily("railbox_flags", "Open visits and crossings that take too long", labels=["kind", "flag"])
    for kind, rows in (("visit", visits), ("crossing", crossings)):
        for flag in ("over", "critical"):
            flags.add_metric([kind, flag], sum(row["flag"] == flag for row in rows))
    yield flags


def _readiness(checks: Checks) -> dict[str, int]:
    return {part: int(check() is None) for part, check in checks.items()}


def _notices(state: Mapping[str, Any]) -> dict[str, int]:
    return {key: int(state[key]) for key in ("waiting", "refused", "dropped", "let_go") if key in state}


def _sizes(data: Path) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for path in sorted(data.glob("*.db*")):
        try:
            sizes[path.name] = path.stat().st_size
        except FileNotFoundError:  # a checkpoint took it meanwhile
            continue
    return sizes


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _gauges(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
