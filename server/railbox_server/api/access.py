"""The token: whoever asks the API must have it, where one is set.

In the `Authorization` header, or as `?token=` where a browser cannot send one (server-sent events, links).
"""

import secrets
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from railbox_server.api.problems import Problem

_bearer = HTTPBearer(auto_error=False, description="The token of http.token_file; not needed where none is set.")


class Gate:
    """A dependency of every route under /api. Without a token everybody passes: the server is on loopback then."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    # async: see answers.py.
    async def __call__(
        self,
        header: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        token: Annotated[str | None, Query(description="The same token, where no header can be sent")] = None,
    ) -> None:
        if self._token is None:
            return
        given = header.credentials if header is not None else token or ""
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "send the server's token: Authorization: Bearer TOKEN, or ?token=TOKEN",
                {"WWW-Authenticate": "Bearer"},
            )
