"""What a receiver's answer means, and when to try again. Pure: a table and two figures."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

LONGEST_S: Final = 900.0
"""A receiver that is back is found within a quarter of an hour."""


class Verdict(Enum):
    DELIVERED = "delivered"
    AGAIN = "again"
    """The receiver, or the way there, is at fault: the same later."""
    REFUSED = "refused"
    """It will never take this one: the next may do better."""
    GONE = "gone"
    """Nobody wants any: stop."""


_OF_STATUS: Final[Mapping[int, Verdict]] = {
    400: Verdict.REFUSED,
    410: Verdict.GONE,
    413: Verdict.REFUSED,
    415: Verdict.REFUSED,
    422: Verdict.REFUSED,
}
"""Others that are no success speak of the address, the secret or the receiver, which can be mended: again."""


def verdict(status: int) -> Verdict:
    if 200 <= status < 300:
        return Verdict.DELIVERED
    return _OF_STATUS.get(status, Verdict.AGAIN)


def rest_s(failures: int, first_s: float, chance: float, asked_s: float | None = None) -> float:
    """How long to rest after so many failures in a row (1, 2, …): doubled each time, and somewhere in its upper half.

    `chance` from 0 to 1 keeps many servers from coming back at once. `asked_s`: what the receiver asked for.
    """
    longest_s = min(LONGEST_S, first_s * 2.0 ** min(failures - 1, 30))
    return min(LONGEST_S, max(longest_s * (0.5 + chance / 2), asked_s or 0.0))


def asked_s(retry_after: str | None) -> float | None:
    """The Retry-After header in seconds; None when there is none, or it names a date."""
    return float(retry_after) if retry_after is not None and retry_after.isascii() and retry_after.isdigit() else None
