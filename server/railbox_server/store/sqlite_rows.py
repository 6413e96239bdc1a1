"""What batches say as rows of the tables that come of them: plain functions over values, no SQL but the inserts.

Rows are prepared a table at a time, so a group costs a handful of `executemany`, not a statement a value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from railbox_server.store.state import pack_state
from railbox_server.store.values import Outbox, StoredBatch
from railbox_telemetry.tables import CHANNEL_SCALAR_BASE
from railbox_telemetry.values import BootClock, Events, Positions, Readings, Undated

PART_S: Final = 14_400
"""A row of `boxes` is where an outbox was in so long."""

Ids = Mapping[Outbox, tuple[int, int]]
"""(device id, outbox id)."""
Table = dict[str, list[tuple[int | None, ...]]]

SERIES: Final = ("knots", "readings", "events")
"""The time series: another database may hold them instead."""
INSERTS: Final = {
    "knots": "INSERT OR IGNORE INTO knots VALUES (?,?,?,?,?,?,?,?)",
    # Two values of a channel in one second: the greater, so that the order of arrival decides nothing.
    "readings": "INSERT INTO readings VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
    "events": "INSERT OR IGNORE INTO events VALUES (?,?,?,?,?,?,?)",
    "undated": "INSERT OR IGNORE INTO undated VALUES (?,?,?,?,?,?,?,?)",
    "boot_clocks": "INSERT OR IGNORE INTO boot_clocks VALUES (?,?,?,?,?)",
    "boxes": "INSERT INTO boxes VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
    "south_e5 = min(south_e5, excluded.south_e5), north_e5 = max(north_e5, excluded.north_e5), "
    "west_e5 = min(west_e5, excluded.west_e5), east_e5 = max(east_e5, excluded.east_e5) "
    "WHERE excluded.south_e5 < south_e5 OR excluded.north_e5 > north_e5 "
    "OR excluded.west_e5 < west_e5 OR excluded.east_e5 > east_e5",
}


def rows_of(batches: Sequence[StoredBatch], ids: Ids) -> Table:
    """By table, as `INSERTS` takes them."""
    table: Table = {name: [] for name in INSERTS}
    for item in batches:
        device, outbox = ids[item.outbox]
        seq, received_at_s = item.batch.seq, item.received_at_ms // 1000
        for nth, section in enumerate(item.batch.sections):
            match section:
                case Positions():
                    table["knots"] += _knot_rows(section, outbox, seq, received_at_s)
                    table["readings"] += _state_readings(section.state, device, section.knots[-1].time_s)
                case Readings():
                    table["readings"] += _reading_rows(section, device)
                    table["readings"] += _state_readings(section.state, device, section.rows[-1].time_s)
                case Events():
                    table["events"] += [
                        (device, event.time_s, outbox, seq, nth << 16 | place, event.code, event.value)
                        for place, event in enumerate(section.events)
                    ]
                case Undated(boot_id, events):
                    table["undated"] += [
                        (device, boot_id, outbox, seq, nth << 16 | place, event.monotonic_s, event.code, event.value)
                        for place, event in enumerate(events)
                    ]
                case BootClock():
                    table["boot_clocks"].append((device, section.boot_id, outbox, seq, section.utc_offset_s))
                case _:  # discarded ranges are in the ledger, sections of a later version in the raw batch
                    pass
    table["boxes"] = _boxes(batches, ids)
    return table


def _knot_rows(section: Positions, outbox: int, seq: int, received_at_s: int) -> Iterator[tuple[int | None, ...]]:
    last, state = section.knots[-1], pack_state(section.state)
    for knot in section.knots:
        time_s = knot.time_s
        own = state if knot is last else None
        yield (outbox, time_s, seq, knot.lat_e5, knot.lon_e5, knot.dark_s, received_at_s - time_s, own)


def _boxes(batches: Iterable[StoredBatch], ids: Ids) -> list[tuple[int | None, ...]]:
    """Where each outbox was in each part of the time, south to north and west to east."""
    boxes: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    for item in batches:
        outbox = ids[item.outbox][1]
        for section in item.batch.sections:
            if isinstance(section, Positions):
                for part, run in groupby(section.knots, lambda knot: knot.time_s // PART_S):
                    knots = list(run)
                    lats, lons = [knot.lat_e5 for knot in knots], [knot.lon_e5 for knot in knots]
                    south, north, west, east = min(lats), max(lats), min(lons), max(lons)
                    if (box := boxes.get((part, outbox))) is not None:
                        south, north = min(south, box[0]), max(north, box[1])
                        west, east = min(west, box[2]), max(east, box[3])
                    boxes[part, outbox] = south, north, west, east
    return [(*key, *edges) for key, edges in boxes.items()]


def _reading_rows(section: Readings, device: int) -> Iterator[tuple[int, ...]]:
    for row in section.rows:
        for channel, value in zip(section.channels, row.values, strict=True):
            yield (device, channel, row.time_s, value)


def _state_readings(state: Mapping[int, int], device: int, time_s: int) -> Iterator[tuple[int, ...]]:
    for bit, value in state.items():
        if bit >= CHANNEL_SCALAR_BASE:
            yield (device, bit - CHANNEL_SCALAR_BASE, time_s, value)
