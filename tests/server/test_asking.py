"""How commands ask a server: what it says is told, and what is no answer is one line."""

import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from railbox_server.asking import Asker, with_query
from railbox_server.errors import ServerError
from railbox_telemetry.settings import SettingsError

ANSWERS = {
    "/api/refused": (401, b'{"detail": "send the token"}'),
    "/api/page": (502, b"<html>"),
    "/api/half": (200, b'{"rows"'),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/api/cut":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nfirst\r\n9\r\nsec")
            self.close_connection = True
            return
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/refused", "send the token \\(--token-file\\)"),
        ("/api/page", "/api/page: 502 .*is that a railbox server"),
        ("/api/half", "is the server there"),
    ],
)
def test_what_is_no_answer_is_one_line(url: str, path: str, said: str) -> None:
    with pytest.raises(ServerError, match=said):
        Asker(url, None).ask(path)


def test_a_file_that_ends_too_early_is_no_file(url: str) -> None:
    with pytest.raises(ServerError, match="is the server there"):
        list(Asker(url, None).pieces("/api/cut", 5))


def test_what_json_has_no_words_for_goes_as_text(url: str) -> None:
    assert Asker(url, None).ask("/api/echo", {"deadline_s": date(2026, 1, 1)}) == {"deadline_s": "2026-01-01"}


def test_what_is_no_address_of_a_server_is_said() -> None:
    with pytest.raises(SettingsError, match="--server file:///etc/passwd: expected an address like"):
        Asker("file:///etc/passwd", None)


def test_a_query_names_what_is_given() -> None:
    query = {"unit": ["A B", "C"], "from": None, "limit": "5"}
    assert with_query("/api/x", query) == "/api/x?unit=A+B&unit=C&limit=5"
    assert with_query("/api/x", {"unit": []}) == "/api/x"
