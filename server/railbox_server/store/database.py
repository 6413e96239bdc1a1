"""One SQLite file: opened, brought to the newest schema, one writer at a time, a reader for every thread.

Knows no table of the store but the version counter. WAL lets other processes read while this one writes.
"""

import logging
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from railbox_server.store.interface import StoreError, UnstorableError

log = logging.getLogger(__name__)

BUSY_TIMEOUT_S: Final = 30.0
WRITER_CACHE_KIB: Final = 32_768
SUSPECT: Final = ".suspect"
"""A file of this ending beside it says that damage was met: the next start looks through all of it (health.py)."""
WAL_KEPT_BYTES: Final = 64 * 2**20
"""What a backup or a long question let the log grow beyond is given back."""
READER_CACHE_KIB: Final = 4_096
"""Each thread that reads has one."""


class Database:
    """Raises StoreError or UnstorableError instead of sqlite3.Error, from everything."""

    def __init__(self, path: Path, scripts: Sequence[str]) -> None:
        self._path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        with self.translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect(WRITER_CACHE_KIB)
            try:
                self._migrate(scripts)
            except BaseException:
                self._writer.close()  # with its transaction, so that the file is left as it was
                raise

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """One transaction: all of it is on disk when it ends, nothing of it when it raises."""
        with self._lock, self.translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """This thread's own connection: reads neither wait for the writer nor see half of what it writes."""
        with self.translated():
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect(READER_CACHE_KIB)
            yield connection

    @contextmanager
    def at_one_moment(self) -> Generator[None]:
        """What this thread reads meanwhile is all as it was when the first of it was read."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()

    @contextmanager
    def translated(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, OverflowError) as error:
            raise UnstorableError(f"store {self._path}: {error}") from error
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                self._path.with_name(self._path.name + SUSPECT).touch()
            raise StoreError(f"store {self._path}: {error}") from error

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        self._all.append(connection)
        return connection

    def _migrate(self, scripts: Sequence[str]) -> None:
        """Each script in its own transaction with the version it leads to; two processes may both try."""
        is_new = False
        while True:
            self._writer.execute("BEGIN IMMEDIATE")
            version = int(self._writer.execute("PRAGMA user_version").fetchone()[0])
            if version >= len(scripts):
                self._writer.execute("ROLLBACK")
                break
            is_new |= version == 0
            if not is_new:
                log.info(
                    "store %s: bringing schema %d to %d; a large one takes minutes", self._path, version, version + 1
                )
            # executescript would commit first, and leave half a schema behind when it is interrupted.
            for statement in _statements(scripts[version]):
                self._writer.execute(statement)
            self._writer.execute(f"PRAGMA user_version = {version + 1}")
            self._writer.execute("COMMIT")
        if version > len(scripts):
            raise StoreError(
                f"store {self._path} was written by a newer railbox (schema {version}, this one knows {len(scripts)}): "
                "install that one"
            )


def _statements(script: str) -> list[str]:
    """The statements of a script: a line that completes one ends it."""
    statements: list[str] = []
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            statements.append(text)
            text = ""
    return statements
