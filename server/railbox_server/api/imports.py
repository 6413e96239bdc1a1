"""Routes of imports: a track from elsewhere becomes a device's, through the same ingest as a tracker's batches."""

import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from railbox_server.api.models.imports import Imported
from railbox_server.api.problems import Problem
from railbox_server.api.services import Services
from railbox_server.fleet import Assignment, Span
from railbox_server.imports.packing import epoch_of, payloads
from railbox_server.imports.tracks import ReadTrack, TrackError, read_track
from railbox_server.store.values import Row
from railbox_telemetry import iso
from railbox_telemetry.identity import check_device, parse_unit

MAX_BYTES: Final = 64_000_000
_ONE_AT_A_TIME: Final = Lock()
"""A large track takes many seconds, and several times its size in memory."""


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["imports"])

    @router.post(
        "/imports/track",
        response_model=Imported,
        status_code=HTTPStatus.CREATED,
        openapi_extra={"requestBody": {"required": True, "content": {"application/gpx+xml": {}, "text/csv": {}}}},
    )
    async def track(
        request: Request,
        device: Annotated[str, Query(description="Whose track it is to be; one of its own for each source")],
        kind: Annotated[Literal["gpx", "csv"], Query(alias="format")],
        unit: Annotated[str | None, Query(description="Fixes the device to it; left out: as it is assigned")] = None,
    ) -> Row:
        """Takes a GPX or CSV track (columns time, lat, lon). The same track again changes nothing."""
        name, on = check_device(device), None if unit is None else parse_unit(unit).number
        body = await _body(request)
        return await run_in_threadpool(_take, services, name, on, lambda: _read(kind, body))

    _ = track
    return router


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BYTES:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"over {MAX_BYTES:,} bytes: import it in parts")
    return bytes(body)


def _read(kind: str, body: bytes) -> ReadTrack:
    try:
        return read_track(kind, body)
    except TrackError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error


def _take(services: Services, device: str, unit: str | None, read: Callable[[], ReadTrack]) -> Row:
    with _ONE_AT_A_TIME:
        found = read()
        batches = payloads(device, found.knots)
    now_ms = time.time_ns() // 1_000_000
    if unit is not None:
        _assign(services, Assignment(device, unit), now_ms)
    if device not in services.store.known_devices():
        services.store.register(device, now_ms)
    services.hand_in(device, batches)
    return {
        "device": device,
        "unit": unit,
        "epoch": epoch_of(device, found.knots),
        "batches": len(batches),
        "positions": len(found.knots),
        "from": iso.from_s(found.knots[0].time_s),
        "to": iso.from_s(found.knots[-1].time_s),
        "skipped": found.skipped_count,
        "skipped_examples": [{"where": item.where, "reason": item.reason} for item in found.skipped],
    }


def _assign(services: Services, wish: Assignment, now_ms: int) -> None:
    """Nothing is to be done where the device is on that unit always. Raises AssignmentError where it is elsewhere."""
    if wish not in services.store.assignments():
        services.store.assign(Assignment(wish.device, wish.unit, Span()), now_ms)
