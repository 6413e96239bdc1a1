"""A webhook's other end: an HTTP server of this machine that keeps what it is posted and answers as it is told."""

import json
import socket
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import standardwebhooks

SECRET = "whsec_" + "UmFpbGJveCdzIHdlYmhvb2sgc2VjcmV0IGZvciB0ZXN0cw=="


@dataclass(frozen=True)
class Request:
    """What was posted. `body` is checked against the signature where it is read."""

    headers: Mapping[str, str]
    text: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        """Raises WebhookVerificationError."""
        standardwebhooks.Webhook(SECRET).verify(self.text, dict(self.headers), json_parse=False)
        return json.loads(self.text)


Answer = int | Callable[[BaseHTTPRequestHandler], None]
"""A status, or what to do with the connection."""


class _Server(ThreadingHTTPServer):
    """One whose connections end when it does."""

    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.open: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        super().server_close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Receiver:
    """`answer` says what the number-th request (from 0) gets. `got`: all requests, in order of arrival."""

    def __init__(self, answer: Callable[[int], Answer] = lambda _: 204) -> None:
        self.answer = answer
        self.got: list[Request] = []
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook?key=confidential"

    @property
    def taken(self) -> list[Request]:
        """Those that were answered as delivered."""
        with self._lock:
            return [request for number, request in enumerate(self.got) if self.answer(number) == 204]

    def start(self) -> None:
        """On the same port again after `stop`."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                with receiver._lock:
                    number = len(receiver.got)
                    receiver.got.append(Request({key.lower(): value for key, value in self.headers.items()}, text))
                answer = receiver.answer(number)
                if callable(answer):
                    answer(self)
                else:
                    say(self, answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
                """Quiet."""

        self._server = _Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def say(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str] | None = None) -> None:
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("content-length", "0")
    handler.end_headers()


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True
    handler.connection.close()


@contextmanager
def receiver(answer: Callable[[int], Answer] = lambda _: 204) -> Generator[Receiver]:
    made = Receiver(answer)
    made.start()
    try:
        yield made
    finally:
        made.stop()
