"""The real system for end-to-end tests: `railbox` commands as processes, a receiver behind a pseudo-terminal, HTTP.

Every process is stopped, or killed, by its id; every wait is for a condition.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
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

    def __init__(self, folder: Path, broker: str = "embedded", config: str = "", *more: str) -> None:
        self.data = folder / "server"
        settings = folder / "server.toml"
        settings.write_text(config)
        args = ["server", "--config", str(settings), "--data", str(self.data), "--broker", broker, "--clock", "replay"]
        super().__init__([*args, "--http", "127.0.0.1:0", "--json", *more], folder / "server.log")
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
        self.epochs_played = 0
        self._closing = threading.Event()

    def write(self, data: bytes) -> None:
        """Blocks while the reader is behind: a terminal holds 4 KB."""
        while data:
            data = data[os.write(self._ours, data) :]

    def play(self, epochs: Iterable[bytes], period_s: float = 1.0) -> threading.Thread:
        """Writes an epoch a period, as a receiver does, in the background; an agent does not believe faster ones."""

        def run() -> None:
            next_s = time.monotonic()
            for epoch in epochs:
                self.write(epoch)
                self.epochs_played += 1
                next_s += period_s
                self._closing.wait(max(0.0, next_s - time.monotonic()))
                if self._closing.is_set():
                    return

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        self._closing.set()
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


class Tracker(Command):
    """`railbox agent` with a receiver, and a board where one is given. `era`: about when the receiver was recorded."""

    def __init__(
        self, folder: Path, device: str, broker: str, gnss: str, board: str | None = None, era: str | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.device = device
        self.outbox = folder / "outbox" / "outbox.db"
        config = folder / "agent.toml"
        ports = [("gnss", gnss)] + ([("board", board)] if board else [])
        blocks = [f'[[ports]]\nname = "{kind}"\nkind = "{kind}"\npath = "{path}"\n' for kind, path in ports]
        when = f'[time]\nfloor = "2015-01-01T00:00:00Z"\npivot = "{era}"\n' if era else ""
        config.write_text(AGENT_CONFIG.format(device=device, broker=broker, folder=folder) + when + "\n".join(blocks))
        super().__init__(["agent", "--config", str(config)], folder / "agent.log")

    def outbox_left(self) -> tuple[int, set[int]]:
        """After it has stopped: the number of its last batch, and the numbers that it still keeps."""
        with closing(sqlite3.connect(self.outbox)) as database:
            ((last,),) = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'batches'")
            return last, {seq for (seq,) in database.execute("SELECT seq FROM batches")}


AGENT_CONFIG = """
device = "{device}"
[thinning]
policy = "interval"
interval_s = 1
report_s = 1
[outbox]
folder = "{folder}/outbox"
commit_s = 0.2
[uplink]
url = "{broker}"
resend_after_s = 10
backlog_per_s = 200
"""
