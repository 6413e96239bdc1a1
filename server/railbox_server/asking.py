"""Asks a running server's API, for commands: JSON and files, there and back; an error is one line, with what to do."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, cast
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from railbox_server.errors import ServerError
from railbox_server.store.values import Row
from railbox_telemetry.settings import SettingsError

TIMEOUT_S: Final = 30
PAGE_ROWS: Final = 1_000
PIECE_BYTES: Final = 1 << 16

Query = Mapping[str, str | list[str] | None]


class Asker:
    """`url` like http://127.0.0.1:8080, else SettingsError; `token`: what that server asks for."""

    def __init__(self, url: str, token: str | None) -> None:
        if not url.startswith(("http://", "https://")):
            raise SettingsError(f"--server {url}: expected an address like http://127.0.0.1:8080")
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """A GET, or a POST of the body unless another method is named; raises ServerError with what the server says."""
        # What JSON has no words for, like a date of TOML, goes as text: then the server says what it expects instead.
        data = None if body is None else json.dumps(body, default=str).encode()
        with self._answer(path, data, method, {"Content-Type": "application/json"}) as response:
            return json.load(response)

    def pages(self, path: str, key: str, query: Query | None = None) -> list[Row]:
        """All rows that the server lists there."""
        rows: list[Row] = []
        wish: dict[str, str | list[str] | None] = {**(query or {}), "limit": str(PAGE_ROWS)}
        while True:
            page = self.ask(with_query(path, wish))
            rows += page[key]
            if page["next"] is None:
                return rows
            wish["cursor"] = page["next"]

    def send(self, path: str, content: bytes, timeout_s: float) -> Any:
        """A POST of bytes as they are; returns what `ask` does."""
        with self._answer(path, content, None, {"Content-Type": "application/octet-stream"}, timeout_s) as response:
            return json.load(response)

    def pieces(self, path: str, timeout_s: float) -> Iterator[bytes]:
        """A GET of bytes, as they come; `timeout_s`: for each piece. Raises ServerError where they end too early."""
        with self._answer(path, None, None, {}, timeout_s) as response:
            while piece := response.read1(PIECE_BYTES):
                yield piece

    @contextmanager
    def _answer(
        self,
        path: str,
        data: bytes | None,
        method: str | None,
        headers: Mapping[str, str],
        timeout_s: float = TIMEOUT_S,
    ) -> Generator[HTTPResponse]:
        url = self._url + path
        request = Request(url, data, {**self._headers, **headers}, method=method)  # noqa: S310 - http or https, as above
        try:
            with closing(cast("HTTPResponse", urlopen(request, timeout=timeout_s))) as response:  # noqa: S310 - as above
                yield response
        except HTTPError as error:
            raise ServerError(_detail(error)) from error
        except (HTTPException, OSError, ValueError) as error:
            why = str(getattr(error, "reason", error)) or type(error).__name__
            raise ServerError(f"{self._url}: {why}; is the server there?") from error


def with_query(path: str, query: Query) -> str:
    """The path with those of the query that are given; a list comes as often as it has items."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def _detail(error: HTTPError) -> str:
    try:
        detail = str(cast("dict[str, Any]", json.load(error))["detail"])
    except (HTTPException, OSError, ValueError, KeyError, TypeError):
        return f"{error.url}: {error.code} {error.reason}; is that a railbox server?"
    return f"{detail} (--token-file)" if error.code == 401 else detail
