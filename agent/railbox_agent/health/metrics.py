"""Health as Prometheus text (exposition format 0.0.4). Pure; names follow https://prometheus.io/docs/practices/naming/.

What is not known has no sample. The families are one table, `_GAUGES` and what `render` adds to it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from railbox_agent.health.snapshot import OPEN, Snapshot
from railbox_telemetry.counters import counted, split_name

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    kind: str
    help: str


@dataclass(frozen=True, slots=True)
class _Single:
    """A family with one sample, and where its value is."""

    name: str
    help: str
    value: Callable[[Snapshot], float | None]
    kind: str = "gauge"


_SINGLE: Final = (
    _Single("uptime_seconds", "Since the agent started", lambda seen: seen.up_s),
    _Single("connected", "1 while the broker lets us in", lambda seen: seen.vitals.trouble is None),
    _Single("outbox_batches", "Batches not committed by the server", lambda seen: seen.vitals.batches),
    _Single("outbox_oldest_seconds", "Age of the oldest of them", lambda seen: seen.vitals.oldest_s),
    _Single("outbox_bytes", "What they take", lambda seen: seen.vitals.outbox_bytes),
    _Single("outbox_cap_bytes", "What they may take", lambda seen: seen.vitals.outbox_cap_bytes),
    _Single("sent_bytes_total", "On the air, with headers", lambda seen: seen.vitals.sent_bytes, "counter"),
    _Single("received_bytes_total", "Likewise", lambda seen: seen.vitals.received_bytes, "counter"),
    _Single("fix_age_seconds", "Age of the newest trusted fix", lambda seen: seen.vitals.fix_s),
    _Single("clock_known", "1 once a receiver has told UTC", lambda seen: seen.vitals.clock.known),
    _Single("clock_age_seconds", "Since a receiver last confirmed UTC", lambda seen: seen.vitals.clock.age_s),
    _Single("disk_free_bytes", "Free where the outbox is", lambda seen: seen.machine.disk_free_bytes),
    _Single("disk_size_bytes", "Size of that file system", lambda seen: seen.machine.disk_total_bytes),
    _Single("disk_read_only", "1 when it takes nothing", lambda seen: seen.machine.disk_read_only),
    _Single("memory_available_bytes", "Of the computer", lambda seen: seen.machine.mem_available_bytes),
    _Single("memory_size_bytes", "Of the computer", lambda seen: seen.machine.mem_total_bytes),
    _Single("resident_bytes", "Memory that the agent holds", lambda seen: seen.machine.rss_bytes),
    _Single("temperature_celsius", "Of the processor", lambda seen: seen.machine.temp_c),
    _Single("undervoltage", "1 while the supply is too low", lambda seen: seen.machine.volts_low),
    _Single("undervoltage_spells_total", "How often it was", lambda seen: seen.low_spells, "counter"),
    _Single("slowed", "1 while the processor is slowed down", lambda seen: seen.machine.slowed),
)
_INFO: Final = _Family("info", "gauge", "1; which tracker this is")
_PORT: Final = _Family("port_open", "gauge", "1 while the port is open and speaks")
_OVERDUE: Final = _Family("loop_overdue", "gauge", "1: this loop does not come round, and systemd is not fed")
_FLOW: Final = _Family("handled_total", "counter", "What went through, by port")
_SKIPPED: Final = _Family("counted_total", "counter", "What was skipped, dropped and retried, by port")


def render(seen: Snapshot) -> str:
    vitals = seen.vitals
    lines = list(_samples(_INFO, [({"device": vitals.device, "version": vitals.version}, 1.0)]))
    for one in _SINGLE:
        if (value := one.value(seen)) is not None:
            lines += _samples(_Family(one.name, one.kind, one.help), [({}, value)])
    lines += _samples(_PORT, [({"port": name}, state == OPEN) for name, state in vitals.ports.items()])
    lines += _samples(_OVERDUE, [({"loop": name}, 1) for name in seen.overdue])
    for family, flow in ((_FLOW, True), (_SKIPPED, False)):
        lines += _samples(family, _counts(vitals.counters, flow=flow))
    return "\n".join([*lines, ""])


def _counts(counters: Mapping[str, int], *, flow: bool) -> list[tuple[Labels, float]]:
    samples: list[tuple[Labels, float]] = []
    for counter, count in sorted(counters.items()):
        port, name = split_name(counter)
        if counted(counter).flow == flow:
            samples.append(({"port": port or "", "what": name}, count))
    return samples


def _samples(family: _Family, samples: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    """A family without samples says nothing at all."""
    for number, (labels, value) in enumerate(samples):
        if number == 0:
            yield f"# HELP railbox_{family.name} {family.help}"
            yield f"# TYPE railbox_{family.name} {family.kind}"
        inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"railbox_{family.name}{{{inside}}} {value:.15g}" if inside else f"railbox_{family.name} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
