"""What was told, on disk: the stories so far, every notice, and of each whether it was delivered. One SQLite file.

An edge: decides nothing. A story and its notice are written in one transaction, and a notice that waits for the webhook
is a row here, so that nothing is lost or told twice whenever the process ends.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from railbox_server.fleet import ALWAYS, Span
from railbox_server.store.database import SUSPECT, Database
from railbox_server.store.health import ASIDE, check
from railbox_server.store.interface import StoreError
from railbox_server.telling import retention
from railbox_server.telling.model import Keeping, Kind, Notice, Story
from railbox_server.telling.notices import Outcome
from railbox_server.telling.rows import COLUMNS, Posted, fact_of, notice_row, posted_of, story_row

log = logging.getLogger(__name__)

FILE: Final = "telling.db"
KEPT, WAITING, DELIVERED, REFUSED, DROPPED = "kept", "waiting", "delivered", "refused", "dropped"
"""What became of a notice: `kept` was never for the webhook."""
CHECK_S: Final = 2.0
"""So long the file is looked through at a start; whole when it is suspect."""
_NEWEST: Final = 2**62
TOLD_PAGE: Final = 1_000

Step = tuple[Sequence[Story], Outcome]
"""A unit's stories before, and what came of them."""

_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE stories (
  id TEXT PRIMARY KEY, unit TEXT NOT NULL, kind TEXT NOT NULL, places TEXT NOT NULL, start_s INTEGER NOT NULL,
  end_s INTEGER, body TEXT NOT NULL, revision INTEGER NOT NULL, differs_since_s INTEGER) WITHOUT ROWID;
CREATE INDEX stories_unit ON stories (unit);
CREATE TABLE notices (
  number INTEGER PRIMARY KEY AUTOINCREMENT, story TEXT NOT NULL, revision INTEGER NOT NULL, action TEXT NOT NULL,
  unit TEXT NOT NULL, kind TEXT NOT NULL, places TEXT NOT NULL, start_s INTEGER NOT NULL, end_s INTEGER,
  body TEXT NOT NULL, told_at_s INTEGER NOT NULL,
  delivery TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at_ms INTEGER NOT NULL DEFAULT 0, answer TEXT,
  UNIQUE (story, revision));
CREATE INDEX notices_waiting ON notices (unit, number, next_at_ms) WHERE delivery = 'waiting';
CREATE INDEX notices_undelivered ON notices (delivery, number) WHERE delivery IN ('refused', 'dropped');
CREATE INDEX notices_unit ON notices (unit, number);
CREATE INDEX notices_kind ON notices (kind, number);
CREATE INDEX notices_told_at ON notices (told_at_s);
"""

_STANDS: Final = (
    "action IN ('told', 'revised') AND NOT EXISTS "
    "(SELECT 1 FROM notices later WHERE later.story = notices.story AND later.revision > notices.revision)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which notices somebody wants, newest first. `standing`: only what nobody revised or took back since."""

    unit: str | None = None
    kinds: tuple[Kind, ...] = ()
    delivery: str | None = None
    standing: bool = False
    before: int = _NEWEST
    limit: int = 100


