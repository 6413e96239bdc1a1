"""`railbox export`: the rows of a server as a file, from a running server or straight from its store."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final

import httpx
from tqdm import tqdm

from railbox_server.config import read_secret
from railbox_server.errors import ServerError
from railbox_server.exports.columns import TABLES
from railbox_server.exports.reading import Wanted, read
from railbox_server.exports.shapes import spots_of
from railbox_server.exports.writing import FORMATS, ExportError, format_of
from railbox_server.fleet import Span, Units, units_of
from railbox_server.geo.corridors import available
from railbox_server.store.opening import open_store
from railbox_server.store.sqlite import FILE
from railbox_telemetry import iso
from railbox_telemetry.identity import IdentityError, parse_unit
from railbox_telemetry.settings import SettingsError

EXIT_FAILED, EXIT_USAGE = 1, 2
TIMEOUT_S: Final = 60.0
EXAMPLES: Final = """examples:
  railbox export crossings --data /var/lib/railbox --out crossings.csv
  railbox export track --unit "CSQU 305438-3" --server http://127.0.0.1:8080 --out box.gpx
  railbox export track --from 2026-11-01T00:00:00Z --data /var/lib/railbox --out november.geojson
  railbox export readings --data /var/lib/railbox --out readings.parquet

The format is the ending of --out, or --format; without --out, CSV goes to standard output.
"""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    try:
        kind = args.format or (args.out.suffix.lstrip(".") if args.out else "csv")
        form = format_of(args.table, kind)
        with ExitStack() as stack:
            pieces = _from_server(args, form.name, stack) if args.server else _from_store(args, form.name, stack)
            size = _write(pieces, args.out, stack)
    except (ExportError, IdentityError, SettingsError) as error:
        print(f"railbox export: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (ServerError, OSError) as error:
        print(f"railbox export: {error}", file=sys.stderr)
        return EXIT_FAILED
    if args.out:
        print(f"{args.out}: {args.table} as {form.name}, {size:,} bytes", file=sys.stderr)
    return 0


def _from_store(args: argparse.Namespace, kind: str, stack: ExitStack) -> Iterator[bytes]:
    if not (args.data / FILE).is_file():
        raise ServerError(f"no store in {args.data}; give the folder that the server's settings name as data")
    store = open_store(args.data)
    stack.callback(store.close)
    units = units_of(store.known_devices(), store.assignments())
    wanted = Wanted(_chosen(units, args.unit), Span(_time_s(args.start), _time_s(args.end)))
    return format_of(args.table, kind).write(
        TABLES[args.table], read(store, args.table, wanted), spots_of(available(tuple(args.corridors)))
    )


def _chosen(units: Units, names: list[str]) -> Units:
    """Those of the names, all when there are none; raises ServerError for one that is not there."""
    wanted = [name if name in units else parse_unit(name).number for name in names]
    if unknown := [name for name in wanted if name not in units]:
        raise ServerError(f"no unit {', '.join(unknown)}; railbox device list shows what there is")
    return {name: units[name] for name in wanted or units}


def _from_server(args: argparse.Namespace, kind: str, stack: ExitStack) -> Iterator[bytes]:
    token = read_secret("--token-file", args.token_file)
    wish = {"format": kind, "unit": args.unit, "from": args.start, "to": args.end}
    try:
        response = stack.enter_context(
            httpx.stream(
                "GET",
                f"{args.server.rstrip('/')}/api/exports/{args.table}",
                params={key: value for key, value in wish.items() if value},
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=TIMEOUT_S,
            )
        )
        if response.is_error:
            response.read()
            raise ServerError(detail_of(response))
        yield from response.iter_bytes()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerError(f"{args.server}: {error}; is the server there?") from error


def detail_of(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{response.url}: {response.status_code} {response.reason_phrase}"


def _write(pieces: Iterator[bytes], path: Path | None, stack: ExitStack) -> int:
    """Returns how many bytes were written. A file takes its name when it is whole."""
    part = None if path is None else path.with_name(path.name + ".part")
    file: IO[bytes] = sys.stdout.buffer if part is None else stack.enter_context(part.open("wb"))
    size = 0
    with tqdm(unit="B", unit_scale=True, disable=path is None or not sys.stderr.isatty(), leave=False) as bar:
        for piece in pieces:
            size += file.write(piece)
            bar.update(len(piece))
    file.flush()
    if part is not None and path is not None:
        part.replace(path)
    return size


def _time_s(text: str | None) -> int | None:
    return None if text is None else iso.to_s(text)


def _iso(text: str) -> str:
    """An argument that is a time; argparse says so when it is none."""
    iso.to_s(text)
    return text


_iso.__name__ = "ISO 8601 time with zone"


def parser() -> argparse.ArgumentParser:
    tables = "\n".join(f"  {table.name:<10} {table.summary}" for table in TABLES.values())
    made = argparse.ArgumentParser(
        prog="railbox export",
        description=f"Writes what a server knows to a file.\n\n{tables}",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("table", choices=tuple(TABLES), metavar="TABLE", help="what, of those above")
    place = made.add_mutually_exclusive_group(required=True)
    place.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder; the server may run or not")
    place.add_argument("--server", metavar="URL", help="a running server, like http://127.0.0.1:8080")
    made.add_argument("--token-file", type=Path, metavar="FILE", help="the token that the server asks for")
    made.add_argument("--unit", action="append", default=[], metavar="UNIT", help="only this one; may be repeated")
    made.add_argument("--from", dest="start", type=_iso, metavar="TIME", help="not earlier than this")
    made.add_argument("--to", dest="end", type=_iso, metavar="TIME", help="earlier than this")
    made.add_argument("--format", choices=tuple(FORMATS), help="default: the ending of --out, else csv")
    made.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    made.add_argument(
        "--corridors",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="with --data: a folder of your own corridors",
    )
    return made
