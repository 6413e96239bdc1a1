"""The outbox: batches kept on disk, from the moment they are collected until the server has committed them.

Writes are grouped: nothing is on disk before `commit`, and what `commit` returns survives a power cut. Only that may
be sent, or a number could come twice with different content. Knows nothing of the network.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from railbox_agent import outbox_file
from railbox_agent.packing import Parcel
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import Batch, BootClock, Discarded, Events, Section, SeqRange, Undated
from railbox_telemetry.wire import WireError, decode, encode

log = logging.getLogger(__name__)

GROUP_BYTES: Final = 65_536
"""This much is written at once, however short ago the last commit was."""
PROMPT_MS: Final = 1_000
"""A complete batch waits no longer for the disk: it has a deadline to be at the server."""
LAZY: Final = 12
"""What only cleans up (sent, committed) waits this many commit intervals for something worth a write."""
PENDING_BYTES: Final = 1_000_000
"""What is kept in memory while the disk takes nothing: two weeks of a knot a minute."""
MEMORY_BYTES: Final = 4_000_000
"""The cap of an outbox that has to do without a disk: two months of a knot a minute."""
GIVE_UP_MS: Final = 600_000
"""A disk that takes nothing for so long is gone: until the next start all goes on in memory, and is sent from there."""
ROW_BYTES: Final = 16
"""What a row costs in the file beside its payload: measured 10 bytes, and the slack of half-filled pages."""
SPARE: Final = 50
"""Over the cap, a 50th of it more is evicted than has to be: not at every commit, then."""
MAX_SKIP: Final = 1_000_000
"""No disk forgets more batches than that; a larger number is nonsense."""
TOLD_RANGES: Final = 500
"""Discarded ranges that one batch tells: at most 10 kB of its 64."""
COUNTERS: Final = (
    "outbox_set_aside",
    "outbox_salvaged",
    "outbox_in_memory",
    "outbox_write_failed",
    "batches_evicted",
    "batches_unpackable",
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a commit did: `stored` may be sent from now on, `evicted` is gone."""

    stored: tuple[int, ...] = ()
    evicted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    seq: int
    urgent: bool
    time_s: int | None
    payload: bytes
    open: bool = False

    @property
    def size(self) -> int:
        return len(self.payload) + ROW_BYTES


@dataclass(slots=True)
class _Pending:
    """What the next commit writes."""

    rows: dict[int, _Row] = field(default_factory=dict[int, _Row])
    draft: Parcel | None = None
    tries: dict[int, int] = field(default_factory=dict[int, int])
    deleted: set[int] = field(default_factory=set[int])
    notes: dict[str, str] = field(default_factory=dict[str, str])
    bytes: int = 0
    urgent: bool = False


