"""What the server counts of itself, for Prometheus: names, units and buckets in one place.

Counters are fed by ingest and the engine as they work; everything else is read when somebody asks (state.py).
"""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest

from railbox_server.engine.engine import Told
from railbox_server.store.values import Group
from railbox_server.watching.state import Sources, State
from railbox_telemetry.values import Positions

COMMIT_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
LAG_S: Final = (1, 5, 15, 60, 300, 900, 3_600, 4 * 3_600, 86_400, 3 * 86_400, 10 * 86_400, 30 * 86_400)
JUDGE_S: Final = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Any thread may call it. Its registry is its own: servers in one process do not mix."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._batches = Counter("railbox_ingest_batches", "Batches stored", registry=registry)
        self._knots = Counter("railbox_ingest_knots", "Knots in them", registry=registry)
        self._bytes = Counter("railbox_ingest_bytes", "Bytes of their payloads", registry=registry)
        self._commit = Histogram(
            "railbox_commit_seconds", "One group of messages made durable", buckets=COMMIT_S, registry=registry
        )
        self._lag = Histogram(
            "railbox_lag_seconds",
            "From a batch's newest fix to its arrival; what was sent late counts as late as it came",
            buckets=LAG_S,
            registry=registry,
        )
        self._judge = Histogram(
            "railbox_engine_judge_seconds", "One unit judged and stored", buckets=JUDGE_S, registry=registry
        )

    def watch(self, sources: Sources) -> None:
        """Adds the state of the server's parts."""
        self._registry.register(State(sources))

    def committed(self, group: Group, took_s: float) -> None:
        """Ingest's hook."""
        self._commit.observe(took_s)
        self._batches.inc(len(group.batches))
        self._bytes.inc(sum(len(item.payload) for item in group.batches))
        knots = 0
        for item in group.batches:
            for section in item.batch.sections:
                if isinstance(section, Positions):
                    knots += len(section.knots)
                    self._lag.observe(max(0.0, item.received_at_ms / 1000 - section.knots[-1].time_s))
        self._knots.inc(knots)

    def told(self, told: Iterable[Told]) -> None:
        """The engine's hook."""
        for each in told:
            if each.took_s is not None:
                self._judge.observe(each.took_s)

    def exposition(self) -> bytes:
        return generate_latest(self._registry)
