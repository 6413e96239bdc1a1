"""Fewer points of long series, for drawing: those that show its shape (LTTB, by tsdownsample).

Pure: columns in, indices out. What a line may not hide is never left out: both sides of each gap.
"""

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from tsdownsample import LTTBDownsampler, MinMaxLTTBDownsampler

Integers = NDArray[np.int64]

_LEAST: Final = 3
"""LTTB gives no fewer: both ends and one between."""


def of_track(knots: Integers, most: int) -> Integers:
    """Which of a device's knots (an array with TrackPoint's columns) to keep, ascending: both ends, each dark knot with
    the one before it, and the rest of `most` where the path turns or changes its speed. More than `most` only where the
    gaps alone are more."""
    if len(knots) <= most:
        return np.arange(len(knots))
    epochs, times, lats, lons, darks = knots.T.copy()
    # Nothing is known between the knots of two outboxes either.
    after_gap = np.flatnonzero((darks != 0) | (np.diff(epochs, prepend=epochs[0]) != 0))
    kept = np.unique(np.concatenate((_ends(len(knots)), after_gap, np.maximum(after_gap - 1, 0))))
    # Each coordinate over time chooses for itself; where both want the same knots, there is room for more of them.
    share = most - len(kept)
    while share >= _LEAST:
        found = np.unique(np.concatenate((kept, _lttb(times, lats, share), _lttb(times, lons, share))))
        if len(found) <= most:
            return found
        share -= max(1, (len(found) - most) // 2)
    return kept


def of_readings(times_s: Sequence[int], values: Sequence[int], most: int) -> Sequence[int]:
    """Which values of one channel to keep, ascending: its shape, with its extremes."""
    if len(times_s) <= most:
        return range(len(times_s))
    if most < _LEAST:
        return cast("list[int]", _ends(len(times_s)).tolist())
    x, y = np.array(times_s, np.int64), np.array(values, np.int64)
    kept = MinMaxLTTBDownsampler().downsample(x, y, n_out=most)  # pyright: ignore[reportUnknownMemberType] - keywords untyped
    return np.unique(kept.astype(np.int64)).tolist()


def _ends(count: int) -> Integers:
    return np.array((0, count - 1), np.int64)


def _lttb(times: Integers, values: Integers, most: int) -> Integers:
    kept = LTTBDownsampler().downsample(times, values, n_out=most)  # pyright: ignore[reportUnknownMemberType] - as above
    return kept.astype(np.int64)
