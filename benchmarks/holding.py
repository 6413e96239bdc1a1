"""A simulated journey's truth held against what the border engine found: what must be there, and within which bounds.

What must be there is what the delivered knots can tell, by the definition of visits and crossings (docs/design.md) and
plain code over the knots one by one: a place never surely inside of may go unseen, and two stays between which nobody
saw the unit leave are one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from delivered import DARK_AFTER_S, during

from railbox.simulate import sphere, truth
from railbox.simulate.fleet import Journey
from railbox.simulate.passages import Zone
from railbox.simulate.truth import Moments
from railbox_server.geo.model import Border
from railbox_server.journey.model import Bounds, Crossing, SeenKnot, Visit
from railbox_server.journey.model import Journey as Found
from railbox_telemetry.values import DEGREE_E5

MARGIN_M = 40.0
MOMENTS = ("arrived", "left", "crossed", "reached", "departed")
Spell = tuple[float | None, float | None]


@dataclass
class Held:
    """Of one journey or of many: how much was there, and what went wrong, in words."""

    crossings: int = 0
    visits: int = 0
    unseen: int = 0
    """Crossings and visits that the knots do not tell of."""
    dark: int = 0
    """Crossings of which some moment lay in the dark."""
    returned: int = 0
    knots: int = 0
    missed: list[str] = field(default_factory=list[str])
    invented: list[str] = field(default_factory=list[str])
    outside: list[str] = field(default_factory=list[str])
    """Truth that was not within its bounds, or another dwell, flag or direction."""
    far: list[str] = field(default_factory=list[str])
    """Estimates farther from the truth than the sampling gap."""
    order: list[str] = field(default_factory=list[str])
    """Journeys whose result another order of arrival changed."""
    moments: int = 0
    estimates: int = 0
    """Moments that were sampled on both sides, by a unit that moved: those whose estimate is held to the gap."""
    journeys: int = 0
    engine_s: float = 0.0

    def add(self, other: "Held") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def held(journey: Journey, knots: Sequence[SeenKnot], found: Found) -> Held:
    """`knots`: the trusted ones in order of time."""
    if not knots:
        return Held(invented=[str(row) for row in (*found.visits, *found.crossings)])
    return _Court(journey, knots, found).held()


@dataclass(frozen=True)
class _Group:
    """True times inside a zone that the knots cannot tell apart, in order. `seen`: in which a knot is surely inside."""

    spells: Sequence[Spell]
    seen: Sequence[bool]

    @property
    def whole(self) -> Spell:
        return self.spells[0][0], self.spells[-1][1]

    @property
    def is_seen(self) -> bool:
        return any(self.seen)

    @property
    def known(self) -> "_Group":
        """Until the last that was seen."""
        until = len(self.seen) - self.seen[::-1].index(True)
        return _Group(self.spells[:until], self.seen[:until])

    @property
    def after_known(self) -> Sequence[Spell]:
        return self.spells[len(self.known.spells) :]

    @property
    def entries(self) -> list[float | None]:
        """What may be told as its entry: of any time inside until the first that was seen."""
        until = self.seen.index(True) if self.is_seen else len(self.spells) - 1
        return [entered_s for entered_s, _ in self.spells[: until + 1]]

    @property
    def exits(self) -> list[float | None]:
        since = len(self.seen) - 1 - self.seen[::-1].index(True) if self.is_seen else 0
        return [exited_s for _, exited_s in self.spells[since:]]


class _Court:
    def __init__(self, journey: Journey, knots: Sequence[SeenKnot], found: Found) -> None:
        # What comes after the last knot nobody can know of.
        length_s = knots[-1].time_s - journey.started_at_s
        self._journey = journey = replace(journey, length_s=length_s)
        self._knots = knots
        self._found = found
        self._start_s = journey.started_at_s
        self._held = Held(knots=len(knots))
        self._stays = truth.stays(journey)
        self._zones = journey.ground.zones
        self._seen = [
            stay for stay in self._stays if self._is_seen(self._zones[stay.place.id], stay.entered_s, stay.exited_s)
        ]

    def held(self) -> Held:
        for place in self._journey.ground.places:
            own: list[Spell] = [(s.entered_s, s.exited_s) for s in self._stays if s.place.id == place.id]
            self._judge_visits(place.id, self._groups(self._zones[place.id], own))
        for border in self._journey.corridor.borders:
            self._judge_border(border)
        own_ids = {border.id for border in self._journey.corridor.borders}
        for crossing in self._found.crossings:
            ids = set(crossing.candidates) if crossing.border is None else {crossing.border.id}
            if not ids & own_ids:
                self._held.invented.append(f"{self._name} crossing {sorted(ids)}")
        return self._held

    @property
    def _name(self) -> str:
        wish = self._journey.wish
        return f"{wish.corridor.name}{' back' if wish.reverse else ''} seed {wish.seed}:"

    # --- what the knots tell -----------------------------------------------------------------------------------------

    def _groups(self, zone: Zone, spells: Sequence[Spell]) -> list[_Group]:
        """The true times inside, joined where no knot tells that the unit was gone in between.

        One that no knot tells of belongs to those on both sides of it, if they are not surely others.
        """
        groups: list[_Group] = []
        for spell in spells:
            one = _Group([spell], [self._is_seen(zone, *spell)])
            before = groups[-1] if groups else None
            if before is None or self._is_parted(zone, before, one):
                groups.append(one)
            elif one.is_seen and before.is_seen and self._is_parted(zone, before.known, one):
                unseen = before.after_known
                groups.append(_Group([*unseen, spell], [*(False for _ in unseen), True]))
            else:
                groups[-1] = _Group([*before.spells, spell], [*before.seen, *one.seen])
        return groups

    def _is_parted(self, zone: Zone, a: _Group, b: _Group) -> bool:
        return self._is_gone(zone, a.whole[1] or 0.0, b.whole[0] or 0.0)

    def _is_seen(self, zone: Zone, entered_s: float | None, exited_s: float | None) -> bool:
        return any(_out_m(zone, knot) < -MARGIN_M for knot in self._during(entered_s, exited_s))

    def _is_gone(self, zone: Zone, from_s: float, to_s: float | None) -> bool:
        """Whether it was surely outside for over 15 minutes, over 5 km out, or in another yard."""
        outside = [(k.time_s, _out_m(zone, k)) for k in self._during(from_s, to_s)]
        sure = [(time_s, out_m) for time_s, out_m in outside if out_m > MARGIN_M]
        if not sure:
            return False
        if sure[-1][0] - sure[0][0] > truth.EXCURSION_S or max(out_m for _, out_m in sure) > truth.EXCURSION_M:
            return True
        others = [other for other in self._zones.values() if truth.apart(zone, other)]
        return any(
            _out_m(other, knot) < -MARGIN_M
            for knot in self._during(sure[0][0] - self._start_s, to_s)
            for other in others
        )

    def _during(self, from_s: float | None, to_s: float | None) -> Sequence[SeenKnot]:
        end_s = self._journey.length_s if to_s is None else to_s
        return during(self._knots, self._start_s + (from_s or 0.0), self._start_s + end_s)

    # --- visits ------------------------------------------------------------------------------------------------------

    def _judge_visits(self, place_id: str, groups: Sequence[_Group]) -> None:
        waiting = list(groups)
        for visit in (visit for visit in self._found.visits if visit.place.id == place_id):
            fitting = [group for group in waiting if self._fits_visit(visit, group)]
            chosen = next((group for group in fitting if group.is_seen), fitting[0] if fitting else None)
            if chosen is None:
                self._held.invented.append(f"{self._name} visit {place_id} {visit.entered}")
                continue
            while waiting[0] is not chosen:
                self._pass_over(place_id, waiting.pop(0))
            self._hold_visit(visit, waiting.pop(0))
        for group in waiting:
            self._pass_over(place_id, group)

    def _pass_over(self, place_id: str, group: _Group) -> None:
        if group.is_seen:
            self._held.visits += 1
            self._held.missed.append(f"{self._name} visit {place_id} {[self._at(t) for t in group.whole]}")
        else:
            self._held.unseen += 1

    def _fits_visit(self, visit: Visit, group: _Group) -> bool:
        """Whether the two overlap as surely as can be said."""
        begins_s, ends_s = group.whole
        earliest_s, latest_s = visit.entered.earliest_s, visit.exited and visit.exited.latest_s
        starts_before = earliest_s is None or ends_s is None or earliest_s <= self._start_s + ends_s
        return starts_before and (latest_s is None or self._start_s + (begins_s or 0.0) <= latest_s)

    def _hold_visit(self, visit: Visit, group: _Group) -> None:
        self._held.visits += 1
        what = f"visit {visit.place.id}"
        self._hold_any(f"{what} entered", visit.entered, group.entries)
        lasts = group.exits[-1] is None or not self._is_gone(self._zones[visit.place.id], group.exits[-1], None)
        self._hold_any(f"{what} exited", visit.exited, [*group.exits, *([None] if lasts else [])])

    # --- crossings ---------------------------------------------------------------------------------------------------

    def _judge_border(self, border: Border) -> None:
        area = truth.border_area(self._journey.ground, border)
        groups = self._groups(area.zone, truth.area_spells(self._journey, border, self._stays))
        waiting = [expected for group in groups if (expected := self._expected(border, group))]
        told = [
            crossing
            for crossing in self._found.crossings
            if border.id in ([crossing.border.id] if crossing.border else crossing.candidates)
        ]
        for crossing in told:
            while waiting and not self._fits_crossing(crossing, waiting[0]):
                self._pass_crossing(border, waiting.pop(0))
            if waiting:
                self._hold_crossing(border, crossing, waiting.pop(0))
            elif crossing.border is not None:
                self._held.invented.append(f"{self._name} crossing {border.id} {_told(crossing)}")
        for expected in waiting:
            self._pass_crossing(border, expected)

    def _expected(self, border: Border, group: _Group) -> "_Expected | None":
        every, seen = self._stays, self._seen
        found = [truth.crossing(self._journey, border, group.whole, visits) for visits in (every, seen)]
        parts = [truth.crossing(self._journey, border, spell, every) for spell in group.spells[1:] and group.spells]
        options = [moments for moments in (*found, *parts) if moments is not None]
        if not options:
            return None
        # Who is first seen beyond a border has not been seen to cross it, nor one first seen at it to come and return.
        known_before = self._knots[0].time_s <= self._start_s + (group.whole[0] or 0.0)
        if options[0].crossed_s is None:
            must = known_before and found[1] is not None
        else:
            must = known_before or self._first_side(border, group) == options[0].from_side
        return _Expected(options, must, self._moments_of(border, group, options[0]) if len(group.spells) > 1 else {})

    def _first_side(self, border: Border, group: _Group) -> str | None:
        """On which side of a border's line it was first surely seen while it was there: a shunter may have gone over it
        and back before, and again after."""
        sides = truth.border_area(self._journey.ground, border).sides
        ahead_m = truth.ahead(self._journey.ground, border, sides)
        away_m = (ahead_m(_point(knot)) for knot in self._during(*group.whole))
        return next((sides[away > 0] for away in away_m if abs(away) > MARGIN_M), None)

    def _moments_of(self, border: Border, group: _Group, at: Moments) -> dict[str, list[float | None]]:
        """Everything of the kind that happened in times that the knots cannot tell apart."""
        from_s, to_s = group.whole[0] or 0.0, group.whole[1] or float("inf")
        own = [s for s in self._stays if s.place.border_id == border.id and from_s <= (s.entered_s or 0.0) <= to_s]
        near = [stay for stay in own if stay.place.side == at.from_side]
        far = [stay for stay in own if stay.place.side == at.to_side]
        area = truth.border_area(self._journey.ground, border)
        lines = [one.time_s for one in truth.line_passages(self._journey, area) if from_s <= one.time_s <= to_s]
        return {
            # Who comes to a yard that reaches over the line has arrived at it and left the side without one.
            "arrived": [stay.entered_s for stay in (*near, *far)],
            "left": [*(stay.exited_s for stay in near), *(stay.entered_s for stay in far)],
            "crossed": [*lines],
            "reached": [stay.entered_s for stay in far],
            "departed": [stay.exited_s for stay in far],
        }

    def _fits_crossing(self, crossing: Crossing, expected: "_Expected") -> bool:
        at = expected.options[0]
        if (crossing.from_side, crossing.to_side) != (at.from_side, at.to_side):
            return False
        return crossing.departed is None or self._start_s + at.arrived_s <= (crossing.departed.latest_s or 0) + 1

    def _pass_crossing(self, border: Border, expected: "_Expected") -> None:
        if expected.must:
            self._held.crossings += 1
            self._held.missed.append(f"{self._name} crossing {border.id} {expected.options[0]}")
        else:
            self._held.unseen += 1

    def _hold_crossing(self, border: Border, crossing: Crossing, expected: "_Expected") -> None:
        self._held.crossings += 1
        self._held.returned += crossing.returned
        self._held.dark += _is_wide(crossing)
        for name in MOMENTS:
            bounds: Bounds | None = getattr(crossing, name)
            times_s = [getattr(at, f"{name}_s") for at in expected.options]
            self._hold_any(f"crossing {border.id} {name}", bounds, [*times_s, *expected.also.get(name, ())])

    # --- one moment --------------------------------------------------------------------------------------------------

    def _is_within(self, bounds: Bounds | None, time_s: float | None) -> bool:
        if bounds is None or time_s is None:
            return time_s is None and (bounds is None or bounds.earliest_s is None)
        at_s = self._start_s + time_s
        low = bounds.earliest_s is None or bounds.earliest_s <= at_s
        return low and (bounds.latest_s is None or at_s <= bounds.latest_s)

    def _hold_any(self, what: str, bounds: Bounds | None, times_s: Sequence[float | None]) -> None:
        """Of several moments that the knots cannot tell apart, one has to be within the bounds."""
        best = next((time_s for time_s in times_s if self._is_within(bounds, time_s)), times_s[0])
        self._hold(what, bounds, best)

    def _hold(self, what: str, bounds: Bounds | None, time_s: float | None) -> None:
        if not self._is_within(bounds, time_s):
            self._held.outside.append(f"{self._name} {what}: {self._at(time_s)} not in {bounds}")
            return
        if bounds is None or time_s is None or bounds.earliest_s is None or bounds.est_s is None:
            return
        self._held.moments += 1
        gap_s = self._gap_s(time_s)
        off_s = abs(bounds.est_s - self._start_s - time_s)
        if gap_s > DARK_AFTER_S or self._stands(time_s, gap_s):
            return
        self._held.estimates += 1
        if off_s > gap_s:
            width = f"{off_s:.0f} s off, gap {gap_s:.0f} s, bounds {(bounds.latest_s or 0) - bounds.earliest_s} s"
            self._held.far.append(f"{self._name} {what}: {self._at(time_s)}: {width}")

    def _gap_s(self, time_s: float) -> float:
        """Between the knots on either side of a moment."""
        at_s = self._start_s + time_s
        before = during(self._knots, 0, at_s)
        after = during(self._knots, at_s, float("inf"))
        return after[0].time_s - before[-1].time_s if before and after else float("inf")

    def _stands(self, time_s: float, gap_s: float) -> bool:
        """Whether it was so slow that noise alone leads over an edge and back."""
        route, motion = self._journey.route, self._journey.itinerary.motion
        before, at, after = (
            route.point(motion.phase_at(moment_s).chainage_m(moment_s))
            for moment_s in (time_s - gap_s, time_s, time_s + gap_s)
        )
        return min(sphere.distance_m(before, at), sphere.distance_m(at, after)) < 2 * MARGIN_M

    def _at(self, time_s: float | None) -> float | None:
        return None if time_s is None else self._start_s + time_s


@dataclass(frozen=True)
class _Expected:
    """What a crossing may have been told as, and by which other moments; must: the knots tell of it."""

    options: Sequence[Moments]
    must: bool
    also: Mapping[str, Sequence[float | None]]


def _is_wide(crossing: Crossing) -> bool:
    moments = [m for m in (crossing.arrived, crossing.crossed, crossing.departed) if m]
    return any((m.latest_s or 0) - (m.earliest_s or 0) > 3_600 for m in moments)


def _told(crossing: Crossing) -> str:
    return f"{crossing.from_side}-{crossing.to_side} {crossing.arrived}"


def _out_m(zone: Zone, knot: SeenKnot) -> float:
    """How far a knot is outside of a circle."""
    return sphere.distance_m(zone.centre, _point(knot)) - zone.radius_m


def _point(knot: SeenKnot) -> sphere.Point:
    return knot.lat_e5 / DEGREE_E5, knot.lon_e5 / DEGREE_E5
