"""What a unit's journey comes to beside visits and crossings: progress, trips and custody, next to what changed.

The bridge between the store's rows, the engine's book, and the pure rooms of progress, custody and statistics. Decides
nothing itself.
"""

import math
from collections.abc import Sequence
from typing import Any

from railbox_server.custody.derive import derive as custody_of
from railbox_server.custody.incidents import Ground
from railbox_server.custody.model import DEFAULTS
from railbox_server.custody.model import Settings as CustodySettings
from railbox_server.custody.report import custody_row
from railbox_server.custody.spans import end_s, spans, start_s
from railbox_server.engine.book import Book, waypoint
from railbox_server.engine.rows import on_its_way
from railbox_server.engine.trail import plain_standing
from railbox_server.engine.travels import Travels
from railbox_server.engine.unit_knots import UnitKnots
from railbox_server.engine.unit_logs import UnitLogs
from railbox_server.fleet import Assignment
from railbox_server.geo.way import Way
from railbox_server.journey.history import History
from railbox_server.journey.judging import clock_of
from railbox_server.journey.kept import TimeSpan, joined
from railbox_server.journey.model import Journey, Settings, Visit, Waypoint
from railbox_server.journey.network import Network
from railbox_server.journey.reading import crossing_of, visit_of
from railbox_server.journey.rejudge import visit_at
from railbox_server.progress.derive import NO_PLAN, derive
from railbox_server.progress.experience import NO_EXPERIENCE, experience, experience_row
from railbox_server.progress.follow import Run
from railbox_server.progress.following import Following
from railbox_server.progress.plans import plan_on
from railbox_server.progress.report import progress_row
from railbox_server.statistics.indicators import trip
from railbox_server.statistics.reading import trip_row
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Conclusion, Row


