"""What one sentence says: the columns that pynmea2 names, as values in SI units, each checked on its own.

Keyed on the three-letter type, so every talker counts (GP, GN, GL, GA, GB, BD, GQ, QZ and those to come). Knows nothing
of other sentences. A bad field is None and named in `problems`; it does not spoil the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, cast

import pynmea2

from railbox_agent.gnss import fields
from railbox_agent.gnss.fields import FieldError

Value = TypeVar("Value")
Status = Literal["valid", "void", "estimated", "manual", "simulated"]


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence. None: it does not say. `day` counts from 1970; `status` is what it says of its own position.

    `snrs_db` are the signal strengths of the satellites that a GSV lists.
    """

    kind: str
    time_of_day_ms: int | None = None
    day: int | None = None
    status: Status | None = None
    position: tuple[float, float] | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    alt_m: float | None = None
    sats: int | None = None
    hdop: float | None = None
    snrs_db: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()


# Quality of GGA, and the mode letters of RMC, GLL and GNS (NMEA 0183 4.10). Anything else is taken for void.
_QUALITY: Final[Mapping[str, Status]] = {
    **dict.fromkeys("123459", "valid"),  # 9 is what NovAtel and others write for SBAS
    "6": "estimated",
    "7": "manual",
    "8": "simulated",
}
_MODE: Final[Mapping[str, Status]] = {
    **dict.fromkeys("ACDFPRU", "valid"),
    "E": "estimated",
    "M": "manual",
    "S": "simulated",
}


def _mode(letters: str) -> Status | None:
    """The best of the mode letters (GNS has one a constellation); None when there are none (before NMEA 2.3)."""
    if not letters:
        return None
    stated = {_MODE.get(letter, "void") for letter in letters}
    for status in ("valid", "estimated", "manual", "simulated"):
        if status in stated:
            return status
    return "void"


def _active(status: str, mode: str) -> Status:
    """`A` and `D` are active; the mode letter then says what kind of active."""
    return (_mode(mode) or "valid") if status in ("A", "D") else "void"


class _Row:
    """The columns of one sentence by pynmea2's names, and what was wrong with them."""

    __slots__ = ("_columns", "_data", "problems")

    def __init__(self, sentence: Any) -> None:
        self._columns = cast("Mapping[str, int]", sentence.name_to_idx)
        self._data = cast("list[str]", sentence.data)
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        at = self._columns[name]
        return self._data[at] if at < len(self._data) else ""

    def value(self, convert: Callable[..., Value | None], *names: str) -> Value | None:
        try:
            return convert(*[self.text(name) for name in names])
        except FieldError as error:
            self.problems.append(str(error))
            return None

    def position(self) -> tuple[float, float] | None:
        return self.value(fields.position, "lat", "lat_dir", "lon", "lon_dir")

    def rest(self, first: int) -> list[str]:
        return self._data[first:]

    @property
    def size(self) -> int:
        return len(self._data)


def _rmc(row: _Row) -> Said:
    return Said(
        "RMC",
        time_of_day_ms=row.value(fields.clock, "timestamp"),
        day=row.value(fields.short_date, "datestamp"),
        status=_active(row.text("status"), row.text("mode_indicator")),
        position=row.position(),
        speed_mps=row.value(fields.speed_knots, "spd_over_grnd"),
        course_deg=row.value(fields.course, "true_course"),
        problems=tuple(row.problems),
    )


def _gga(row: _Row) -> Said:
    return Said(
        "GGA",
        time_of_day_ms=row.value(fields.clock, "timestamp"),
        status=_QUALITY.get(row.text("gps_qual"), "void"),
        position=row.position(),
        alt_m=row.value(fields.decimal, "altitude"),
        sats=row.value(fields.count, "num_sats"),
        hdop=row.value(fields.dilution, "horizontal_dil"),
        problems=tuple(row.problems),
    )


def _gns(row: _Row) -> Said:
    return Said(
        "GNS",
        time_of_day_ms=row.value(fields.clock, "timestamp"),
        status=_mode(row.text("mode_indicator")) or "void",
        position=row.position(),
        alt_m=row.value(fields.decimal, "altitude"),
        sats=row.value(fields.count, "num_sats"),
        hdop=row.value(fields.dilution, "hdop"),
        problems=tuple(row.problems),
    )


def _gll(row: _Row) -> Said:
    return Said(
        "GLL",
        time_of_day_ms=row.value(fields.clock, "timestamp"),
        status=_active(row.text("status"), row.text("faa_mode")),
        position=row.position(),
        problems=tuple(row.problems),
    )


def _vtg(row: _Row) -> Said:
    speed_mps = row.value(fields.speed_knots, "spd_over_grnd_kts")
    return Said(
        "VTG",
        speed_mps=speed_mps if speed_mps is not None else row.value(fields.speed_kmh, "spd_over_grnd_kmph"),
        course_deg=row.value(fields.course, "true_track"),
        problems=tuple(row.problems),
    )


def _zda(row: _Row) -> Said:
    return Said(
        "ZDA",
        time_of_day_ms=row.value(fields.clock, "timestamp"),
        day=row.value(fields.long_date, "day", "month", "year"),
        problems=tuple(row.problems),
    )


def _gsa(row: _Row) -> Said:
    used = sum(1 for satellite in row.rest(2)[:12] if satellite)
    hdop = row.value(fields.dilution, "hdop")
    return Said("GSA", sats=used, hdop=hdop, problems=tuple(row.problems))


def _gsv(row: _Row) -> Said:
    # Groups of four columns follow the first three; NMEA 4.10 adds a signal id, which is no group.
    strengths = row.rest(3)[3::4]
    return Said("GSV", snrs_db=tuple(int(text) for text in strengths if fields.is_count(text) and int(text) > 0))


_READERS: Final[Mapping[bytes, tuple[int, Callable[[_Row], Said]]]] = {
    # type: (columns that a whole sentence has at least, reader)
    b"RMC": (9, _rmc),
    b"GGA": (9, _gga),
    b"GNS": (8, _gns),
    b"GLL": (6, _gll),
    b"VTG": (7, _vtg),
    b"ZDA": (4, _zda),
    b"GSA": (16, _gsa),
    b"GSV": (3, _gsv),
}

_parse = cast("Callable[[str], Any]", pynmea2.parse)


def parse(body: bytes) -> Said | None:
    """What a sentence (without `$` and checksum) says; None when it is of no use here.

    One cut short, or that pynmea2 cannot read, says nothing and names the problem.
    """
    reader = _READERS.get(body[2:5])
    # `$P…` is proprietary: `$PGRMC` is Garmin's, not an RMC of talker PG.
    if reader is None or body[5:6] != b"," or body[:1] == b"P":
        return None
    columns, read = reader
    kind = body[2:5].decode()
    try:
        row = _Row(_parse(body.decode("ascii")))
    except (pynmea2.ParseError, UnicodeDecodeError):
        return Said(kind, problems=("unreadable",))
    return read(row) if row.size >= columns else Said(kind, problems=("truncated",))