class Outbox:
    """Not to be shared between threads. `epoch` changes when a file has to be replaced while running. `commits`: so
    many since the start."""

    def __init__(self, folder: Path | None, cap_bytes: int, commit_ms: int = 5_000) -> None:
        """`folder`: where the file is; None: in memory only. Raises OutboxInUseError."""
        self._folder = folder
        self._cap_bytes = cap_bytes
        self._commit_ms = commit_ms
        self._committed_ms: int | None = None
        self._failing = False
        self._failing_ms: int | None = None
        self._without_disk = False
        self._notes: dict[str, str] = {}
        self.counters: dict[str, int] = dict.fromkeys(COUNTERS, 0)
        self.commits = 0
        self._start(outbox_file.open_file(folder) if folder else outbox_file.open_in_memory())

    def __len__(self) -> int:
        """Batches that the server has not committed yet; the one being collected counts once a commit has kept it."""
        return self._count + len(self._pending.rows) - len(self._pending.deleted)

    @property
    def size_bytes(self) -> int:
        """What its batches take, and what the cap is held against."""
        return self._bytes + self._pending.bytes

    @property
    def _cap(self) -> int:
        return min(self._cap_bytes, MEMORY_BYTES) if self._without_disk else self._cap_bytes

    def set_limits(self, cap_bytes: int, commit_ms: int) -> None:
        """From the next commit on."""
        self._cap_bytes, self._commit_ms = cap_bytes, commit_ms

    # --- filling -----------------------------------------------------------------------------------------------------

    def put(self, parcel: Parcel) -> None:
        """A complete batch. It is on disk after the next commit."""
        told = self._untold.pop_ranges(TOLD_RANGES)
        row = self._row(parcel, (*parcel.sections, Discarded(told)) if told else parcel.sections, is_open=False)
        seq, self._draft_seq = self._seq_for_draft(), None
        self._pending.draft = None
        if row is None:
            self._untold = SeqSet((*told, SeqRange(seq, seq), *self._untold.ranges))
            return
        self._pending.rows[seq] = row
        self._pending.bytes += row.size
        self._pending.urgent |= row.urgent

    def sent(self, seq: int, tries: int) -> None:
        self._pending.tries[seq] = tries

    def delete(self, seqs: Iterable[int]) -> None:
        """The server has these for good."""
        for seq in seqs:
            self._pending.tries.pop(seq, None)
            self._pending.deleted.add(seq)

    def skip(self, seq: int) -> bool:
        """Numbers up to this one are taken, says the server: a disk that lied about its writes made this outbox forget
        that it gave them out. Says whether it had."""
        if not self._next_seq <= seq < self._next_seq + MAX_SKIP:
            return False
        if self._draft_seq is not None:
            self._pending.deleted.add(self._draft_seq)
        self._draft_seq, self._next_seq = None, seq + 1
        return True

    def remember(self, name: str, text: str) -> None:
        """Something else that is to survive a restart: on disk in the same moment as what was put before it."""
        if self._notes.get(name) != text:
            self._notes[name] = self._pending.notes[name] = text

    # --- reading -----------------------------------------------------------------------------------------------------

    def restore(self) -> Iterator[tuple[int, int]]:
        """(seq, tries) of all that is on disk, ascending."""
        return iter(self._database.execute("SELECT seq, tries FROM batches WHERE open = 0 ORDER BY seq"))

    def payload(self, seq: int) -> bytes | None:
        """The bytes to send; None when they are not there any more."""
        return self._read("SELECT payload FROM batches WHERE seq = ?", seq)

    def recall(self, name: str) -> str | None:
        return self._notes.get(name)

    @property
    def oldest_time_s(self) -> int | None:
        """The newest time inside the oldest batch that has one."""
        return self._read("SELECT time_s FROM batches WHERE time_s IS NOT NULL ORDER BY seq LIMIT 1")

    # --- committing --------------------------------------------------------------------------------------------------

    def due(self, now_ms: int, collected: bool) -> bool:
        """Whether to commit now. `collected`: something is being collected that the last commit did not see."""
        pending = self._pending
        at_once = pending.urgent or pending.bytes >= GROUP_BYTES or self._broken
        if at_once and not self._failing:
            return True
        elapsed_ms = self._commit_ms * LAZY if self._committed_ms is None else now_ms - self._committed_ms
        if pending.rows and not self._failing:
            return elapsed_ms >= min(PROMPT_MS, self._commit_ms)
        if at_once or collected or pending.rows or pending.draft:
            return elapsed_ms >= self._commit_ms
        return bool(pending.tries or pending.deleted or pending.notes) and elapsed_ms >= self._commit_ms * LAZY

    def commit(self, now_ms: int, draft: Parcel | None = None) -> Changes:
        """Writes everything pending, and the draft of the batch that is being collected, in one transaction.

        While the disk takes nothing it is all kept for the next time, up to PENDING_BYTES.
        """
        self._committed_ms = now_ms
        self._pending.draft = draft
        for _ in range(
            2
        ):  # once more in a new file when this one turns out to be damaged, or in memory when it is gone
            try:
                if self._broken:
                    self._replace(self._new_file)
                return self._write()
            except sqlite3.Error as error:
                self._write_failed(error)
                self._failing_ms = now_ms if self._failing_ms is None else self._failing_ms
                if now_ms - self._failing_ms >= GIVE_UP_MS and not self._without_disk:
                    self._replace(partial(outbox_file.open_in_memory, f"{self._folder}: {error}"))
                elif not self._broken:
                    break
        return Changes()

    def close(self) -> None:
        self._database.close()

    # --- how: starting and starting over -----------------------------------------------------------------------------

    def _start(self, opened: outbox_file.Opened) -> None:
        self._database, self.epoch = opened.database, opened.epoch
        self._pending = _Pending()
        self._draft_seq: int | None = None
        self._broken = False
        if opened.error is not None:
            self.counters["outbox_in_memory"] += 1
            self._without_disk = True
            says = "outbox: %s; until the next start the newest %d MB are kept in memory: a power cut loses them; "
            log.error(says + "free or replace the disk", opened.error, MEMORY_BYTES // 1_000_000)
        read = self._database.execute
        (self._count,) = read("SELECT count(*) FROM batches").fetchone()
        (self._bytes,) = read("SELECT coalesce(sum(length(payload)), 0) FROM batches").fetchone()
        self._bytes += self._count * ROW_BYTES
        self._pending.notes = dict(self._notes)  # of a damaged file that this one replaces
        self._notes = {name: str(text) for name, text in read("SELECT name, text FROM notes")} | self._notes
        self._untold = SeqSet(SeqRange(*row) for row in read("SELECT first, last FROM discarded"))
        self._untold_on_disk = self._untold.ranges
        (highest,) = read("SELECT max(seq) FROM sqlite_sequence WHERE name = 'batches'").fetchone()
        self._next_seq = 1 + (highest or 0)
        if opened.set_aside is not None:
            self._salvage(opened.set_aside)

    def _salvage(self, set_aside: Path) -> None:
        self.counters["outbox_set_aside"] += 1
        saved = 0
        try:
            for payload in outbox_file.salvage(set_aside):
                saved += self._adopt(payload)
                if self._pending.bytes >= GROUP_BYTES:
                    self._write()
            self._write()
        except sqlite3.Error as error:
            self._write_failed(error)
        self.counters["outbox_salvaged"] += saved
        log.error("outbox: damaged, set aside as %s; %d batches of it go on in epoch %d", set_aside, saved, self.epoch)

    def _adopt(self, payload: bytes) -> bool:
        """A batch of another epoch under a number of this one. What that epoch had to discard stays with it."""
        kept = tuple(section for section in _sections(payload) if not isinstance(section, Discarded))
        if kept:
            self.put(Parcel(kept, any(isinstance(section, Events | Undated | BootClock) for section in kept)))
        return bool(kept)

    def _new_file(self) -> outbox_file.Opened:
        return outbox_file.replace_file(self._folder) if self._folder else outbox_file.open_in_memory()

    def _replace(self, open_another: Callable[[], outbox_file.Opened]) -> None:
        """Another file takes the place of this one, with what was pending. Raises sqlite3.Error."""
        rows, draft = self._pending.rows, self._pending.draft
        self._database.close()
        self._start(open_another())
        for row in rows.values():
            self._adopt(row.payload)
        self._pending.draft = draft

    def _write_failed(self, error: sqlite3.Error) -> None:
        self._broken = outbox_file.is_damage(error)
        self._failing = True
        self.counters["outbox_write_failed"] += 1
        says = "outbox: cannot write in %s: %s; the newest %d kB wait in memory; free space there, or replace the disk"
        log.error(says, self._folder, error, PENDING_BYTES // 1_000)
        rows = self._pending.rows
        while self._pending.bytes > PENDING_BYTES:
            row = next((row for row in rows.values() if not row.urgent), None) or next(iter(rows.values()))
            del rows[row.seq]
            self._pending.bytes -= row.size
            self.counters["batches_evicted"] += 1
            log.error("outbox: batch %d is dropped: the disk takes nothing, and too much waits for it", row.seq)
            _add_lost(self._untold, row)

    # --- how: reading and writing ------------------------------------------------------------------------------------

    def _read(self, query: str, *args: int) -> Any:
        """The one value that a query finds, or None."""
        try:
            row = self._database.execute(query, args).fetchone()
        except sqlite3.Error as error:
            log.error("outbox: cannot read in %s: %s", self._folder, error)
            self._broken |= outbox_file.is_damage(error)
            return None
        return None if row is None else row[0]

    def _seq_for_draft(self) -> int:
        """The number of what is being collected: taken when first needed, and once."""
        seq = self._draft_seq
        if seq is None:
            seq = self._draft_seq = self._next_seq
            self._next_seq += 1
        return seq

    def _row(self, parcel: Parcel, sections: tuple[Section, ...], is_open: bool) -> _Row | None:
        seq = self._seq_for_draft()
        try:
            payload = encode(Batch(self.epoch, seq, sections))
        except WireError as error:
            self.counters["batches_unpackable"] += 1
            log.error("outbox: batch %d cannot be encoded and is dropped: %s", seq, error)
            return None
        return _Row(seq, parcel.urgent, parcel.time_s, payload, is_open)

    def _write(self) -> Changes:
        """All or nothing: what is pending stays so when this raises sqlite3.Error."""
        pending = self._pending
        rows = list(pending.rows.values())
        if pending.draft and (draft := self._row(pending.draft, pending.draft.sections, is_open=True)):
            rows.append(draft)
        with self._database as database:  # commits, or rolls back when something raises
            database.execute("BEGIN IMMEDIATE")
            freed = self._remove([*pending.deleted, *(row.seq for row in rows)])
            database.executemany(
                "INSERT INTO batches (seq, urgent, open, tries, time_s, payload) VALUES (?, ?, ?, 0, ?, ?)",
                [(row.seq, row.urgent, row.open, row.time_s, row.payload) for row in rows],
            )
            database.executemany(
                "UPDATE batches SET tries = ? WHERE seq = ?", [(tries, seq) for seq, tries in pending.tries.items()]
            )
            database.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", pending.notes.items())
            size = self._bytes - sum(freed) + sum(row.size for row in rows)
            evicted = self._evict(size - self._cap)
            untold = self._write_untold(evicted)
        self._bytes = size - sum(row.size for row in evicted)
        self._count += len(rows) - len(freed) - len(evicted)
        self._untold, self._untold_on_disk = untold, untold.ranges
        self._wrote(evicted)
        gone = frozenset(row.seq for row in evicted)
        return Changes(tuple(row.seq for row in rows if not row.open and row.seq not in gone), tuple(gone))

    def _wrote(self, evicted: list[_Row]) -> None:
        self._pending = _Pending()
        self.commits += 1
        if self._failing:
            log.warning("outbox: writing in %s works again", self._folder)
        self._failing, self._failing_ms = False, None
        if evicted:
            self.counters["batches_evicted"] += len(evicted)
            log.warning("outbox: over %d bytes, %d batches had to go", self._cap, len(evicted))

    def _remove(self, seqs: Iterable[int]) -> list[int]:
        """Returns the bytes that each freed, of those that were there."""
        statement = "DELETE FROM batches WHERE seq = ? RETURNING length(payload)"
        found = [self._database.execute(statement, (seq,)).fetchone() for seq in seqs]
        return [row[0] + ROW_BYTES for row in found if row is not None]

    def _evict(self, excess: int) -> list[_Row]:
        """Oldest routine batches go first, those with events last."""
        evicted: list[_Row] = []
        if excess <= 0:
            return evicted
        excess += self._cap // SPARE
        for urgent in (False, True):
            query = "SELECT seq, payload FROM batches WHERE urgent = ? AND open = 0 ORDER BY seq"
            for seq, payload in self._database.execute(query, (urgent,)):
                if excess <= 0:
                    break
                evicted.append(_Row(seq, urgent, None, payload))
                excess -= evicted[-1].size
        self._remove(row.seq for row in evicted)
        return evicted

    def _write_untold(self, evicted: list[_Row]) -> SeqSet:
        """The numbers that the server is yet to be told of, with those that go now."""
        untold = SeqSet(self._untold.ranges)
        for row in evicted:
            _add_lost(untold, row)
        if untold.ranges != self._untold_on_disk:  # a page that is not written is a page of the card saved
            self._database.execute("DELETE FROM discarded")
            values = [(item.first, item.last) for item in untold.ranges]
            self._database.executemany("INSERT INTO discarded VALUES (?, ?)", values)
        return untold


def _add_lost(untold: SeqSet, row: _Row) -> None:
    """A batch goes, and with it what it was to tell of those before it."""
    untold.add(row.seq)
    for section in _sections(row.payload):
        if isinstance(section, Discarded):
            for item in section.ranges:
                untold.add(item.first, item.last)


def _sections(payload: bytes) -> tuple[Section, ...]:
    """What can be read of a payload that was on a damaged disk."""
    try:
        return decode(payload).sections
    except WireError as error:
        log.warning("outbox: a batch on the disk is damaged: %s", error)
        return ()
