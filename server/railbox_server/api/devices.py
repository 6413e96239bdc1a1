"""Routes of trackers: assignments, health, quarantine and what is missing."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path

from railbox_server.api.models.devices import Admitted, AssignmentRow, Assignments, Devices, End, Gaps, Quarantine
from railbox_server.api.problems import Problem
from railbox_server.api.services import Services
from railbox_server.api.windows import time_of
from railbox_server.device_rows import assignment_row, device_rows
from railbox_server.fleet import Assignment, Span, start_of_new
from railbox_server.store.values import OutboxState, Row
from railbox_telemetry import iso
from railbox_telemetry.identity import check_device, parse_unit
from railbox_telemetry.values import SeqRange

Device = Annotated[str, Path(description="A device id: 1 to 32 of A-Z a-z 0-9 _ -")]


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["devices"])
    store, clock = services.store, services.clock

    @router.get("/devices", response_model=Devices)
    def devices() -> Row:
        """Every known device: where it is fixed, when it was heard, what is missing of it."""
        return {"devices": device_rows(store, clock.now_s())}

    @router.get("/assignments", response_model=Assignments)
    def assignments() -> Row:
        """Which device was fixed to which unit, from when to when."""
        return {"assignments": [assignment_row(item) for item in store.assignments()]}

    @router.post("/assignments", response_model=AssignmentRow, status_code=HTTPStatus.CREATED)
    def assign(wish: AssignmentRow) -> Row:
        """Fixes a device to a unit. The unit is a container (ISO 6346) or wagon (UIC) number with its check digit."""
        device, unit = check_device(wish.device), parse_unit(wish.unit).number
        start_s, now_s = time_of("from", wish.from_), clock.now_s()
        if start_s is None:
            start_s = start_of_new(device, store.assignments(), now_s)
        new = Assignment(device, unit, Span(start_s, time_of("to", wish.to)))
        store.assign(new, now_s * 1000)
        return assignment_row(new)

    @router.post("/assignments/{device}/end", response_model=AssignmentRow)
    def end(device: Device, wish: End | None = None) -> Row:
        """Ends the device's open assignment, now or at the time given."""
        to_s = time_of("to", wish.to if wish else None)
        return assignment_row(store.end_assignment(device, clock.now_s() if to_s is None else to_s))

    @router.get("/quarantine", response_model=Quarantine)
    def quarantine(device: str | None = None) -> Row:
        """Messages that could not be believed, kept whole: the first 1,000, and how many there are by device."""
        return {
            "batches": [
                {
                    "id": item.row_id,
                    "device": item.device,
                    "received_at": iso.from_ms(item.received_at_ms),
                    "reason": item.reason.value,
                    "detail": item.detail,
                    "seq": item.seq,
                    "bytes": len(item.payload),
                }
                for item in store.quarantined(device)
            ],
            "devices": [{"device": name, "batches": count} for name, count in store.quarantine_counts().items()],
        }

    @router.post("/quarantine/{device}/admit", response_model=Admitted)
    def admit(device: Device) -> Row:
        """Makes the device known, and ingests what quarantine has of it; what is still wrong stays there."""
        if check_device(device) not in store.quarantine_counts() and device not in store.known_devices():
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing was heard of {device!r}; GET /api/quarantine lists who was")
        return {"admitted": services.admit(device)}

    @router.get("/gaps", response_model=Gaps)
    def gaps() -> Row:
        """By outbox: how many batches arrived, and which are missing, by number. Discarded ones the tracker dropped."""
        return {"devices": [_gap_row(state) for state in store.outboxes()]}

    _ = (devices, assignments, assign, end, quarantine, admit, gaps)
    return router


def _gap_row(state: OutboxState) -> Row:
    ledger = state.ledger
    return {
        "device": state.outbox.device,
        "epoch": state.outbox.epoch,
        "arrived": len(ledger.stored),
        "highest": ledger.highest,
        "missing": _pairs(ledger.missing()),
        "quarantined": _pairs(ledger.quarantined.ranges),
        "discarded": _pairs(ledger.discarded.ranges),
    }


def _pairs(ranges: Sequence[SeqRange]) -> list[tuple[int, int]]:
    return [(item.first, item.last) for item in ranges]
