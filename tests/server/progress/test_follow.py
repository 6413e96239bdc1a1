from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.geo import corridors
from railbox_server.geo.way import Way
from railbox_server.journey.model import Step, Waypoint
from railbox_server.progress.follow import START, YARD_KM, Followed, Run, follow
from support.made import HOUR_S, T0_S, between, path, point_at, two_countries

WAY = Way(two_countries())


def traced(*stops: tuple[float, tuple[float, float]], dark: bool = False) -> Followed:
    return follow(WAY, path(*stops, dark=dark))


def test_a_unit_is_where_it_was_last_seen() -> None:
    mark = traced((0, point_at(100)), (10, point_at(400, off_km=3))).trace.mark
    assert mark is not None
    assert (mark.time_s, mark.way_km, mark.off_m) == (
        T0_S + 10 * HOUR_S,
        pytest.approx(400, abs=0.1),
        pytest.approx(3_000, abs=60),
    )


def test_nothing_trusted_leaves_no_mark() -> None:
    assert follow(WAY, []) == Followed(START)
    assert START.mark is None


def test_one_position_is_a_mark_without_a_heading() -> None:
    trace = follow(WAY, path((0, point_at(250)))).trace
    assert trace.heading == 0
    assert trace.mark is not None
    assert trace.mark.way_km == pytest.approx(250, abs=0.1)
    assert trace.run(WAY) == Run(T0_S, T0_S, trace.mark.way_km, trace.mark.way_km)


@pytest.mark.parametrize(
    ("kms", "heading", "runs"),
    [
        ((100, 130), 0, [(100, 130)]),
        ((100, 150), 1, [(100, 150)]),
        ((150, 100), -1, [(150, 100)]),
        ((100, 300, 280), 1, [(100, 300)]),
        ((100, 300, 250), -1, [(100, 300), (300, 250)]),
        ((300, 100, 300, 290), 1, [(300, 100), (100, 300)]),
        ((100, 130, 80), -1, [(130, 80)]),
    ],
)
def test_only_who_goes_back_far_has_turned(
    kms: tuple[float, ...], heading: int, runs: list[tuple[float, float]]
) -> None:
    came = traced(*((i * 5.0, point_at(km)) for i, km in enumerate(kms)))
    assert came.trace.heading == heading
    last = came.trace.run(WAY)
    assert last is not None
    found = [km for run in (*came.runs, last) for km in (run.from_km, run.to_km)]
    assert found == pytest.approx([km for run in runs for km in run], abs=YARD_KM)


def test_a_run_begins_when_it_leaves_and_ends_when_it_arrives() -> None:
    """Shunting in the yard at both ends, and standing there, is no part of it."""
    near, far = point_at(101), point_at(401)
    came = traced(
        (0, point_at(100)), (20, near), (40, point_at(100)), (50, point_at(400)), (70, far), (90, point_at(400)),
        (91, point_at(350)),
    )  # fmt: skip
    (run,) = came.runs
    assert run.from_s == pytest.approx(T0_S + 40 * HOUR_S, abs=HOUR_S / 2)
    assert run.to_s == pytest.approx(T0_S + 50 * HOUR_S, abs=HOUR_S / 2)
    back = came.trace.run(WAY)
    assert back is not None
    assert back.from_s == pytest.approx(T0_S + 90 * HOUR_S, abs=HOUR_S / 2)


def test_at_the_end_of_the_way_a_run_is_over_before_it_turns() -> None:
    came = traced((0, point_at(700)), (10, point_at(1_000)), (90, point_at(1_000)))
    run = came.trace.run(WAY)
    assert came.runs == ()
    assert run is not None
    assert run.to_s == pytest.approx(T0_S + 10 * HOUR_S, abs=HOUR_S / 2)


def test_who_leaves_the_corridor_is_astray_until_well_back() -> None:
    """The room between neighbours 190 km and more apart is 45 % of that; back means within 80 % of the room."""
    out, edge, back = point_at(600, 150), point_at(600, 80), point_at(600, 10)
    going = path((0, point_at(600)), (4, out), (6, edge))
    open_one = follow(WAY, going).trace.excursion
    assert open_one is not None
    assert (open_one.to_s, open_one.worst_m) == (None, pytest.approx(150_000, rel=0.02))
    came = follow(WAY, path((0, point_at(600)), (4, out), (6, edge), (8, back)))
    assert came.trace.excursion is None
    (over,) = came.excursions
    assert over.to_s is not None
    assert T0_S < over.from_s < T0_S + 4 * HOUR_S < over.to_s < T0_S + 8 * HOUR_S


