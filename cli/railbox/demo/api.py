"""The server's API as the demo asks it: plain GET and POST of JSON on this machine."""

import json
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from railbox.demo.processes import DemoError

TIMEOUT_S: Final = 30
POLL_S: Final = 0.2


def get(base: str, path: str) -> Any:
    return _ask(Request(base + path))  # noqa: S310 - the address is the demo's own server


def post(base: str, path: str, body: dict[str, object]) -> Any:
    headers = {"Content-Type": "application/json"}
    return _ask(Request(base + path, json.dumps(body).encode(), headers))  # noqa: S310 - as above


def wait_for(true: Callable[[], bool], what: str, timeout_s: float) -> None:
    """Polls until `true`; raises DemoError naming `what` when that takes too long."""
    end_s = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end_s:
            raise DemoError(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(POLL_S)


def _ask(request: Request) -> Any:
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - as above
            return json.load(response)
    except HTTPError as error:
        raise DemoError(f"{request.get_method()} {request.full_url}: {error.code} {error.read().decode()}") from error
