"""The FastAPI application: routes, errors and the page put together."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from importlib import metadata
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from railbox_server.api import (
    arrivals,
    borders,
    boxes,
    configuration,
    devices,
    exports,
    health,
    imports,
    live,
    notices,
    pages,
    problems,
    series,
    statistics,
    units,
)
from railbox_server.api.access import Gate
from railbox_server.api.models.common import Problem
from railbox_server.api.services import Services

DESCRIPTION = """Where rail containers are, how long they stood at each border, and whether that is too long.

Times are ISO 8601 with `Z`; those you send need a zone. Names of numbers end with their unit. Lists come in pages:
send `next` of an answer as `cursor` for the rows after it, or follow its `Link` header. Answers are compressed, and
those that seldom change have an `ETag`: send it as `If-None-Match`, and get 304 while nothing changed. An error is
problem JSON (RFC 9457), whose `detail` says what to do.
"""

LEAST_PACKED: Final = 1_000
PACKED_LEVEL: Final = 1
"""Levels above it take several times as long for a tenth less."""
ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "What is wrong with the question",
        "content": {problems.MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}


def create_app(services: Services) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        telling = asyncio.create_task(services.hub.run())
        yield
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling

    app = FastAPI(
        title="Railbox",
        version=metadata.version("railbox"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(GZipMiddleware, minimum_size=LEAST_PACKED, compresslevel=PACKED_LEVEL)
    problems.install(app)
    api = APIRouter(prefix="/api", dependencies=[Depends(Gate(services.token))], responses=ERRORS)
    for part in (
        units,
        series,
        boxes,
        borders,
        statistics,
        devices,
        configuration,
        arrivals,
        notices,
        exports,
        imports,
        live,
    ):
        api.include_router(part.routes(services))
    app.include_router(api)
    app.include_router(health.routes(services))
    pages.install(app, services.page)
    return app
