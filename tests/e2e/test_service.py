"""The tracker as systemd sees it: ready, alive while every loop comes round, and gone in good order."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from railbox_agent.doctor.ask import ask
from support.agents import agent, receiver, settings
from support.brokers import free_port, mosquitto, wait_for

pytestmark = pytest.mark.e2e

# An agent whose port hangs in the kernel, as a bad USB driver makes it: the reading thread never comes back.
HANGING = """
import sys, threading
from railbox_agent import ports, run
from railbox_agent.health import pulse

class Hanging:
    def read(self):
        threading.Event().wait()

ports.open_source = lambda path, baud: Hanging()
pulse.PATIENCE_S = 1.0
sys.exit(run.main(["--config", sys.argv[1]]))
"""


class Systemd:
    """Listens where systemd would. `lines`: all that it was told."""

    def __init__(self, folder: Path, watchdog_s: float) -> None:
        self.lines: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.setblocking(False)
        self.environment = {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(round(watchdog_s * 1e6)),
            "RUNTIME_DIRECTORY": str(folder),
        }

    def heard(self, line: str) -> int:
        """How often it was told this, or something that begins so."""
        try:
            while True:
                self.lines.append(self._socket.recv(4_096).decode())
        except BlockingIOError:
            return sum(told.startswith(line) for told in self.lines)

    def close(self) -> None:
        self._socket.close()


def test_systemd_hears_that_it_is_ready_and_alive_and_that_it_stops(tmp_path: Path) -> None:
    systemd = Systemd(tmp_path, watchdog_s=2)
    with mosquitto(tmp_path) as broker, receiver() as talker:
        config = settings(tmp_path, talker.path, broker.url)
        with agent(config, tmp_path / "log", systemd.environment) as process:
            wait_for(lambda: systemd.heard("WATCHDOG=1") >= 4, "the watchdog to be fed")
            wait_for(lambda: systemd.heard("STATUS=connected; a fix;"), "a status line that says all is well")
            assert systemd.lines[0] == "READY=1"
            seen = ask(tmp_path / "agent.sock")
            assert seen.vitals.device == "TRK1"
            assert seen.machine.rss_bytes
            assert seen.machine.rss_bytes < 60_000_000
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    assert systemd.heard("STOPPING=1") == 1
    assert not (tmp_path / "agent.sock").exists()
    systemd.close()


def test_a_reader_that_hangs_lets_the_watchdog_starve_and_the_journal_says_where(tmp_path: Path) -> None:
    systemd = Systemd(tmp_path, watchdog_s=2)
    config = settings(tmp_path, "/dev/hangs", f"mqtt://127.0.0.1:{free_port()}")
    log = tmp_path / "log"
    command = [sys.executable, "-c", HANGING, str(config)]
    with log.open("ab") as out, subprocess.Popen(command, stderr=out, env=systemd.environment) as process:
        try:
            wait_for(lambda: systemd.heard("STATUS=") and "port gnss HANGS" in systemd.lines[-1], "the hang to be seen")
            fed = systemd.heard("WATCHDOG=1")
            assert fed
            wait_for(lambda: ask(tmp_path / "agent.sock").overdue, "the socket to tell of it")
            assert ask(tmp_path / "agent.sock").overdue == ("port gnss",)
            assert systemd.heard("WATCHDOG=1") == fed
            process.send_signal(signal.SIGABRT)  # what systemd does then
            assert process.wait(20) == -signal.SIGABRT
        finally:
            process.kill()
    text = log.read_text()
    assert "port gnss does not come round any more" in text
    assert "in read" in text
    systemd.close()
