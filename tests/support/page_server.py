"""A stand-in for the server: the built page and an API that answers from a Fleet, on a free port of 127.0.0.1.

It knows the addresses of the API and nothing of what the rows mean.
"""

import json
import mimetypes
import queue
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from support.page_fleet import NOW, Fleet, Row, iso
from support.page_watch import Watch

Answer = Row | None


class PageServer(ThreadingHTTPServer):
    """Serves until `stop`; `say` sends an event to every page that listens."""

    daemon_threads = True

    def __init__(
        self,
        page: Path,
        fleet: Fleet,
        corridors: Mapping[str, Row],
        token: str | None = None,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = page.resolve()
        self.fleet = fleet
        self.corridors = corridors
        self.watch = watch or Watch()
        self.token = token
        self.failing: str | None = None
        """A path under /api that answers 500."""
        self.now = NOW
        self._listeners: set[queue.Queue[str | None]] = set()
        self._events = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def clock(self) -> Row:
        return {"now": iso(self.now), "mode": "replay"}

    def say(self, event: str, data: Row) -> None:
        self._events += 1
        for listener in list(self._listeners):
            listener.put(f"id: {self._events}\nevent: {event}\ndata: {json.dumps(data)}\n\n")

    def move(self, unit: str, **latest: Any) -> None:
        """A newer fix of the unit, told live."""
        row = self.fleet.units[unit]
        row["latest"] = row["latest"] | latest
        self.say("unit", row)

    def hang_up(self) -> None:
        """Ends every live stream, as a restart or a lost line does."""
        for listener in list(self._listeners):
            listener.put(None)

    @contextmanager
    def listening(self) -> "Generator[queue.Queue[str | None]]":
        listener: queue.Queue[str | None] = queue.Queue()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def answer(self, path: str, query: Mapping[str, list[str]]) -> Answer:
        """The JSON for an address under /api; None: no such thing."""
        fleet = self.fleet
        match path.split("/"):
            case ["clock"]:
                return self.clock()
            case ["units"]:
                return {"units": list(fleet.units.values())}
            case ["units", unit] if unit in fleet.units:
                return fleet.details[unit] | fleet.units[unit]
            case ["units", unit, "track"] if unit in fleet.units:
                return {"unit": unit, "points": fleet.tracks[unit]}
            case ["units", unit, "readings"] if unit in fleet.units:
                return {"unit": unit, "readings": fleet.temperatures[unit]}
            case ["board"]:
                return fleet.board
            case ["corridors"]:
                return {"corridors": [{"name": name} for name in self.corridors]}
            case ["corridors", name]:
                return self.corridors.get(name)
            case _:
                return self.watch.answer(path, query)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer  # pyright: ignore[reportIncompatibleVariableOverride]  # the server that made this handler

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path).lstrip("/")
        if not path.startswith("api/"):
            self._file(path or "index.html")
            return
        if not self._allowed(parse_qs(address.query)):
            self._json(401, {"title": "Unauthorized", "detail": "a token is needed"})
        elif path == "api/live":
            self._live()
        elif path == f"api/{self.server.failing}":
            self._json(500, {"title": "Internal Server Error", "detail": "the disk is full"})
        else:
            found = self.server.answer(path.removeprefix("api/"), parse_qs(address.query))
            self._json(200 if found is not None else 404, found or {"title": "Not Found", "detail": path})

    def _allowed(self, query: Mapping[str, list[str]]) -> bool:
        token = self.server.token
        sent = self.headers.get("Authorization", "").removeprefix("Bearer ") or query.get("token", [""])[0]
        return token is None or sent == token

    def _file(self, path: str) -> None:
        file = (self.server.page / path).resolve()
        if not file.is_file() or self.server.page not in file.parents:
            self._send(404, "text/plain", b"no such file")
            return
        self._send(200, mimetypes.guess_type(file.name)[0] or "application/octet-stream", file.read_bytes())

    def _json(self, status: int, body: Row) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _live(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with self.server.listening() as listener:
            event: str | None = f"event: clock\ndata: {json.dumps(self.server.clock())}\n\n"
            while event is not None:
                try:
                    self.wfile.write(event.encode())
                    self.wfile.flush()
                except OSError:
                    return
                event = self._next(listener)

    def _next(self, listener: "queue.Queue[str | None]") -> str | None:
        try:
            return listener.get(timeout=2.0)
        except queue.Empty:
            return f"event: clock\ndata: {json.dumps(self.server.clock())}\n\n"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it
        """Tests say what they asked; a line a request would bury it."""


@contextmanager
def serve_page(
    page: Path, fleet: Fleet, corridors: Mapping[str, Row], token: str | None = None, watch: Watch | None = None
) -> Generator[PageServer]:
    with PageServer(page, fleet, corridors, token, watch) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.hang_up()
            server.shutdown()
            thread.join()
