"""One unit judged: its tracks read from the store, the journey derived, and everything said of it as rows.

The bridge between the store and the pure engine; decides nothing itself, and keeps nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from railbox_server.engine.rows import devices_now, unit_row
from railbox_server.fleet import Assignment, Span
from railbox_server.journey.derive import derive
from railbox_server.journey.model import Journey, Settings, Track, Waypoint
from railbox_server.journey.network import Network
from railbox_server.journey.report import crossing_row, row_order, visit_row
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Derived, Point, StoredReading, Untrusted
from railbox_telemetry.tables import CONDITION
from railbox_telemetry.values import DEGREE_E5, SeqRange

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
    derive: Derive = derive

    def judge(self, unit: str, assignments: Sequence[Assignment], now_s: int) -> Judged:
        tracks = [track for item in assignments for track in self._tracks(item)]
        journey = self.derive(unit, tracks, self.network, now_s, self.settings)
        visits = [visit_row(visit) for visit in journey.visits]
        crossings = [crossing_row(crossing) for crossing in journey.crossings]
        row = unit_row(
            unit,
            devices_now(assignments, now_s),
            self._last_point(journey.last, tracks),
            visits,
            crossings,
            self._condition(assignments, now_s + self.settings.future_s),
            [chain.corridor for chain in self.network.chains],
        )
        untrusted = tuple(Untrusted(*key, reason) for key, reason in sorted(journey.untrusted.items()))
        return Judged(
            Derived(
                unit, row, tuple(sorted(visits, key=row_order)), tuple(sorted(crossings, key=row_order)), untrusted
            ),
            None if journey.last is None else int(journey.last.time_s),
            any(visit.exited is None for visit in journey.visits)
            or any(crossing.departed is None for crossing in journey.crossings),
        )

    def _tracks(self, assignment: Assignment) -> list[Track]:
        missing = {state.outbox.epoch: state.ledger.without_data() for state in self.store.outboxes(assignment.device)}
        knots = self.store.seen_knots(assignment.device, assignment.span)
        nothing: tuple[SeqRange, ...] = ()
        return [Track(assignment.device, epoch, knots[epoch], missing.get(epoch, nothing)) for epoch in sorted(knots)]

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
