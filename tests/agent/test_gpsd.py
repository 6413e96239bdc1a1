"""A gpsd as a source: a real one, with a receiver on a pseudo-terminal; and one that misbehaves."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent import ports as ports_module
from railbox_agent.gnss.receiver import Receiver
from railbox_agent.ports import Ports, PortSpec
from railbox_agent.sources import GpsdLines, gpsd_address
from railbox_telemetry.values import Fix
from support.brokers import free_port, wait_for
from support.nmea import gga, rmc

T0 = 1_790_000_000


@pytest.fixture(autouse=True)
def quick_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports_module, "FIRST_BACK_OFF_S", 0.02)
    monkeypatch.setattr(ports_module, "LONGEST_BACK_OFF_S", 0.1)


@contextmanager
def gpsd(port: int, device: str, log: Path) -> Generator[None]:
    program = shutil.which("gpsd")
    if program is None:
        pytest.skip("gpsd is not installed (Debian package gpsd)")
    command = [program, "-N", "-n", "-b", "-S", str(port), device]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def receiver() -> Generator[str]:
    """Five fixes a second, a second apart each, on a pseudo-terminal."""
    ours, theirs = os.openpty()
    stopping = threading.Event()

    def talk() -> None:
        second = 0
        while not stopping.wait(0.2):
            os.write(ours, rmc(T0 + second) + gga(T0 + second))
            second += 1

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        stopping.set()
        thread.join()
        os.close(ours)
        os.close(theirs)


def fixes(ports: Ports, count: int) -> list[Fix]:
    found: list[Fix] = []
    heard = Receiver()

    def enough() -> bool:
        while chunk := ports.get(0.05):
            found.extend(seen.fix for seen in heard.feed(chunk.data, chunk.mono_us // 1000))
        return len(found) >= count

    wait_for(enough, f"{count} fixes")
    assert heard.counters["garbage_bytes"] == 0, heard.excerpts
    return found


def test_a_real_gpsd_gives_its_receivers_fixes_and_comes_back(tmp_path: Path) -> None:
    port = free_port()
    with receiver() as device, Ports([PortSpec("gnss", f"gpsd://127.0.0.1:{port}", "gnss")]) as ports:
        wait_for(lambda: ports.counters["gnss.open_failures"] >= 1, "a try before gpsd is there")
        with gpsd(port, device, tmp_path / "gpsd.log"):
            found = fixes(ports, 3)
        assert all(fix.lat_deg == pytest.approx(29.1, abs=1e-4) for fix in found)
        wait_for(lambda: ports.counters["gnss.losses"] >= 1, "the loss of gpsd")
        with gpsd(port, device, tmp_path / "gpsd2.log"):
            fixes(ports, 3)
        assert not ports.write("gnss", b"x"), "gpsd is only listened to"


def test_a_server_that_accepts_and_never_answers_stalls_and_is_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"gpsd://127.0.0.1:{server.getsockname()[1]}"
        with Ports([PortSpec("gnss", url, "gnss", stalled_after_s=0.3)]) as ports:
            wait_for(lambda: ports.counters["gnss.stalls"] >= 2, "stalls")


def test_gpsds_own_lines_are_left_out_however_they_are_cut() -> None:
    said = b'{"class":"VERSION","release":"3.22"}\r\n' + rmc(T0) + b'{"class":"DEVICES","devices":[]}\r\n' + gga(T0)
    for size in range(1, len(said)):
        lines = GpsdLines()
        heard = b"".join(lines.feed(said[at : at + size]) for at in range(0, len(said), size))
        assert heard == rmc(T0) + gga(T0)


@given(st.lists(st.binary(max_size=6_000), max_size=20))
def test_whatever_comes_its_memory_is_bounded_and_no_sentence_is_lost(pieces: list[bytes]) -> None:
    lines = GpsdLines()
    heard = b"".join(lines.feed(piece) for piece in [*pieces, b"\n", rmc(T0)])
    assert heard.endswith(rmc(T0))


@pytest.mark.parametrize(
    ("url", "address"), [("gpsd://127.0.0.1", ("127.0.0.1", 2947)), ("gpsd://pi.local:3000", ("pi.local", 3000))]
)
def test_a_gpsd_is_written_as_a_url(url: str, address: tuple[str, int]) -> None:
    assert gpsd_address(url) == address


@pytest.mark.parametrize("url", ["gpsd://", "gpsd://:2947", "gpsd://host:port", "gpsd://host/device"])
def test_a_url_that_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"gpsd|[Pp]ort"):
        gpsd_address(url)
