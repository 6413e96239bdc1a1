"""Routes of trackers: where they are fixed, and how they are."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from railbox_server.api.answers import Paged, seldom
from railbox_server.api.cursors import page_of
from railbox_server.api.examples import DevicePath
from railbox_server.api.models.devices import AssignmentRow, Assignments, DeviceDetail, Devices, End, Revoked
from railbox_server.api.problems import Problem
from railbox_server.api.services import Services
from railbox_server.api.windows import time_of
from railbox_server.device_rows import assignment_row, device_rows, gap_rows
from railbox_server.fleet import Assignment, Span, start_of_new
from railbox_server.store.values import Mark, Row
from railbox_telemetry import iso
from railbox_telemetry.identity import check_device, parse_unit


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["devices"])
    store, clock = services.store, services.clock

    @router.get("/devices", response_model=Devices)
    def devices(wish: Paged) -> Response:
        """Every known device: where it is fixed, when it was heard, what is missing of it."""
        rows = device_rows(store, clock.now_s())
        return wish.page("devices", page_of(rows, _by_device, wish.limit, wish.after))

    @router.get("/devices/{device}", response_model=DeviceDetail)
    def device(request: Request, device: DevicePath) -> Response:
        """One device with its assignments, its outboxes with their gaps, and all that it last said of its health."""
        row = next((row for row in device_rows(store, clock.now_s()) if row["device"] == device), None)
        if row is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no device {device!r}; GET /api/devices lists them")
        status = next((status for status in store.statuses() if status.device == device), None)
        detail = {
            **row,
            "assignments": [assignment_row(item) for item in store.assignments() if item.device == device],
            "outboxes": gap_rows(store.outboxes(device)),
            "status_at": status and iso.from_s(status.received_at_ms // 1000),
            "status": status and dict(status.body),
        }
        return seldom(request, detail)

    @router.get("/assignments", response_model=Assignments)
    def assignments(wish: Paged) -> Response:
        """Which device was fixed to which unit, from when to when."""
        page = page_of(store.assignments(), _by_start, wish.limit, wish.after)
        return wish.give("assignments", map(assignment_row, page.items), page.after)

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
    def end(device: DevicePath, wish: End | None = None) -> Row:
        """Ends the device's open assignment, now or at the time given."""
        to_s = time_of("to", wish.to if wish else None)
        return assignment_row(store.end_assignment(device, clock.now_s() if to_s is None else to_s))

    @router.post("/devices/{device}/revoke", response_model=Revoked)
    def revoke(device: DevicePath) -> Row:
        """Makes a device unknown: what it sends goes to quarantine. Its past stays; assigning makes it known again."""
        if device not in store.known_devices():
            raise Problem(HTTPStatus.NOT_FOUND, f"no device {device!r}; GET /api/devices lists them")
        store.revoke(device)
        return {"revoked": device}

    _ = (devices, device, assignments, assign, end, revoke)
    return router


def _by_device(row: Row) -> Mark:
    return (row["device"],)


def _by_start(item: Assignment) -> Mark:
    start_s = item.span.from_s
    return item.device, 0 if start_s is None else 1, start_s or 0, item.unit
