"""Asks a running server's API, for commands: JSON there and back, an error as one line that says what to do."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from railbox_server.errors import ServerError

TIMEOUT_S: Final = 30


class Asker:
    """`url` like http://127.0.0.1:8080; `token`: what that server asks for."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}

    def ask(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """A GET, or a POST of the body unless another method is named; raises ServerError with what the server says."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._url + path, data, self._headers, method=method)  # noqa: S310 - the user's own address
        try:
            with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - as above
                return json.load(response)
        except HTTPError as error:
            raise ServerError(_detail(error)) from error
        except (URLError, OSError, ValueError) as error:
            raise ServerError(f"{self._url}: {getattr(error, 'reason', error)}; is the server there?") from error


def _detail(error: HTTPError) -> str:
    try:
        return str(cast("dict[str, Any]", json.load(error))["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.url}: {error.code} {error.reason}"
