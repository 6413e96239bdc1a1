"""The time series as InfluxDB has them, joined with what is still on the spool for it.

The spool is read first: what is delivered meanwhile is then found twice, and counts once. Events without a time of
their own, and where to look for a place, are in SQLite.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from railbox_server.fleet import Span
from railbox_server.ingest.limits import LATEST_S, believed
from railbox_server.journey.model import SeenKnot
from railbox_server.store.database import Database
from railbox_server.store.influx import samples as mapping
from railbox_server.store.influx.client import Reading
from railbox_server.store.influx.samples import (
    EVENT_FIELDS,
    EVENTS,
    KNOT_FIELDS,
    KNOTS,
    READINGS,
    SECOND_NS,
    Sample,
    merged,
    samples_of,
)
from railbox_server.store.sqlite_series import bounds, parts_in_box
from railbox_server.store.values import (
    Box,
    Mark,
    Page,
    Point,
    StoredBatch,
    StoredEvent,
    StoredReading,
    TrackPoint,
)
from railbox_telemetry import wire
from railbox_telemetry.tables import CHANNELS
from railbox_telemetry.values import DEGREE_E5

_AT_ONCE: Final = 40
"""Questions in one request."""
_NO_LIMIT: Final = 2**31
_SPOOLED: Final = """
    SELECT d.device, b.received_at_ms, b.payload
      FROM devices d JOIN outboxes o ON o.device_id = d.id JOIN spool s ON s.outbox_id = o.id
      JOIN batches b ON b.outbox_id = s.outbox_id AND b.seq = s.seq
     WHERE d.device = ?1"""
_SPOOLED_LAST: Final = """
    SELECT d.device, b.received_at_ms, b.payload
      FROM (SELECT outbox_id, seq, row_number() OVER (PARTITION BY outbox_id ORDER BY seq DESC) AS nth FROM spool) s
      JOIN batches b ON b.outbox_id = s.outbox_id AND b.seq = s.seq
      JOIN outboxes o ON o.id = s.outbox_id JOIN devices d ON d.id = o.device_id
     WHERE s.nth <= ?1"""
_LAST: Final = 20
"""Batches of an outbox looked through for its latest knot: the spool may hold all there are, after a rebuild."""
_UNDATED: Final = """
    SELECT u.monotonic_s + (SELECT c.utc_offset_s FROM boot_clocks c
                             WHERE c.device_id = u.device_id AND c.boot_id = u.boot_id
                             ORDER BY c.seq DESC, c.utc_offset_s DESC LIMIT 1), u.code, u.value
      FROM undated u WHERE u.device_id = (SELECT id FROM devices WHERE device = ?)"""
_OUTBOX: Final = "SELECT device, epoch FROM outboxes o JOIN devices d ON d.id = o.device_id WHERE o.id = ?"
_ALL_CHANNELS: Final = tuple(channel.bit for channel in CHANNELS)

T = TypeVar("T")


class InfluxSeries:
    """Raises StoreError, from everything, while InfluxDB does not answer."""

    _db: Database
    _reading: Reading

    def seen_knots(self, device: str, span: Span) -> Mapping[int, Sequence[SeenKnot]]:
        found: dict[int, list[SeenKnot]] = {}
        for sample in self._samples(KNOTS, KNOT_FIELDS, device, span):
            found.setdefault(sample.epoch, []).append(mapping.seen_knot(sample))
        return {epoch: sorted(knots, key=lambda knot: (knot.time_s, knot.seq)) for epoch, knots in found.items()}

    def knot_extent(self, device: str, span: Span) -> tuple[int, int] | None:
        first, last = (
            self._some(KNOTS, KNOT_FIELDS, device, span, 1, _points, oldest=oldest) for oldest in (True, False)
        )
        return (first[0].time_s, last[0].time_s) if first and last else None

    def points(self, device: str, span: Span, limit: int | None = None) -> Sequence[Point]:
        if limit is None:
            return _points(self._samples(KNOTS, KNOT_FIELDS, device, span))
        return self._some(KNOTS, KNOT_FIELDS, device, span, limit, _points, oldest=True)

    def point(self, device: str, epoch: int, time_s: int) -> Point | None:
        points = [point for point in self.points(device, Span(time_s, time_s + 1)) if point.epoch == epoch]
        return points[0] if points else None

    def track(self, device: str, span: Span, limit: int) -> Sequence[TrackPoint]:
        return self._some(KNOTS, KNOT_FIELDS, device, span, limit, _track, oldest=True)

    def track_columns(self, device: str, span: Span, limit: int) -> NDArray[np.int64]:
        return np.array(self.track(device, span, limit), np.int64).reshape(-1, len(TrackPoint._fields))

    def latest(self, until_s: int) -> Sequence[Point]:
        with self._db.reading() as db:
            rows = db.execute(_SPOOLED_LAST, (_LAST,)).fetchall()
        spooled = _samples_of_rows(rows, KNOTS, Span(None, until_s + 1))
        query = _select(KNOTS, KNOT_FIELDS).replace('"lat_deg"', 'last("lat_deg") AS "lat_deg"')
        (found,) = self._reading.ask([f"{query} WHERE {_within(Span(None, until_s + 1))} GROUP BY device, epoch"])
        newest: dict[str, Point] = {}
        for point in sorted(map(mapping.point, merged(spooled, found)), key=_by_time_and_seq):
            newest[point.device] = point
        return [newest[device] for device in sorted(newest)]

    def points_in_box(self, box: Box, span: Span, limit: int, after: Mark | None = None) -> Page[Point]:
        found: list[Point] = []
        mark = after
        for outbox, points in self._box_points(box, span, after, limit):
            for point in points:
                if len(found) == limit:
                    return Page(tuple(found), mark)
                found.append(point)
                mark = (outbox, point.time_s, point.seq)
        return Page(tuple(found))

    def readings(
        self, device: str, span: Span, channel: int | None, limit: int, *, oldest: bool = False
    ) -> Sequence[StoredReading]:
        channels = _ALL_CHANNELS if channel is None else (channel,)
        fields = tuple(CHANNELS[bit].name for bit in channels)
        return self._some(
            READINGS, fields, device, span, limit, lambda found: mapping.readings_of(found, channels), oldest=oldest
        )

    def newest_readings(self, device: str, span: Span, channels: Sequence[int]) -> Sequence[StoredReading]:
        return [reading for channel in channels for reading in self.readings(device, span, channel, 1)]

    def events(self, device: str, span: Span, limit: int, *, oldest: bool = False) -> Sequence[StoredEvent]:
        with self._db.reading() as db:
            rows = db.execute(_UNDATED, (device,)).fetchall()
        undated = [StoredEvent(device, *row) for row in rows if row[0] is not None and row[0] in span]
        dated = self._some(EVENTS, EVENT_FIELDS, device, span, limit, _events, oldest=oldest)
        found = sorted([*undated, *dated], key=_event_order)
        return found[:limit] if oldest else found[-limit:]

    # --- what is found -----------------------------------------------------------------------------------------------

    def _samples(self, measurement: str, fields: Sequence[str], device: str, span: Span) -> list[Sample]:
        spooled = self._on_spool(device, measurement, span)
        (found,) = self._reading.ask([_query(measurement, fields, device, span)])
        return merged(spooled, found)

    def _some(
        self,
        measurement: str,
        fields: Sequence[str],
        device: str,
        span: Span,
        limit: int,
        rows_of: Callable[[Sequence[Sample]], list[T]],
        *,
        oldest: bool,
    ) -> list[T]:
        """The first or last `limit` rows. InfluxDB limits each series; only seconds that no limit cut are believed, and
        more are asked for until they suffice."""
        spooled = self._on_spool(device, measurement, span)
        most = limit + 1
        while True:
            order = f"ORDER BY time {'ASC' if oldest else 'DESC'}" + (f" LIMIT {most}" if most < _NO_LIMIT else "")
            (found,) = self._reading.ask([_query(measurement, fields, device, span, order)])
            counts = Counter(sample.epoch for sample in found)
            cut = [epoch for epoch, count in counts.items() if count >= most]
            ends = [[sample.time_s for sample in found if sample.epoch == epoch][-1] for epoch in cut]
            edge_s = None if not ends else (min(ends) if oldest else max(ends))
            whole = [item for item in merged(spooled, found) if edge_s is None or _before(item.time_s, edge_s, oldest)]
            rows = rows_of(whole)
            if edge_s is None or len(rows) >= limit:
                return rows[:limit] if oldest else rows[-limit:]
            most *= 4

    def _on_spool(self, device: str, measurement: str, span: Span) -> list[Sample]:
        with self._db.reading() as db:
            rows = db.execute(_SPOOLED, (device,)).fetchall()
        return _samples_of_rows(rows, measurement, span)

    def _box_points(self, box: Box, span: Span, after: Mark | None, limit: int) -> Iterator[tuple[int, list[Point]]]:
        """By outbox and time, from the mark on: (outbox id, points)."""
        with self._db.reading() as db:
            parts = [(*part, *db.execute(_OUTBOX, part[:1]).fetchone()) for part in parts_in_box(db, box, span, after)]
        order = f"AND {_in_box(box)} GROUP BY device, epoch ORDER BY time"
        if limit < _NO_LIMIT:
            order += f" LIMIT {limit + 1}"
        for start in range(0, len(parts), _AT_ONCE):
            page = parts[start : start + _AT_ONCE]
            queries = [
                f"{_select(KNOTS, KNOT_FIELDS)} WHERE device = {_text(device)} AND epoch = '{epoch}' "
                f"AND {_within(Span(from_s, to_s))} {order}"
                for _, from_s, to_s, device, epoch in page
            ]
            spooled = {device: self._on_spool(device, KNOTS, span) for _, _, _, device, _ in page}
            for (outbox, from_s, to_s, device, epoch), found in zip(page, self._reading.ask(queries), strict=True):
                own = [item for item in spooled[device] if item.epoch == epoch and from_s <= item.time_s < to_s]
                here = [item for item in own if _place(item) in box]
                points = sorted(map(mapping.point, merged(here, found)), key=_by_time_and_seq)
                yield outbox, [at for at in points if after is None or (outbox, at.time_s, at.seq) > after]


def _samples_of_rows(rows: Sequence[tuple[str, int, bytes]], measurement: str, span: Span) -> list[Sample]:
    found: list[Sample] = []
    for device, received_at_ms, payload in rows:
        batch, _ = believed(wire.decode(payload))
        samples = samples_of(StoredBatch(device, batch, payload, received_at_ms))
        found += [item for item in samples if item.measurement == measurement and item.time_s in span]
    return found


def _query(measurement: str, fields: Sequence[str], device: str, span: Span, order: str = "") -> str:
    where = f"WHERE device = {_text(device)} AND {_within(span)}"
    return f"{_select(measurement, fields)} {where} GROUP BY device, epoch {order}"


def _select(measurement: str, fields: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in fields)
    return f'SELECT {names} FROM "{measurement}"'  # noqa: S608 - names of ours


def _within(span: Span) -> str:
    from_s, to_s = bounds(span)
    return f"time >= {max(from_s, 0) * SECOND_NS} AND time < {min(to_s, LATEST_S + 1) * SECOND_NS}"


def _in_box(box: Box) -> str:
    edges = (box.south_e5, box.west_e5, box.north_e5, box.east_e5)
    south, west, north, east = (f"{edge / DEGREE_E5:.5f}" for edge in edges)
    between = f"lon_deg >= {west} {'OR' if box.west_e5 > box.east_e5 else 'AND'} lon_deg <= {east}"
    return f"lat_deg >= {south} AND lat_deg <= {north} AND ({between})"


def _text(value: str) -> str:
    """As InfluxQL writes it."""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{quoted}'"


def _before(time_s: int, edge_s: int, oldest: bool) -> bool:
    return time_s < edge_s if oldest else time_s > edge_s


def _place(sample: Sample) -> tuple[int, int]:
    at = mapping.track_point(sample)
    return at.lat_e5, at.lon_e5


def _points(samples: Sequence[Sample]) -> list[Point]:
    return sorted(map(mapping.point, samples), key=_by_time_and_seq)


def _track(samples: Sequence[Sample]) -> list[TrackPoint]:
    ordered = sorted(samples, key=lambda sample: (sample.time_s, sample.fields["seq"]))
    return [mapping.track_point(sample) for sample in ordered]


def _events(samples: Sequence[Sample]) -> list[StoredEvent]:
    return sorted(map(mapping.event_of, samples), key=_event_order)


def _event_order(event: StoredEvent) -> tuple[int, int, int]:
    return event.time_s, event.code, event.value


def _by_time_and_seq(point: Point) -> tuple[int, int]:
    return point.time_s, point.seq