class Concluder:
    """One for all units of an engine."""

    def __init__(
        self,
        store: JourneyStore,
        book: Book,
        network: Network,
        settings: Settings,
        travels: Travels,
        custody: CustodySettings = DEFAULTS,
    ) -> None:
        self._store = store
        self._book = book
        self._network = network
        self._settings = settings
        self._travels = travels
        self._custody = custody
        self._borders = {area.border.id: area.border for area in network.areas}

    def begin(self) -> None:
        """Takes up what was stored."""
        self._travels.begin(self._store.trips())

    def conclude(self, unit: str, assignments: Sequence[Assignment], now_s: int) -> Conclusion:
        """What is due of a unit; then nothing is. To be called, and stored, while the book is written."""
        head = self._book.head(unit)
        last = waypoint(head["last"])
        knots = UnitKnots(self._store, assignments, head["extents"])
        history = History(unit, knots, self._book.of(unit, last), self._network, self._settings)
        logs = UnitLogs(self._store, assignments, self._custody, self._until_s(now_s, last))
        kept = [logs.reach(_span(span)) for span in head["due"]["spans"]]
        custody = [row for span in joined(kept, 0.0) for row in self._custody_rows(unit, span, logs, history, last)]
        conclusion = self._travelled(unit, head, knots, history, last, tuple(kept), custody)
        self._book.put_head(unit, head | {"due": {"path": [], "spans": []}})
        return conclusion

    def forget(self, unit: str) -> None:
        """The unit is no more."""
        self._travels.forget(unit)

    def _until_s(self, now_s: int, last: Waypoint | None) -> int:
        """What is dated later is not believed. The clock of a replay has not seen this unit's fixes yet."""
        return max(now_s, int(last.time_s) if last else now_s) + self._settings.future_s

    # --- the way -----------------------------------------------------------------------------------------------------

    def _travelled(
        self,
        unit: str,
        head: dict[str, Any],
        knots: UnitKnots,
        history: History,
        last: Waypoint | None,
        kept: tuple[TimeSpan, ...],
        custody: Sequence[Row],
    ) -> Conclusion:
        trail = self._book.trail(unit, head.get("standing"))
        path = None if last is None else (min(first for first, _ in knots.extents()), last.time_s)
        following = Following(self._travels.ways, trail, history.path, path)
        plan = None if last is None else self._travels.planned(unit, int(last.time_s))
        moved = following.update([_span(span) for span in head["due"]["path"]], plan.corridor if plan else None)
        head["standing"] = plain_standing(trail.standing)
        # Waits are in the runs in which they are, whichever of both is another one now.
        travelled = tuple(joined([*moved, *kept], 0.0))
        name = trail.standing.corridor
        progress, trips = None, list[Row]()
        if name is not None and last is not None:
            way = self._travels.ways[name]
            run = trail.standing.trace.run(way)
            runs = {each for span in travelled for each in following.runs(span)}
            if run is not None and any(run.from_s <= until_s and run.to_s >= from_s for from_s, until_s in travelled):
                runs.add(run)
            made = [self._trip(unit, way, each, following) for each in sorted(runs, key=lambda one: one.from_s)]
            trips = [row for row in made if row is not None]
            self._travels.learn(unit, travelled, trips)
            from_s = -math.inf if run is None else run.from_s
            said = NO_PLAN if plan is None else plan_on(plan, way)
            journey = self._journey(unit, (from_s, math.inf), last)
            found = derive(
                unit, way, following.now(from_s), journey, int(last.time_s), self._travels.experience(name), said
            )
            progress = None if found is None else progress_row(found)
        else:
            self._travels.learn(unit, travelled, ())
        row = on_its_way(self._store.unit_rows(unit)[0], progress)
        return Conclusion(unit, row, progress, travelled, tuple(trips), kept, tuple(custody))

    def _trip(self, unit: str, way: Way, run: Run, following: Following) -> Row | None:
        """With what was measured on it."""
        journey = self._journey(unit, (run.from_s, run.to_s), None)
        made = trip(unit, way, run, following.stops(run), journey)
        if made is None:
            return None
        measured = experience(way, journey, (run.from_s, run.to_s))
        return trip_row(made) | ({} if measured == NO_EXPERIENCE else {"measured": experience_row(measured)})

    def _journey(self, unit: str, span: TimeSpan, last: Waypoint | None) -> Journey:
        """What was visited and crossed in a span of time, and just before and after it; as of the last position, where
        that is given, so that no clock changes what is said of it."""
        crossings = [
            crossing_of(row, self._borders)
            for row in self._store.crossings_touching(unit, span)
            if row["border"] is None or row["border"] in self._borders
        ]
        visits = self._visits(unit, span)
        if last is not None:
            clock = clock_of(int(last.time_s), last.time_s, self._settings)
            visits = [visit_at(visit, clock) for visit in visits]
        return Journey(tuple(visits), tuple(crossings), {}, last, ())

    def _visits(self, unit: str, span: TimeSpan) -> list[Visit]:
        places = self._network.places
        return [visit_of(row, places) for row in self._store.visits_near(unit, span) if row["place"] in places]

    # --- custody -----------------------------------------------------------------------------------------------------

    def _custody_rows(
        self, unit: str, span: TimeSpan, logs: UnitLogs, history: History, last: Waypoint | None
    ) -> list[Row]:
        """Of the visits and legs that touch a span of time."""
        touching = [
            each
            for each in spans(unit, self._visits(unit, span))
            if start_s(each.start) <= span[1] and end_s(each.end) >= span[0]
        ]
        if not touching:
            return []
        from_s = min(start_s(each.start) for each in touching)
        until_s = max(end_s(each.end) for each in touching)
        own = logs.of((from_s, until_s))
        # A span that lasts is told of until the unit was last heard, so that no clock changes it.
        times = (item.time_s for log in own for items in (log.readings, log.events) for item in items)
        heard_s = max(0 if last is None else int(last.time_s), max(times, default=0))

        def where(time_s: int) -> tuple[float, float] | None:
            return Ground(history.path((time_s, time_s))).at(time_s)

        found = custody_of(touching, own, heard_s, where, self._custody, logs.first_s())
        return [custody_row(each) for each in found]


def _span(body: Sequence[float]) -> TimeSpan:
    from_s, to_s = body
    return from_s, to_s
