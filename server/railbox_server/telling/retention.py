"""Which notices are let go: those of stories that are over, whole, once they are old or many. Steps on one SQLite file.

A story is over when what it told was taken back or ended, or lies so far back that nothing changes it any more
(`settle_days`). What may still be revised stays, and what waits for the webhook.
"""

import sqlite3
from typing import Final

from railbox_server.telling.model import Keeping

STEP_STORIES: Final = 500
GONE, GONE_UNTIL = "let_go", "let_go_until_s"
"""In `meta`: how many notices went, ever, and the latest end of what was true of them: it is no news again."""

_OLD: Final = "(told_at_s < :before_s OR number <= :newest - :most)"
_OVER: Final = f"""
    SELECT DISTINCT story FROM notices old
     WHERE {_OLD}
       AND NOT EXISTS (SELECT 1 FROM notices WHERE story = old.story AND (delivery = 'waiting' OR NOT {_OLD}))
       AND NOT EXISTS (SELECT 1 FROM stories WHERE id = old.story AND (end_s IS NULL OR end_s >= :settled_s))
     LIMIT :limit"""  # noqa: S608 - texts of ours


def over(db: sqlite3.Connection, keeping: Keeping, host_s: int, settled_s: int) -> list[str]:
    """Some of the stories that may go. `settled_s`: what ended before is told of no more, by the journeys' clock."""
    (newest,) = db.execute("SELECT ifnull(max(number), 0) FROM notices").fetchone()
    bounds = {"before_s": host_s - keeping.keep_s, "newest": newest, "most": keeping.most, "settled_s": settled_s}
    return [story for (story,) in db.execute(_OVER, bounds | {"limit": STEP_STORIES})]


def let_go(db: sqlite3.Connection, stories: list[str]) -> int:
    """In the caller's transaction; returns how many notices went."""
    ids = [(story,) for story in stories]
    marks = ",".join("?" * len(stories))
    (until_s,) = db.execute(f"SELECT max(end_s) FROM stories WHERE id IN ({marks})", stories).fetchone()  # noqa: S608 - marks
    gone = db.executemany("DELETE FROM notices WHERE story = ?", ids).rowcount
    db.executemany("DELETE FROM stories WHERE id = ?", ids)
    add = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = "
    db.execute(f"{add} value + ?2", (GONE, gone))
    if until_s is not None:
        db.execute(f"{add} max(value, ?2)", (GONE_UNTIL, until_s))
    return gone