class NoticeLedger:
    """Any thread may call it. Raises StoreError when the disk is full or the file locked: nothing was written then."""

    def __init__(self, folder: Path, *, mended: bool = True) -> None:
        """`mended`: a damaged file is set aside, which only the server may do."""
        self._db = _opened(folder / FILE) if mended else Database(folder / FILE, (_SCHEMA,))

    @classmethod
    def of(cls, folder: Path) -> "NoticeLedger":
        """That of a server that may be running; raises StoreError where there is none."""
        if not (folder / FILE).is_file():
            raise StoreError(f"no notices in {folder}; give the folder that the server's settings name as data")
        return cls(folder, mended=False)

    def close(self) -> None:
        self._db.close()

    # --- the teller --------------------------------------------------------------------------------------------------

    @property
    def has_begun(self) -> bool:
        """Whether every unit that was there at first was looked at."""
        return self._count("begun") > 0

    def begin(self) -> None:
        self._set("begun", 1)

    def units(self) -> frozenset[str]:
        """Those of which something is told."""
        with self._db.reading() as db:
            return frozenset(unit for (unit,) in db.execute("SELECT DISTINCT unit FROM stories"))

    def stories(self, unit: str) -> list[Story]:
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT id, kind, unit, places, start_s, end_s, body, revision, differs_since_s "
                "FROM stories WHERE unit = ?",
                (unit,),
            )
            return [Story(row[0], fact_of(*row[1:7]), *row[7:]) for row in rows]

    def record(self, steps: Iterable[Step], posted: frozenset[Kind]) -> None:
        """Writes what steps came to, in one transaction; notices of the kinds `posted` wait for the webhook."""
        changed: list[tuple[object, ...]] = []
        closed: list[str] = []
        notices: list[Notice] = []
        for before, outcome in steps:
            there = {story.id: story for story in before}
            changed += [story_row(story) for story in outcome.stories if there.get(story.id) != story]
            closed += outcome.closed
            notices += outcome.notices
        if not (changed or closed or notices):
            return
        with self._db.writing() as db:
            db.executemany("DELETE FROM stories WHERE id = ?", [(name,) for name in closed])
            db.executemany("INSERT OR REPLACE INTO stories VALUES (?,?,?,?,?,?,?,?,?)", changed)
            db.executemany(
                "INSERT INTO notices "
                "(story, revision, action, unit, kind, places, start_s, end_s, body, told_at_s, delivery) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                [notice_row(item, WAITING if item.fact.kind in posted else KEPT) for item in notices],
            )

    def let_go(self, keeping: Keeping, host_s: int, settled_s: int) -> int:
        """One step; returns how many notices went, 0 when there are no more to go."""
        with self._db.writing() as db:
            stories = retention.over(db, keeping, host_s, settled_s)
            return retention.let_go(db, stories) if stories else 0

    @property
    def let_go_until_s(self) -> int | None:
        """The latest end of what was told and is forgotten; None: nothing is."""
        return self._value(retention.GONE_UNTIL)

    @property
    def gone(self) -> int:
        """How many notices were let go, ever."""
        return self._count(retention.GONE)

    # --- the webhook -------------------------------------------------------------------------------------------------

    def due(self, now_ms: int, limit: int = 100) -> list[Posted]:
        """The first that waits of each unit, where it need not rest; a unit's notices go out in order."""
        with self._db.reading() as db:
            rows = db.execute(
                f"SELECT {COLUMNS} FROM notices WHERE number IN "  # noqa: S608 - columns of ours
                "(SELECT min(number) FROM notices WHERE delivery = 'waiting' GROUP BY unit) "
                "AND next_at_ms <= ? ORDER BY number LIMIT ?",
                (now_ms, limit),
            )
            return list(map(posted_of, rows))

    def next_at_ms(self) -> int | None:
        """When the first of those that wait may go out; None when none waits."""
        with self._db.reading() as db:
            return db.execute(
                "SELECT min(next_at_ms) FROM notices WHERE number IN "
                "(SELECT min(number) FROM notices WHERE delivery = 'waiting' GROUP BY unit)"
            ).fetchone()[0]

    def settle(self, number: int, delivery: str, answer: str) -> None:
        """It was delivered, or refused."""
        self._after_attempt(number, delivery, 0, answer)

    def postpone(self, number: int, next_at_ms: int, answer: str) -> None:
        self._after_attempt(number, WAITING, next_at_ms, answer)

    def resend_refused(self) -> int:
        """Lets what was refused wait again; returns how many."""
        with self._db.writing() as db:
            return db.execute(
                "UPDATE notices SET delivery = 'waiting', next_at_ms = 0 WHERE delivery = 'refused'"
            ).rowcount

    def hurry(self) -> None:
        """What rests after a failure rests no longer."""
        with self._db.writing() as db:
            db.execute("UPDATE notices SET next_at_ms = 0 WHERE delivery = 'waiting' AND next_at_ms > 0")

    def drop(self, most: int, told_before_s: int) -> int:
        """Gives up the oldest that wait, beyond so many or told before then; returns how many."""
        why = "dropped: the queue was full, or it waited too long"
        with self._db.writing() as db:
            return db.execute(
                "UPDATE notices SET delivery = 'dropped', answer = ifnull(answer || '; ', '') || ? "
                "WHERE delivery = 'waiting' AND (told_at_s < ? OR number <= ifnull((SELECT number FROM notices "
                "WHERE delivery = 'waiting' ORDER BY number DESC LIMIT 1 OFFSET ?), -1))",
                (why, told_before_s, most),
            ).rowcount

    @property
    def stopped_for(self) -> int:
        """The mark of the address that wanted no more; 0: none did."""
        return self._count("stopped_for")

    def stop_for(self, mark: int) -> None:
        self._set("stopped_for", mark)

    # --- who asks ----------------------------------------------------------------------------------------------------

    def notices(self, asked: Asked) -> list[Posted]:
        wheres: list[tuple[str, tuple[object, ...]]] = [("number < ?", (asked.before,))]
        if asked.unit is not None:
            wheres.append(("unit = ?", (asked.unit,)))
        if asked.kinds:
            wheres.append((f"kind IN ({_marks(asked.kinds)})", asked.kinds))
        if asked.delivery is not None:
            wheres.append(("delivery = ?", (asked.delivery,)))
        if asked.standing:
            wheres.append((_STANDS, ()))
        where = " AND ".join(text for text, _ in wheres)
        args = [value for _, values in wheres for value in values]
        with self._db.reading() as db:
            rows = db.execute(
                f"SELECT {COLUMNS} FROM notices WHERE {where} ORDER BY number DESC LIMIT ?",  # noqa: S608 - texts of ours
                (*args, asked.limit),
            )
            return list(map(posted_of, rows))

    def told_of(self, kinds: Sequence[Kind], units: Sequence[str] = (), span: Span = ALWAYS) -> Iterator[Notice]:
        """All that was ever told of these kinds, of these units or of all, a story's notices in order. A story is given
        whole where any of its notices is about a time that touches the span."""
        wheres = f"kind IN ({_marks(kinds)})" + (f" AND unit IN ({_marks(units)})" if units else "")
        whole = f"""story IN (SELECT story FROM notices WHERE {wheres}
                              AND start_s < ifnull(?, 1e18) AND ifnull(end_s, 1e18) >= ifnull(?, -1e18))"""  # noqa: S608 - marks
        after = 0
        while True:
            # Page by page: whoever reads slowly holds no snapshot, for which the file would have to grow.
            with self._db.reading() as db:
                rows = db.execute(
                    f"SELECT {COLUMNS} FROM notices WHERE {whole} AND number > ? ORDER BY number LIMIT ?",  # noqa: S608 - as above
                    (*kinds, *units, span.to_s, span.from_s, after, TOLD_PAGE),
                ).fetchall()
            if not rows:
                return
            yield from (posted_of(row).notice for row in rows)
            after = rows[-1][0]

    def waiting(self) -> tuple[int, int | None]:
        """How many wait, and since when the oldest does (Unix seconds)."""
        with self._db.reading() as db:
            row = db.execute("SELECT count(*), min(told_at_s) FROM notices WHERE delivery = 'waiting'").fetchone()
            return int(row[0]), row[1]

    def undelivered(self) -> Mapping[str, int]:
        """How many of those that are kept were refused or dropped."""
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT delivery, count(*) FROM notices WHERE delivery IN ('refused', 'dropped') GROUP BY delivery"
            )
            return {REFUSED: 0, DROPPED: 0} | dict(rows)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _after_attempt(self, number: int, delivery: str, next_at_ms: int, answer: str) -> None:
        with self._db.writing() as db:
            db.execute(
                "UPDATE notices SET delivery = ?, attempts = attempts + 1, next_at_ms = ?, answer = ? WHERE number = ?",
                (delivery, next_at_ms, answer, number),
            )

    def _count(self, key: str) -> int:
        return self._value(key) or 0

    def _value(self, key: str) -> int | None:
        with self._db.reading() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            return int(row[0]) if row else None

    def _set(self, key: str, value: int) -> None:
        with self._db.writing() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (key, value))


def _opened(path: Path) -> Database:
    """A damaged file is set aside, and telling begins anew: that is said, and no reason not to start."""
    suspect = path.with_name(path.name + SUSPECT)
    if path.exists():
        _, damage = check(path, None if suspect.exists() else CHECK_S)
        if damage is not None:
            _set_aside(path, damage)
        suspect.unlink(missing_ok=True)
    return Database(path, (_SCHEMA,))


def _set_aside(path: Path, damage: str) -> None:
    aside = path.with_name(path.name + ASIDE + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    for suffix in ("", "-wal", "-shm"):
        if (part := path.with_name(path.name + suffix)).exists():
            part.rename(aside.with_name(aside.name + suffix))
    log.error(
        "%s is damaged: %s; set aside as %s: what waited in it is not posted, what is true is recorded anew",
        path, damage, aside,
    )  # fmt: skip


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
