"""One field of a sentence to a value, strictly: what is not exactly as the standard writes it is no value.

`None` is an empty field; `FieldError` is one that cannot be. Nothing here ever guesses: pynmea2's own conversions turn
an empty latitude into 0.0, take 99.9°, and let Python's `float` read `nan` and `1_0`.
"""

import re
from datetime import date
from typing import Final

MPS_PER_KNOT: Final = 1852 / 3600
MPS_PER_KMH: Final = 1 / 3.6
DAY_MS: Final = 86_400_000
_UNIX_DAY: Final = date(1970, 1, 1).toordinal()

_CLOCK = re.compile(r"(\d\d)(\d\d)(\d\d)(?:\.(\d{0,9}))?", re.ASCII)
_DATE = re.compile(r"(\d\d)(\d\d)(\d\d)", re.ASCII)
_ANGLE = re.compile(r"(\d{1,3})(\d\d(?:\.\d{0,12})?)", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d{1,9}(?:\.\d{0,12})?|\.\d{1,12})", re.ASCII)
_COUNT = re.compile(r"\d{1,4}", re.ASCII)


class FieldError(ValueError):
    """A field that is neither empty nor a value of its kind; the message is the name it is counted by."""


def clock(text: str) -> int | None:
    """`hhmmss[.sss]` in milliseconds of the day. Second 60 is the leap second, so it may reach 86,400,000."""
    if not text:
        return None
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise FieldError("bad_time")
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3])
    if hours > 23 or minutes > 59 or seconds > 60:
        raise FieldError("bad_time")
    fraction = round(int(match[4]) * 1000 / 10 ** len(match[4])) if match[4] else 0
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction


def day_of(year: int, month: int, day: int) -> int:
    """Days since 1970. Raises FieldError when there is no such day, or when no receiver can mean it."""
    if not 1980 <= year <= 2200:
        raise FieldError("bad_date")
    try:
        return date(year, month, day).toordinal() - _UNIX_DAY
    except ValueError:
        raise FieldError("bad_date") from None


def short_date(text: str) -> int | None:
    """`ddmmyy` in days since 1970. Years 80 to 99 are the last century's: GPS time begins in 1980."""
    if not text:
        return None
    match = _DATE.fullmatch(text)
    if match is None:
        raise FieldError("bad_date")
    year = int(match[3])
    return day_of(year + (1900 if year >= 80 else 2000), int(match[2]), int(match[1]))


def long_date(day: str, month: str, year: str) -> int | None:
    """The three fields of ZDA in days since 1970."""
    if not (day or month or year):
        return None
    if not (_COUNT.fullmatch(day) and _COUNT.fullmatch(month) and len(year) == 4 and _COUNT.fullmatch(year)):
        raise FieldError("bad_date")
    return day_of(int(year), int(month), int(day))


def angle(text: str, hemisphere: str, positive: str, negative: str, limit: int) -> float | None:
    """`dddmm.mmmm` and its hemisphere in signed degrees. Both are there or none is."""
    if not (text or hemisphere):
        return None
    match = _ANGLE.fullmatch(text)
    if match is None or hemisphere not in (positive, negative):
        raise FieldError("bad_position")
    minutes = float(match[2])
    degrees = int(match[1]) + minutes / 60
    if minutes >= 60 or degrees > limit:
        raise FieldError("out_of_range")
    return degrees if hemisphere == positive else -degrees


def position(lat: str, north: str, lon: str, east: str) -> tuple[float, float] | None:
    """(latitude, longitude) in degrees. (0, 0) is what broken receivers say: no railway is there."""
    lat_deg, lon_deg = angle(lat, north, "N", "S", 90), angle(lon, east, "E", "W", 180)
    if lat_deg is None and lon_deg is None:
        return None
    if lat_deg is None or lon_deg is None:
        raise FieldError("bad_position")
    if lat_deg == 0 and lon_deg == 0:
        raise FieldError("null_island")
    return lat_deg, lon_deg


def decimal(text: str) -> float | None:
    if not text:
        return None
    if _DECIMAL.fullmatch(text) is None:
        raise FieldError("bad_number")
    return float(text)


def speed_knots(text: str) -> float | None:
    """Knots as m/s."""
    return _speed(text, MPS_PER_KNOT)


def speed_kmh(text: str) -> float | None:
    """Kilometres per hour as m/s."""
    return _speed(text, MPS_PER_KMH)


def _speed(text: str, mps: float) -> float | None:
    value = decimal(text)
    if value is not None and value < 0:
        raise FieldError("bad_number")
    return None if value is None else value * mps


def course(text: str) -> float | None:
    """Degrees from true north, 0 up to but not including 360."""
    value = decimal(text)
    if value is not None and not 0 <= value <= 360:
        raise FieldError("bad_course")
    return None if value is None else value % 360


def count(text: str) -> int | None:
    if not text:
        return None
    if _COUNT.fullmatch(text) is None:
        raise FieldError("bad_number")
    return int(text)


def dilution(text: str) -> float | None:
    """A dilution of precision. Zero, and 99 and above, are how receivers write that they know none."""
    value = decimal(text)
    return value if value is not None and 0 < value < 99 else None


def is_count(text: str) -> bool:
    return _COUNT.fullmatch(text) is not None
