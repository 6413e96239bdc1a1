"""Tracks from elsewhere as fixes: plain NMEA logs and GPX. No monotonic clock ran with them.

Reads from an open file; knows nothing of what becomes of a fix.
"""

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any, Final

from railbox_agent import AgentError
from railbox_agent.gnss.receiver import GnssSettings, Receiver
from railbox_agent.gnss.trust import Limits, Seen, TrustState, judge
from railbox_telemetry import iso
from railbox_telemetry.values import Fix

GPX_DARK_AFTER_S: Final = 600
"""A step over ten minutes is dark: phones and loggers record when they please."""
BLOCK_BYTES: Final = 1 << 16
PERIOD_SAMPLE: Final = 30

# gpsd's test logs, and ours, begin with `#` lines; one of them is `# Date: 2019-04-12`.
_DATE = re.compile(rb"#\s*date\s*[:=]?\s*(\d{4})-(\d\d?)-(\d\d?)", re.IGNORECASE)


class TrackError(AgentError):
    """A file that is no track, or that cannot be read here."""


def nmea(file: IO[bytes], checksum_required: bool, counters: Counter[str]) -> Iterator[Seen]:
    """The fixes of a plain NMEA log. Lines that begin with `#` are comments.

    The pivot of week rollovers is the date in the leading comments, never today; without one, dates are as said.
    `counters` gets what the receiver counted, at the end.
    """
    lines = _lines(file)
    pivot_ms, first = _leading_comments(lines)
    receiver = Receiver(GnssSettings(checksum_required, pivot_ms))
    yield from receiver.feed(first)
    for line in lines:
        if not line.startswith(b"#"):
            yield from receiver.feed(line)
    yield from receiver.finish()
    counters.update(receiver.counters)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines, or pieces of a bounded length where binary has none."""
    while line := file.readline(BLOCK_BYTES):
        yield line


def _leading_comments(lines: Iterator[bytes]) -> tuple[int | None, bytes]:
    """The date that the comments name, and the first line after them."""
    pivot_ms: int | None = None
    for line in lines:
        if not line.startswith(b"#"):
            return pivot_ms, line
        if pivot_ms is None and (match := _DATE.match(line)):
            pivot_ms = _day_ms(int(match[1]), int(match[2]), int(match[3]))
    return pivot_ms, b""


def _day_ms(year: int, month: int, day: int) -> int | None:
    try:
        return iso.to_ms(datetime(year, month, day, tzinfo=UTC).isoformat())
    except ValueError:
        return None


def period_s(fixes: Iterable[Seen]) -> float:
    """How often these fixes come: the median step. One second when there are too few to tell."""
    times_ms = [seen.fix.fix_time_ms for seen in fixes]
    steps_ms = [after - before for before, after in itertools.pairwise(times_ms) if after > before]
    return statistics.median_low(steps_ms) / 1000 if steps_ms else 1.0


def gpx(file: IO[bytes], counters: Counter[str]) -> Iterator[Seen]:
    """The fixes of a GPX file, all its tracks in order of time. Points without a time are counted and left out."""
    state, limits = TrustState(), Limits()
    fixes = sorted(_gpx_fixes(file, counters), key=lambda fix: fix.fix_time_ms)
    counters["fixes"] = len(fixes)
    for fix in fixes:
        state, judged = judge(state, fix, None, limits)
        if judged.reason is not None:
            counters[f"untrusted_{judged.reason}"] += 1
        yield Seen(judged, None)


def _gpx_fixes(file: IO[bytes], counters: Counter[str]) -> Iterator[Fix]:
    for point in _gpx_points(file):
        fix = _gpx_fix(point)
        if fix is None:
            counters["unusable_points"] += 1
        else:
            yield fix


def _gpx_points(file: IO[bytes]) -> Iterator[Any]:
    try:
        import gpxpy  # noqa: PLC0415 - a tracker does without it
        from gpxpy.gpx import GPXException  # noqa: PLC0415
    except ModuleNotFoundError:
        raise TrackError("reading GPX needs gpxpy, which is not installed; run: pip install gpxpy") from None
    try:
        document: Any = gpxpy.parse(file.read().decode("utf-8-sig"))
    except (GPXException, ValueError) as error:
        raise TrackError(f"not GPX: {error}") from None
    for track in document.tracks:
        for segment in track.segments:
            yield from segment.points


def _gpx_fix(point: Any) -> Fix | None:
    moment, lat_deg, lon_deg = point.time, point.latitude, point.longitude
    if not isinstance(moment, datetime) or not (-90 <= lat_deg <= 90 and -180 <= lon_deg <= 180):
        return None
    if lat_deg == 0 and lon_deg == 0:
        return None
    # GPX times are UTC by definition; gpxpy gives those without a zone as naive.
    fix_time_ms = iso.to_ms((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat())
    return Fix(
        fix_time_ms=fix_time_ms,
        lat_deg=float(lat_deg),
        lon_deg=float(lon_deg),
        speed_mps=point.speed,
        course_deg=point.course,
        alt_m=point.elevation,
        sats=point.satellites,
        hdop=point.horizontal_dilution,
    )
