"""What is true of a unit now, as the row that lists show: position, place, flag, condition. Reads the store."""

from collections.abc import Sequence

from railbox_server.engine.keeper import Open
from railbox_server.engine.rows import devices_now, unit_row
from railbox_server.fleet import Assignment, Span
from railbox_server.journey.model import Waypoint
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Point, Row, StoredReading
from railbox_telemetry.tables import CONDITION
from railbox_telemetry.values import DEGREE_E5


def present_row(
    store: JourneyStore,
    unit: str,
    assignments: Sequence[Assignment],
    last: Waypoint | None,
    lasts: Open | None,
    now_s: int,
    future_s: int,
) -> Row | None:
    """None: the row is as it was. What is concluded of its way (`corridor`, `progress`) stays as it was."""
    stored = store.unit_rows(unit)
    before: Row = stored[0] if stored else {"corridor": None, "progress": None}
    visits, crossings = lasts.rows() if lasts is not None else ((), ())
    last_s = now_s if last is None else int(last.time_s)
    # The clock of a replay has not seen this unit's fixes yet: it is at least as late as they are.
    until_s = max(now_s, last_s) + future_s
    row = unit_row(
        unit,
        devices_now(assignments, now_s),
        _last_point(store, assignments, last),
        visits,
        crossings,
        _condition(store, assignments, until_s),
    ) | {key: before[key] for key in ("corridor", "progress")}
    return None if row == before else row


def _last_point(store: JourneyStore, assignments: Sequence[Assignment], last: Waypoint | None) -> Point | None:
    """The stored knot of the newest trusted place, with its speed."""
    if last is None:
        return None
    time_s = int(last.time_s)
    place = round(last.lat_deg * DEGREE_E5), round(last.lon_deg * DEGREE_E5)
    for item in assignments:
        span = item.span.both(Span(time_s, time_s + 1))
        for epoch in sorted(store.seen_knots(item.device, span)) if not span.is_empty else ():
            point = store.point(item.device, epoch, time_s)
            if point is not None and (point.lat_e5, point.lon_e5) == place:
                return point
    return None


def _condition(store: JourneyStore, assignments: Sequence[Assignment], until_s: int) -> list[StoredReading]:
    """The newest reading of each channel of the condition; what is dated later than now is not believed."""
    channels = [channel.bit for channel in CONDITION]
    newest: dict[int, StoredReading] = {}
    for item in assignments:
        for reading in store.newest_readings(item.device, item.span.both(Span(None, until_s)), channels):
            if reading.channel not in newest or reading.time_s > newest[reading.channel].time_s:
                newest[reading.channel] = reading
    return [newest[channel] for channel in channels if channel in newest]
