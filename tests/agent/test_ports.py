"""Serial ports over pseudo-terminals: read, vanish, come back, stall; nothing blocks a reader."""

import contextlib
import os
import termios
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from railbox_agent import baud as baud_module
from railbox_agent import ports as ports_module
from railbox_agent.ports import PortError, Ports, PortSpec, parse_spec
from railbox_agent.recording import Chunk
from support.nmea import rmc

TIMEOUT_S = 20.0


class Pty:
    """A serial device whose other end the test holds, under a path of its own, as udev would give it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    def plug(self) -> None:
        self.ours, self._theirs = os.openpty()
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._theirs))

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        for end in (self.ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(end)

    def send(self, data: bytes) -> None:
        os.write(self.ours, data)


@pytest.fixture
def pty(tmp_path: Path) -> Generator[Pty]:
    device = Pty(tmp_path / "ttyGNSS")
    yield device
    device.unplug()


@pytest.fixture(autouse=True)
def quick_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports_module, "FIRST_BACK_OFF_S", 0.02)
    monkeypatch.setattr(ports_module, "LONGEST_BACK_OFF_S", 0.1)


def spec(pty: Pty, stalled_after_s: float | None = None) -> PortSpec:
    return PortSpec("gnss", str(pty.path), "gnss", 9_600, stalled_after_s)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited {TIMEOUT_S} s for {what}"
        time.sleep(0.005)


def read(ports: Ports, size: int) -> bytes:
    chunks: list[Chunk] = []
    deadline_s = time.monotonic() + TIMEOUT_S
    while sum(len(chunk.data) for chunk in chunks) < size:
        assert time.monotonic() < deadline_s, f"waited {TIMEOUT_S} s for {size} bytes"
        if chunk := ports.get(0.05):
            chunks.append(chunk)
    assert [chunk.mono_us for chunk in chunks] == sorted(chunk.mono_us for chunk in chunks)
    return b"".join(chunk.data for chunk in chunks)


def test_what_the_device_sends_comes_whole_and_in_order(pty: Pty) -> None:
    data = bytes(range(256)) + rmc(1_790_000_000)
    with Ports([spec(pty)]) as ports:
        until(lambda: ports.counters["gnss.opened"] == 1, "the port to open")
        pty.send(data)
        assert read(ports, len(data)) == data
        assert ports.state == {"gnss": "open"}


def test_what_is_written_reaches_the_device(pty: Pty) -> None:
    with Ports([spec(pty)]) as ports:
        until(lambda: ports.counters["gnss.opened"] == 1, "the port to open")
        assert ports.write("gnss", b"\x00\x03\x04\x00")
        assert os.read(pty.ours, 100) == b"\x00\x03\x04\x00"


def test_a_device_that_vanishes_and_returns_is_opened_again(pty: Pty) -> None:
    with Ports([spec(pty)]) as ports:
        pty_is_read(pty, ports, b"before")
        pty.unplug()
        until(lambda: ports.counters["gnss.losses"] == 1, "the loss")
        until(lambda: ports.counters["gnss.open_failures"] >= 2, "tries to open it")
        assert not ports.write("gnss", b"x")
        assert ports.state["gnss"].startswith("cannot be opened")
        pty.plug()
        pty_is_read(pty, ports, b"after")


def pty_is_read(pty: Pty, ports: Ports, data: bytes) -> None:
    opened = ports.counters["gnss.opened"]
    until(lambda: ports.state["gnss"] == "open" or ports.counters["gnss.opened"] > opened, "the port to open")
    pty.send(data)
    assert read(ports, len(data)) == data


def test_a_device_that_is_late_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "late"
    with Ports([PortSpec("gnss", str(path), "gnss", 9_600)]) as ports:
        until(lambda: ports.counters["gnss.open_failures"] >= 1, "the first try")
        pty = Pty(path)
        pty_is_read(pty, ports, b"hello")
        pty.unplug()


def test_a_device_that_stalls_is_closed_and_opened_anew(pty: Pty) -> None:
    with Ports([spec(pty, stalled_after_s=0.3)]) as ports:
        pty_is_read(pty, ports, b"once")
        until(lambda: ports.counters["gnss.stalls"] >= 2, "stalls")
        pty_is_read(pty, ports, b"again")


def test_one_dead_port_does_not_hold_up_another(pty: Pty, tmp_path: Path) -> None:
    dead = PortSpec("board", str(tmp_path / "never"), "board")
    with Ports([dead, spec(pty)]) as ports:
        pty_is_read(pty, ports, b"alive")
        assert ports.counters["board.open_failures"] >= 1


def test_a_queue_that_nobody_empties_drops_the_oldest_and_counts_them(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports_module, "QUEUE_CHUNKS", 3)
    with Ports([spec(pty)]) as ports:
        until(lambda: ports.counters["gnss.opened"] == 1, "the port to open")
        sent = 0
        while ports.counters["chunks_dropped"] < 2:
            pty.send(b"%09d\n" % sent)
            sent += 1
            time.sleep(0.01)
        newest = b""
        while chunk := ports.get(0.3):
            newest = chunk.data
        assert newest.endswith(b"%09d\n" % (sent - 1))


class Talker:
    """A receiver behind a pseudo-terminal that is understood at one rate only, as on a real line."""

    def __init__(self, pty: Pty, rate: int) -> None:
        self._pty, self._rate, self._stopping = pty, getattr(termios, f"B{rate}"), threading.Event()
        self.second = 0
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def __enter__(self) -> "Talker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _talk(self) -> None:
        while not self._stopping.wait(0.05):
            heard_at = termios.tcgetattr(self._pty.ours)[4]
            said = rmc(1_790_000_000 + self.second)
            self._pty.send(said if heard_at == self._rate else bytes(byte ^ 0xA5 for byte in said[::2]))
            self.second += 1


@pytest.fixture
def quick_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baud_module, "LISTEN_US", 400_000)


def hunting(pty: Pty) -> PortSpec:
    return PortSpec("gnss", str(pty.path), "gnss")


@pytest.mark.usefixtures("quick_listening")
def test_the_rate_of_a_receiver_is_found_out_and_nothing_wrong_is_heard_before(pty: Pty) -> None:
    with Talker(pty, 38_400), Ports([hunting(pty)]) as ports:
        data = read(ports, 200)
        assert ports.rates == {str(pty.path): 38_400}
        assert ports.counters["gnss.rates_tried"] >= 2
        assert ports.state == {"gnss": "open"}
    assert data.startswith(b"$GPRMC") or b"\r\n$GPRMC" in data[:80]
    assert data.count(b"$GPRMC") >= 2


@pytest.mark.usefixtures("quick_listening")
def test_a_rate_found_in_an_earlier_life_is_tried_first(pty: Pty) -> None:
    with Talker(pty, 4_800), Ports([hunting(pty)], known_rates={str(pty.path): 4_800}) as ports:
        assert read(ports, 100).count(b"$GPRMC") >= 1
        assert ports.counters["gnss.rates_tried"] == 0


def test_a_file_that_is_no_device_is_counted_not_raised(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"no device")
    with Ports([PortSpec("gnss", str(path), "gnss")]) as ports:
        until(lambda: ports.counters["gnss.open_failures"] >= 2, "tries")


def test_closing_ends_all_threads_soon(pty: Pty) -> None:
    ports = Ports([spec(pty)])
    ports.start()
    ports.close()
    ports.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gnss=/dev/ttyUSB0@4800", PortSpec("gnss", "/dev/ttyUSB0", "gnss", 4_800)),
        ("gnss=/dev/serial/by-id/usb-u-blox_AG-if00", PortSpec("gnss", "/dev/serial/by-id/usb-u-blox_AG-if00", "gnss")),
        ("board=/dev/ttyACM0", PortSpec("board", "/dev/ttyACM0", "board")),
        ("gnss=gpsd://127.0.0.1:2947", PortSpec("gnss", "gpsd://127.0.0.1:2947", "gnss")),
        ("gnss2=/dev/a@b@115200", PortSpec("gnss2", "/dev/a@b", "gnss", 115_200)),
    ],
)
def test_ports_are_written_as_name_path_and_baud(text: str, expected: PortSpec) -> None:
    assert parse_spec(text) == expected


def test_a_gpsd_written_wrong_says_how_to_write_it() -> None:
    with pytest.raises(PortError, match="gpsd://HOST:PORT"):
        parse_spec("gnss=gpsd://")


@pytest.mark.parametrize("text", ["", "gnss", "gnss=", "radar=/dev/x", "=/dev/x", "GNSS=/dev/x"])
def test_a_port_written_wrong_says_how_to_write_it(text: str) -> None:
    with pytest.raises(PortError, match="NAME=PATH"):
        parse_spec(text)
