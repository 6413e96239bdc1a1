"""One unit judged: its tracks read from the store, the journey derived, and everything said of it as rows.

The bridge between the store and the pure engine; decides nothing itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from railbox_server.custody.derive import channels_heard
from railbox_server.custody.derive import derive as custody_of
from railbox_server.custody.model import DEFAULTS, DeviceLog
from railbox_server.custody.model import Settings as CustodySettings
from railbox_server.custody.report import custody_row
from railbox_server.engine.book import Book
from railbox_server.engine.keeper import Open
from railbox_server.engine.rows import devices_now, unit_row
from railbox_server.engine.travels import Travels
from railbox_server.fleet import ALWAYS, Assignment, Span
from railbox_server.journey.derive import derive
from railbox_server.journey.model import Journey, Settings, Track, Waypoint
from railbox_server.journey.network import Network
from railbox_server.journey.report import crossing_row, row_order, visit_row
from railbox_server.progress.report import progress_row
from railbox_server.statistics.reading import trip_row
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Derived, Point, Row, StoredReading, Untrusted
from railbox_telemetry.tables import CONDITION
from railbox_telemetry.values import DEGREE_E5, Event, Reading, SeqRange

ALL: Final = 2**62

Derive = Callable[[str, Sequence[Track], Network, int, Settings], Journey]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of a unit. `is_open`: it may say something else when only time has passed."""

    derived: Derived
    last_fix_s: int | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class Judge:
    store: JourneyStore
    network: Network
    settings: Settings
    travels: Travels
    derive: Derive = derive
    custody: CustodySettings = DEFAULTS
    book: Book = field(default_factory=lambda: Book(None, ""))
    """Absent: one in memory, for as long as this."""

    def judge(self, unit: str, assignments: Sequence[Assignment], now_s: int) -> Judged:
        tracks = [track for item in assignments for track in self._tracks(item)]
        journey = self.derive(unit, tracks, self.network, now_s, self.settings)
        visits = [visit_row(visit) for visit in journey.visits]
        crossings = [crossing_row(crossing) for crossing in journey.crossings]
        travel = self.travels.of(unit, journey)
        progress = None if travel is None else progress_row(travel.progress)
        last_s = None if journey.last is None else int(journey.last.time_s)
        # The clock of a replay has not seen this unit's fixes yet: it is at least as late as they are.
        until_s = max(now_s, last_s or now_s) + self.settings.future_s
        row = unit_row(
            unit,
            devices_now(assignments, now_s),
            self._last_point(journey.last, tracks),
            visits,
            crossings,
            self._condition(assignments, until_s),
            [chain.corridor for chain in self.network.chains],
            progress,
        )
        untrusted = tuple(Untrusted(*key, reason) for key, reason in sorted(journey.untrusted.items()))
        return Judged(
            Derived(
                unit,
                row,
                tuple(sorted(visits, key=row_order)),
                tuple(sorted(crossings, key=row_order)),
                untrusted,
                progress,
                trip_row(travel.trip) if travel is not None and travel.trip is not None else None,
                self._custody(unit, assignments, journey, until_s),
            ),
            last_s,
            any(visit.exited is None for visit in journey.visits)
            or any(crossing.departed is None for crossing in journey.crossings),
        )

    def head_row(
        self, unit: str, assignments: Sequence[Assignment], last: Waypoint | None, lasts: Open | None, now_s: int
    ) -> Row | None:
        """The unit's row as it is now, but for what is concluded from the whole journey; None: it has none yet."""
        rows = self.store.unit_rows(unit)
        if not rows:
            return None
        visits, crossings = lasts.rows() if lasts is not None else ((), ())
        last_s = now_s if last is None else int(last.time_s)
        until_s = max(now_s, last_s) + self.settings.future_s
        near = [track for item in assignments for track in self._tracks(item, Span(last_s, last_s + 1))]
        point = self._last_point(last, near)
        row = unit_row(
            unit, devices_now(assignments, now_s), point, visits, crossings, self._condition(assignments, until_s), ()
        )
        return row | {key: rows[0][key] for key in ("corridor", "progress")}

    def forget(self, unit: str) -> None:
        """The unit is no more."""
        self.travels.forget(unit)

    def _tracks(self, assignment: Assignment, when: Span = ALWAYS) -> list[Track]:
        missing = {state.outbox.epoch: state.ledger.without_data() for state in self.store.outboxes(assignment.device)}
        knots = self.store.seen_knots(assignment.device, assignment.span.both(when))
        nothing: tuple[SeqRange, ...] = ()
        return [Track(assignment.device, epoch, knots[epoch], missing.get(epoch, nothing)) for epoch in sorted(knots)]

    def _custody(self, unit: str, assignments: Sequence[Assignment], journey: Journey, until_s: int) -> tuple[Row, ...]:
        """What is dated later than now is not believed. A span that lasts is told of until the unit was last heard,
        so that no clock changes it."""
        logs = [self._log(item, until_s) for item in assignments]
        times = (item.time_s for log in logs for items in (log.readings, log.events) for item in items)
        heard_s = max(chain((0 if journey.last is None else int(journey.last.time_s),), times))
        return tuple(map(custody_row, custody_of(unit, journey.visits, logs, heard_s, journey.path, self.custody)))

    def _log(self, assignment: Assignment, until_s: int) -> DeviceLog:
        """What custody is concluded from."""
        device, span = assignment.device, assignment.span.both(Span(None, until_s))
        readings = [
            Reading(item.time_s, item.channel, item.value)
            for channel in channels_heard(self.custody)
            for item in self.store.readings(device, span, channel, ALL)
        ]
        events = [Event(item.time_s, item.code, item.value) for item in self.store.events(device, span, ALL)]
        return DeviceLog(device, readings, events)

    def _last_point(self, last: Waypoint | None, tracks: Sequence[Track]) -> Point | None:
        """The stored knot of the newest trusted place, with its speed."""
        if last is None:
            return None
        found = [
            self.store.point(track.device, track.epoch, int(last.time_s))
            for track in tracks
            if track.knots[0].time_s <= last.time_s <= track.knots[-1].time_s
        ]
        lat_e5, lon_e5 = round(last.lat_deg * DEGREE_E5), round(last.lon_deg * DEGREE_E5)
        return next((point for point in found if point and (point.lat_e5, point.lon_e5) == (lat_e5, lon_e5)), None)

    def _condition(self, assignments: Sequence[Assignment], until_s: int) -> list[StoredReading]:
        """The newest reading of each channel of the condition; what is dated later than now is not believed."""
        channels = [channel.bit for channel in CONDITION]
        newest: dict[int, StoredReading] = {}
        for item in assignments:
            for reading in self.store.newest_readings(item.device, item.span.both(Span(None, until_s)), channels):
                if reading.channel not in newest or reading.time_s > newest[reading.channel].time_s:
                    newest[reading.channel] = reading
        return [newest[channel] for channel in channels if channel in newest]
