"""Names of devices and units, with the check digits that catch a mistyped one.

ISO 6346 (freight containers) and the 12-digit UIC wagon number (UIC leaflet 438-2).
"""

import re
from dataclasses import dataclass
from typing import Literal

_DEVICE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_CONTAINER = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}")
_WAGON = re.compile(r"[0-9]{12}")

# ISO 6346:1995 annex A: letters count from 10, leaving out the multiples of 11.
_LETTER_VALUES = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (value for value in range(10, 39) if value % 11), strict=True))


class IdentityError(ValueError):
    """A device or unit name that cannot be one; the message says why."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a device is fixed to, in canonical writing: no spaces, hyphens or lower case."""

    number: str
    kind: Literal["container", "wagon"]


def is_device(text: str) -> bool:
    return _DEVICE.fullmatch(text) is not None


def check_device(text: str) -> str:
    """The device id itself; raises IdentityError when it is none."""
    if not is_device(text):
        raise IdentityError(f"device id {text!r}: 1 to 32 of A-Z a-z 0-9 _ - are allowed")
    return text


def container_check_digit(first_ten: str) -> int:
    """ISO 6346 check digit of the owner code, category and serial number (`CSQU305438` → 3)."""
    total = sum((_LETTER_VALUES.get(char) or int(char)) << place for place, char in enumerate(first_ten))
    return total % 11 % 10


def wagon_check_digit(first_eleven: str) -> int:
    """UIC check digit: digits weighted 2, 1, 2, 1… from the left, digit sums added, up to the next ten."""
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(first_eleven))
    return -total % 10


def parse_unit(text: str) -> Unit:
    """A container (ISO 6346) or wagon (UIC) number, written with spaces, hyphens or lower case too.

    Raises IdentityError, which names the check digit that was expected.
    """
    number = re.sub(r"[\s-]", "", text).upper()
    if _CONTAINER.fullmatch(number):
        expected, kind = container_check_digit(number[:10]), "container"
    elif _WAGON.fullmatch(number):
        expected, kind = wagon_check_digit(number[:11]), "wagon"
    else:
        raise IdentityError(f"unit {text!r}: neither a container (4 letters, 7 digits) nor a wagon (12 digits)")
    if int(number[-1]) != expected:
        raise IdentityError(f"unit {text!r}: the check digit is {number[-1]}, expected {expected}")
    return Unit(number, kind)
