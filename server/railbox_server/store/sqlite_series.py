"""The time series in SQLite: knots, readings and events, read by device, by time and by place.

Rows of knots are clustered by (outbox, time): a device's track is that of its outboxes, of which it seldom has two.
"""

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from railbox_server.fleet import Span
from railbox_server.journey.model import SeenKnot
from railbox_server.store.database import Database
from railbox_server.store.sqlite_rows import PART_S
from railbox_server.store.state import unpack_state
from railbox_server.store.values import Box, Mark, Page, Point, StoredEvent, StoredReading, TrackPoint

EARLIEST_S: Final = -(2**62)
LATEST_S: Final = 2**62
_ALL: Final = -1
"""The limit that is none."""
_FIELDS: Final = len(TrackPoint._fields)
_TIME: Final = TrackPoint._fields.index("time_s")

_SEEN_KNOTS: Final = """
    SELECT time_s, lat_e5, lon_e5, dark_s, nullif((state >> 20) & 16383, 0) - 1, seq, time_s + delay_s
      FROM knots WHERE outbox_id = ?1 AND time_s >= ?2 AND time_s < ?3 ORDER BY time_s, seq"""
# Two searches: of both at once SQLite would look through all.
_KNOT_EXTENT: Final = """
    SELECT (SELECT min(time_s) FROM knots WHERE outbox_id = ?1 AND time_s >= ?2 AND time_s < ?3),
           (SELECT max(time_s) FROM knots WHERE outbox_id = ?1 AND time_s >= ?2 AND time_s < ?3)"""
_POINTS: Final = """
    SELECT seq, time_s, lat_e5, lon_e5, dark_s, time_s + delay_s, state
      FROM knots WHERE outbox_id = ?1 AND time_s >= ?2 AND time_s < ?3 ORDER BY time_s, seq LIMIT ?4"""
_TRACK: Final = """
    SELECT ?4, time_s, lat_e5, lon_e5, dark_s
      FROM knots WHERE outbox_id = ?1 AND time_s >= ?2 AND time_s < ?3 ORDER BY time_s, seq LIMIT ?5"""
# Numbers as text, a column each: SQLite writes and numpy reads them three times as fast as Python takes rows.
_TRACK_COLUMNS: Final = """
    SELECT group_concat(time_s), group_concat(lat_e5), group_concat(lon_e5), group_concat(dark_s) FROM (
    SELECT time_s, lat_e5, lon_e5, dark_s
      FROM knots WHERE outbox_id = ?1 AND time_s >= ?2 AND time_s < ?3 ORDER BY time_s, seq LIMIT ?4)"""
_LATEST: Final = """
    SELECT d.device, o.epoch, k.seq, k.time_s, k.lat_e5, k.lon_e5, k.dark_s, k.time_s + k.delay_s, k.state
      FROM devices d CROSS JOIN outboxes o ON o.device_id = d.id CROSS JOIN knots k ON k.outbox_id = o.id
     WHERE (k.time_s, k.seq) = (SELECT n.time_s, n.seq FROM knots n WHERE n.outbox_id = o.id AND n.time_s <= ?1
                                 ORDER BY n.time_s DESC, n.seq DESC LIMIT 1)
     ORDER BY d.device, k.time_s"""
_PARTS_IN_BOX: Final = """
    SELECT outbox_id, part FROM boxes
     WHERE part BETWEEN ?1 AND ?2 AND outbox_id >= ?3 AND south_e5 <= ?4 AND north_e5 >= ?5 AND {lon}
     ORDER BY outbox_id, part"""
_IN_BOX: Final = """
    SELECT d.device, o.epoch, k.seq, k.time_s, k.lat_e5, k.lon_e5, k.dark_s, k.time_s + k.delay_s, k.state
      FROM knots k JOIN outboxes o ON o.id = k.outbox_id JOIN devices d ON d.id = o.device_id
     WHERE k.outbox_id = ?1 AND (k.time_s, k.seq) > (?2, ?3) AND k.time_s < ?4
       AND k.lat_e5 BETWEEN ?5 AND ?6 AND {lon}
     ORDER BY k.time_s, k.seq LIMIT ?9"""
