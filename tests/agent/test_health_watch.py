"""The watch over health: who is overdue, what systemd hears, and when the watchdog goes hungry."""

import logging
import os
import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from railbox_agent.health.local import LocalServer
from railbox_agent.health.machine import Machine
from railbox_agent.health.notify import Notifier
from railbox_agent.health.pulse import PATIENCE_S, Pulse, overdue
from railbox_agent.health.snapshot import Vitals
from railbox_agent.health.watch import LOOK_S, Health, default_socket


class Time:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Systemd:
    """The socket that systemd listens on."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        lines: list[str] = []
        while True:
            try:
                lines.append(self.socket.recv(4_096).decode())
            except BlockingIOError:
                return lines


@pytest.fixture
def systemd(tmp_path: Path) -> Generator[Systemd]:
    found = Systemd(str(tmp_path / "notify"))
    yield found
    found.socket.close()


class Watched:
    """A health watch over two loops and a computer, on a clock of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.time = Time()
        self.pulses = [Pulse(name, self.time) for name in ("port gnss", "uplink")]
        self.machine = Machine()
        self.vitals = Vitals("TRK1", "1.0", 1, 2, trouble="refused")
        self.health = Health(
            lambda: self.vitals,
            lambda: self.machine,
            self.pulses,
            Notifier(environment),
            LocalServer(None, None),
            self.time,
        )

    def later(self, seconds: float) -> None:
        self.time.now_s += seconds
        self.health.step()


# --- pulses ----------------------------------------------------------------------------------------------------------


def test_a_loop_is_overdue_when_it_does_not_come_round_in_the_time_it_gave_itself() -> None:
    time = Time()
    quick, slow, ended, never = (Pulse(name, time) for name in ("quick", "slow", "ended", "never"))
    quick.beat()
    slow.beat(within_s=120)
    ended.beat()
    ended.rest()
    pulses = (quick, slow, ended, never)
    assert overdue(pulses, time.now_s + PATIENCE_S) == ()
    assert overdue(pulses, time.now_s + PATIENCE_S + 1) == ("quick",)
    assert overdue(pulses, time.now_s + PATIENCE_S + 121) == ("quick", "slow")
    time.now_s += 500
    quick.beat()
    assert overdue(pulses, time.now_s) == ("slow",)


# --- systemd ---------------------------------------------------------------------------------------------------------


def test_systemd_is_told_ready_status_and_stopping(systemd: Systemd) -> None:
    watched = Watched({"NOTIFY_SOCKET": systemd.socket.getsockname()})
    watched.health.start()
    watched.health.step()
    watched.health.stopping()
    ready, alive, status, stopping = systemd.heard()
    assert (ready, alive, stopping) == ("READY=1", "WATCHDOG=1", "STOPPING=1")
    assert status == "STATUS=no connection (refused); no fix yet; nothing waits"


def test_the_watchdog_is_fed_several_times_within_its_time(systemd: Systemd) -> None:
    environment = {"NOTIFY_SOCKET": systemd.socket.getsockname(), "WATCHDOG_USEC": "8000000"}
    watched = Watched(environment)
    for _ in range(81):
        watched.later(0.1)
    assert systemd.heard().count("WATCHDOG=1") == 5


def test_the_watchdog_is_fed_only_while_every_loop_comes_round(
    systemd: Systemd, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched({"NOTIFY_SOCKET": systemd.socket.getsockname(), "WATCHDOG_USEC": "120000000"})
    gnss, uplink = watched.pulses
    gnss.beat()
    uplink.beat(within_s=600)
    watched.later(LOOK_S)
    assert "WATCHDOG=1" in systemd.heard()
    with caplog.at_level(logging.WARNING):
        watched.later(PATIENCE_S)
        watched.later(LOOK_S)
    heard = systemd.heard()
    assert "WATCHDOG=1" not in heard
    assert "port gnss HANGS" in heard[0]
    assert [record.getMessage() for record in caplog.records] == [
        "port gnss does not come round any more; unless it does, systemd starts the agent anew"
    ]
    gnss.beat()
    watched.later(LOOK_S)
    assert "WATCHDOG=1" in systemd.heard()
    assert caplog.records[-1].getMessage() == "port gnss comes round again"


def test_sockets_without_a_file_are_found_by_their_zero_byte() -> None:
    name = f"railbox-test-{os.getpid()}"
    listening = Systemd("\0" + name)
    notifier = Notifier({"NOTIFY_SOCKET": "@" + name})
    notifier.ready()
    assert listening.heard() == ["READY=1"]
    notifier.close()
    listening.socket.close()


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_the_watchdogs_time_is_systemds_and_of_this_process(
    environment: dict[str, str], watchdog_s: float | None
) -> None:
    assert Notifier(environment).watchdog_s == watchdog_s


def test_without_systemd_or_with_one_that_does_not_listen_nothing_happens(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        watched = Watched(environment)
        watched.health.start()
        watched.later(LOOK_S)
        watched.health.stop()


def test_a_systemd_whose_queue_is_full_holds_nobody_up(systemd: Systemd) -> None:
    watched = Watched({"NOTIFY_SOCKET": systemd.socket.getsockname()})
    for _ in range(5_000):
        watched.later(LOOK_S)
    assert systemd.heard()


# --- what is looked at -----------------------------------------------------------------------------------------------


def test_spells_of_low_voltage_are_counted_once_each_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched({})
    assert watched.health.look().low_spells is None
    for low in (False, True, True, False, True):
        watched.machine = Machine(volts_low=low)
        watched.later(LOOK_S)
    assert watched.health.look().low_spells == 2
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def test_the_status_tells_what_an_operator_needs_and_leaves_out_what_is_not_known() -> None:
    watched = Watched({})
    watched.time.now_s += 90
    assert watched.health.status() == {"up_s": 90, "sent_kb": 0, "got_kb": 0}
    watched.machine = Machine(3_000_000_000, 8_000_000_000, False, 250_000_000, None, 34_600_000, 51.6, False, False)
    watched.vitals = Vitals(
        "TRK1",
        "1.0",
        1,
        2,
        ports={"gnss": "open", "board": "lost: [Errno 5] Input/output error"},
        sent_bytes=123_456,
        received_bytes=45_678,
        fix_s=4,
    )
    assert watched.health.status() == {
        "up_s": 90,
        "sent_kb": 123,
        "got_kb": 46,
        "fix_s": 4,
        "disk_mb": 3_000,
        "mem_mb": 250,
        "rss_mb": 35,
        "temp_c": 52,
        "volts_low": 0,
        "ports": {"board": "lost"},
    }


def test_the_socket_is_where_systemd_made_a_folder_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert default_socket() is None
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/railbox:/run/other")
    assert default_socket() == Path("/run/railbox/agent.sock")
