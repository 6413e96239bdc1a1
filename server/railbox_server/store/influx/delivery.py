"""What takes batches from the spool to InfluxDB, and from the spool once InfluxDB has them.

A thread of the server. Whatever happens meanwhile, a batch is in SQLite: the spool only says who does not have it yet.
"""

import gc
import logging
import threading
import time
from collections import Counter
from typing import Final

from railbox_server.complaints import Complaints
from railbox_server.ingest.limits import believed
from railbox_server.store.database import Database
from railbox_server.store.influx.client import Writing
from railbox_server.store.influx.samples import batches_in, line_of, samples_of
from railbox_server.store.interface import StoreError, UnstorableError
from railbox_server.store.settings import InfluxSettings
from railbox_server.store.values import StoredBatch
from railbox_telemetry import wire

log = logging.getLogger(__name__)

PAGE: Final = 500
IDLE_S: Final = 0.1
_YOUNG: Final = 1
"""Generation of Python's garbage: what was made lately."""
FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
NEVER_TAKEN: Final = frozenset({400, 413, 422})
"""Answers that say something is wrong with the lines: alone they are let go, with others they are sent one by one."""
_SPOOL: Final = """
    SELECT s.outbox_id, s.seq, d.device, o.epoch, b.received_at_ms, b.payload
      FROM spool s JOIN outboxes o ON o.id = s.outbox_id JOIN devices d ON d.id = o.device_id
      JOIN batches b ON b.outbox_id = s.outbox_id AND b.seq = s.seq
     ORDER BY s.outbox_id, s.seq LIMIT ?"""

Key = tuple[str, int, int]
"""(device, epoch, seq)."""


class Delivery:
    def __init__(self, db: Database, settings: InfluxSettings, token: str | None) -> None:
        self.counts: Counter[str] = Counter()
        self._db = db
        self._complaints = Complaints()
        self._lock = threading.Condition()
        self._waiting: dict[Key, tuple[int, int]] = {}
        """Sent and not answered: the spool's rows."""
        self._done: list[tuple[int, int]] = []
        self._failed = False
        self._alone = 0
        """So many batches go one by one, to find the one that is refused."""
        self._writing = Writing(settings, token, self._on_sent, self._on_failed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is not delivered by now is delivered after the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._writing.close()

    @property
    def counters(self) -> dict[str, int]:
        return {**self.counts, **{f"influxdb_{what}": count for what, count in self._complaints.counts.items()}}

    def waiting(self) -> int:
        """Batches on the spool."""
        with self._db.reading() as db:
            return int(db.execute("SELECT count(*) FROM spool").fetchone()[0])

    def deliver(self, timeout_s: float) -> bool:
        """Sends a page of the spool; returns whether there was one, and all of it was taken."""
        with self._db.reading() as db:
            rows = db.execute(_SPOOL, (1 if self._alone else PAGE,)).fetchall()
        if not rows:
            return False
        with self._lock:
            self._failed = False
            self._waiting = {(row[2], row[3], row[1]): (row[0], row[1]) for row in rows}
        for *_, device, _, received_at_ms, payload in rows:
            batch, _ = believed(wire.decode(payload))
            self._writing.send("\n".join(map(line_of, samples_of(StoredBatch(device, batch, payload, received_at_ms)))))
        with self._lock:
            self._lock.wait_for(lambda: not self._waiting or self._failed, timeout_s)
            done, self._done = self._done, []
            taken = not self._waiting and not self._failed
        if done:
            with self._db.writing() as db:
                db.executemany("DELETE FROM spool WHERE outbox_id = ? AND seq = ?", done)
            self.counts["delivered"] += len(done)
        # What the client makes of each batch is a cycle, with all its lines: a backlog of hours would stay in memory.
        gc.collect(_YOUNG)
        return taken

    # --- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        delay_s = FIRST_DELAY_S
        while not self._stopping.is_set():
            try:
                more = self.deliver(LONGEST_DELAY_S)
            except (StoreError, UnstorableError) as error:
                self._complain("spool", str(error))
                self._failed = True
            except Exception:
                # One batch must not end delivery; what was not taken is sent again.
                log.exception("delivery to InfluxDB failed")
                self._failed = True
            else:
                if more:
                    continue
            self._stopping.wait(delay_s if self._failed else IDLE_S)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S) if self._failed else FIRST_DELAY_S

    # --- the client's threads ----------------------------------------------------------------------------------------

    def _on_sent(self, lines: str) -> None:
        self._settle(lines)

    def _on_failed(self, lines: str, error: Exception) -> None:
        """Kept on the spool and sent again, unless InfluxDB has said that it never takes it."""
        status: int | None = getattr(error, "status", None)
        why = _words(error)
        batches = list(batches_in(lines))
        if status in NEVER_TAKEN and ("partial write" in why or len(batches) == 1):
            self.counts["refused"] += len(batches)
            self._complain("refused", f"{why}; what it says stays in the store (railbox store rebuild sends it again)")
            self._settle(lines)
            return
        self._complain("failed", f"{why}; batches stay on the spool and are sent again")
        with self._lock:
            self._failed = True
            self._alone = len(batches) if status in NEVER_TAKEN else 0
            self._lock.notify_all()

    def _settle(self, lines: str) -> None:
        with self._lock:
            for key in batches_in(lines):
                self._alone = max(0, self._alone - 1)
                if (row := self._waiting.pop(key, None)) is not None:
                    self._done.append(row)
            self._lock.notify_all()

    def _complain(self, what: str, detail: str) -> None:
        if line := self._complaints.note(what, "InfluxDB", detail, time.time()):
            log.error("%s", line)


def _words(error: Exception) -> str:
    """The server's own, in one line."""
    text: object = getattr(error, "body", None) or getattr(error, "reason", None) or error
    return " ".join(str(text).split())[:300]
