"""Whether a board's firmware is older than what this installation could flash. Pure: knows no port, file or tool."""

import re
from typing import Final

from railbox_bridge.version import FIRMWARE_VERSION

_VERSION: Final = re.compile(r"\d+(\.\d+)*")


def is_older(version: str, than: str = FIRMWARE_VERSION) -> bool:
    """A version that says nothing (a simulated board's) is not older."""
    return bool(_VERSION.fullmatch(version)) and _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
