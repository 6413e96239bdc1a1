"""A knot's state in one integer: five columns of which most knots have none would cost a byte each.

Pure. The layout is in every stored row: a change of it is a new version of the schema.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from railbox_telemetry.tables import ACCURACY, COURSE, FLAGS, SATS, SPEED, Quantity

_FIELDS: Final[tuple[tuple[Quantity, int], ...]] = ((SPEED, 11), (COURSE, 9), (ACCURACY, 14), (SATS, 9), (FLAGS, 17))
"""With the bits of each, lowest first: its value plus one, 0 where there is none."""


class State(NamedTuple):
    """Wire units (`tables.STATE`); None where the section said nothing."""

    speed_dmps: int | None = None
    course_deg: int | None = None
    accuracy_m: int | None = None
    sats: int | None = None
    flags: int | None = None


def pack_state(state: Mapping[int, int]) -> int | None:
    """Of a section's scalars by bit, in their ranges (ingest/limits.py); None where it has no state."""
    packed = shift = 0
    for quantity, bits in _FIELDS:
        if (value := state.get(quantity.bit)) is not None:
            packed |= value + 1 << shift
        shift += bits
    return packed or None


def unpack_state(packed: int | None) -> State:
    if packed is None:
        return _NOTHING
    values: list[int | None] = []
    for _, bits in _FIELDS:
        stored = packed & (1 << bits) - 1
        values.append(stored - 1 if stored else None)
        packed >>= bits
    return State(*values)


_NOTHING: Final = State()
