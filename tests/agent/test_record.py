"""`railbox record` as people run it: a process, serial devices, and Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from railbox_agent import recording
from railbox_agent.record import main
from support.nmea import gga, rmc

TIMEOUT_S = 30.0
T0 = 1_790_000_000


def until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited {TIMEOUT_S} s for {what}"
        time.sleep(0.02)


@pytest.fixture
def start() -> Generator[Callable[..., subprocess.Popen[str]]]:
    """Starts `railbox record`; whatever the test does, no child outlives it, for it would hold the serial device."""
    children: list[subprocess.Popen[str]] = []

    def run(*args: str) -> subprocess.Popen[str]:
        code = "import sys; from railbox_agent.record import main; sys.exit(main(sys.argv[1:]))"
        children.append(subprocess.Popen([sys.executable, "-c", code, *args], stderr=subprocess.PIPE, text=True))
        return children[-1]

    yield run
    for child in children:
        child.kill()
        child.communicate()


@pytest.mark.parametrize(("name", "stop"), [("out.rbrec", signal.SIGINT), ("out.rbrec.gz", signal.SIGTERM)])
def test_every_byte_is_recorded_until_it_is_told_to_stop(
    tmp_path: Path, name: str, stop: signal.Signals, start: Callable[..., subprocess.Popen[str]]
) -> None:
    gnss, gnss_device = os.openpty()
    board, board_device = os.openpty()
    out = tmp_path / name
    process = start(
        f"--port=gnss={os.ttyname(gnss_device)}@9600",
        f"--port=board={os.ttyname(board_device)}",
        f"--out={out}",
        "--unit=CSQU 305438-3",
        "--place=Taftan, PK",
    )
    sent = b"".join(rmc(T0 + at) + gga(T0 + at) for at in range(3))
    until(lambda: reads(out, {"gnss": gnss, "board": board}), "both ports to be read")
    os.write(gnss, sent)
    os.write(board, bytes(range(256)))
    until(lambda: recorded(out)["gnss"].endswith(sent), "the receiver's bytes on disk")
    until(lambda: recorded(out)["board"].endswith(bytes(range(256))), "the board's bytes on disk")
    process.send_signal(stop)
    assert process.wait(TIMEOUT_S) == 0
    with recording.read(out) as result:
        assert result.header.unit == "CSQU3054383"
        assert result.header.place == "Taftan, PK"
        assert result.header.ports == {"gnss": "gnss", "board": "board"}
        assert {chunk.port for chunk in result} == {"gnss", "board"}
        assert result.damaged == 0


def reads(out: Path, ports: dict[str, int]) -> bool:
    """Whether a byte on each port is recorded; what was written before a port was opened is not."""
    for port in ports.values():
        os.write(port, b"#")
    return out.exists() and out.stat().st_size > 100 and recorded(out).keys() == ports.keys()


def recorded(path: Path) -> dict[str, bytes]:
    data: dict[str, bytes] = {}
    with recording.read(path) as result:
        for chunk in result:
            data[chunk.port] = data.get(chunk.port, b"") + chunk.data
    return data


def test_a_port_that_never_opens_is_named_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([f"--port=gnss={tmp_path / 'none'}", f"--out={tmp_path / 'out'}", "--seconds=0.5"])
    assert code == 1
    assert "gnss: nothing, cannot be opened" in capsys.readouterr().err


def test_a_recording_is_not_written_over_by_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.write_text("precious")
    assert main(["--port=gnss=/dev/none", f"--out={out}"]) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "precious"


@pytest.mark.parametrize(
    "argument", ["--port=radar=/dev/x", "--unit=CSQU3054384", "--device=a.b", "--fix-period=0", "--seconds=-1"]
)
def test_wrong_arguments_are_usage(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["--port=gnss=/dev/x", "--out=never-written", argument])
    assert exit_info.value.code == 2
    assert argument.split("=", maxsplit=1)[0] in capsys.readouterr().err
