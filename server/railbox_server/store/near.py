"""Where to look for a box: the parts of outboxes' tracks that lie in it or may pass through it.

By the table `boxes` alone, which says where each outbox was in every part of its time; looks at no knot.
"""

import sqlite3
from typing import Final

import numpy as np
from numpy.typing import NDArray

from railbox_server.fleet import Span
from railbox_server.store.sqlite_rows import PART_S
from railbox_server.store.values import Box

_PARTS: Final = """
    SELECT group_concat(outbox_id), group_concat(part), group_concat(south_e5), group_concat(north_e5),
           group_concat(west_e5), group_concat(east_e5)
      FROM boxes WHERE part BETWEEN ?1 AND ?2"""
_DEVICES: Final = "SELECT o.id, d.device FROM outboxes o JOIN devices d ON d.id = o.device_id"


def spans_near(db: sqlite3.Connection, box: Box, from_s: int, to_s: int) -> list[tuple[str, Span]]:
    """By outbox and time: what holds every knot in the box and both ends of every step that may pass through it, of
    steps that are no longer than a part."""
    # A step into the time may begin in the part before it, and one out of it end in the part after.
    texts = db.execute(_PARTS, (from_s // PART_S - 1, (to_s - 1) // PART_S + 1)).fetchone()
    outboxes, parts, *edges = (np.fromstring(text or "", np.int64, sep=",") for text in texts)
    order = np.lexsort((parts, outboxes))
    outboxes, parts = outboxes[order], parts[order]
    south, north, west, east = (edge[order] for edge in edges)
    follows = (np.diff(outboxes) == 0) & (np.diff(parts) == 1)
    # A step from a part to the next lies in what holds both.
    joined = follows & _meets(
        box,
        np.minimum(south[:-1], south[1:]),
        np.maximum(north[:-1], north[1:]),
        np.minimum(west[:-1], west[1:]),
        np.maximum(east[:-1], east[1:]),
    )
    wanted = _meets(box, south, north, west, east)
    wanted[:-1] |= joined
    wanted[1:] |= joined
    outboxes, parts = outboxes[wanted], parts[wanted]
    breaks = np.flatnonzero((np.diff(outboxes) != 0) | (np.diff(parts) != 1)) + 1
    device_of: dict[int, str] = dict(db.execute(_DEVICES).fetchall())
    return [
        (device_of[int(run[0])], Span(int(own[0]) * PART_S, (int(own[-1]) + 1) * PART_S))
        for run, own in zip(np.split(outboxes, breaks), np.split(parts, breaks), strict=True)
        if len(run)
    ]


def _meets(
    box: Box, south: NDArray[np.int64], north: NDArray[np.int64], west: NDArray[np.int64], east: NDArray[np.int64]
) -> NDArray[np.bool_]:
    lat = (north >= box.south_e5) & (south <= box.north_e5)
    if box.west_e5 > box.east_e5:
        return lat & ((east >= box.west_e5) | (west <= box.east_e5))
    return lat & (east >= box.west_e5) & (west <= box.east_e5)