def test_the_alert_does_not_flap_at_its_edge() -> None:
    limit_km = WAY.locate(point_at(600)).room_m / 1000
    wiggle = [(i / 2, point_at(600, limit_km * (1.02 if i % 2 else 0.95))) for i in range(20)]
    assert len(traced(*wiggle).all_excursions) == 1


def test_what_is_astray_tells_no_heading() -> None:
    assert traced((0, point_at(600, 200)), (5, point_at(900, 200))).trace.heading == 0


def test_a_stop_has_a_place_and_a_time() -> None:
    yard = point_at(400)
    came = traced((0, point_at(350)), (1, yard), (9, yard), (10, point_at(450)))
    (stop,) = came.all_stops
    assert stop.from_s == T0_S + HOUR_S
    assert stop.to_s == T0_S + 9 * HOUR_S
    assert (stop.dark_s, stop.way_km) == (0, pytest.approx(400, abs=0.3))


def test_a_stop_that_lasts_is_told_and_a_short_halt_is_not() -> None:
    came = traced((0, point_at(350)), (1, point_at(400)), (1.4, point_at(400)), (3, point_at(450)), (5, point_at(450)))
    assert [(stop.from_s - T0_S) / HOUR_S for stop in came.all_stops] == [3]


def test_a_dark_span_with_both_ends_at_one_place_is_a_stop_that_nobody_saw() -> None:
    steps = [*path((0, point_at(350)), (1, point_at(400))), *path((1, point_at(400)), (30, point_at(400)), dark=True)]
    (stop,) = follow(WAY, steps).all_stops
    assert stop.dark_s == 29 * HOUR_S


def test_noise_while_standing_adds_no_km() -> None:
    noisy = [(i / 6, point_at(400 + 0.05 * (-1) ** i, off_km=0.03 * (i % 3))) for i in range(200)]
    came = traced(*noisy)
    run = came.trace.run(WAY)
    assert run is not None
    assert run.km < 0.2
    assert len(came.all_stops) == 1


PLACES = st.lists(st.tuples(st.floats(0.1, 12), st.floats(0, 1_000), st.floats(-60, 60)), min_size=1, max_size=12)


def walked(moves: list[tuple[float, float, float]]) -> list[Step]:
    hours = 0.0
    stops = [(hours, point_at(500))]
    for length_h, km, off_km in moves:
        hours += length_h
        stops.append((hours, point_at(km, off_km)))
    return path(*stops, every_s=3_600)


@given(PLACES, st.integers(0, 60))
def test_in_whatever_pieces_a_path_comes_the_outcome_is_the_same(
    moves: list[tuple[float, float, float]], cut: int
) -> None:
    steps = walked(moves)
    whole = follow(WAY, steps)
    first = follow(WAY, steps[:cut])
    for rest in (steps[cut:], steps):
        then = follow(WAY, rest, first.trace)
        both = (first.stops + then.stops, first.excursions + then.excursions, first.runs + then.runs)
        assert (then.trace, *both) == (whole.trace, whole.stops, whole.excursions, whole.runs)


@given(PLACES)
def test_stops_and_excursions_are_in_order_and_within_the_path(moves: list[tuple[float, float, float]]) -> None:
    steps = walked(moves)
    came = follow(WAY, steps)
    mark = came.trace.mark
    assert mark is not None
    spans = [(stop.from_s, stop.to_s) for stop in came.all_stops]
    for (_, before_s), (after_s, _) in pairwise(spans):
        assert before_s <= after_s
    assert all(T0_S <= from_s <= to_s <= mark.time_s for from_s, to_s in spans)
    for before, after in pairwise(came.runs):
        assert before.from_s <= before.to_s <= after.from_s <= after.to_s


@pytest.mark.parametrize("name", [each.name for each in corridors.shipped()])
@given(parts=st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_progress_never_falls_on_a_path_that_goes_on(name: str, parts: list[float]) -> None:
    """Positions at ascending chainages of the way itself, as a train without noise would send them."""
    way = Way(corridors.find(name))
    points = [(place.lat_deg, place.lon_deg) for place in way.places]
    waypoints: list[Waypoint] = []
    for i, part in enumerate(sorted(parts)):
        place = min(int(part * (len(points) - 1)), len(points) - 2)
        on_way = between(points[place], points[place + 1], part * (len(points) - 1) - place)
        waypoints.append(Waypoint(T0_S + i * 600, *on_way, 40.0))
    trace, before_km = START, 0.0
    for a, b in pairwise(waypoints):
        trace = follow(way, [Step(a, b, True)], trace).trace
        assert trace.mark is not None
        assert trace.mark.way_km >= before_km - 1e-6
        before_km = trace.mark.way_km
