"""UTC times as text, ISO 8601 with `Z`: how JSON and file headers write what the code holds as integers.

Fractions of a second appear only when a time has them, so that equal times are equal text.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_10000_S = 253_402_300_800
_DAY_S = 86_400
_DIGITS = tuple(f"{number:02d}" for number in range(60))


def from_ms(time_ms: int) -> str:
    """`2026-11-22T08:30:00Z`, or with milliseconds `2026-11-22T08:30:00.200Z`. Years 1 to 9999, else OverflowError."""
    moment = _UNIX + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds" if time_ms % 1000 else "seconds").replace("+00:00", "Z")


def from_s(time_s: int) -> str:
    """Like `from_ms`, of whole seconds."""
    if 0 <= time_s < _YEAR_10000_S:  # ten times as fast as by a datetime, and tracks hold thousands
        day, second = divmod(time_s, _DAY_S)
        return f"{_date(day)}T{_DIGITS[second // 3600]}:{_DIGITS[second // 60 % 60]}:{_DIGITS[second % 60]}Z"
    return from_ms(time_s * 1000)


@lru_cache(maxsize=1_000)
def _date(day: int) -> str:
    """Of days since 1970."""
    return time.strftime("%Y-%m-%d", time.gmtime(day * _DAY_S))


def to_ms(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 time; an offset is honoured, and must be there.

    Raises ValueError when the text is no time, or does not say which zone it is in.
    """
    since = _since_1970(text)
    return (since.days * _DAY_S + since.seconds) * 1000 + since.microseconds // 1000


def to_s(text: str) -> int:
    """Like `to_ms`, in whole seconds (rounded down)."""
    since = _since_1970(text)
    return since.days * _DAY_S + since.seconds


def _since_1970(text: str) -> timedelta:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone: end it with Z")
    return moment - _UNIX
