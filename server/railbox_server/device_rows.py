"""Rows of devices and assignments, as the API and `railbox device list` show them."""

from typing import Protocol

from railbox_server.fleet import Assignment, current
from railbox_server.store.interface import ReadStore, Registry
from railbox_server.store.values import OutboxState, Row
from railbox_telemetry import iso


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
                "counters": status.body.get("counters", {}) if status else {},
                "health": status.body.get("health", {}) if status else {},
            }
        )
    return rows


def _time(time_s: int | None) -> str | None:
    return None if time_s is None else iso.from_s(time_s)
