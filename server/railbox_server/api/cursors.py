"""Cursors: where a page of a list ended, as text that a client hands back and needs not understand.

Pure. One holds for the question it was given to: a digest of that question in it tells another's, or a damaged one.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

from railbox_server.api.problems import Problem
from railbox_server.store.values import Mark, Page

T = TypeVar("T")

_DIGEST_BYTES: Final = 6
_LONGEST: Final = 500
_GREATEST: Final = 2**62
"""What the store's integers hold; nothing that we give out comes near."""


def cursor_of(question: str, mark: Mark) -> str:
    body = json.dumps(mark, separators=(",", ":")).encode()
    return urlsafe_b64encode(_digest(question, body) + body).decode().rstrip("=")


def mark_of(question: str, cursor: str | None) -> Mark | None:
    """What `cursor_of` was given for the same question; None for the first page. Raises Problem."""
    if cursor is None:
        return None
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        digest, body = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        if digest != _digest(question, body):
            raise ValueError("of another list")
        mark = tuple(cast("list[Any]", json.loads(body)))
        if not all(isinstance(part, str) or (type(part) is int and abs(part) < _GREATEST) for part in mark):
            raise ValueError("of other parts")
    except (ValueError, TypeError) as error:
        detail = f"cursor = {cursor[:40]!r} is none of this list: send `next` of its last answer as it is, or no cursor"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from error
    return mark


def page_of(rows: Sequence[T], mark: Callable[[T], Mark], limit: int, after: Mark | None) -> Page[T]:
    """A page of a list that is in memory, by ascending marks, which tell its rows apart."""
    rest = sorted((row for row in rows if after is None or mark(row) > after), key=mark)
    return Page(tuple(rest[:limit]), mark(rest[limit - 1]) if len(rest) > limit else None)


def _digest(question: str, body: bytes) -> bytes:
    return blake2b(question.encode() + b"\0" + body, digest_size=_DIGEST_BYTES).digest()
