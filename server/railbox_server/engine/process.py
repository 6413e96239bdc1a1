"""The engine in a process of its own, so that judging a long journey takes nothing from ingest and the API.

Changes go in, what it tells comes out, over one pipe. The child ends when the pipe does, however this process ended;
when the child ends, another one is started, which takes up what that one left. Decides nothing.
"""

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from railbox_server import logs
from railbox_server.clock import Mode, clock_of
from railbox_server.custody.model import DEFAULTS
from railbox_server.custody.model import Settings as CustodySettings
from railbox_server.engine.book import FILE, Book, version_of
from railbox_server.engine.changes import Change
from railbox_server.engine.concluder import Concluder
from railbox_server.engine.engine import Engine, Told
from railbox_server.engine.keeper import Keeper
from railbox_server.engine.plan_file import PlanFile
from railbox_server.engine.travels import Travels
from railbox_server.geo.corridors import available
from railbox_server.journey.model import Settings
from railbox_server.journey.network import Network
from railbox_server.store.opening import open_store

log = logging.getLogger(__name__)

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
STOP_TIMEOUT_S: Final = 10.0


class Pipe(Protocol):
    """One end: the parent sends sequences of Change, the child Heard."""

    def send(self, obj: Any, /) -> None: ...

    def recv(self) -> Any: ...

    def poll(self, timeout: float, /) -> bool: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What the child needs to build an engine."""

    data: Path
    corridors: tuple[Path, ...]
    settings: Settings
    clock: Mode
    custody: CustodySettings = DEFAULTS
    planned_journeys: Path | None = None
    log_level: int = logging.INFO
    log_format: logs.Format = "text"


class Heard(NamedTuple):
    """From the child: what the engine told in a turn, and how many messages of changes it had taken by then."""

    told: Sequence[Told]
    """At least one."""
    taken: int


def child(spec: EngineSpec, pipe: Pipe) -> None:
    """Runs the engine until the pipe closes."""
    os.setsid()  # Ctrl-C is for the parent, which then ends us
    logs.configure(spec.log_level, spec.log_format)
    store = open_store(spec.data)
    known = available(spec.corridors)
    plans = PlanFile(spec.planned_journeys, known)
    book = Book(spec.data / FILE, version_of(known, spec.settings))
    network = Network(known)
    keeper = Keeper(store, book, network, spec.settings)
    concluder = Concluder(store, book, network, spec.settings, Travels(known, plans.of), spec.custody)
    told: list[Told] = []
    taken = 0
    try:
        engine = Engine(store, keeper, concluder, clock_of(spec.clock), told.append)
        while True:
            engine.again(plans.refresh())
            wait_s = engine.turn()
            if told:  # once a turn, since whoever listens shares its processor with ingest
                pipe.send(Heard(tuple(told), taken))
                told.clear()
            if pipe.poll(wait_s):
                changes: Sequence[Change] = pipe.recv()
                taken += 1
                engine.touch(changes)
    except (EOFError, BrokenPipeError):
        log.debug("the server is gone")
    finally:
        book.close()
        store.close()


class EngineProcess:
    """`on_told` is called in a thread of its own with everything that the engine tells, about once a turn of it."""

    def __init__(self, spec: EngineSpec, on_told: Callable[[Sequence[Told]], None]) -> None:
        self._spec = spec
        self._on_told = on_told
        self._lock = threading.Condition()
        self._waiting: dict[str, Change] = {}
        """Changes that the child has not got yet, one a device: while it is busy they join, and nobody waits."""
        self._sent = self._taken = 0
        self._pending: int | None = None
        self._pipe: Pipe | None = None
        self._process: BaseProcess | None = None
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._keep, name="engine", daemon=True),
            threading.Thread(target=self._send, name="engine-changes", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """What is not judged by now is judged at the next start."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
            if self._process is not None:
                self._process.terminate()
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_S)

    def touch(self, changes: Sequence[Change]) -> None:
        """Never waits for the engine."""
        with self._lock:
            for change in changes:
                before = self._waiting.get(change.device)
                self._waiting[change.device] = change if before is None else before.joined(change)
            self._lock.notify_all()

    @property
    def pending(self) -> int:
        """0: all that was stored is judged. Else how many units and messages are on their way."""
        with self._lock:
            return 1 if self._pending is None else self._pending + len(self._waiting) + self._sent - self._taken

    @property
    def is_up(self) -> bool:
        """Its process runs, and has said something."""
        with self._lock:
            return self._pending is not None and self._process is not None and self._process.is_alive()

    # --- threads -----------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Starts the child, listens to it, and starts another one when it ends."""
        delay_s = FIRST_DELAY_S
        while (started := self._launch()) is not None:
            process, pipe = started
            self._listen(pipe)
            process.join(STOP_TIMEOUT_S)
            with self._lock:
                self._pipe = self._pending = None
                pipe.close()
                if self._stopping:
                    return
                log.error("the engine ended with %s; restarting in %.1f s", process.exitcode, delay_s)
                self._lock.wait_for(lambda: self._stopping, delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    def _launch(self) -> tuple[BaseProcess, Pipe] | None:
        """The child and our end of its pipe; None when we are stopping."""
        context = multiprocessing.get_context("spawn")
        with self._lock:
            if self._stopping:
                return None
            ours, theirs = multiprocessing.Pipe()
            process = context.Process(target=child, args=(self._spec, theirs), name="railbox-engine", daemon=True)
            process.start()
            theirs.close()
            # It judges everything anew, so what was on its way to the last one is no loss.
            self._process, self._pipe, self._sent, self._taken = process, ours, 0, 0
            self._lock.notify_all()
            return process, ours

    def _listen(self, pipe: Pipe) -> None:
        while True:
            try:
                heard: Heard = pipe.recv()
            except (EOFError, OSError):
                return
            with self._lock:
                self._pending, self._taken = heard.told[-1].pending, heard.taken
            self._on_told(heard.told)

    def _send(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._stopping or (self._waiting and self._pipe is not None))
                if self._stopping:
                    return
                assert self._pipe is not None
                pipe, changes = self._pipe, tuple(self._waiting.values())
                self._waiting.clear()
                self._sent += 1
            try:
                pipe.send(changes)
            except OSError:
                log.debug("the engine is gone; the next one judges everything")
