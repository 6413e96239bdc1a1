"""Routes that tell what is going on now: the clock, and live updates."""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from railbox_server.api.answers import answer
from railbox_server.api.models.live import ClockRow
from railbox_server.api.services import Services
from railbox_server.live import Hub
from railbox_telemetry import iso

STREAM = "text/event-stream"


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["live"])

    @router.get("/clock", response_model=ClockRow)
    def clock() -> Response:
        """What time it is for the journeys: the host's, or in a replay that of the newest trusted fix."""
        return answer({"now": iso.from_s(services.clock.now_s()), "mode": services.clock.mode})

    @router.get("/live", response_class=StreamingResponse, responses={200: {"content": {STREAM: {}}}})
    async def live(
        last_event_id: Annotated[
            str | None, Header(description="The `id` of the last event heard: what changed since then comes first")
        ] = None,
        since: Annotated[str | None, Query(description="The same, where no header can be sent")] = None,
    ) -> StreamingResponse:
        """Server-sent events: `unit` (a row of /api/units), `board` (read /api/board again), `clock` every 2 s, and
        `reread` after a Last-Event-ID that is too old (read everything again)."""
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        heard = last_event_id or since or None
        return StreamingResponse(_events(services.hub, heard), media_type=STREAM, headers=headers)

    _ = (clock, live)
    return router


async def _events(hub: Hub, heard: str | None) -> AsyncGenerator[str]:
    async with hub.listening(heard) as listener:
        async for update in listener.updates():
            yield f"id: {update.id}\nevent: {update.event}\ndata: {update.data}\n\n"
