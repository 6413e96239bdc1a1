"""`railbox export`: the rows of a server as a file, from a running server or straight from its store."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final

from tqdm import tqdm

from railbox_server import where
from railbox_server.asking import with_query
from railbox_server.errors import ServerError
from railbox_server.exports import epcis
from railbox_server.exports.columns import TABLES
from railbox_server.exports.reading import Wanted, read
from railbox_server.exports.shapes import spots_of
from railbox_server.exports.writing import FORMATS, ExportError, format_of
from railbox_server.fleet import Span, Units, units_of
from railbox_server.geo.corridors import available
from railbox_server.telling.ledger import NoticeLedger
from railbox_telemetry import iso
from railbox_telemetry.identity import parse_unit
from railbox_telemetry.settings import SettingsError

TIMEOUT_S: Final = 60.0
EPCIS: Final = "epcis"
SUMMARY_OF_EPCIS: Final = "EPCIS 2.0 of visits and crossings, as a JSON document of events"
EXAMPLES: Final = """examples:
  railbox export crossings --data /var/lib/railbox --out crossings.csv
  railbox export track --unit "CSQU 305438-3" --server http://127.0.0.1:8080 --out box.gpx
  railbox export track --from 2026-11-01T00:00:00Z --data /var/lib/railbox --out november.geojson
  railbox export readings --data /var/lib/railbox --out readings.parquet
  railbox export epcis --from 2026-11-01T00:00:00Z --server http://127.0.0.1:8080 --out november.json

The format is the ending of --out, or --format; without --out, CSV (EPCIS: JSON) goes to standard output.
"""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    return where.guarded("export", lambda: export(args))


def export(args: argparse.Namespace) -> int:
    kind = _kind(args)
    with ExitStack() as stack:
        if args.server:
            pieces = _from_server(args, kind)
        elif args.table == EPCIS:
            pieces = _epcis(args, stack)
        else:
            pieces = _from_store(args, kind, stack)
        size = _write(pieces, args.out)
    if args.out:
        print(f"{args.out}: {args.table} as {kind}, {size:,} bytes", file=sys.stderr)
    return 0


def _kind(args: argparse.Namespace) -> str:
    """The format; raises SettingsError where the table cannot have it."""
    usual = "json" if args.table == EPCIS else "csv"
    kind = args.format or (args.out and args.out.suffix.lstrip(".")) or usual
    if args.table != EPCIS:
        try:
            return format_of(args.table, kind).name
        except ExportError as error:
            raise SettingsError(str(error)) from error
    if kind != "json":
        raise SettingsError(f"{EPCIS} cannot be exported as {kind!r}; there is json")
    return kind


def _from_store(args: argparse.Namespace, kind: str, stack: ExitStack) -> Iterator[bytes]:
    store = where.store(args)
    stack.callback(store.close)
    units = units_of(store.known_devices(), store.assignments())
    wanted = Wanted(_chosen(units, args.unit), _span(args))
    return format_of(args.table, kind).write(
        TABLES[args.table], read(store, args.table, wanted), spots_of(available(tuple(args.corridors)))
    )


def _epcis(args: argparse.Namespace, stack: ExitStack) -> Iterator[bytes]:
    ledger = NoticeLedger.of(args.data)
    stack.callback(ledger.close)
    ground, span = epcis.ground_of(available(tuple(args.corridors))), _span(args)
    told = ledger.told_of(epcis.KINDS, [parse_unit(unit).number for unit in args.unit], span)
    return epcis.epcis_document(told, ground, int(time.time()), span)


def _span(args: argparse.Namespace) -> Span:
    return Span(*(None if text is None else iso.to_s(text) for text in (args.start, args.end)))


def _chosen(units: Units, names: list[str]) -> Units:
    """Those of the names, all when there are none; raises ServerError for one that is not there."""
    wanted = [name if name in units else parse_unit(name).number for name in names]
    if unknown := [name for name in wanted if name not in units]:
        raise ServerError(f"no unit {', '.join(unknown)}; railbox device list shows what there is")
    return {name: units[name] for name in wanted or units}


def _from_server(args: argparse.Namespace, kind: str) -> Iterator[bytes]:
    wish = {"format": None if args.table == EPCIS else kind, "unit": args.unit, "from": args.start, "to": args.end}
    return where.asker(args).pieces(with_query(f"/api/exports/{args.table}", wish), TIMEOUT_S)


def _write(pieces: Iterator[bytes], path: Path | None) -> int:
    """Returns how many bytes were written. A file takes its name when it is whole; half of one does not stay."""
    if path is None:
        return _copy(pieces, sys.stdout.buffer, quiet=True)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            size = _copy(pieces, file, quiet=not sys.stderr.isatty())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return size


def _copy(pieces: Iterator[bytes], file: IO[bytes], *, quiet: bool) -> int:
    size = 0
    with tqdm(unit="B", unit_scale=True, disable=quiet, leave=False) as bar:
        for piece in pieces:
            size += file.write(piece)
            bar.update(len(piece))
    file.flush()
    return size


def parser() -> argparse.ArgumentParser:
    summaries = {table.name: table.summary for table in TABLES.values()} | {EPCIS: SUMMARY_OF_EPCIS}
    tables = "\n".join(f"  {name:<10} {summary}" for name, summary in summaries.items())
    made = argparse.ArgumentParser(
        prog="railbox export",
        description=f"Writes what a server knows to a file.\n\n{tables}",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[where.options(rows=False)],
    )
    made.add_argument("table", choices=tuple(summaries), metavar="TABLE", help="what, of those above")
    made.add_argument("--unit", action="append", default=[], metavar="UNIT", help="only this one; may be repeated")
    made.add_argument("--from", dest="start", type=where.moment, metavar="TIME", help="not earlier than this")
    made.add_argument("--to", dest="end", type=where.moment, metavar="TIME", help="earlier than this")
    made.add_argument("--format", choices=(*FORMATS, "json"), help="default: the ending of --out, else csv")
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
