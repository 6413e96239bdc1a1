"""The FastAPI application: routes, errors and the page put together."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from importlib import metadata

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from railbox_server.api import borders, devices, live, pages, problems, statistics, units
from railbox_server.api.access import Gate
from railbox_server.api.services import Services

DESCRIPTION = """Where rail containers are, how long they stood at each border, and whether that is too long.

Times are ISO 8601 with `Z`. An error is problem JSON (RFC 9457), whose `detail` says what to do.
"""


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
    app.add_middleware(GZipMiddleware, minimum_size=2_000)
    problems.install(app)
    api = APIRouter(prefix="/api", dependencies=[Depends(Gate(services.token))])
    for part in (units, borders, statistics, devices, live):
        api.include_router(part.routes(services))
    app.include_router(api)
    app.include_router(live.health(services))
    pages.install(app, services.page)
    return app
