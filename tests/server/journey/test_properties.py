"""What holds of every journey: no order of arrival changes it, and the truth lies within its bounds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from railbox_server.geo.model import Place
from railbox_server.journey.judging import clock_of
from railbox_server.journey.model import Bounds, Dwell, Journey, SeenKnot, Settings, Track, Visit
from railbox_server.journey.rejudge import crossing_at, visit_at
from railbox_server.journey.report import rows
from support.journeys import NETWORK, T0_S, journey, knot, track
from support.true_paths import (
    EAST_KM,
    NORTH_KM,
    TRUE_NETWORK,
    ZONES,
    Point,
    seen_journeys,
    true_paths,
    true_place,
    true_spans,
)

slow = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


# --- order of arrival ------------------------------------------------------------------------------------------------


@slow
@given(seen_journeys(), st.randoms(use_true_random=False), st.data())
def test_no_order_duplication_or_splitting_changes_anything(
    made: tuple[list[Point], list[SeenKnot]], random: Random, data: st.DataObject
) -> None:
    _, knots = made
    cut = data.draw(st.integers(0, len(knots)))
    straight = [track(knots[:cut], "A", 1), track(knots[cut:], "A", 2), track(knots[::2], "B", 1)]
    again = [one._replace(received_at_s=one.received_at_s + 86_400) for one in knots]
    mixed: list[Track] = []
    for one, copies in zip(straight, (again[:cut], again[cut:], again[::2]), strict=True):
        shuffled = [*one.knots, *random.sample(copies, len(copies) // 2)]
        random.shuffle(shuffled)
        mixed.append(Track(one.device, one.epoch, shuffled, one.missing))
    random.shuffle(mixed)
    once, twice = (journey(*tracks, now_min=9_999, network=TRUE_NETWORK) for tracks in (straight, mixed))
    assert once == twice
    assert rows([once]) == rows([twice])


@slow
@given(seen_journeys(), st.integers(1, 9))
def test_how_knots_were_put_into_batches_changes_nothing(made: tuple[list[Point], list[SeenKnot]], size: int) -> None:
    _, knots = made
    packed = [one._replace(seq=number // size + 1) for number, one in enumerate(knots)]
    assert journey(packed, network=TRUE_NETWORK) == journey(knots, network=TRUE_NETWORK)


# --- bounds ----------------------------------------------------------------------------------------------------------


@slow
@given(seen_journeys(), st.sampled_from([0, 60, 9_999]))
def test_bounds_and_dwells_are_in_order(made: tuple[list[Point], list[SeenKnot]], later_min: int) -> None:
    path, knots = made
    found = journey(knots, network=TRUE_NETWORK, now_min=path[-1][0] / 60 + later_min)
    for moment in all_moments(found):
        times_s = [time_s for time_s in (moment.earliest_s, moment.est_s, moment.latest_s) if time_s is not None]
        assert times_s == sorted(times_s)
    for length in all_dwells(found):
        assert 0 <= length.min_s <= length.est_s
        assert length.max_s is None or length.est_s <= length.max_s
    for one in found.crossings:
        inorder = [one.arrived, one.left, one.crossed, one.reached, one.departed]
        ests_s = [moment.est_s or 0 for moment in inorder if moment is not None]
        assert ests_s == sorted(ests_s)


def all_moments(found: Journey) -> Iterator[Bounds]:
    for visit in found.visits:
        yield from (moment for moment in (visit.entered, visit.exited) if moment)
    for one in found.crossings:
        moments = (one.arrived, one.left, one.crossed, one.reached, one.departed)
        yield from (moment for moment in moments if moment)


def all_dwells(found: Journey) -> Iterator[Dwell]:
    for item in (*found.visits, *found.crossings):
        yield item.dwell
    for one in found.crossings:
        yield from one.dwell_by_side.values()


@slow
@given(seen_journeys())
def test_the_truth_lies_within_the_bounds(made: tuple[list[Point], list[SeenKnot]]) -> None:
    path, knots = made
    found = journey(knots, network=TRUE_NETWORK)
    assert not found.untrusted
    for zone in ZONES:
        spans = true_spans(path, zone)
        visits = [visit for visit in found.visits if visit.place.id == zone.id]
        for visit in visits:
            if not is_fleeting(visit):
                assert visit.entered.earliest_s is None or holds(visit.entered, [first for first, _ in spans])
                assert visit.exited is None or holds(visit.exited, [last for _, last in spans])
        for one in knots:
            if well_inside(path, one, zone):
                assert any(covers(visit, one.time_s) for visit in visits), (zone.id, one)


@slow
@given(seen_journeys())
def test_a_true_passage_of_the_line_lies_within_the_bounds_of_each_crossing(
    made: tuple[list[Point], list[SeenKnot]],
) -> None:
    path, knots = made
    found = journey(knots, network=TRUE_NETWORK)
    for one in found.crossings:
        if one.crossed is not None:
            assert holds_span(one.crossed, passed_spans(path, onwards=one.from_side == "AA")), one
    if knots[0].lon_e5 < LINE_E5 - FAR_E5 and knots[-1].lon_e5 > LINE_E5 + FAR_E5:
        assert [one for one in found.crossings if (one.from_side, one.to_side) == ("AA", "BB")]


LINE_E5 = knot(0, 100).lon_e5
FAR_E5 = knot(0, 125).lon_e5 - LINE_E5


def is_fleeting(visit: Visit) -> bool:
    """Seen by no knot inside: it was somewhen between two of them, if the straight line is right."""
    return visit.exited is not None and (visit.exited.earliest_s or 0) < (visit.entered.latest_s or 0)


def holds(moment: Bounds, true_s: Sequence[float]) -> bool:
    return holds_span(moment, [(time_s, time_s) for time_s in true_s])


def holds_span(moment: Bounds, true_s: Sequence[tuple[float, float]]) -> bool:
    first = -math.inf if moment.earliest_s is None else moment.earliest_s - T0_S - 1
    last = math.inf if moment.latest_s is None else moment.latest_s - T0_S + 1
    return any(first <= to_s and from_s <= last for from_s, to_s in true_s)


def passed_spans(path: Sequence[Point], *, onwards: bool) -> list[tuple[float, float]]:
    """When the line at km 100 was passed in one direction, or stood on."""
    found: list[tuple[float, float]] = []
    for a, b in pairwise(path):
        a_km, b_km = (a[1] - 100, b[1] - 100) if onwards else (100 - a[1], 100 - b[1])
        if a_km < 0 < b_km:
            at_s = a[0] + a_km / (a_km - b_km) * (b[0] - a[0])
            found.append((at_s, at_s))
        elif a_km == 0 or b_km == 0:
            found.append((a[0], b[0]))
    return found


def well_inside(path: Sequence[Point], one: SeenKnot, zone: Place) -> bool:
    east_km, north_km = true_place(path, one.time_s - T0_S)
    away_km = math.hypot(east_km - EAST_KM[zone.id], north_km - NORTH_KM[zone.id])
    return away_km < (zone.radius_m or 0) / 1_000 - 0.060


def covers(visit: Visit, time_s: int) -> bool:
    last_s = math.inf if visit.exited is None else visit.exited.earliest_s
    return (visit.entered.latest_s or 0) <= time_s <= (last_s or 0)


# --- more is better --------------------------------------------------------------------------------------------------


@slow
@given(true_paths(), st.data())
def test_a_further_fix_never_widens_a_boundary(path: list[Point], data: st.DataObject) -> None:
    """Between the first and the last. Before the first nothing was known to be dark, and after the last not yet."""
    every_s = data.draw(st.sampled_from([60, 240, 600]))
    times_s = list(range(0, int(path[-1][0]) + 1, every_s))
    known = sorted(data.draw(st.sets(st.sampled_from(times_s), min_size=1, max_size=25)))
    further = data.draw(st.sampled_from([time_s for time_s in times_s if known[0] <= time_s <= known[-1]]))
    less, more = (
        journey(as_fixes(path, times), now_min=path[-1][0] / 60, network=TRUE_NETWORK)
        for times in (known, sorted({*known, further}))
    )
    assert not less.untrusted
    assert not more.untrusted
    for before in less.visits:
        for after in more.visits:
            if before.place == after.place:
                is_narrower(before.entered, after.entered)
                if before.exited is not None and after.exited is not None:
                    is_narrower(before.exited, after.exited)


def as_fixes(path: Sequence[Point], times_s: Sequence[int]) -> list[SeenKnot]:
    """As `railbox borders` takes fixes from elsewhere: over ten minutes between two of them are dark."""
    gaps_s = [0, *(b - a for a, b in pairwise(times_s))]
    return [
        knot(time_s / 60, *true_place(path, time_s), dark_s=gap_s if gap_s > 600 else 0)
        for time_s, gap_s in zip(times_s, gaps_s, strict=True)
    ]


def is_narrower(before: Bounds, after: Bounds) -> None:
    """Where both bound the same event, that is where they overlap."""
    first, last = _open(before)
    new_first, new_last = _open(after)
    if max(first, new_first) < min(last, new_last):
        assert (first, new_last) <= (new_first, last), (before, after)
        assert new_first >= first, (before, after)
        assert new_last <= last, (before, after)


def _open(moment: Bounds) -> tuple[float, float]:
    return (
        -math.inf if moment.earliest_s is None else moment.earliest_s,
        math.inf if moment.latest_s is None else moment.latest_s,
    )


@slow
@given(seen_journeys(), st.integers(0, 20_000), st.integers(0, 20_000))
def test_judged_by_the_clock_alone_a_journey_is_as_if_derived_at_that_time(
    made: tuple[list[Point], list[SeenKnot]], first_min: int, then_min: int
) -> None:
    _, knots = made
    first, then = (journey(knots, network=TRUE_NETWORK, now_min=minute) for minute in (first_min, then_min))
    if first.last is None:
        assert first == then
        return
    clock = clock_of(T0_S + then_min * 60, first.last.time_s, Settings())
    visits = tuple(visit_at(visit, clock) for visit in first.visits)
    crossings = tuple(crossing_at(crossing, clock) for crossing in first.crossings)
    assert replace(first, visits=visits, crossings=crossings) == then


def test_deriving_twice_gives_the_same() -> None:
    knots = [knot(minute, 54 + minute, seq=minute + 1) for minute in range(100)]
    assert journey(knots) == journey(knots)
    assert journey(knots, network=NETWORK) == journey(list(knots))
