"""`railbox import`: GPX and CSV tracks to a running server."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

import httpx
from tqdm import tqdm

from railbox_server.config import read_secret
from railbox_server.errors import ServerError
from railbox_server.exports.command import detail_of
from railbox_telemetry.identity import IdentityError, check_device, parse_unit
from railbox_telemetry.settings import SettingsError

EXIT_FAILED, EXIT_USAGE = 1, 2
TIMEOUT_S: Final = 300.0
SUFFIXES: Final = (".gpx", ".csv")
EXAMPLES: Final = """examples:
  railbox import way.gpx --device PHONE1 --unit "CSQU 305438-3" --server http://127.0.0.1:8080
  railbox import a.csv b.csv --device LOGGER7 --server http://127.0.0.1:8080

A CSV file names its columns in the first line: time (ISO 8601 with zone), lat, lon. Steps of over 10 minutes count as
dark. The same file again changes nothing.
"""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    try:
        check_device(args.device)
        unit = None if args.unit is None else parse_unit(args.unit).number
        token = read_secret("--token-file", args.token_file)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(base_url=args.server, headers=headers, timeout=TIMEOUT_S) as client:
            for path in tqdm(args.files, unit="file", disable=len(args.files) < 2 or not sys.stderr.isatty()):
                _tell(path, _send(client, path, args.device, unit), args.json)
    except (IdentityError, SettingsError) as error:
        print(f"railbox import: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (ServerError, OSError) as error:
        print(f"railbox import: {error}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def _send(client: httpx.Client, path: Path, device: str, unit: str | None) -> dict[str, Any]:
    wish = {"device": device, "format": path.suffix.lower().lstrip("."), "unit": unit}
    try:
        response = client.post(
            "/api/imports/track",
            params={key: value for key, value in wish.items() if value is not None},
            content=path.read_bytes(),
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerError(f"{client.base_url}: {error}; is the server there?") from error
    if response.is_error:
        raise ServerError(f"{path}: {detail_of(response)}")
    return response.json()


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
    )
    made.add_argument("files", nargs="+", type=_track, metavar="FILE", help="GPX or CSV")
    made.add_argument("--device", required=True, help="whose track it is to be: one of its own for each source")
    made.add_argument("--unit", help="fixes the device to this container or wagon")
    made.add_argument("--server", required=True, metavar="URL", help="a running server, like http://127.0.0.1:8080")
    made.add_argument("--token-file", type=Path, metavar="FILE", help="the token that the server asks for")
    made.add_argument("--json", action="store_true", help="a line of JSON a file")
    return made
