"""A simulated sensor board for tests: the real firmware in a MicroPython process behind a pseudo-terminal."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import tty
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BRIDGE = ROOT / "firmware_bridge"
FIRMWARE = BRIDGE / "firmware"
RUN = BRIDGE / "stubs" / "run.py"

Timeline = Sequence[tuple[float, dict[str, object]]]
PYTHONS = {"cpython": sys.executable, "micropython": str(Path(sys.executable).with_name("micropython"))}


class SimulatedBoard:
    """One board: `port_path` is what the host opens. `set` changes its world while it runs."""

    def __init__(self, port_path: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port_path = port_path
        self.process = process
        self._log = log

    def set(self, **values: object) -> None:
        """Change quantities of the board's world now; for their names see DEFAULTS in `stubs/world.py`."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(values).encode() + b"\n")
        self.process.stdin.flush()

    @property
    def log(self) -> str:
        """What the board's process has said on standard error."""
        return self._log.read_text()


@contextmanager
def simulated_board(
    timeline: Timeline = (),
    *,
    start_ticks_ms: int = 0,
    python: str = "micropython",
    heap: str | None = None,
    firmware: Path = FIRMWARE,
    bridge: Path = BRIDGE,
) -> Generator[SimulatedBoard]:
    """Start a board and stop it afterwards.

    `timeline` is [(at_s, {name: value})], see `stubs/world.py`; `python` a key of PYTHONS; `heap` is MicroPython's, as
    "128k". The board's settings last as long as the board does.
    """
    controlling, port = os.openpty()
    tty.setraw(port)
    fcntl.fcntl(controlling, fcntl.F_SETFL, fcntl.fcntl(controlling, fcntl.F_GETFL) | os.O_NONBLOCK)
    options = ["-X", f"heapsize={heap}"] if heap and python == "micropython" else []
    with tempfile.TemporaryDirectory(prefix="railbox-board-") as flash:
        log = Path(flash) / "board.log"
        script = Path(flash) / "script.json"
        script.write_text(json.dumps({"start_ticks_ms": start_ticks_ms, "timeline": list(timeline)}))
        arguments = [str(RUN), str(controlling), str(script), str(firmware), str(bridge)]
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [PYTHONS[python], *options, *arguments],
                cwd=flash,
                stdin=subprocess.PIPE,
                stderr=errors,
                pass_fds=[controlling],
            )
        try:
            # The port stays open here, so that the board sees no hang-up while the host opens and closes it.
            yield SimulatedBoard(os.ttyname(port), process, log)
        finally:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
            os.close(controlling)
            os.close(port)
