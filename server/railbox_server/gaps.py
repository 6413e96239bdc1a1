"""`railbox gaps`: what arrived and what did not, by number, told by a running server or by its store."""

import argparse
import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Final

from railbox_server import where
from railbox_server.device_rows import gap_rows
from railbox_server.store.opening import open_books
from railbox_server.store.values import Row

RANGES_SHOWN: Final = 5
EXAMPLES: Final = """examples:
  railbox gaps --data /var/lib/railbox           exit code 0: no number is missing, 1: some are
  railbox gaps TRK1 --server http://127.0.0.1:8080 --json

Missing: neither stored nor in quarantine nor discarded, though a greater number came. What a tracker still has comes
later. Discarded: the tracker had no room for it any more.
"""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    return where.guarded("gaps", lambda: show(args))


def show(args: argparse.Namespace) -> int:
    if args.server:
        rows = where.asker(args).pages("/api/gaps", "devices", {"device": args.device})
    else:
        with closing(open_books(args.data)) as store:
            rows = gap_rows(store.outboxes(args.device))
    missing = sum(_count(row["missing"]) for row in rows)
    if args.json:
        for row in rows:
            print(json.dumps(row))
    else:
        print("\n".join(lines(rows)))
    return where.EXIT_FAILED if missing else 0


def lines(rows: Sequence[Row]) -> list[str]:
    """For people: a line an outbox, and the sum."""
    heads = ("device", "epoch", "arrived", "highest", "missing", "since", "quarantined", "discarded")
    cells = [
        heads,
        *(
            (
                row["device"],
                str(row["epoch"]),
                str(row["arrived"]),
                str(row["highest"]),
                _ranges(row["missing"]),
                row["missing_since"] or "-",
                _ranges(row["quarantined"]),
                _ranges(row["discarded"]),
            )
            for row in rows
        ),
    ]
    widths = [max(len(line[at]) for line in cells) for at in range(len(heads))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    sums = (f"{sum(_count(row[key]) for row in rows)} {key}" for key in ("missing", "quarantined", "discarded"))
    return [*shown, f"in all: {sum(row['arrived'] for row in rows)} arrived, {', '.join(sums)}"]


def _ranges(pairs: Iterable[Sequence[int]]) -> str:
    parts = [str(first) if first == last else f"{first}-{last}" for first, last in pairs]
    more = f" and {len(parts) - RANGES_SHOWN} more" if len(parts) > RANGES_SHOWN else ""
    return (" ".join(parts[:RANGES_SHOWN]) + more) or "0"


def _count(pairs: Iterable[Sequence[int]]) -> int:
    return sum(last - first + 1 for first, last in pairs)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox gaps",
        description="Which batches of trackers arrived, and which are missing, by number.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[where.options()],
    )
    made.add_argument("device", nargs="?", help="of one device; not given: of all")
    return made
