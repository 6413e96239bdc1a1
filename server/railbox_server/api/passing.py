"""Whether a track passes through a box, and when: by its knots, and by the lines between them where those are known.

Pure. What is known of a step is what the border engine takes for known: not dark, of one outbox, no longer than the
silence that ends contact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from railbox_server.api.fewer import Integers
from railbox_server.fleet import Span
from railbox_server.store.values import Box, TrackPoint
from railbox_telemetry.values import DEGREE_E5

Floats = NDArray[np.float64]

_AROUND_E5 = 360 * DEGREE_E5


@dataclass(frozen=True, slots=True)
class Passage:
    """Within the box from `first_s` to `last_s`, in between perhaps outside; `knots` of it were seen there."""

    first_s: int
    last_s: int
    knots: int

    def joined(self, other: "Passage | None") -> "Passage":
        if other is None:
            return self
        first_s, last_s = min(self.first_s, other.first_s), max(self.last_s, other.last_s)
        return Passage(first_s, last_s, self.knots + other.knots)


def passage(knots: Integers, box: Box, from_s: int, to_s: int, longest_s: float) -> Passage | None:
    """`knots`: an array with TrackPoint's columns, ascending by time, of which those from `from_s` to `to_s` count."""
    west, east = box.west_e5, box.east_e5
    epochs, times, lats, lons, darks = (knots[:, column] for column in range(len(TrackPoint._fields)))
    if west > east:  # over the antimeridian: eastwards from 0 to 360 degrees there
        lons, east = np.where(lons < 0, lons + _AROUND_E5, lons), east + _AROUND_E5
    limits: tuple[tuple[Integers, int, int], ...] = (
        (times, from_s, to_s),
        (lats, box.south_e5, box.north_e5),
        (lons, west, east),
    )
    inside = np.ones(len(knots), bool)
    # Of each step, from which part of it to which it is within all limits.
    enters, leaves = np.zeros(max(0, len(knots) - 1)), np.ones(max(0, len(knots) - 1))
    for values, low, high in limits:
        inside &= (values >= low) & (values <= high)
        first, last = _within(values, low, high)
        enters, leaves = np.maximum(enters, first), np.minimum(leaves, last)
    lasts = np.diff(times)
    known = (np.diff(epochs) == 0) & (darks[1:] == 0) & (lasts <= longest_s) & (enters <= leaves)
    starts = times[:-1][known] + enters[known] * lasts[known]
    ends = times[:-1][known] + leaves[known] * lasts[known]
    seen = np.concatenate((times[inside], starts, ends))
    return Passage(int(seen.min()), int(seen.max()), int(inside.sum())) if len(seen) else None


def _within(values: Integers, low: int, high: int) -> tuple[Floats, Floats]:
    """Of each step, the part of it in which a value is between two others; none: the first is after the last."""
    start, way = values[:-1].astype(np.float64), np.diff(values).astype(np.float64)
    still = way == 0
    way[still] = 1.0
    one, other = (low - start) / way, (high - start) / way
    stays = (start >= low) & (start <= high)
    first = np.where(still, np.where(stays, -np.inf, np.inf), np.minimum(one, other))
    last = np.where(still, np.where(stays, np.inf, -np.inf), np.maximum(one, other))
    return first, last


def in_span(span: Span, part: Span) -> tuple[int, int] | None:
    """The first and the last second of both, None where they have none in common."""
    both = span.both(part)
    if both.from_s is None or both.to_s is None or both.is_empty:
        return None
    return both.from_s, both.to_s - 1
