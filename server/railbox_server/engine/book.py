"""The engine's own file: chains, episodes and trail of every unit, so that late knots are judged next to them.

All in it is derived: it may be deleted, and is begun anew when it is damaged or was made by other corridors or
settings. Only what an engine is at work on is in its memory. Decides nothing.
"""

import json
import logging
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from railbox_server.engine.trail import StoredTrail
from railbox_server.geo.model import Corridor
from railbox_server.journey.conclude import Past
from railbox_server.journey.episodes import Episode, SideSpan
from railbox_server.journey.kept import Kept
from railbox_server.journey.model import Settings, Step, Waypoint
from railbox_server.journey.sides import Seen
from railbox_server.journey.stays import Near, Sure
from railbox_server.journey.trust import Chain, End
from railbox_server.store.interface import StoreError
from railbox_server.store.values import Row

log = logging.getLogger(__name__)

FILE: Final = "engine.db"
FORMAT: Final = 3
"""Counts changes of what chains and episodes hold, or of how they are made."""
CACHE_KIB: Final = 4_096

_SCRIPT: Final = (
    "CREATE TABLE made_by (version TEXT NOT NULL)",
    """CREATE TABLE judged (device TEXT NOT NULL, epoch INTEGER NOT NULL, count INTEGER NOT NULL,
         PRIMARY KEY (device, epoch)) WITHOUT ROWID""",
    "CREATE TABLE units (unit TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    # stream: a device's chains; with an empty name the unit's episodes; what was said of each; the cells of its trail
    """CREATE TABLE spans (
         unit TEXT NOT NULL, stream TEXT NOT NULL, from_s REAL NOT NULL, to_s REAL NOT NULL, body TEXT NOT NULL,
         PRIMARY KEY (unit, stream, from_s)) WITHOUT ROWID""",
)
_OF: Final = "FROM spans WHERE unit = ? AND stream = ?"
_OVERLAPPING: Final = """
    SELECT body FROM spans
     WHERE unit = ?1 AND stream = ?2 AND from_s <= ?4 AND to_s >= ?3 AND from_s >= ifnull(
           (SELECT max(from_s) FROM spans WHERE unit = ?1 AND stream = ?2 AND from_s <= ?3), ?3)
     ORDER BY from_s"""
EPISODES: Final = ""
SAID: Final = "/said"


Said = tuple[Sequence[Row], Sequence[Row]]
"""Rows of visits and of crossings."""


def version_of(corridors: Sequence[Corridor], settings: Settings) -> str:
    """Of what was derived by these; the same in every process."""
    # Roles are a set, whose order is another one in every process.
    made_by = json.dumps([asdict(item) for item in (*corridors, settings)], default=sorted)
    return f"{FORMAT} {sha256(made_by.encode()).hexdigest()[:16]}"


class Book:
    """One engine at a time has it open."""

    def __init__(self, path: Path | None, version: str) -> None:
        self._path = path
        try:
            self._db = self._opened(version)
        except sqlite3.Error as error:
            log.warning("%s: %s; all units are judged anew", path, error)
            self._db = self._renewed(version)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def writing(self) -> Generator[None]:
        """All of what is put meanwhile, or nothing; raises StoreError."""
        try:
            self._db.execute("BEGIN")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}; if it is damaged, delete it") from error

    @contextmanager
    def apart(self) -> Generator[None]:
        """Within `writing`: what fails takes back what was put meanwhile, and nothing else."""
        self._db.execute("SAVEPOINT apart")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO apart")
            raise
        finally:
            self._db.execute("RELEASE apart")

    def head(self, unit: str) -> dict[str, Any]:
        """What is kept of a unit as a whole; nothing when it is new."""
        row = self._db.execute("SELECT body FROM units WHERE unit = ?", (unit,)).fetchone()
        return json.loads(row[0]) if row else {}

    def heads(self) -> dict[str, dict[str, Any]]:
        return {unit: json.loads(body) for unit, body in self._db.execute("SELECT unit, body FROM units")}

    def put_head(self, unit: str, head: dict[str, Any]) -> None:
        self._db.execute("INSERT OR REPLACE INTO units VALUES (?,?)", (unit, json.dumps(head)))

    def judged(self) -> dict[tuple[str, int], int]:
        """How many numbers of each outbox (by device and epoch) were stored when all was judged."""
        return {(device, epoch): count for device, epoch, count in self._db.execute("SELECT * FROM judged")}

    def put_judged(self, counts: Mapping[tuple[str, int], int]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO judged VALUES (?,?,?)", [(*key, count) for key, count in counts.items()]
        )

    def forget(self, unit: str) -> None:
        self._db.execute("DELETE FROM units WHERE unit = ?", (unit,))
        self._db.execute("DELETE FROM spans WHERE unit = ?", (unit,))

    def of(self, unit: str, last: Waypoint | None) -> "Pages":
        return Pages(self._db, unit, last)

    def trail(self, unit: str, standing: Any) -> StoredTrail:
        """`standing`: as the unit's head has it."""
        return StoredTrail(self._db, unit, standing)

    def _opened(self, version: str) -> sqlite3.Connection:
        db = sqlite3.connect(self._path or ":memory:", isolation_level=None, cached_statements=64)
        try:
            # A power cut may take the last of it, which is found out and made again, but damages nothing.
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", f"cache_size = -{CACHE_KIB}"):
                db.execute(f"PRAGMA {pragma}")
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                for statement in _SCRIPT:
                    db.execute(statement)
                db.execute("INSERT INTO made_by VALUES (?)", (version,))
            if db.execute("SELECT version FROM made_by").fetchone()[0] != version:
                raise sqlite3.DatabaseError("was made by other corridors or settings")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _renewed(self, version: str) -> sqlite3.Connection:
        if self._path is not None:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        return self._opened(version)


