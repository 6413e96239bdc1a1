"""Ports: a reading thread each, which nothing blocks; what vanishes or stalls is opened again, and counted.

Bytes only: what they mean matters nowhere here but to `baud`, where a receiver's rate is not known.
"""

import contextlib
import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from railbox_agent import AgentError
from railbox_agent.baud import Hunt
from railbox_agent.health.pulse import Pulse
from railbox_agent.recording import PORT_KINDS, Chunk
from railbox_agent.sources import GPSD_SCHEME, Source, gpsd_address, open_source

QUEUE_CHUNKS: Final = 4_096
"""What waits for the pipeline, over all ports: several minutes."""
FIRST_BACK_OFF_S: Final = 0.5
LONGEST_BACK_OFF_S: Final = 30.0
BOARD_BAUD: Final = 115_200
NOTHING: Final[Mapping[str, int]] = MappingProxyType({})

_SPEC = re.compile(r"(?P<name>(?P<kind>[a-z]+)\d*)=(?P<path>.+?)(?:@(?P<baud>\d+))?")


class PortError(AgentError):
    """A port that cannot be meant."""


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A serial port, or a gpsd (`gpsd://HOST:PORT`). Open by `/dev/serial/by-id/…`: ttyUSB numbers change.

    `kind`: "gnss" or "board". `baud`: None finds a receiver's rate out, and is 115200 for a board.
    `stalled_after_s`: silent for so long it is opened anew; None: it may be silent for ever.
    """

    name: str
    path: str
    kind: str
    baud: int | None = None
    stalled_after_s: float | None = 30.0

    @property
    def hunts(self) -> bool:
        """Whether its rate is to be found out."""
        return self.baud is None and self.kind == "gnss" and not self.path.startswith(GPSD_SCHEME)


def parse_spec(text: str) -> PortSpec:
    """`gnss=/dev/ttyUSB0@9600`, `gnss=gpsd://127.0.0.1`, `board=/dev/ttyACM0`, `gnss2=…`. Raises PortError."""
    match = _SPEC.fullmatch(text)
    if match is None or match["kind"] not in PORT_KINDS:
        kinds = " or ".join(PORT_KINDS)
        raise PortError(f"port {text!r}: write NAME=PATH or NAME=PATH@BAUD, NAME being {kinds}, with a number or not")
    if match["path"].startswith(GPSD_SCHEME):
        try:
            gpsd_address(match["path"])
        except ValueError as error:
            raise PortError(f"port {text!r}: {error}") from None
    return PortSpec(match["name"], match["path"], match["kind"], int(match["baud"]) if match["baud"] else None)


Clock = Callable[[], int]
Sink = Callable[[Chunk], None]


def monotonic_us() -> int:
    return time.monotonic_ns() // 1_000


class Ports:
    """All ports together, opened in the background: one that is not there yet is waited for.

    `counters`, by `port.name`: opened, open_failures, losses, stalls, write_failures, rates_tried; chunks_dropped when
    nobody took them. `state` tells what each port is at now, for people. `rates`: path → rate, of those that were found
    out; given back at the next start (`known_rates`) they are tried first.
    """

    def __init__(
        self, specs: Iterable[PortSpec], clock: Clock = monotonic_us, known_rates: Mapping[str, int] = NOTHING
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._queue: queue.Queue[Chunk] = queue.Queue(QUEUE_CHUNKS)
        self._readers = {
            spec.name: _Reader(spec, self._put, self._count, clock, known_rates.get(spec.path)) for spec in specs
        }

    @property
    def state(self) -> dict[str, str]:
        return {name: reader.state for name, reader in self._readers.items()}

    @property
    def pulses(self) -> tuple[Pulse, ...]:
        """The signs of life of the reading threads."""
        return tuple(reader.pulse for reader in self._readers.values())

    @property
    def rates(self) -> dict[str, int]:
        return {reader.path: reader.rate for reader in self._readers.values() if reader.rate is not None}

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

    def __init__(
        self, spec: PortSpec, sink: Sink, count: Callable[[str], None], clock: Clock, known_rate: int | None
    ) -> None:
        self.state = "not opened yet"
        self.pulse = Pulse(f"port {spec.name}")
        self.path = spec.path
        self.rate = known_rate  # found out now, or in an earlier life
        self._spec = spec
        self._hunt = Hunt(known_rate) if spec.hunts else None
        self._sink = sink
        self._count = count
        self._clock = clock
        self._source: Source | None = None
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
        source = self._source
        if source is None:
            return False
        try:
            return source.write(data)
        except OSError:
            self._count(f"{self._spec.name}.write_failures")
            return False

    def _run(self) -> None:
        back_off_s = FIRST_BACK_OFF_S
        while not self._stopping.is_set():
            self.pulse.beat()
            if source := self._open():
                self._source = source
                heard = self._read_on(source)
                self._source = None
                source.close()
                # A port that opens but never says anything must not be opened twice a second for ever.
                back_off_s = FIRST_BACK_OFF_S if heard else back_off_s
            self.pulse.beat(back_off_s)
            self._stopping.wait(back_off_s)
            back_off_s = min(back_off_s * 2, LONGEST_BACK_OFF_S)
        self.pulse.rest()

    def _open(self) -> Source | None:
        spec = self._spec
        try:
            source = open_source(spec.path, self._hunt.rate if self._hunt else spec.baud or BOARD_BAUD)
        except (OSError, ValueError) as error:
            self._count(f"{spec.name}.open_failures")
            self.state = f"cannot be opened: {error}"
            return None
        self._count(f"{spec.name}.opened")
        self.state = "open" if self._hunt is None or self._hunt.locked else f"listening at {self._hunt.rate} baud"
        return source

    def _read_on(self, source: Source) -> bool:
        """Read until the port is lost, stalls or is to be stopped; says whether it ever gave anything."""
        heard = False
        heard_us = self._clock()
        while not self._stopping.is_set():
            self.pulse.beat()
            try:
                data = source.read()
                now_us = self._clock()
                if data:
                    heard, heard_us = True, now_us
                    self._take(Chunk(self._spec.name, now_us, data))
                if self._hunt is not None and self._hunt.turned(now_us):
                    self._turn(source, self._hunt.rate)
            except OSError as error:
                self._count(f"{self._spec.name}.losses")
                self.state = f"lost: {error}"
                return heard
            if self._stalled(now_us - heard_us):
                self._count(f"{self._spec.name}.stalls")
                self.state = "stalled"
                return heard
        return heard

    def _take(self, chunk: Chunk) -> None:
        if self._hunt is None:
            self._sink(chunk)
            return
        for known in self._hunt.take(chunk):
            self._sink(known)
        if self._hunt.locked:
            self.rate, self.state = self._hunt.rate, "open"

    def _turn(self, source: Source, rate: int) -> None:
        """Nothing sensible at the last rate: on to the next."""
        self._count(f"{self._spec.name}.rates_tried")
        self.state = f"listening at {rate} baud"
        source.set_rate(rate)

    def _stalled(self, silent_us: int) -> bool:
        limit_s = self._spec.stalled_after_s
        return limit_s is not None and silent_us > limit_s * 1e6