_LON: Final = "k.lon_e5 BETWEEN ?7 AND ?8"
_LON_CROSSING: Final = "(k.lon_e5 >= ?7 OR k.lon_e5 <= ?8)"
_READINGS: Final = """
    SELECT r.time_s, r.channel, r.value
      FROM devices d JOIN readings r ON r.device_id = d.id
     WHERE d.device = ?1 AND r.time_s >= ?2 AND r.time_s < ?3
     ORDER BY r.time_s DESC, r.channel DESC LIMIT ?4"""
_READINGS_OF_CHANNEL: Final = """
    SELECT r.time_s, r.channel, r.value
      FROM devices d JOIN readings r ON r.device_id = d.id
     WHERE d.device = ?1 AND r.time_s >= ?2 AND r.time_s < ?3 AND r.channel = ?5
     ORDER BY r.time_s DESC LIMIT ?4"""
_EVENTS: Final = """
    SELECT e.time_s, e.code, e.value
      FROM devices d JOIN dated_events e ON e.device_id = d.id
     WHERE d.device = ?1 AND e.time_s >= ?2 AND e.time_s < ?3
     ORDER BY e.time_s DESC, e.code DESC, e.value DESC LIMIT ?4"""


class SqliteSeries:
    _db: Database

    def seen_knots(self, device: str, span: Span) -> Mapping[int, Sequence[SeenKnot]]:
        with self._db.reading() as db:
            found = {
                epoch: list(map(SeenKnot._make, db.execute(_SEEN_KNOTS, (outbox, *bounds(span)))))
                for outbox, epoch in outboxes_of(db, device)
            }
        return {epoch: knots for epoch, knots in found.items() if knots}

    def knot_extent(self, device: str, span: Span) -> tuple[int, int] | None:
        with self._db.reading() as db:
            extents: list[tuple[int, int]] = [
                extent
                for outbox, _ in outboxes_of(db, device)
                for extent in db.execute(_KNOT_EXTENT, (outbox, *bounds(span)))
                if extent[0] is not None
            ]
        return (min(first for first, _ in extents), max(last for _, last in extents)) if extents else None

    def points(self, device: str, span: Span, limit: int | None = None) -> Sequence[Point]:
        most = _ALL if limit is None else limit
        with self._db.reading() as db:
            parts = [
                [_point((device, epoch, *row)) for row in db.execute(_POINTS, (outbox, *bounds(span), most))]
                for outbox, epoch in outboxes_of(db, device)
            ]
        return parts[0] if len(parts) == 1 else list(heapq.merge(*parts, key=_time_and_seq))[:limit]

    def point(self, device: str, epoch: int, time_s: int) -> Point | None:
        points = [point for point in self.points(device, Span(time_s, time_s + 1)) if point.epoch == epoch]
        return min(points, key=_time_and_seq, default=None)

    def track(self, device: str, span: Span, limit: int) -> Sequence[TrackPoint]:
        with self._db.reading() as db:
            parts = [
                list(map(TrackPoint._make, db.execute(_TRACK, (outbox, *bounds(span), epoch, limit))))
                for outbox, epoch in outboxes_of(db, device)
            ]
        return parts[0] if len(parts) == 1 else list(heapq.merge(*parts, key=_track_time))[:limit]

    def track_columns(self, device: str, span: Span, limit: int) -> NDArray[np.int64]:
        with self._db.reading() as db:
            parts = [
                _columns(epoch, db.execute(_TRACK_COLUMNS, (outbox, *bounds(span), limit)).fetchone())
                for outbox, epoch in outboxes_of(db, device)
            ]
        if len(parts) == 1:
            return parts[0]
        whole = np.concatenate((np.empty((0, _FIELDS), np.int64), *parts))
        return whole[np.argsort(whole[:, _TIME], kind="stable")][:limit]

    def latest(self, until_s: int) -> Sequence[Point]:
        with self._db.reading() as db:
            # Of a device's outboxes the latest comes last.
            newest = {row[0]: row for row in db.execute(_LATEST, (until_s,))}
        return [_point(row) for row in newest.values()]

    def points_in_box(self, box: Box, span: Span, limit: int, after: Mark | None = None) -> Page[Point]:
        found: list[Point] = []
        mark_outbox = 0
        query = _IN_BOX.format(lon=_LON_CROSSING if box.west_e5 > box.east_e5 else _LON)
        edges = (box.south_e5, box.north_e5, box.west_e5, box.east_e5)
        with self._db.reading() as db:
            for outbox, from_s, to_s in parts_in_box(db, box, span, after):
                seq = after[2] if after is not None and after[:2] == (outbox, from_s) else -1
                args = (outbox, from_s, seq, to_s, *edges, limit + 1 - len(found))
                for row in db.execute(query, args):
                    if len(found) == limit:
                        return Page(tuple(found), (mark_outbox, found[-1].time_s, found[-1].seq))
                    mark_outbox = outbox
                    found.append(_point(row))
        return Page(tuple(found))

    def readings(
        self, device: str, span: Span, channel: int | None, limit: int, *, oldest: bool = False
    ) -> Sequence[StoredReading]:
        query = _READINGS if channel is None else _READINGS_OF_CHANNEL
        args = (device, *bounds(span), limit, *(() if channel is None else (channel,)))
        return [StoredReading(device, *row) for row in self._ascending(query, args, oldest)]

    def newest_readings(self, device: str, span: Span, channels: Sequence[int]) -> Sequence[StoredReading]:
        return [reading for channel in channels for reading in self.readings(device, span, channel, 1)]

    def events(self, device: str, span: Span, limit: int, *, oldest: bool = False) -> Sequence[StoredEvent]:
        rows = self._ascending(_EVENTS, (device, *bounds(span), limit), oldest)
        return [StoredEvent(device, *row) for row in rows]

    def _ascending(self, query: str, args: tuple[Any, ...], oldest: bool) -> list[tuple[Any, ...]]:
        """The rows of a query that is written newest first."""
        with self._db.reading() as db:
            rows = db.execute(query.replace(" DESC", "") if oldest else query, args).fetchall()
        return rows if oldest else rows[::-1]


