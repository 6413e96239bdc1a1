"""How answers are sent: JSON written by Rust, pages with their cursor, and 304 for what the client has already.

Rows are not checked against their models here (api/models): pydantic takes longer for a fleet than everything else
together, and tests check every answer. Knows no route.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response
from pydantic_core import to_json

from railbox_server.api.cursors import cursor_of, mark_of
from railbox_server.store.values import Mark, Page

JSON: Final = "application/json"
FRESH: Final = {"Cache-Control": "private, no-cache"}
"""Whoever keeps it asks again before using it; with an ETag that costs next to nothing."""
_TAG_BYTES: Final = 9
MOST_ROWS: Final = 10_000
"""Rows of a page that a client can ask for; 100,000 where they are small (series)."""


def answer(body: object, headers: Mapping[str, str] = FRESH) -> Response:
    """What is another at every asking."""
    return Response(to_json(body), media_type=JSON, headers=dict(headers))


def tagged(request: Request, content: bytes, media_type: str = JSON, headers: Mapping[str, str] = FRESH) -> Response:
    """What seldom changes: 304 without contents where the client has just that already."""
    tag = f'W/"{blake2b(content, digest_size=_TAG_BYTES).hexdigest()}"'  # weak: the same, compressed or not
    sent = {**headers, "ETag": tag}
    if _has(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=sent)
    return Response(content, media_type=media_type, headers=sent)


def seldom(request: Request, body: object) -> Response:
    """`tagged`, of JSON."""
    return tagged(request, to_json(body))


def _has(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag. Weak ones compare by what they quote."""
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return tag.removeprefix("W/") in known or known == ["*"]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which page of a list is asked for."""

    request: Request
    limit: int
    after: Mark | None

    def give(
        self, name: str, items: Iterable[object], after: Mark | None, rest: Mapping[str, Any] | None = None
    ) -> Response:
        """The page as `name`, where the next one begins as `next`, and the same as a Link header (RFC 8288)."""
        url = self.request.url
        cursor = None if after is None else cursor_of(url.path, after)
        response = seldom(self.request, {**(rest or {}), name: list(items), "next": cursor})
        if cursor is not None:
            # A token in the address stays out of headers, which are logged and passed on more freely.
            following = url.remove_query_params("token").include_query_params(cursor=cursor)
            response.headers["Link"] = f'<?{following.query}>; rel="next"'
        return response

    def page(self, name: str, page: Page[Any], rest: Mapping[str, Any] | None = None) -> Response:
        return self.give(name, page.items, page.after, rest)


Cursor = Annotated[str | None, Query(description="`next` of the answer before, for the rows after it")]


# async, like all that routes depend on: else FastAPI has each run by a thread, which costs more than what it does.
async def _wish(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows of a page")] = 1_000,
    cursor: Cursor = None,
) -> Wish:
    return Wish(request, limit, mark_of(request.url.path, cursor))


async def _long_wish(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=10 * MOST_ROWS, description="Rows of a page")] = MOST_ROWS,
    cursor: Cursor = None,
) -> Wish:
    return Wish(request, limit, mark_of(request.url.path, cursor))


Paged = Annotated[Wish, Depends(_wish)]
PagedSeries = Annotated[Wish, Depends(_long_wish)]
