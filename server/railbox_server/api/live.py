"""Routes that tell what is going on now: the clock, live updates, health."""

from collections.abc import AsyncGenerator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from railbox_server.api.models.live import ClockRow, Health
from railbox_server.api.services import Services
from railbox_server.live import Hub
from railbox_server.store.values import Row
from railbox_telemetry import iso


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["live"])

    @router.get("/clock", response_model=ClockRow)
    def clock() -> Row:
        """What time it is for the journeys: the host's, or in a replay that of the newest trusted fix."""
        return {"now": iso.from_s(services.clock.now_s()), "mode": services.clock.mode}

    @router.get("/live", response_class=StreamingResponse)
    async def live() -> StreamingResponse:
        """Server-sent events: `unit` (a row of /api/units), `board` (read /api/board again), `clock`."""
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(_events(services.hub), media_type="text/event-stream", headers=headers)

    _ = (clock, live)
    return router


def health(services: Services) -> APIRouter:
    router = APIRouter(tags=["live"])

    @router.get("/healthz", response_model=Health)
    def healthz() -> Row:
        """That the server answers, and what it has not worked off yet."""
        return {
            "status": "ok",
            "engine_pending": services.engine_pending(),
            "ingest_waiting": services.ingest_waiting(),
            "ingest": services.ingest_counters(),
        }

    _ = healthz
    return router


async def _events(hub: Hub) -> AsyncGenerator[str]:
    async with hub.listening() as listener:
        async for update in listener.updates():
            yield f"id: {update.number}\nevent: {update.event}\ndata: {update.data}\n\n"
