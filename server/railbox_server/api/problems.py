"""Errors as problem JSON (RFC 9457): what is wrong and what to do, never a stack.

One table says which error of the server is which status.
"""

import logging
from http import HTTPStatus
from typing import Any, Final, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from railbox_server.configuration.room import ConfigurationError
from railbox_server.errors import ServerError
from railbox_server.fleet import AssignmentError
from railbox_server.geo.corridors import CorridorError
from railbox_server.store.interface import StoreError
from railbox_telemetry.identity import IdentityError

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
STATUS_OF: Final[dict[type[Exception], HTTPStatus]] = {
    AssignmentError: HTTPStatus.CONFLICT,
    ConfigurationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    IdentityError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CorridorError: HTTPStatus.NOT_FOUND,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    ServerError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Problem(HTTPException):
    """An answer that is an error: a status and what to do."""

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem."""

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == HTTPStatus.NOT_FOUND and not isinstance(error, Problem):
            return problem(HTTPStatus.NOT_FOUND, f"nothing is at {request.url.path}; /docs lists what is")
        headers = cast("dict[str, str] | None", error.headers)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = (headers or {}).get("Allow", "another method")
            return problem(error.status_code, f"{request.url.path} takes {allowed}; /docs says what for", headers)
        return problem(error.status_code, str(error.detail), headers)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(map(_line, error.errors())))

    async def ours(_: Request, error: Exception) -> Response:
        kind = next(kind for kind in STATUS_OF if isinstance(error, kind))
        return problem(STATUS_OF[kind], str(error))

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of the server; its log says more")

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    for kind in STATUS_OF:
        app.add_exception_handler(kind, ours)
    app.add_exception_handler(Exception, unexpected)


def _line(error: dict[str, Any]) -> str:
    """`query from: …` of one of pydantic's errors."""
    where = " ".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}"
