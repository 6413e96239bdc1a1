from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.geo.way import Way
from railbox_server.journey.model import Journey
from railbox_server.progress.follow import YARD_KM, follow
from railbox_server.statistics.indicators import indicators, trip
from railbox_server.statistics.model import Trip
from railbox_server.statistics.report import indicators_row, published_rows
from support.made import HOUR_S, T0_S, Point, border, crossing, journey, path, point_at, two_countries

CORRIDOR = two_countries()
WAY = Way(CORRIDOR)
BORDER = CORRIDOR.borders[0]


def trip_of(*stops: tuple[float, Point], done: Journey | None = None) -> Trip | None:
    came = follow(WAY, path(*stops))
    run = came.trace.run(WAY)
    return None if run is None else trip("U", WAY, run, came.all_stops, done or journey())


def whole_trip() -> Trip:
    """490 km in 10 h, 30 h at the border, 490 km in 10 h, of which 4 h are a halt."""
    yard, far = point_at(490), point_at(510)
    found = trip_of(
        (0, point_at(0)),
        (10, yard),
        (38, yard),
        (39, far),
        (40, far),
        (43, point_at(700)),
        (47, point_at(700)),
        (50, point_at(1_000)),
        done=journey([], [crossing(BORDER, 10, 40)]),
    )
    assert found is not None
    return found


def test_a_trip_has_its_km_its_time_and_its_delay() -> None:
    found = whole_trip()
    assert (found.unit, found.corridor) == ("U", "made")
    assert (found.from_s, found.to_s) == pytest.approx((T0_S, T0_S + 50 * HOUR_S), abs=900)
    assert found.km == pytest.approx(1_000, abs=2 * YARD_KM)
    assert found.delay_s == pytest.approx(34 * HOUR_S, abs=600)
    assert found.borders_s == (30 * HOUR_S,)


def test_the_indicators_are_hours_per_border_and_km_per_hour_without_and_with_delay() -> None:
    (found,) = indicators([whole_trip()])
    assert (found.corridor, found.trips, found.borders, found.hours_per_border) == ("made", 1, 1, 30)
    assert found.speed_with_delay_kmh == pytest.approx(20, abs=0.1)
    assert found.speed_without_delay_kmh == pytest.approx(62.5, abs=0.8)


def test_a_crossing_that_lasts_delays_the_trip_and_is_no_border_crossed() -> None:
    found = trip_of(
        (0, point_at(300)), (10, point_at(495)), (20, point_at(500)), done=journey([], [crossing(BORDER, 9, None)])
    )
    assert found is not None
    assert (found.borders_s, found.delay_s) == ((), 11 * HOUR_S)


def test_borders_of_other_corridors_are_not_counted() -> None:
    elsewhere = crossing(border("x-y", 10), 1, 5)
    found = trip_of((0, point_at(0)), (10, point_at(300)), done=journey([], [elsewhere]))
    assert found is not None
    assert (found.borders_s, found.delay_s) == ((), 0)


def test_who_has_not_moved_has_made_no_trip() -> None:
    assert trip_of((0, point_at(0)), (10, point_at(0))) is None
    assert trip_of((0, point_at(100, off_km=300)), (10, point_at(300, off_km=300))) is None


def test_a_trip_that_is_all_delay_has_no_speed_without_it() -> None:
    (found,) = indicators([Trip("U", "made", 10.0, 0, HOUR_S, HOUR_S, ())])
    assert (found.speed_without_delay_kmh, found.hours_per_border) == (None, None)
    assert found.speed_with_delay_kmh == 10


def test_the_row_is_rounded_and_stands_beside_what_is_published() -> None:
    row = indicators_row(indicators([whole_trip()])[0])
    assert (row["corridor"], row["km"], row["hours_per_border"]) == ("made", 1_000, 30.0)
    rail_2020 = next(row for row in published_rows() if (row["mode"], row["year"]) == ("rail", 2020))
    assert (rail_2020["hours_per_border"], rail_2020["speed_with_delay_kmh"]) == (23.0, 16.8)


TRIPS = st.lists(
    st.builds(
        Trip,
        st.just("U"),
        st.sampled_from(["a", "b"]),
        st.floats(1, 9_000),
        st.just(0),
        st.integers(200_000, 900_000),
        st.integers(0, 200_000),
        st.lists(st.integers(1, 200_000), max_size=4).map(tuple),
    ),
    max_size=8,
)


@given(TRIPS, st.randoms())
def test_the_order_of_trips_does_not_matter_and_delay_never_makes_faster(trips: list[Trip], random: Random) -> None:
    shuffled = list(trips)
    random.shuffle(shuffled)
    found = indicators(trips)
    assert indicators(shuffled) == found
    for each in found:
        assert each.speed_with_delay_kmh is not None
        assert each.speed_without_delay_kmh is None or each.speed_with_delay_kmh <= each.speed_without_delay_kmh
