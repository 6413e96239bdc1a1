"""What was derived of a time whose data retention let go: it stays as it is, since nothing could derive it again.

Functions over a connection inside a transaction, and over rows as `railbox borders --json` and custody have them. How
long what is kept is retention.py's to say.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from railbox_server.store.values import Row
from railbox_telemetry import iso

NEVER_S: Final = -(2**62)
OPEN_S: Final = 2**62
_NOTE: Final = "INSERT INTO let_go VALUES (?,?,?) ON CONFLICT DO UPDATE SET before_s = max(before_s, excluded.before_s)"
_OF_UNIT: Final = """
    SELECT kind, max(before_s) FROM let_go
     WHERE device_id IN
           (SELECT device_id FROM assignments WHERE unit = ?1 UNION SELECT id FROM devices WHERE device = ?1)
     GROUP BY kind"""
_STAYS: Final = ("knots", "visits")
"""What visits and crossings are made of, and they themselves; custody is made of everything."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """What began before is not derived anew once it has ended: visits and crossings, and spans of custody. What ended
    before `gone_s` is gone itself."""

    stays_s: int = NEVER_S
    custody_s: int = NEVER_S
    gone_s: int = NEVER_S


def note(db: sqlite3.Connection, kind: str, before_s: Mapping[int, int]) -> None:
    """By device id, until when rows of this kind are let go."""
    db.executemany(_NOTE, [(device, kind, time_s) for device, time_s in before_s.items()])


def let_go_of(db: sqlite3.Connection, unit: str) -> LetGo:
    found: dict[str, int] = dict(db.execute(_OF_UNIT, (unit,)))
    stays_s = max((found[kind] for kind in _STAYS if kind in found), default=NEVER_S)
    return LetGo(stays_s, max(found.values(), default=NEVER_S), found.get("visits", NEVER_S))


def is_past(row: Row, before_s: int) -> bool:
    """Whether it is over and began before."""
    start_s, end_s = span_of(row)
    return start_s < before_s and end_s < OPEN_S


def past_of(db: sqlite3.Connection, table: str, unit: str, before_s: int) -> list[Row]:
    """What is there of the time before, and over."""
    if before_s == NEVER_S:
        return []
    query = f"SELECT row FROM {table} WHERE unit = ? AND from_s < ? AND until_s < ?"  # noqa: S608 - names of ours
    return [json.loads(text) for (text,) in db.execute(query, (unit, before_s, OPEN_S))]


def new_of(rows: Iterable[Row], past: Sequence[Row], before_s: int, gone_s: int = NEVER_S) -> list[Row]:
    """Those that are neither about what is there of the past already nor gone."""
    if before_s == NEVER_S:
        return list(rows)
    return [
        row
        for row in rows
        if span_of(row)[1] >= gone_s and not (is_past(row, before_s) and any(_same(row, there) for there in past))
    ]


def span_of(row: Row) -> tuple[int, int]:
    """The first and last second that a visit, crossing or span of custody may speak of."""
    start = row.get("entered") or row.get("arrived") or row.get("start")
    end = row.get("exited") or row.get("departed") or row.get("end")
    return _second(start, ("earliest", "est", "latest"), 0), _second(end, ("latest", "est", "earliest"), OPEN_S)


def outlasts(old: Row, new: Iterable[Row], before_s: int) -> bool:
    """Whether a trip that began before is all that is known of it."""
    return old["from_s"] < before_s and all(each["to_s"] <= old["to_s"] for each in new if overlap(old, each))


def overlap(a: Row, b: Row) -> bool:
    """Of two trips: one ends where the next begins."""
    return a["from_s"] < b["to_s"] and b["from_s"] < a["to_s"]


def _same(a: Row, b: Row) -> bool:
    """Whether both are of one place, and overlap. Of a leg whose beginning is gone only where it led is known."""
    (a_start_s, a_end_s), (b_start_s, b_end_s) = span_of(a), span_of(b)
    where = [(row.get("kind"), row.get("place"), row.get("border"), row.get("to_place")) for row in (a, b)]
    return where[0] == where[1] and a_start_s <= b_end_s and b_start_s <= a_end_s


def _second(bounds: Mapping[str, str | None] | None, keys: Sequence[str], unknown: int) -> int:
    known = [text for key in keys if bounds is not None and (text := bounds.get(key)) is not None]
    return iso.to_s(known[0]) if known else unknown
