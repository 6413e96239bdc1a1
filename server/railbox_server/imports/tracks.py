"""GPX and CSV tracks as knots. Pure: bytes in, knots and what was left out of them.

A step of over ten minutes is dark (docs/design.md, "Thinning"): phones and loggers record when they please.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree

from railbox_server.errors import ServerError
from railbox_server.ingest.limits import EARLIEST_S, LATEST_S, MAX_NUMBER
from railbox_telemetry import iso
from railbox_telemetry.values import DEGREE_E5, Knot

DARK_AFTER_S: Final = 600
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "time": ("time", "fix_time", "datetime", "utc"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "lng", "long", "longitude"),
    "dark_s": ("dark_s",),
    "trusted": ("trusted",),
}
"""The names that a CSV column may have, small or capital. Others are passed over."""
EXAMPLES_NAMED: Final = 20
MAX_SHOWN: Final = 200
"""So much of a file stands in an error at most."""


class TrackError(ServerError):
    """A file that is no track; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """`where`: the line of a CSV file, the number of the point in GPX."""

    where: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadTrack:
    """Knots in order of time, one a second; the first EXAMPLES_NAMED of those left out, and how many these were."""

    knots: tuple[Knot, ...]
    skipped: tuple[Skipped, ...]
    skipped_count: int


@dataclass(frozen=True, slots=True)
class _Point:
    time_s: int
    lat_e5: int
    lon_e5: int
    dark_s: int | None = None
    """None: not said."""


def read_track(form: str, data: bytes) -> ReadTrack:
    """`form`: a key of FORMS. Raises TrackError when the bytes are none, or hold no position."""
    points: dict[int, _Point] = {}
    skipped: list[Skipped] = []
    count = 0
    for where, found in FORMS[form](_text(data)):
        if isinstance(found, _Point) and found.time_s not in points:
            points[found.time_s] = found
            continue
        count += 1
        if len(skipped) < EXAMPLES_NAMED:
            skipped.append(Skipped(where, found if isinstance(found, str) else "a second position of one second"))
    if not points:
        why = f"; the first was left out because: {skipped[0].reason}" if skipped else ""
        raise TrackError(f"no position with a time in it{why}")
    return ReadTrack(tuple(_knots(points)), tuple(skipped), count)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrackError(f"not UTF-8 text: {error}") from None


def _knots(points: Mapping[int, _Point]) -> Iterator[Knot]:
    before_s: int | None = None
    for time_s, point in sorted(points.items()):
        step_s = 0 if before_s is None else time_s - before_s
        dark_s = (step_s if step_s > DARK_AFTER_S else 0) if point.dark_s is None else point.dark_s
        yield Knot(time_s, point.lat_e5, point.lon_e5, dark_s)
        before_s = time_s


# --- GPX -------------------------------------------------------------------------------------------------------------


def _gpx(text: str) -> Iterator[tuple[int, _Point | str]]:
    """The points of its tracks, of any version of GPX; a tree of all of them would take twenty times the file."""
    if "<!DOCTYPE" in text:
        raise TrackError("not GPX, which has no DOCTYPE: entities could name files, or grow without end")
    where = 0
    segment: ElementTree.Element | None = None
    try:
        for event, element in ElementTree.iterparse(io.StringIO(text), ("start", "end")):  # noqa: S314 - no DTD, as above
            match event, element.tag.rpartition("}")[2]:
                case "start", "trkseg":
                    segment = element
                case "end", "trkpt":
                    where += 1
                    yield where, _gpx_point(element)
                    if segment is not None:
                        segment.clear()
                case _:
                    pass
    except ElementTree.ParseError as error:
        raise TrackError(f"not GPX: {error}") from None


def _gpx_point(element: ElementTree.Element) -> _Point | str:
    stamp = (element.findtext("{*}time") or "").strip()
    if not stamp:
        return "it has no time"
    try:
        lat, lon = float(element.get("lat", "")), float(element.get("lon", ""))
    except ValueError:
        return f"lat {element.get('lat')!r}, lon {element.get('lon')!r} are no numbers"
    return _point(_in_utc(stamp), lat, lon)


def _in_utc(stamp: str) -> str:
    """GPX times are UTC by definition, also those without a zone."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return stamp if moment.tzinfo else moment.replace(tzinfo=UTC).isoformat()


# --- CSV -------------------------------------------------------------------------------------------------------------


def _csv(text: str) -> Iterator[tuple[int, _Point | str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    nothing: list[str] = []
    try:
        heads = [name.strip().lower() for name in next(rows, nothing)]
        at = {key: heads.index(name) for key, names in COLUMNS.items() for name in names if name in heads}
        if missing := [key for key in ("time", "lat", "lon") if key not in at]:
            found = ", ".join(heads)[:MAX_SHOWN] or "nothing"
            raise TrackError(f"no column {', '.join(missing)} in the first line; it names {found}")
        for row in rows:
            if any(map(str.strip, row)):
                yield rows.line_num, _csv_point(row, at)
    except csv.Error as error:
        raise TrackError(f"not CSV: line {rows.line_num}: {error}") from None


def _separator(text: str) -> str:
    """Whichever the first line has most of."""
    return max(",;\t", key=text[: text.find("\n")].count)


def _csv_point(row: list[str], at: Mapping[str, int]) -> _Point | str:
    if len(row) <= max(at.values()):
        return f"{len(row)} columns, fewer than the first line names"
    if "trusted" in at and row[at["trusted"]].strip().lower() == "false":
        return "it is not trusted"
    said = row[at["dark_s"]].strip() if "dark_s" in at else ""
    try:
        lat, lon = float(row[at["lat"]]), float(row[at["lon"]])
        dark_s = int(said) if said else None
    except ValueError:
        return f"lat {row[at['lat']]!r}, lon {row[at['lon']]!r}{f', dark_s {said!r}' if said else ''} are no numbers"
    return _point(row[at["time"]].strip(), lat, lon, dark_s)


def _point(stamp: str, lat: float, lon: float, dark_s: int | None = None) -> _Point | str:
    """The point, or why it is none."""
    try:
        time_s = iso.to_s(stamp)
    except (ValueError, OverflowError):
        return f"time {stamp[:MAX_SHOWN]!r} is no ISO 8601 time with a zone"
    if not EARLIEST_S <= time_s <= LATEST_S:
        return f"time {stamp[:MAX_SHOWN]} is before 2015 or after 2242"
    if not (-90 <= lat <= 90 and -180 <= lon <= 180) or lat == lon == 0:
        return f"{lat}, {lon} is no place"
    if dark_s is not None and not 0 <= dark_s <= MAX_NUMBER:
        return "dark_s is out of range"
    return _Point(time_s, round(lat * DEGREE_E5), round(lon * DEGREE_E5), dark_s)


FORMS: Final[Mapping[str, Callable[[str], Iterator[tuple[int, _Point | str]]]]] = {"gpx": _gpx, "csv": _csv}
