"""What is wrong now: open visits and crossings that take too long, and units without contact.

Pure: from the rows that the engine derived to rows of /api/flags.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from railbox_server.store.values import Row

Level = Literal["over", "critical", "no_contact"]


def flag_rows(units: Iterable[Row], open_visits: Iterable[Row], open_crossings: Iterable[Row]) -> Iterator[Row]:
    """`units` as /api/units has them. What was over and has ended is no matter of now."""
    for row in open_visits:
        if row["flag"] != "none":
            place = {"place": row["place"], "place_name": row["place_name"]}
            yield {**_stay("visit", row, "entered"), **place, "border": None, "border_name": None}
    for row in open_crossings:
        if row["flag"] != "none":
            border = {"border": row["border"], "border_name": row["border_name"]}
            yield {**_stay("crossing", row, "arrived"), "place": None, "place_name": None, **border}
    for row in units:
        if row["no_contact_since"] is not None:
            yield _silence(row)


def _stay(kind: str, row: Row, begins: str) -> Row:
    return {
        "kind": kind,
        "id": row["id"],
        "unit": row["unit"],
        "flag": row["flag"],
        "certainty": row["certainty"],
        "since": row[begins],
        **{key: row[key] for key in ("dwell_min_s", "dwell_est_s", "dwell_max_s", "limit_s", "no_contact_since")},
    }


def _silence(row: Row) -> Row:
    place = row["place"]
    return {
        "kind": "contact",
        "id": None,
        "unit": row["unit"],
        "flag": "no_contact",
        "certainty": None,
        "since": None,
        "place": place and place["id"],
        "place_name": place and place["name"],
        "border": None,
        "border_name": None,
        **dict.fromkeys(("dwell_min_s", "dwell_est_s", "dwell_max_s", "limit_s")),
        "no_contact_since": row["no_contact_since"],
    }
