"""`railbox borders`: visits and crossings of logs by the server's own engine, without a server.

The edge: arguments in, rows out. What a log says is `borders_logs`', what follows from it the engine's.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from railbox.borders_logs import Gathered, gather
from railbox_agent import AgentError
from railbox_server.geo import corridors
from railbox_server.journey import report
from railbox_server.journey.derive import derive
from railbox_server.journey.model import Settings
from railbox_server.journey.network import Network
from railbox_telemetry import iso

EXIT_USAGE: Final = 2
EXAMPLES: Final = """examples:
  railbox borders trip.rbrec                       a table of visits and crossings
  railbox borders part1.rbrec part2.rbrec --json   one journey in two logs, as JSON lines
  railbox borders drive.nmea --unit CSQU3054383 --corridor karachi-moscow
  railbox replay trip.rbrec --json | railbox borders - --json
"""
HOUR_S: Final = 3_600
Row = Mapping[str, Any]


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    read_at_s = int(time.time()) if args.now is None else args.now
    try:
        network = network_of(args.corridor, args.corridors_dir)
    except corridors.CorridorError as error:
        print(f"railbox borders: {error}", file=sys.stderr)
        return EXIT_USAGE
    try:
        gathered = gather(args.log, read_at_s, args.unit)
    except AgentError as error:
        print(f"railbox borders: {error}", file=sys.stderr)
        return 1
    for note in gathered.notes:
        print(f"railbox borders: {note}", file=sys.stderr)
    now_s = args.now if args.now is not None else gathered.newest_s(read_at_s + Settings().future_s)
    if now_s is None:
        print("railbox borders: no log has a trusted fix", file=sys.stderr)
        return 1
    found = rows(gathered, network, now_s)
    print_json(found) if args.json else print_tables(sorted(gathered.tracks), found, now_s)
    return 0


def network_of(names: Sequence[str], folders: Sequence[Path]) -> Network:
    """The named corridors, or all there are. Raises CorridorError."""
    return Network([corridors.find(name, folders) for name in names] or corridors.available(folders))


def rows(gathered: Gathered, network: Network, now_s: int) -> list[report.Row]:
    """Sorted by unit, earliest time, id."""
    return report.rows([derive(unit, gathered.of(unit), network, now_s) for unit in sorted(gathered.tracks)])


def print_json(found: Sequence[Row]) -> None:
    for row in found:
        print(json.dumps(row, ensure_ascii=False))


# --- for people ------------------------------------------------------------------------------------------------------

CROSSING_COLUMNS: Final = ("from", "to", "border", "arrived", "crossed", "departed", "hours", "flag")
VISIT_COLUMNS: Final = ("in", "place", "entered", "exited", "hours", "flag")


def print_tables(units: Sequence[str], found: Sequence[Row], now_s: int) -> None:
    print(f"Times are UTC and estimates; hours are least ≤ likely ≤ most. It is {iso.from_s(now_s)}.")
    for unit in units:
        own = [row for row in found if row["unit"] == unit]
        print(f"\n{unit}")
        print_table("crossings", CROSSING_COLUMNS, [crossing_cells(row) for row in own if row["type"] == "crossing"])
        print_table("visits", VISIT_COLUMNS, [visit_cells(row) for row in own if row["type"] == "visit"])


def print_table(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    if not lines:
        print(f"  no {title}")
        return
    widths = [max(len(line[at]) for line in (columns, *lines)) for at in range(len(columns))]
    print(f"  {title}")
    for line in (columns, *lines):
        print("    " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def crossing_cells(row: Row) -> list[str]:
    border = row["border_name"] or " or ".join(row["candidates"])
    moments = [moment(row[name]) for name in ("arrived", "crossed", "departed")]
    to_side = row["from_side"] if row["returned"] else row["to_side"] or "?"
    return [row["from_side"], to_side, border, *moments, hours(row), flag(row)]


def visit_cells(row: Row) -> list[str]:
    entered = "before" if row["already_inside"] else moment(row["entered"])
    return [row["country"], row["place_name"], entered, moment(row["exited"]), hours(row), flag(row)]


def moment(bounds: Row | None) -> str:
    return "-" if bounds is None else bounds["est"][:16].replace("T", " ")


def hours(row: Row) -> str:
    """Least, estimate and most; without a most where it began before anything was known."""
    least, likely, most = (row[f"dwell_{which}_s"] for which in ("min", "est", "max"))
    return f"{least / HOUR_S:.1f} ≤ {likely / HOUR_S:.1f}" + (" ≤ ?" if most is None else f" ≤ {most / HOUR_S:.1f}")


def flag(row: Row) -> str:
    returned = "returned" if row.get("returned") else ""
    told = "" if row["flag"] == "none" else f"{row['flag']} ({row['certainty']})"
    silent = f"no contact since {row['no_contact_since'][:16].replace('T', ' ')}" if row["no_contact_since"] else ""
    return ", ".join(part for part in (returned, told, silent) if part)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox borders",
        description="Visits and border crossings of logs: how long, and whether that is too long, without a server.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "log",
        nargs="+",
        metavar="LOG",
        help="recording, NMEA, GPX (also .gz), or fixes as JSON lines in any order; - reads those from standard input",
    )
    made.add_argument("--json", action="store_true", help="one JSON object a line")
    made.add_argument("--now", type=moment_s, metavar="TIME", help="what time it is (default: that of the newest fix)")
    made.add_argument("--unit", help="the container or wagon, where a log does not say or says it wrong")
    made.add_argument(
        "--corridor", action="append", default=[], metavar="NAME", help="only its borders (repeat it for several)"
    )
    made.add_argument(
        "--corridors-dir", type=Path, action="append", default=[], metavar="DIR", help="your own corridors, too"
    )
    return made


def moment_s(text: str) -> int:
    try:
        return iso.to_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
