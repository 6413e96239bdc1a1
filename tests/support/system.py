"""The real system for end-to-end tests: `railbox` commands as processes, a receiver behind a pseudo-terminal, HTTP.

Every process is stopped, or killed, by its id; every wait is for a condition.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import tty
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from support.brokers import wait_for

READY_TIMEOUT_S = 30.0
Row = dict[str, Any]


class Command:
    """One `railbox` command as a process; `kill` is kill -9, and it can be started again."""

    def __init__(self, args: list[str], log: Path) -> None:
        self._args = args
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None, f"{self._args[0]} was not started"
        return self._process

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        with self._log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "railbox", *self._args], stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Asks it to end, waits until it has; returns its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.terminate()
        code = self._process.wait(READY_TIMEOUT_S)
        if self._process.stdout:
            self._process.stdout.close()
        return code


class Server(Command):
    """`railbox server` on a free port, the same again after it was killed."""

    def __init__(self, folder: Path, broker: str = "embedded", config: str = "") -> None:
        self.data = folder / "server"
        settings = folder / "server.toml"
        settings.write_text(config)
        args = ["server", "--config", str(settings), "--data", str(self.data), "--broker", broker, "--clock", "replay"]
        super().__init__([*args, "--http", "127.0.0.1:0", "--json"], folder / "server.log")
        self.http = ""
        self.broker = ""

    def start(self) -> None:
        super().start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log
        ready = json.loads(line)
        self.http, self.broker = ready["http"], ready["broker"]

    def get(self, path: str) -> Any:
        response = httpx.get(self.http + path, timeout=30)
        assert response.status_code == httpx.codes.OK, response.text
        return response.json()

    def post(self, path: str, body: Row) -> Any:
        response = httpx.post(self.http + path, json=body, timeout=30)
        assert response.is_success, response.text
        return response.json()

    def assign(self, device: str, unit: str) -> None:
        self.post("/api/assignments", {"device": device, "unit": unit, "from": "2000-01-01T00:00:00Z"})

    def ledger(self, device: str) -> Row | None:
        """The newest outbox of a device in the gap ledger."""
        rows = [row for row in self.get("/api/gaps")["devices"] if row["device"] == device]
        return rows[-1] if rows else None

    def settle(self) -> None:
        """Waits until everything that came in is stored and judged."""
        wait_for(lambda: self.get("/healthz")["engine_pending"] == 0, "the engine to have nothing left", 60)


class SerialPort:
    """A pseudo-terminal that plays a receiver: what is written here is what the agent reads."""

    def __init__(self) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)

    def write(self, data: bytes) -> None:
        """Blocks while the reader is behind: a terminal holds 4 KB."""
        while data:
            data = data[os.write(self._ours, data) :]

    def write_in_background(self, chunks: Iterable[bytes]) -> threading.Thread:
        def run() -> None:
            for chunk in chunks:
                self.write(chunk)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        os.close(self._ours)
        os.close(self._theirs)


@contextmanager
def serial_port() -> Generator[SerialPort]:
    port = SerialPort()
    try:
        yield port
    finally:
        port.close()


@contextmanager
def running(*commands: Command) -> Generator[None]:
    """Starts the commands in order, stops them in reverse."""
    try:
        for command in commands:
            command.start()
        yield
    finally:
        for command in reversed(commands):
            command.stop()
