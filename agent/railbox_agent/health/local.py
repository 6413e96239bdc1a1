"""The local endpoints: a unix socket, a port of 127.0.0.1, or both, answered by one thread from the latest snapshot.

An edge. The loop only puts a frozen snapshot here; a client that is slow, or says nothing, keeps nobody else but
other clients waiting, and those briefly.
"""

import logging
import os
import selectors
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from railbox_agent.health.answers import MAX_REQUEST_BYTES, answer, is_whole
from railbox_agent.health.snapshot import Snapshot

log = logging.getLogger(__name__)

CLIENT_S: Final = 2.0
"""A client gets so long to ask and to listen."""
SOCKET_MODE: Final = 0o660
BACKLOG: Final = 8


class LocalServer:
    """`snapshot`: what is answered; None: not measured yet."""

    def __init__(self, path: Path | None, port: int | None) -> None:
        self.snapshot: Snapshot | None = None
        self._path = path
        self._listening = [sock for sock in (_unix(path), _tcp(port)) if sock is not None]
        self._stop_read, self._stop_write = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    @property
    def is_open(self) -> bool:
        return bool(self._listening)

    def start(self) -> None:
        if self._listening:
            self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._stop_write.send(b"\0")
            self._thread.join(2 * CLIENT_S)
            if self._path is not None:
                self._path.unlink(missing_ok=True)
        for sock in (*self._listening, self._stop_read, self._stop_write):
            sock.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in (*self._listening, self._stop_read):
                selector.register(sock, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._stop_read:
                        return
                    assert isinstance(key.fileobj, socket.socket)
                    self._serve(key.fileobj)

    def _serve(self, listening: socket.socket) -> None:
        with suppress(OSError):  # whoever asked has gone, or is too slow: nothing that this side could mend
            client, _ = listening.accept()
            with client:
                request = _request(client)
                client.settimeout(CLIENT_S)
                client.sendall(answer(request, self.snapshot))


def _request(client: socket.socket) -> bytes:
    """Raises OSError, also when it takes longer than CLIENT_S in all."""
    deadline_s = time.monotonic() + CLIENT_S
    request = b""
    while not is_whole(request):
        client.settimeout(max(0.01, deadline_s - time.monotonic()))
        part = client.recv(MAX_REQUEST_BYTES)
        if not part or time.monotonic() > deadline_s:
            break
        request += part
    return request


def _unix(path: Path | None) -> socket.socket | None:
    if path is None:
        return None
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(path)
        sock.bind(os.fspath(path))
        path.chmod(SOCKET_MODE)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        log.warning("health.socket: %s: %s; nobody can ask this agent how it is", path, error)
        return None
    sock.setblocking(False)
    return sock


def _clear(path: Path) -> None:
    """Takes away what an agent left that was killed. Raises OSError when one is alive, or this is something else."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
    raise OSError("another agent answers there")


def _tcp(port: int | None) -> socket.socket | None:
    if port is None:
        return None
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        log.warning("health.port: 127.0.0.1:%d: %s; choose another", port, error)
        return None
    sock.setblocking(False)
    return sock
