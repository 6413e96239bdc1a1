"""The tracker's health at one moment, and how it is told: in the status, in one line for people, as a row of JSON.

Pure. Whoever measures makes a `Snapshot`; it is frozen, so other threads read it as they like.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from railbox_agent.clock import ClockQuality
from railbox_agent.health.machine import Machine

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the agent knows of itself. `trouble`: why there is no connection, None while there is one.

    `ports`: name → state in words, "open" being the good one. `oldest_s`: age of the oldest batch that waits. `fix_s`:
    age of the newest trusted fix. `sent_bytes`, `received_bytes`: on the air, with all headers, since the start.
    """

    device: str
    version: str
    boot_id: int
    epoch: int
    trouble: str | None = None
    ports: Mapping[str, str] = field(default_factory=dict[str, str])
    batches: int = 0
    oldest_s: int | None = None
    outbox_bytes: int = 0
    outbox_cap_bytes: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    fix_s: int | None = None
    clock: ClockQuality = field(default_factory=ClockQuality)
    counters: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`low_spells`: how often the voltage fell too low since the start; None where nothing measures it. `overdue`: the
    loops that do not come round."""

    vitals: Vitals
    machine: Machine
    up_s: int = 0
    low_spells: int | None = None
    overdue: tuple[str, ...] = ()


def status_health(snapshot: Snapshot) -> dict[str, object]:
    """The status's `health`: keys of `telemetry.tables.HEALTH_KEYS`; what is not known is left out."""
    vitals, machine = snapshot.vitals, snapshot.machine
    closed = {name: state.partition(":")[0] for name, state in vitals.ports.items() if state != OPEN}
    row = {
        "up_s": snapshot.up_s,
        "sent_kb": round(vitals.sent_bytes / 1e3),
        "got_kb": round(vitals.received_bytes / 1e3),
        "fix_s": vitals.fix_s,
        "clock_s": vitals.clock.age_s,
        "disk_mb": _mega(machine.disk_free_bytes),
        "mem_mb": _mega(machine.mem_available_bytes),
        "rss_mb": _mega(machine.rss_bytes),
        "temp_c": None if machine.temp_c is None else round(machine.temp_c),
        "volts_low": snapshot.low_spells,
        "ports": closed or None,
    }
    return {name: value for name, value in row.items() if value is not None}


def line(snapshot: Snapshot) -> str:
    """For `systemctl status`: what a person wants to know first."""
    vitals = snapshot.vitals
    parts = [
        "connected" if vitals.trouble is None else f"no connection ({vitals.trouble})",
        "no fix yet" if vitals.fix_s is None else "a fix" if vitals.fix_s < 60 else f"last fix {ago(vitals.fix_s)}",
        f"{vitals.batches} batches wait" if vitals.batches else "nothing waits",
        *(f"port {name}: {state}" for name, state in vitals.ports.items() if state != OPEN),
        *(f"{name} HANGS" for name in snapshot.overdue),
    ]
    return "; ".join(parts)


def row(snapshot: Snapshot) -> dict[str, object]:
    """Everything, as JSON: what `railbox doctor` asks the running agent for."""
    return dataclasses.asdict(snapshot)


def from_row(found: Mapping[str, Any]) -> Snapshot:
    """Raises TypeError, KeyError, AttributeError: not what `row` makes (of this version of the agent)."""
    vitals: dict[str, Any] = dict(found["vitals"])
    vitals["clock"] = ClockQuality(**vitals["clock"])
    parts: dict[str, Any] = dict(found)
    parts |= {"vitals": Vitals(**vitals), "machine": Machine(**found["machine"]), "overdue": tuple(found["overdue"])}
    return Snapshot(**parts)


def ago(age_s: int) -> str:
    """`12 s ago`, `3 min ago`, `5.2 h ago`, `4.0 days ago`."""
    return f"{span(age_s)} ago"


def span(age_s: float) -> str:
    if age_s < 120:
        return f"{age_s:.0f} s"
    if age_s < 7_200:
        return f"{age_s / 60:.0f} min"
    return f"{age_s / 3_600:.1f} h" if age_s < 172_800 else f"{age_s / 86_400:.1f} days"


def _mega(count_bytes: int | None) -> int | None:
    return None if count_bytes is None else round(count_bytes / 1e6)