class Pages:
    """What is kept of one unit: `journey.history.Memory`."""

    def __init__(self, db: sqlite3.Connection, unit: str, last: Waypoint | None) -> None:
        self._db = db
        self._unit = unit
        self.last = last

    def chains(self, device: str, from_s: float, to_s: float) -> Sequence[Chain]:
        return [_chain(body) for body in self._overlapping(device, from_s, to_s)]

    def chain_before(self, device: str, time_s: float) -> Chain | None:
        body = self._one(device, "to_s < ? ORDER BY from_s DESC", time_s, "from_s < ?")
        return None if body is None else _chain(body)

    def chain_after(self, device: str, time_s: float) -> Chain | None:
        body = self._one(device, "from_s > ? ORDER BY from_s", time_s)
        return None if body is None else _chain(body)

    def put_chains(self, device: str, gone: Sequence[Chain], new: Sequence[Chain]) -> None:
        self._put(device, [chain.from_s for chain in gone], [(chain.from_s, chain.to_s, chain) for chain in new])

    def episodes(self, from_s: float, to_s: float) -> Sequence[Kept]:
        return [_kept(body) for body in self._overlapping(EPISODES, from_s, to_s)]

    def episode_before(self, time_s: float) -> Kept | None:
        body = self._one(EPISODES, "to_s < ? ORDER BY from_s DESC", time_s, "from_s < ?")
        return None if body is None else _kept(body)

    def episode_after(self, time_s: float) -> Kept | None:
        body = self._one(EPISODES, "from_s > ? ORDER BY from_s", time_s)
        return None if body is None else _kept(body)

    def is_newest(self, kept: Kept) -> bool:
        """Whether no other episode comes after it."""
        row = self._db.execute(f"SELECT max(from_s) {_OF}", (self._unit, EPISODES)).fetchone()
        return row[0] == kept.from_s

    def put_episodes(self, gone: Sequence[Kept], new: Sequence[Kept]) -> None:
        self._put(EPISODES, [kept.from_s for kept in gone], [(kept.from_s, kept.to_s, _plain(kept)) for kept in new])

    def said(self, episodes: Sequence[Kept]) -> list[Said]:
        """What was concluded of them last."""
        found: list[Said] = []
        for kept in episodes:
            row = self._db.execute(f"SELECT body {_OF} AND from_s = ?", (self._unit, SAID, kept.from_s)).fetchone()
            found.append(_said(json.loads(row[0])) if row else ([], []))
        return found

    def put_said(self, gone: Sequence[Kept], new: Sequence[Kept], said: Sequence[Said]) -> None:
        rows = [(kept.from_s, kept.to_s, own) for kept, own in zip(new, said, strict=True) if any(own)]
        self._put(SAID, [kept.from_s for kept in gone], rows)

    def _overlapping(self, stream: str, from_s: float, to_s: float) -> list[Any]:
        """They do not overlap each other, so the first is the one that begins last before the span, or none before."""
        found = self._db.execute(_OVERLAPPING, (self._unit, stream, from_s, to_s))
        return [json.loads(body) for (body,) in found]

    def _one(self, stream: str, where: str, time_s: float, also: str = "") -> Any:
        """`also`: what the index can be asked for."""
        condition = f"{also} AND {where}" if also else where
        row = self._db.execute(
            f"SELECT body {_OF} AND {condition} LIMIT 1",
            (self._unit, stream, *([time_s] * condition.count("?"))),
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def _put(self, stream: str, gone: Sequence[float], new: Sequence[tuple[float, float, Any]]) -> None:
        with closing(self._db.cursor()) as cursor:
            cursor.executemany(
                f"DELETE {_OF} AND from_s = ?",
                [(self._unit, stream, from_s) for from_s in gone],
            )
            cursor.executemany(
                "INSERT INTO spans VALUES (?,?,?,?,?)",
                [(self._unit, stream, from_s, to_s, json.dumps(body)) for from_s, to_s, body in new],
            )


def waypoint(body: list[float] | None) -> Waypoint | None:
    return None if body is None else Waypoint(*body)


def _said(body: Any) -> Said:
    visits, crossings = body
    return visits, crossings


def _chain(body: Any) -> Chain:
    first, last, reason = body
    return Chain(End(*first), End(*last), reason)


def _plain(kept: Kept) -> list[Any]:
    one = kept.episode
    return [one.from_s, one.to_s, one.nears, one.sides, one.steps, kept.past.seen, kept.past.places, kept.ahead]


def _kept(body: Any) -> Kept:
    from_s, to_s, nears, sides, steps, seen, places, ahead = body
    episode = Episode(
        from_s,
        to_s,
        tuple(
            Near(zone, a, b, tuple(Sure(*span) for span in spans), tuple((x, y) for x, y in lines))
            for zone, a, b, spans, lines in nears
        ),
        tuple(SideSpan(tuple(own), Waypoint(*first), Waypoint(*last)) for own, first, last in sides),
        tuple(Step(Waypoint(*start), Waypoint(*end), continuous) for start, end, continuous in steps),
    )
    past = Past(
        tuple(None if one is None else Seen(one[0], Waypoint(*one[1]), Waypoint(*one[2])) for one in seen),
        tuple(places),
    )
    return Kept(episode, past, tuple(ahead))