def bounds(span: Span) -> tuple[int, int]:
    """From and to as numbers, however far away where there is none."""
    return (EARLIEST_S if span.from_s is None else span.from_s, LATEST_S if span.to_s is None else span.to_s)


def outboxes_of(db: sqlite3.Connection, device: str) -> list[tuple[int, int]]:
    """(outbox id, epoch)."""
    query = "SELECT id, epoch FROM outboxes WHERE device_id = (SELECT id FROM devices WHERE device = ?) ORDER BY id"
    return db.execute(query, (device,)).fetchall()


def parts_in_box(db: sqlite3.Connection, box: Box, span: Span, after: Mark | None) -> Iterator[tuple[int, int, int]]:
    """(outbox id, from this second, before that one): where knots in the box may be, from the mark on. Parts of an
    outbox that follow each other are one."""
    lon = "(east_e5 >= ?6 OR west_e5 <= ?7)" if box.west_e5 > box.east_e5 else "east_e5 >= ?6 AND west_e5 <= ?7"
    from_s, to_s = bounds(span)
    first_outbox, mark_s = (0, from_s) if after is None else (int(after[0]), int(after[1]))
    args = (from_s // PART_S, (to_s - 1) // PART_S, first_outbox, box.north_e5, box.south_e5, box.west_e5, box.east_e5)
    parts: Iterable[tuple[int, int]] = db.execute(_PARTS_IN_BOX.format(lon=lon), args).fetchall()
    for _, run in groupby(enumerate(parts), lambda item: (item[1][0], item[1][1] - item[0])):
        cells = [cell for _, cell in run]
        outbox, start_s, end_s = cells[0][0], cells[0][1] * PART_S, (cells[-1][1] + 1) * PART_S
        start_s = max(start_s, from_s, mark_s if outbox == first_outbox else from_s)
        end_s = min(end_s, to_s)
        if start_s < end_s:
            yield outbox, start_s, end_s


def _columns(epoch: int, texts: Sequence[str | None]) -> NDArray[np.int64]:
    columns = [np.fromstring(text or "", np.int64, sep=",") for text in texts]
    return np.stack((np.full(len(columns[0]), epoch, np.int64), *columns), axis=1)


def _point(row: Sequence[Any]) -> Point:
    """Of a row that ends with the packed state."""
    device, epoch, seq, time_s, lat_e5, lon_e5, dark_s, received_at_s, packed = row
    state = unpack_state(packed)
    return Point(
        device,
        epoch,
        seq,
        time_s,
        lat_e5,
        lon_e5,
        dark_s,
        received_at_s,
        state.speed_dmps,
        state.course_deg,
        state.accuracy_m,
    )


def _time_and_seq(point: Point) -> tuple[int, int]:
    return point.time_s, point.seq


def _track_time(point: TrackPoint) -> int:
    return point.time_s
