"""What can still be read of a damaged store, copied into a new file: rows table by table, from both ends of the damage.

The copy has the damaged file's version of the schema; then it is brought to the newest, and what batches say is made
again from them. A number whose batch is gone is missing from then on, so that the ledger says what was lost.
"""

import logging
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from railbox_server.store.database import Database
from railbox_server.store.interface import StoreError
from railbox_server.store.rebuild import rebuild_ledgers, rebuild_rows
from railbox_server.store.schema import SCRIPTS

log = logging.getLogger(__name__)

_PAGE: Final = 1_000
_HEAD: Final = struct.Struct(">16xH10xI")
"""Of the file: size and number of pages."""
_FARTHEST: Final = 1_000
"""A file that says it was so many times as long has a damaged head."""
_COUNT_QUARANTINE: Final = """
    UPDATE meta SET value = (SELECT ifnull(sum(length(payload)), 0) FROM quarantine) WHERE key = 'quarantine_bytes'"""
_SPLIT: Final = frozenset({"batches", "knots", "readings", "events"})
"""Large tables, read by their first key column: damage within one value of it costs no other."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    rows: int = 0
    damaged_tables: tuple[str, ...] = ()
    lost_batches: int = 0
    """Numbers that the ledger had as stored, whose batches are gone."""

    def __str__(self) -> str:
        where = f" ({', '.join(self.damaged_tables)})" if self.damaged_tables else ""
        return (
            f"{self.rows} rows of it go on, {self.lost_batches} stored batches are lost{where}: "
            "railbox gaps lists them as missing, and trackers that still have them send them again"
        )


def salvage(damaged: Path, new: Path, *, series: bool = True, spooled: bool = False) -> Salvaged:
    """Where the series are and who is sent them is rebuild.py's to say. Raises StoreError or sqlite3.Error when nothing
    can be read."""
    _fill_up(damaged)
    source = sqlite3.connect(damaged, isolation_level=None)
    try:
        version = int(source.execute("PRAGMA user_version").fetchone()[0])
        if not 1 <= version <= len(SCRIPTS):
            raise StoreError(f"{damaged}: schema {version} is none of ours")
        rows, broken = _copy(source, new, version)
    finally:
        source.close()
    whole = Database(new, SCRIPTS)
    try:
        with whole.writing() as db:
            rebuild_rows(db, series=series, spooled=spooled, anew=False)
            lost = rebuild_ledgers(db)
            db.execute(_COUNT_QUARANTINE)
    finally:
        whole.close()
    return Salvaged(rows, tuple(broken), lost)


def _fill_up(damaged: Path) -> None:
    """A file that was cut short gets empty pages up to where its head says it ends: else SQLite reads none of it."""
    with damaged.open("r+b") as raw:
        head = raw.read(_HEAD.size)
        if len(head) == _HEAD.size:
            page_bytes, pages = _HEAD.unpack(head)
            whole = (65_536 if page_bytes == 1 else page_bytes) * pages
            if damaged.stat().st_size < whole <= damaged.stat().st_size * _FARTHEST:
                raw.truncate(whole)


def _copy(source: sqlite3.Connection, new: Path, version: int) -> tuple[int, list[str]]:
    """How many rows were copied, and the tables that were not copied whole."""
    target = Database(new, SCRIPTS[:version])
    count, broken = 0, list[str]()
    try:
        with target.writing() as db:
            tables: list[tuple[str]] = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:  # what they count is copied as well
                db.execute(f"DROP TRIGGER {name}")
            for (table,) in tables:
                reader = _Reader(source, db, table)
                for page in reader.pages():
                    count += _insert(db, reader.insert, page)
                if reader.error is not None:
                    log.error("table %s: %s", table, reader.error)
                    broken.append(table)
            for _, sql in triggers:
                db.execute(sql)
    finally:
        target.close()
    return count, broken


def _insert(db: sqlite3.Connection, insert: str, page: Sequence[tuple[object, ...]]) -> int:
    """Returns how many were taken: damage may have made rows that no table takes."""
    try:
        db.executemany(insert, page)
    except sqlite3.IntegrityError:
        return sum(_insert_one(db, insert, row) for row in page)
    return len(page)


def _insert_one(db: sqlite3.Connection, insert: str, row: tuple[object, ...]) -> bool:
    try:
        db.execute(insert, row)
    except sqlite3.IntegrityError:
        return False
    return True


class _Reader:
    """The readable rows of one table; `error` is the first that was met."""

    def __init__(self, source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
        self.error: sqlite3.DatabaseError | None = None
        self._source = source
        self._table = table
        info = target.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
        self._columns = ", ".join(name for name, _ in info)
        self._key = [name for name, place in sorted(info, key=lambda row: row[1]) if place]
        self.insert = f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * len(info))})"  # noqa: S608 - our tables

    def pages(self) -> Iterator[Sequence[tuple[object, ...]]]:
        if self._table not in _SPLIT:
            yield from self._both_ways("", ())
            return
        first = self._key[0]
        value: int | None = -(2**62)
        while (value := self._next(first, value)) is not None:
            yield from self._both_ways(f"WHERE {first} = ?", (value,))

    def _next(self, column: str, after: int) -> int | None:
        """The next value of the first key column: sought from here, then from the far end when that is damaged."""
        for order in ("min", "max"):
            try:
                row = self._source.execute(
                    f"SELECT {order}({column}) FROM {self._table} WHERE {column} > ?",  # noqa: S608 - our tables
                    (after,),
                ).fetchone()
                return row[0]
            except sqlite3.DatabaseError as error:
                self.error = self.error or error
        return None

    def _both_ways(self, where: str, args: tuple[int, ...]) -> Iterator[Sequence[tuple[object, ...]]]:
        """Up to the damage, and from the end back to it. A row that both ways give is written twice, which is once."""
        for order in ("", " DESC"):
            by = ", ".join(column + order for column in self._key)
            query = f"SELECT {self._columns} FROM {self._table} {where} ORDER BY {by}"  # noqa: S608 - our tables
            page: list[tuple[object, ...]] = []
            try:
                for row in self._source.execute(query, args):
                    page.append(row)
                    if len(page) == _PAGE:
                        yield page
                        page = []
            except sqlite3.DatabaseError as error:
                self.error = self.error or error
                yield page
                continue
            yield page
            return
