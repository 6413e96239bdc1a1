"""The firmware compiles, fits the board, and runs there: within 48 KB of files and 128 KB of heap."""

import importlib.util
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import serial

from firmware_bridge.board import BRIDGE, SimulatedBoard, simulated_board
from firmware_bridge.host import Host, wait_for
from railbox_bridge import commands
from railbox_bridge.values import BoardEvent, BoardSample

SHIPPED = BRIDGE.parent / "agent" / "railbox_agent" / "firmware"
FILES_MAX_BYTES = 48 * 1024
HEAP_BYTES = 128 * 1024  # of 64-bit words here: a board, of 32 bits, needs about half of what this measures


def load_build() -> Any:
    spec = importlib.util.spec_from_file_location("firmware_build", BRIDGE / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    out = tmp_path_factory.mktemp("built")
    return out, load_build().build(out)


def test_every_file_compiles_and_all_fit_the_board(built: tuple[Path, dict[str, int]]) -> None:
    _, sizes = built
    assert sum(sizes.values()) <= FILES_MAX_BYTES
    assert "railbox_board/app.mpy" in sizes
    assert "railbox_board/drivers/lis3dh.mpy" in sizes
    assert "railbox_bridge/board_link.mpy" in sizes


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_the_agent_ships_is_what_these_sources_compile_to(built: tuple[Path, dict[str, int]]) -> None:
    out, _ = built
    assert contents(SHIPPED) == contents(out), "run: python firmware_bridge/build.py; and raise FIRMWARE_VERSION"


def heap_in_use(board: SimulatedBoard) -> list[int]:
    return [int(used) for used in re.findall(r"heap (\d+) of", board.log)]


def stand_ins_bytes(out: Path) -> int:
    """What the simulated hardware takes of the heap before the firmware starts."""
    with simulated_board(firmware=out, bridge=out, heap="400k") as board:
        wait_for(lambda: heap_in_use(board))
        return heap_in_use(board)[0]


def test_the_compiled_firmware_runs_in_a_small_heap(built: tuple[Path, dict[str, int]]) -> None:
    out, _ = built
    # The simulated hardware lives in the same heap; on a board it would not.
    heap = str(HEAP_BYTES + stand_ins_bytes(out))
    with (
        simulated_board(firmware=out, bridge=out, heap=heap) as board,
        serial.Serial(board.port_path, 115200, timeout=0.005) as port,
    ):
        host = Host(port)
        host.link.command(commands.SET, commands.SAMPLE_PERIOD, 100)
        host.until(lambda: len(host.all(BoardSample)) > 1)  # the accelerometer samples by then
        for count in range(10):
            board.set(shock={"peak_g": 4, "lasts_ms": 20})
            host.until(lambda count=count: len(host.all(BoardEvent)) > count)
        host.until(lambda: len(host.all(BoardSample)) > 20)
        board.set(report="heap")
        host.until(lambda: len(heap_in_use(board)) == 2)
        assert "MemoryError" not in board.log
        assert host.link.counters["reboots"] == 0


def test_the_firmware_type_checks_against_micropythons_stubs(tmp_path: Path) -> None:
    lines = (BRIDGE / "pyrightconfig.json").read_text().splitlines()
    config = json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))
    # The file is for editors; here it is told where things are, whatever Python this is.
    config["include"] = [str(BRIDGE / "firmware")]
    config["extraPaths"] = [str(BRIDGE / "firmware"), str(BRIDGE)]
    config["stubPath"] = sysconfig.get_path("purelib")
    for key in ("venv", "venvPath"):
        del config[key]
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    checker = Path(sys.executable).with_name("basedpyright")
    command = [str(checker), "-p", str(tmp_path), "--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 errors" in done.stdout
