"""Serial ports: a reading thread each, which nothing blocks; what vanishes or stalls is opened again, and counted.

Bytes only: knows nothing of what they mean.
"""

import contextlib
import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import serial

from railbox_agent import AgentError
from railbox_agent.recording import PORT_KINDS, Chunk

QUEUE_CHUNKS: Final = 4_096
"""What waits for the pipeline, over all ports: several minutes."""
READ_TIMEOUT_S: Final = 0.2
WRITE_TIMEOUT_S: Final = 0.5
FIRST_BACK_OFF_S: Final = 0.5
LONGEST_BACK_OFF_S: Final = 30.0
MAX_READ_BYTES: Final = 4_096

_SPEC = re.compile(r"(?P<name>(?P<kind>[a-z]+)\d*)=(?P<path>.+?)(?:@(?P<baud>\d+))?")


class PortError(AgentError):
    """A port that cannot be meant."""


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A serial port. Open by `/dev/serial/by-id/…`: ttyUSB numbers change.

    `kind`: "gnss" or "board". `stalled_after_s`: silent for so long it is opened anew; None: it may be silent for ever.
    """

    name: str
    path: str
    kind: str
    baud: int = 9_600
    stalled_after_s: float | None = 30.0


def parse_spec(text: str) -> PortSpec:
    """`gnss=/dev/ttyUSB0@9600`, `board=/dev/ttyACM0`, `gnss2=…`. Raises PortError."""
    match = _SPEC.fullmatch(text)
    if match is None or match["kind"] not in PORT_KINDS:
        kinds = " or ".join(PORT_KINDS)
        raise PortError(f"port {text!r}: write NAME=PATH or NAME=PATH@BAUD, NAME being {kinds}, with a number or not")
    default = 9_600 if match["kind"] == "gnss" else 115_200
    return PortSpec(match["name"], match["path"], match["kind"], int(match["baud"] or default))


Clock = Callable[[], int]
Sink = Callable[[Chunk], None]


def monotonic_us() -> int:
    return time.monotonic_ns() // 1_000


class Ports:
    """All ports together, opened in the background: one that is not there yet is waited for.

    `counters`, by `port.name`: opened, open_failures, losses, stalls, write_failures; chunks_dropped when nobody took
    them. `state` tells what each port is at now, for people.
    """

    def __init__(self, specs: Iterable[PortSpec], clock: Clock = monotonic_us) -> None:
        self.counters: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._queue: queue.Queue[Chunk] = queue.Queue(QUEUE_CHUNKS)
        self._readers = {spec.name: _Reader(spec, self._put, self._count, clock) for spec in specs}

    @property
    def state(self) -> dict[str, str]:
        return {name: reader.state for name, reader in self._readers.items()}

    def start(self) -> None:
        for reader in self._readers.values():
            reader.start()

    def get(self, timeout_s: float) -> Chunk | None:
        """The next chunk of any port, in the order they were read; None when none came in time."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def write(self, port: str, data: bytes) -> bool:
        """Write to a port; False (and counted) when it is away or does not take it. Waits at most half a second."""
        return self._readers[port].write(data)

    def close(self) -> None:
        """Stop all threads and close the ports."""
        for reader in self._readers.values():
            reader.stop()
        for reader in self._readers.values():
            reader.join()

    def __enter__(self) -> "Ports":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, chunk: Chunk) -> None:
        """Never waits: when nobody takes the chunks, the oldest go."""
        while True:
            try:
                self._queue.put_nowait(chunk)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self._queue.get_nowait()
                    self._count("chunks_dropped")
            else:
                return

    def _count(self, name: str) -> None:
        with self._lock:
            self.counters[name] += 1


class _Reader:
    """The thread of one port: open, read until it vanishes or stalls, wait longer each time, open again."""

    def __init__(self, spec: PortSpec, sink: Sink, count: Callable[[str], None], clock: Clock) -> None:
        self.state = "not opened yet"
        self._spec = spec
        self._sink = sink
        self._count = count
        self._clock = clock
        self._serial: serial.Serial | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"port-{spec.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def write(self, data: bytes) -> bool:
        port = self._serial
        if port is None:
            return False
        try:
            return port.write(data) == len(data)
        except (OSError, TypeError):
            # TypeError: closed by the reading thread meanwhile (pyserial's file descriptor is None then).
            self._count(f"{self._spec.name}.write_failures")
            return False

    def _run(self) -> None:
        back_off_s = FIRST_BACK_OFF_S
        while not self._stopping.is_set():
            if self._open():
                heard = self._read_on()
                self._close()
                # A port that opens but never says anything must not be opened twice a second for ever.
                back_off_s = FIRST_BACK_OFF_S if heard else back_off_s
            self._stopping.wait(back_off_s)
            back_off_s = min(back_off_s * 2, LONGEST_BACK_OFF_S)

    def _open(self) -> bool:
        spec = self._spec
        try:
            self._serial = serial.Serial(
                spec.path, spec.baud, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True
            )
        except (OSError, ValueError) as error:
            self._count(f"{spec.name}.open_failures")
            self.state = f"cannot be opened: {error}"
            return False
        self._count(f"{spec.name}.opened")
        self.state = "open"
        return True

    def _read_on(self) -> bool:
        """Read until the port is lost, stalls or is to be stopped; says whether it ever gave anything."""
        assert self._serial is not None
        heard = False
        heard_us = self._clock()
        while not self._stopping.is_set():
            try:
                data: bytes = self._serial.read(1)
                data += self._serial.read(min(self._serial.in_waiting, MAX_READ_BYTES)) if data else b""
            except OSError as error:
                self._count(f"{self._spec.name}.losses")
                self.state = f"lost: {error}"
                return heard
            now_us = self._clock()
            if data:
                heard, heard_us = True, now_us
                self._sink(Chunk(self._spec.name, now_us, data))
            elif self._stalled(now_us - heard_us):
                self._count(f"{self._spec.name}.stalls")
                self.state = "stalled"
                return heard
        return heard

    def _stalled(self, silent_us: int) -> bool:
        limit_s = self._spec.stalled_after_s
        return limit_s is not None and silent_us > limit_s * 1e6

    def _close(self) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()
