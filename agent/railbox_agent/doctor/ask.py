"""Asks the running agent how it is, over its local socket. An edge."""

import http.client
import json
import socket
from pathlib import Path
from typing import Final

from railbox_agent.health.snapshot import Snapshot, from_row

TIMEOUT_S: Final = 5.0
SERVICE_SOCKET: Final = Path("/run/railbox/agent.sock")
"""Where the service's socket is (RuntimeDirectory= in agent/deploy/railbox-agent.service)."""


class NoAnswerError(Exception):
    """Nobody answers there, or not as an agent does; the message says why."""


class ForbiddenError(NoAnswerError):
    """There is a socket, and we may not use it."""


def ask(path: Path) -> Snapshot:
    """Raises NoAnswerError."""
    connection = _Connection(path)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        body = answer.read()
    except PermissionError as error:
        raise ForbiddenError(f"{path}: {error.strerror}") from error
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(f"{path}: {error}") from error
    finally:
        connection.close()
    try:
        return from_row(json.loads(body))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"status {answer.status}" if answer.status != http.client.OK else "an agent of another version?"
        raise NoAnswerError(f"{path}: not what an agent says: {what}") from error


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(self._path))
