"""Where units are on their corridors, and what the fleet measured there: a journey in, progress and trip out.

Holds what every unit's journey last said of waits and runs, for the forecasts of the others. It is in memory only:
a new engine judges every unit, so it learns all of it again. Reads no store.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from railbox_server.geo.model import Corridor
from railbox_server.geo.way import Way
from railbox_server.journey.model import Journey
from railbox_server.progress.derive import NO_PLAN, derive, followed
from railbox_server.progress.experience import NO_EXPERIENCE, Experience, experience, joined
from railbox_server.progress.follow import follow
from railbox_server.progress.model import Progress
from railbox_server.progress.plans import PlannedJourney, plan_on
from railbox_server.statistics.indicators import trip
from railbox_server.statistics.model import Trip


@dataclass(frozen=True, slots=True)
class Travel:
    """Of a unit that follows a corridor. `trip` is None until it has moved along it."""

    progress: Progress
    trip: Trip | None


Planned = Callable[[str, int], PlannedJourney | None]
"""What somebody planned for a unit at a time."""


def nothing_planned(unit: str, time_s: int) -> PlannedJourney | None:
    _ = unit, time_s


class Travels:
    """One for all units of an engine."""

    def __init__(self, corridors: Sequence[Corridor], planned: Planned = nothing_planned) -> None:
        self._ways = tuple(map(Way, corridors))
        self._planned = planned
        self._own: dict[str, tuple[str, Experience]] = {}
        """By unit: the corridor it follows, and what it measured there."""
        self._fleet: dict[str, Experience] = {}
        """By corridor; absent: to be joined anew."""

    def of(self, unit: str, journey: Journey) -> Travel | None:
        """None where the unit follows no corridor. As of its last position, so that no clock changes it: a forecast
        may be in the past by the time it is read."""
        last_s = None if journey.last is None else int(journey.last.time_s)
        plan = None if last_s is None else self._planned(unit, last_s)
        own = next((way for way in self._ways if plan is not None and way.corridor.name == plan.corridor), None)
        way = own or followed(self._ways, journey.path)
        if way is None or last_s is None:
            self.forget(unit)
            return None
        name = way.corridor.name
        self._learn(unit, name, experience(way, [journey]))
        trace = follow(way, journey.path)
        said = NO_PLAN if plan is None else plan_on(plan, way)
        progress = derive(unit, way, trace, journey, last_s, self._of_fleet(name), said)
        return None if progress is None else Travel(progress, trip(unit, way, trace, journey))

    def forget(self, unit: str) -> None:
        """The unit is no more."""
        own = self._own.pop(unit, None)
        if own is not None:
            self._fleet.pop(own[0], None)

    def _learn(self, unit: str, corridor: str, own: Experience) -> None:
        if self._own.get(unit) == (corridor, own):
            return
        self.forget(unit)
        if own != NO_EXPERIENCE:
            self._own[unit] = corridor, own
            self._fleet.pop(corridor, None)

    def _of_fleet(self, corridor: str) -> Experience:
        found = self._fleet.get(corridor)
        if found is None:
            found = self._fleet[corridor] = joined(own for name, own in self._own.values() if name == corridor)
        return found
