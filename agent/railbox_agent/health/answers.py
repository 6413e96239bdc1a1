"""What the local socket answers: a request of HTTP/1 to one of a few paths. Pure.

/metrics is Prometheus text, /health the same and more as JSON. Nothing can be changed here.
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from railbox_agent.health import metrics
from railbox_agent.health.snapshot import Snapshot, row

MAX_REQUEST_BYTES: Final = 8_192
_TEXT: Final = "text/plain; charset=utf-8"
_END: Final = b"\r\n\r\n"


def is_whole(request: bytes) -> bool:
    """Whether the head of the request is there, or has grown beyond what anybody may send."""
    return _END in request or len(request) >= MAX_REQUEST_BYTES


def answer(request: bytes, snapshot: Snapshot | None) -> bytes:
    """The whole response. `snapshot` None: nothing has been measured yet."""
    words = request.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if _END not in request or len(words) != 3 or not words[2].startswith("HTTP/1."):
        return _response(HTTPStatus.BAD_REQUEST, "this is no request of HTTP/1\n")
    method, path = words[0], words[1].partition("?")[0]
    if path not in _PAGES:
        return _response(HTTPStatus.NOT_FOUND, f"there is {' and '.join(_PAGES)}\n")
    if method not in ("GET", "HEAD"):
        return _response(HTTPStatus.METHOD_NOT_ALLOWED, "GET it\n", more="Allow: GET, HEAD\r\n")
    if snapshot is None:
        return _response(HTTPStatus.SERVICE_UNAVAILABLE, "the agent has only just started\n")
    kind, page = _PAGES[path]
    return _response(HTTPStatus.OK, page(snapshot), kind, head_only=method == "HEAD")


def _as_json(snapshot: Snapshot) -> str:
    return json.dumps(row(snapshot)) + "\n"


_PAGES: Final[Mapping[str, tuple[str, Callable[[Snapshot], str]]]] = {
    "/metrics": (metrics.CONTENT_TYPE, metrics.render),
    "/health": ("application/json", _as_json),
}


def _response(status: HTTPStatus, text: str, kind: str = _TEXT, *, more: str = "", head_only: bool = False) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"{more}Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (b"" if head_only else body)
