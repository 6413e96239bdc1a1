"""What an operator says of journeys that no position tells: when they departed, which way they go, where they end.

Pure: a table of settings, and what it means for one unit at a time. Where the table stands is plan_file.py's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from railbox_server.geo.model import Corridor
from railbox_server.geo.way import Way
from railbox_server.progress.model import Heading, Plan
from railbox_telemetry import iso
from railbox_telemetry.identity import IdentityError, parse_unit
from railbox_telemetry.settings import required, setting


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedJourney:
    """One journey of one unit."""

    unit: str = required("the container or wagon", example="CSQU3054383")
    corridor: str | None = setting(
        None, "the corridor it follows; not given: the one that its positions keep to", example="karachi-moscow"
    )
    origin: str | None = setting(None, "the place where it begins, by id", example="pk-karachi-city")
    destination: str | None = setting(
        None, "the place where it ends, by id; not given: the corridor's end", example="ru-moscow-paveletsky"
    )
    departure: str | None = setting(
        None, "when its service left the origin, or should have: ISO 8601 with zone; not given: when it was seen to",
        example="2026-11-01T08:00:00Z",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if self.departure is not None:
            iso.to_s(self.departure)

    @property
    def number(self) -> str:
        """The unit as everything else writes it."""
        try:
            return parse_unit(self.unit).number
        except IdentityError:
            return self.unit

    @property
    def departure_s(self) -> int | None:
        return None if self.departure is None else iso.to_s(self.departure)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plans:
    """A file of journeys."""

    journeys: tuple[PlannedJourney, ...] = setting((), "a journey; of several of one unit the last departed counts")


NO_PLANS = Plans()


def planned(plans: Plans, unit: str, time_s: int) -> PlannedJourney | None:
    """The unit's journey at a time: the one that departed last; before the first has, that one."""
    own = sorted((each for each in plans.journeys if each.number == unit), key=lambda each: each.departure_s or 0)
    begun = [each for each in own if (each.departure_s or 0) <= time_s]
    return begun[-1] if begun else next(iter(own), None)


def plan_on(journey: PlannedJourney, way: Way) -> Plan:
    """What it means on a corridor; what is not of that corridor says nothing."""
    kms = {place.id: place.km for place in way.places}
    destination = journey.destination if journey.destination in kms else None
    return Plan(_heading(journey, way), journey.departure_s, destination)


def _heading(journey: PlannedJourney, way: Way) -> Heading | None:
    kms = {place.id: place.km or 0.0 for place in way.places}
    ids = list(kms)
    if not ids:
        return None
    # A journey that begins or ends at an end of the corridor leads away from it, or to it.
    from_km = kms.get(journey.origin or "")
    to_km = kms.get(journey.destination or "")
    if from_km is None and journey.destination in (ids[0], ids[-1]):
        from_km = kms[ids[0] if journey.destination == ids[-1] else ids[-1]]
    if to_km is None and journey.origin in (ids[0], ids[-1]):
        to_km = kms[ids[0] if journey.origin == ids[-1] else ids[-1]]
    if from_km is None or to_km is None or from_km == to_km:
        return None
    return 1 if to_km > from_km else -1


def faults(plans: Plans, corridors: Sequence[Corridor]) -> Iterator[str]:
    """Names that no corridor knows, a line each."""
    places = {corridor.name: {place.id for place in corridor.places} for corridor in corridors}
    for number, journey in enumerate(plans.journeys):
        label = f"journeys[{number}] ({journey.unit})"
        if journey.corridor is not None and journey.corridor not in places:
            yield f"{label}: corridor {journey.corridor!r} is not known; known are {', '.join(places)}"
            continue
        known = places[journey.corridor] if journey.corridor else set[str]().union(*places.values())
        where = journey.corridor or "any corridor"
        for key, place in _named(journey):
            if place not in known:
                yield f"{label}: {key}: there is no place {place!r} in {where}; railbox corridor show tells them"


def _named(journey: PlannedJourney) -> Iterable[tuple[str, str]]:
    both = (("origin", journey.origin), ("destination", journey.destination))
    return [(key, place) for key, place in both if place is not None]
