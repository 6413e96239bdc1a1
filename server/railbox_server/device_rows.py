"""Rows of devices, assignments, gaps and quarantine, as the API and the commands show them."""

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from railbox_server.fleet import Assignment, current
from railbox_server.store.interface import ReadStore, Registry
from railbox_server.store.values import OutboxState, Quarantined, Row
from railbox_telemetry import iso
from railbox_telemetry.counters import counted, worrying
from railbox_telemetry.values import SeqRange


class DeviceStore(ReadStore, Registry, Protocol):
    """What is read here."""


def assignment_row(item: Assignment) -> Row:
    return {"device": item.device, "unit": item.unit, "from": _time(item.span.from_s), "to": _time(item.span.to_s)}


def device_rows(store: DeviceStore, now_s: int) -> list[Row]:
    """Every known device, by name, with the assignment that holds now or held last."""
    statuses = {status.device: status for status in store.statuses()}
    assignments: dict[str, list[Assignment]] = {}
    for item in store.assignments():
        assignments.setdefault(item.device, []).append(item)
    states: dict[str, list[OutboxState]] = {}
    for state in store.outboxes():
        states.setdefault(state.outbox.device, []).append(state)
    rows: list[Row] = []
    for device in sorted(store.known_devices()):
        fixed, own, status = current(assignments.get(device, []), now_s), states.get(device, []), statuses.get(device)
        heard_ms = [*(state.last_received_at_ms for state in own), *([status.received_at_ms] if status else [])]
        rows.append(
            {
                "device": device,
                "unit": fixed and fixed.unit,
                "from": fixed and _time(fixed.span.from_s),
                "to": fixed and _time(fixed.span.to_s),
                "last_seen": iso.from_s(max(heard_ms) // 1000) if heard_ms else None,
                "epoch": own[-1].outbox.epoch if own else None,
                "batches": sum(len(state.ledger.stored) for state in own),
                "missing": sum(item.last - item.first + 1 for state in own for item in state.ledger.missing()),
                "online": status and status.online,
                "outbox_batches": status and status.body.get("outbox_batches"),
                "outbox_oldest_s": status and status.body.get("outbox_oldest_s"),
                "worries": worry_rows(status.body.get("counters")) if status else [],
                "counters": status.body.get("counters", {}) if status else {},
                "health": status.body.get("health", {}) if status else {},
            }
        )
    return rows


def worry_rows(counters: object) -> list[Row]:
    """Of what a tracker says that it counted, that which a person should do something about, and what.

    Counters that are judged by their share are left out: a status does not say of what they would be a share.
    """
    if not isinstance(counters, dict):
        return []
    said = cast("dict[str, object]", counters).items()
    counts = {name: count for name, count in said if isinstance(count, int) and not counted(name).share_of}
    return [
        {"counter": name, "count": counts[name], "meaning": counted(name).meaning, "todo": counted(name).todo}
        for name in worrying(counts)
    ]


def _time(time_s: int | None) -> str | None:
    return None if time_s is None else iso.from_s(time_s)


def gap_rows(states: Iterable[OutboxState]) -> list[Row]:
    """By outbox, what arrived of it and what did not, by number."""
    return [_gap_row(state) for state in states]


def _gap_row(state: OutboxState) -> Row:
    ledger = state.ledger
    return {
        "device": state.outbox.device,
        "epoch": state.outbox.epoch,
        "last_received_at": iso.from_s(state.last_received_at_ms // 1000),
        "arrived": len(ledger.stored),
        "highest": ledger.highest,
        "missing": _pairs(ledger.missing()),
        "missing_since": None if state.missing_since_ms is None else iso.from_s(state.missing_since_ms // 1000),
        "quarantined": _pairs(ledger.quarantined.ranges),
        "discarded": _pairs(ledger.discarded.ranges),
    }


def _pairs(ranges: Sequence[SeqRange]) -> list[tuple[int, int]]:
    return [(item.first, item.last) for item in ranges]


def quarantine_row(item: Quarantined) -> Row:
    return {
        "id": item.row_id,
        "device": item.device,
        "received_at": iso.from_ms(item.received_at_ms),
        "reason": item.reason.value,
        "detail": item.detail,
        "seq": item.seq,
        "bytes": len(item.payload),
    }
