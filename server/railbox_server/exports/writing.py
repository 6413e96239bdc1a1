"""An export as bytes, piece by piece: rows in, a file of CSV, GeoJSON, GPX or Parquet out.

Nothing is held here but one piece (in GeoJSON: one line), except by GPX (its library builds the whole document) and the
row group of Parquet.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, Final

from railbox_server.errors import ServerError
from railbox_server.exports.columns import TABLES, Flat, Table, flat
from railbox_server.exports.shapes import Spots, features, runs
from railbox_server.store.values import Row
from railbox_telemetry import iso

PIECE_ROWS: Final = 2_000
ROW_GROUP_ROWS: Final = 100_000
PARQUET_TYPES: Final = {
    "text": "string",
    "integer": "int64",
    "number": "float64",
    "truth": "bool",
}


class ExportError(ServerError):
    """An export that cannot be made; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of file is written. `write` is given the table, its rows, and where places and borders are."""

    name: str
    media_type: str
    tables: tuple[str, ...]
    write: Callable[[Table, Iterable[Row], Spots], Iterator[bytes]]


def write_csv(table: Table, rows: Iterable[Row], _spots: Spots) -> Iterator[bytes]:
    """RFC 4180 with a header line; what is unknown is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    for piece in _pieces(rows, PIECE_ROWS):
        writer.writerows([_cell(value) for value in flat(table, row).values()] for row in piece)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    # A spreadsheet takes text that begins so for a formula: an apostrophe is its own sign for text.
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def write_geojson(table: Table, rows: Iterable[Row], spots: Spots) -> Iterator[bytes]:
    """A feature collection (RFC 7946): lines of tracks, a point a visit or crossing."""
    yield b'{"type":"FeatureCollection","features":['
    for nth, feature in enumerate(features(table, rows, spots)):
        yield (",\n" if nth else "\n").encode() + json.dumps(feature, ensure_ascii=False).encode()
    yield b"\n]}\n"


def write_gpx(_table: Table, rows: Iterable[Row], _spots: Spots) -> Iterator[bytes]:
    """A track a unit; a new segment where the receiver was dark. Untrusted positions are left out."""
    from gpxpy import gpx  # noqa: PLC0415 - only this export needs it

    document: Any = gpx.GPX()
    document.creator = "Railbox"
    for unit, own in groupby(rows, key=lambda row: row["unit"]):
        track: Any = gpx.GPXTrack(name=unit)
        document.tracks.append(track)
        for run in runs(own):
            if run.is_dark:
                continue
            track.segments.append(gpx.GPXTrackSegment([_gpx_point(gpx, row) for row in run.rows]))
    yield document.to_xml(version="1.1").encode()


def _gpx_point(gpx: Any, row: Row) -> Any:
    return gpx.GPXTrackPoint(row["lat"], row["lon"], time=datetime.fromisoformat(row["time"]))


def write_parquet(table: Table, rows: Iterable[Row], _spots: Spots) -> Iterator[bytes]:
    """Columns with types, times as UTC timestamps. Raises ExportError where pyarrow is not installed."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - large, and only this export needs it
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ExportError("Parquet needs pyarrow on the server; run: pip install 'railbox[parquet]'") from error
    arrow: Any = pa
    schema = arrow.schema(
        [
            (column.name, arrow.timestamp("ms", "UTC") if column.type == "time" else PARQUET_TYPES[column.type])
            for column in table.columns
        ]
    )
    sink = _Sink()
    writer: Any = pq.ParquetWriter(arrow.PythonFile(sink, mode="w"), schema)
    for piece in _pieces(rows, ROW_GROUP_ROWS):
        writer.write_table(arrow.Table.from_pylist([_typed(table, flat(table, row)) for row in piece], schema))
        yield sink.taken()
    writer.close()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that is sent on as it grows: it forgets what was taken, and goes on counting."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()
        self._sent_bytes = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._sent_bytes + len(self._kept)

    def write(self, data: Any) -> int:
        self._kept += data
        return len(data)

    def taken(self) -> bytes:
        piece = bytes(self._kept)
        self._sent_bytes += len(piece)
        self._kept.clear()
        return piece


def _typed(table: Table, values: Flat) -> Flat:
    times = [column.name for column in table.columns if column.type == "time"]
    return values | {name: None if values[name] is None else iso.to_ms(values[name]) for name in times}


def _pieces(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows in lists of at most `size`; no list is empty."""
    left = iter(rows)
    while piece := list(islice(left, size)):
        yield piece


FORMATS: Final[Mapping[str, Format]] = {
    made.name: made
    for made in (
        Format("csv", "text/csv; charset=utf-8", tuple(TABLES), write_csv),
        Format("geojson", "application/geo+json", ("track", "visits", "crossings"), write_geojson),
        Format("gpx", "application/gpx+xml", ("track",), write_gpx),
        Format("parquet", "application/vnd.apache.parquet", tuple(TABLES), write_parquet),
    )
}


def format_of(table: str, name: str) -> Format:
    """Raises ExportError where there is no such format, or not of this table."""
    found = FORMATS.get(name)
    if found is None or table not in found.tables:
        able = ", ".join(item.name for item in FORMATS.values() if table in item.tables)
        raise ExportError(f"{table} cannot be exported as {name!r}; there are {able}")
    return found
