"""What all units of an engine share: the corridors they follow, what is planned for them, and what the fleet measured.

Own history informs forecasts; it never changes a result. Reads no store: what trips told before is given.
"""

from collections.abc import Callable, Iterable, Sequence

from railbox_server.geo.model import Corridor
from railbox_server.progress.experience import NO_EXPERIENCE, Experience, experience_of, joined
from railbox_server.progress.following import Ways
from railbox_server.progress.plans import PlannedJourney
from railbox_server.store.values import Row, TimeSpan

NEWEST = 8
"""So many trips of a unit count."""

Planned = Callable[[str, int], PlannedJourney | None]
"""What somebody planned for a unit at a time."""


def nothing_planned(unit: str, time_s: int) -> PlannedJourney | None:
    _ = unit, time_s


class Travels:
    """One for all units of an engine."""

    def __init__(self, corridors: Sequence[Corridor], planned: Planned = nothing_planned) -> None:
        self.ways = Ways(corridors)
        self.planned = planned
        self._own: dict[str, list[Row]] = {}
        """By unit: its newest trips that measured something."""
        self._fleet: dict[str, Experience] = {}
        """By corridor; absent: to be joined anew."""

    def begin(self, trips: Iterable[Row]) -> None:
        """With what was stored of all units' trips."""
        by_unit: dict[str, list[Row]] = {}
        for trip in trips:
            by_unit.setdefault(trip["unit"], []).append(trip)
        self._own = {unit: _telling(own) for unit, own in by_unit.items()}
        self._fleet.clear()

    def learn(self, unit: str, spans: Sequence[TimeSpan], trips: Sequence[Row]) -> None:
        """These, instead of the unit's trips that touch some spans of time."""
        before = self._own.get(unit, [])
        kept = [
            trip
            for trip in before
            if not any(trip["from_s"] <= to_s and trip["to_s"] >= from_s for from_s, to_s in spans)
        ]
        self._set(unit, _telling([*kept, *trips]))

    def forget(self, unit: str) -> None:
        """The unit is no more."""
        self._set(unit, [])

    def experience(self, corridor: str) -> Experience:
        """Of the whole fleet."""
        found = self._fleet.get(corridor)
        if found is None:
            own = (trip for trips in self._own.values() for trip in trips if trip["corridor"] == corridor)
            found = self._fleet[corridor] = joined(experience_of(trip["measured"]) for trip in own)
        return found

    def _set(self, unit: str, own: list[Row]) -> None:
        before = self._own.pop(unit, [])
        if own:
            self._own[unit] = own
        if _measured(before) != _measured(own):
            for trip in (*before, *own):
                self._fleet.pop(trip["corridor"], None)


def _telling(trips: Iterable[Row]) -> list[Row]:
    some = [trip for trip in trips if "measured" in trip and experience_of(trip["measured"]) != NO_EXPERIENCE]
    return sorted(some, key=lambda trip: int(trip["from_s"]))[-NEWEST:]


def _measured(trips: Iterable[Row]) -> list[object]:
    return [(trip["corridor"], trip["measured"]) for trip in trips]
