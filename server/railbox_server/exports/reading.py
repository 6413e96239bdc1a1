"""The rows of an export, read from a store: of some units or of all, in a window of time, by unit and then by time.

Series are cut to the window, and read in pieces; a visit, crossing or custody span belongs to it when any part of it
may lie inside.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import merge
from typing import Any, Final, Protocol

from railbox_server.fleet import Assignment, Span, Units
from railbox_server.store.interface import ReadStore
from railbox_server.store.pieces import rows
from railbox_server.store.values import Point, Row, StoredEvent, StoredReading
from railbox_telemetry import iso
from railbox_telemetry.tables import CHANNELS, SPEED, event_name
from railbox_telemetry.values import DEGREE_E5

PIECE_ROWS: Final = 20_000
"""Of a device's series held at once; of readings, a channel's."""


class Source(ReadStore, Protocol):
    """What an export needs of a store."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`units`: by name, each with its devices and when they spoke for it."""

    units: Units
    span: Span


def read(store: Source, table: str, wanted: Wanted) -> Iterator[Row]:
    """Rows as the API shows them, by unit, each unit's in order of time. `table` is a name of `columns.TABLES`."""
    for unit in sorted(wanted.units):
        yield from READERS[table](store, unit, wanted)


def _track(store: Source, unit: str, wanted: Wanted) -> Iterator[Row]:
    doubtful = {(item.device, item.epoch, item.time_s) for item in store.untrusted(unit)}

    def row(point: Point) -> Row:
        return {
            "unit": unit,
            "device": point.device,
            "time": iso.from_s(point.time_s),
            "lat": point.lat_e5 / DEGREE_E5,
            "lon": point.lon_e5 / DEGREE_E5,
            "dark_s": point.dark_s,
            "trusted": (point.device, point.epoch, point.time_s) not in doubtful,
            "speed_mps": None if point.speed_dmps is None else SPEED.in_unit(point.speed_dmps),
            "course_deg": point.course_deg,
            "accuracy_m": point.accuracy_m,
            "received_at": iso.from_s(point.received_at_s),
        }

    return _in_time(unit, wanted, lambda device, span: map(row, rows(partial(store.points, device), span, PIECE_ROWS)))


def _readings(store: Source, unit: str, wanted: Wanted) -> Iterator[Row]:
    def row(reading: StoredReading) -> Row:
        channel = CHANNELS[reading.channel]
        return {
            "unit": unit,
            "device": reading.device,
            "time": iso.from_s(reading.time_s),
            "channel": channel.name,
            "value": channel.in_unit(reading.value),
        }

    def of_channel(device: str, number: int, span: Span, limit: int) -> Sequence[StoredReading]:
        return store.readings(device, span, number, limit, oldest=True)

    def of_device(device: str, span: Span) -> Iterator[Row]:
        # By channel, as they are stored: else all of a device's would be looked through for every piece.
        channels = (rows(partial(of_channel, device, channel.bit), span, PIECE_ROWS) for channel in CHANNELS)
        return map(row, merge(*channels, key=lambda reading: (reading.time_s, reading.channel)))

    return _in_time(unit, wanted, of_device)


def _events(store: Source, unit: str, wanted: Wanted) -> Iterator[Row]:
    def row(event: StoredEvent) -> Row:
        return {
            "unit": unit,
            "device": event.device,
            "time": iso.from_s(event.time_s),
            "event": event_name(event.code),
            "value": event.value,
        }

    return _in_time(
        unit, wanted, lambda device, span: map(row, rows(partial(store.events, device, oldest=True), span, PIECE_ROWS))
    )


def _in_time(unit: str, wanted: Wanted, rows_of: Callable[[str, Span], Iterable[Row]]) -> Iterator[Row]:
    """The rows of all the unit's devices, each while it spoke for the unit."""

    def of(item: Assignment) -> Iterable[Row]:
        return rows_of(item.device, item.span.both(wanted.span))

    return merge(*map(of, wanted.units[unit]), key=lambda row: (row["time"], row["device"]))


def _visits(store: Source, unit: str, wanted: Wanted) -> Iterator[Row]:
    return (row for row in store.visits(unit) if _touches(wanted.span, row["entered"], row["exited"]))


def _crossings(store: Source, unit: str, wanted: Wanted) -> Iterator[Row]:
    return (row for row in store.crossings(unit) if _touches(wanted.span, row["arrived"], row["departed"]))


def _custody(store: Source, unit: str, wanted: Wanted) -> Iterator[Row]:
    return (row for row in store.custody(unit) if _touches(wanted.span, row["start"], row["end"]))


def _touches(span: Span, start: Mapping[str, Any] | None, end: Mapping[str, Any] | None) -> bool:
    """An unknown bound may be anywhere."""
    first = None if start is None or start["earliest"] is None else iso.to_s(start["earliest"])
    last = None if end is None or end["latest"] is None else iso.to_s(end["latest"]) + 1
    return not Span(first, last).both(span).is_empty


READERS: Final[Mapping[str, Callable[[Source, str, Wanted], Iterator[Row]]]] = {
    "track": _track,
    "readings": _readings,
    "events": _events,
    "visits": _visits,
    "crossings": _crossings,
    "custody": _custody,
}
