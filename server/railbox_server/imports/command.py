"""`railbox import`: GPX and CSV tracks to a running server."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from railbox_server import where
from railbox_server.asking import Asker, with_query
from railbox_server.errors import ServerError
from railbox_telemetry.identity import check_device, parse_unit

TIMEOUT_S: Final = 300.0
SUFFIXES: Final = (".gpx", ".csv")
EXAMPLES: Final = """examples:
  railbox import way.gpx --device PHONE1 --unit "CSQU 305438-3"
  railbox import a.csv b.csv --device LOGGER7 --server http://127.0.0.1:8080

A CSV file names its columns in the first line: time (ISO 8601 with zone), lat, lon. Steps of over 10 minutes count as
dark. The same file again changes nothing.
"""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    return where.guarded("import", lambda: take(args))


def take(args: argparse.Namespace) -> int:
    device, unit = check_device(args.device), None if args.unit is None else parse_unit(args.unit).number
    asker = where.asker(args)
    for path in tqdm(args.files, unit="file", disable=len(args.files) < 2 or not sys.stderr.isatty()):
        _tell(path, _send(asker, path, device, unit), args.json)
    return 0


def _send(asker: Asker, path: Path, device: str, unit: str | None) -> dict[str, Any]:
    wish = {"device": device, "format": path.suffix.lower().lstrip("."), "unit": unit}
    content = path.read_bytes()
    try:
        return asker.send(with_query("/api/imports/track", wish), content, TIMEOUT_S)
    except ServerError as error:
        raise ServerError(f"{path}: {error}") from error


def _tell(path: Path, row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"file": str(path), **row}))
        return
    left_out = f", {row['skipped']} left out" if row["skipped"] else ""
    print(f"{path}: {row['positions']:,} positions from {row['from']} to {row['to']}{left_out}")
    for item in row["skipped_examples"]:
        print(f"  {'line' if path.suffix.lower() == '.csv' else 'point'} {item['where']}: {item['reason']}")


def _track(text: str) -> Path:
    """An argument that is a track; argparse says so when it is none."""
    path = Path(text)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text}: expected a file that ends with {' or '.join(SUFFIXES)}")
    return path


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox import",
        description="Takes tracks from elsewhere, as if a tracker had sent them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[where.server_options()],
    )
    made.add_argument("files", nargs="+", type=_track, metavar="FILE", help="GPX or CSV")
    made.add_argument("--device", required=True, help="whose track it is to be: one of its own for each source")
    made.add_argument("--unit", help="fixes the device to this container or wagon")
    return made
