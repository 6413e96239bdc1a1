"""The firmware's figures: how big it is compiled, and the smallest heap of MicroPython in which it does its work.

The stand-ins for the hardware live in the same heap: what they take before the firmware starts is measured, and left
out. Words are of 64 bits here; a board's are of 32, so it needs about half of what this says.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import build  # noqa: E402 - found only now
from railbox_bridge import commands  # noqa: E402
from railbox_bridge.host_link import HostLink  # noqa: E402
from railbox_bridge.values import BoardEvent, BoardSample  # noqa: E402

MICROPYTHON = Path(sys.executable).with_name("micropython")
AMPLE_BYTES = 512 * 1024
# Its work: a fast sample period, and blows that make the accelerometer's FIFO, events and frames all busy at once.
SAMPLES = 30
SHOCKS = [(1 + 0.3 * count, {"shock": {"peak_g": 4, "lasts_ms": 20}}) for count in range(8)]
PATIENCE_S = 20


def mpy_bytes(_size):
    """Bytes of all files that go on a board."""
    with tempfile.TemporaryDirectory() as out:
        return sum(build.build(Path(out)).values())


def heap_bytes(resolution):
    """The smallest heap beyond the stand-ins' share in which the compiled firmware works, to `resolution` bytes."""
    with tempfile.TemporaryDirectory() as out:
        build.build(Path(out))
        stand_ins = stand_ins_bytes(out)
        fails, works = 0, AMPLE_BYTES
        while works - fails > resolution:
            middle = (fails + works) // 2
            if Board(out, stand_ins + middle).works():
                works = middle
            else:
                fails = middle
        return works


def stand_ins_bytes(firmware):
    """What the simulated hardware takes of the heap before the firmware starts."""
    board = Board(firmware, AMPLE_BYTES)
    board.works()
    return int(re.findall(r"heap (\d+) of", board.said)[0])


class Board:
    """The compiled firmware on a simulated board with so much heap."""

    def __init__(self, firmware, heap):
        self.said = ""
        self._firmware = firmware
        self._heap = heap

    def works(self):
        """Say whether it takes its samples and tells its shocks without running out of memory or starting anew."""
        ours, theirs = socket.socketpair()
        with ours, theirs, tempfile.TemporaryDirectory() as flash:
            ours.settimeout(0.01)
            theirs.setblocking(False)
            log = Path(flash) / "log"
            with log.open("wb") as errors:
                process = self._start(flash, theirs.fileno(), errors)
                try:
                    return self._converse(ours, process, log)
                finally:
                    process.kill()
                    process.communicate()
                    self.said = log.read_text()

    def _start(self, flash, line, errors):
        script = Path(flash) / "script.json"
        script.write_text(json.dumps({"timeline": SHOCKS}))
        run = [str(HERE / "stubs" / "run.py"), str(line), str(script), self._firmware, self._firmware]
        command = [str(MICROPYTHON), "-X", f"heapsize={self._heap}", *run]
        return subprocess.Popen(
            command, cwd=flash, stdin=subprocess.PIPE, stdout=errors, stderr=errors, pass_fds=[line]
        )

    def _converse(self, line, process, log):
        host = HostLink(1)
        host.command(commands.SET, commands.SAMPLE_PERIOD, 100)
        left = {BoardSample: SAMPLES, BoardEvent: len(SHOCKS)}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and process.poll() is None and "MemoryError" not in log.read_text():
            try:
                data = line.recv(4096)
            except TimeoutError:
                data = b""
            now_ms = int(time.monotonic() * 1000)
            for value in host.feed(data, now_ms):
                left[type(value)] = left.get(type(value), 0) - 1
            line.sendall(host.due(now_ms))
            if max(left[BoardSample], left[BoardEvent]) <= 0:
                return host.counters["reboots"] == 0
        return False
