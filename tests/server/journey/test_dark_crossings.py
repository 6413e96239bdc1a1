"""Borders crossed while nobody saw it: half seen, not seen at all, and at which of several."""

import pytest

from railbox_server.journey.model import Crossing
from railbox_server.journey.network import Network
from support.journeys import (
    AA,
    BB,
    END,
    START,
    Vertex,
    border,
    corridor,
    crossing,
    dark,
    est_min,
    journey,
    knot,
    knots,
    minutes,
    network_with,
    place,
    sampled,
    track,
)

LEAP = dark(knots([(0, 50), (6_000, 150)]))
"""Dark for 100 h over 100 km, of which the line is in the middle: 3 h 20 min of travel, the rest of standing."""


def all_moments(found: Crossing) -> list[tuple[float | None, float | None, float | None] | None]:
    return [minutes(each) for each in (found.arrived, found.left, found.crossed, found.reached, found.departed)]


def test_a_unit_dark_through_the_whole_border_has_crossed_it_somewhen() -> None:
    found = crossing(journey(LEAP))
    assert (found.from_side, found.to_side, found.returned) == ("AA", "BB", False)
    assert all_moments(found) == [
        (0, 100, 6_000),
        (0, 3_000, 6_000),
        (0, 3_000, 6_000),
        (0, 3_000, 6_000),
        (0, 5_900, 6_000),
    ]
    assert (found.dwell.min_s, found.dwell.est_s, found.dwell.max_s) == (0, 5_800 * 60, 6_000 * 60)


def test_a_dark_crossing_is_perhaps_too_long_and_never_surely() -> None:
    assert (crossing(journey(LEAP)).flag.level, crossing(journey(LEAP)).flag.certainty) == ("critical", "possible")


def test_darkness_shorter_than_the_usual_way_is_all_spent_travelling() -> None:
    found = crossing(journey(dark(knots([(0, 50), (100, 150)]))))
    assert all_moments(found)[0] == (0, 50, 100)
    assert found.dwell.est_s == 0


def test_a_side_without_a_yard_had_nowhere_to_stand() -> None:
    found = crossing(journey(LEAP, network=network_with(without=[BB])))
    assert (est_min(found.reached), est_min(found.departed)) == (3_000, 5_900)
    half = crossing(
        journey([*sampled([(0, 54), (40, 94)]), *dark([knot(6_000, 150, seq=99)])], network=network_with(without=[BB]))
    )
    assert (est_min(half.crossed), est_min(half.departed)) == (est_min(half.reached), est_min(half.crossed))


def test_dark_from_the_first_yard_on_the_unit_left_it_it_crossed_and_it_went_on_somewhen_before_it_was_seen() -> None:
    found = crossing(journey([*sampled([(0, 54), (40, 94), (100, 94)]), *dark([knot(6_000, 150, seq=999)])]))
    assert minutes(found.arrived) == (36, 37, 38)
    for moment in (found.left, found.crossed, found.reached, found.departed):
        assert moment is not None
        bounds = minutes(moment)
        assert bounds is not None
        assert (bounds[0], bounds[2]) == (100, 6_000)
    estimates = [est_min(each) for each in (found.left, found.crossed, found.reached, found.departed)]
    assert estimates == sorted(estimates)
    assert est_min(found.departed) == pytest.approx(6_000 - 50 * 2, abs=1)
    assert found.dwell.min_s == 62 * 60


def test_first_seen_in_the_second_yard_the_unit_had_come_from_the_other_side() -> None:
    found = crossing(
        journey([knot(0, 50, seq=1), *dark([knot(6_000, 106, seq=2)]), *sampled([(6_001, 106), (6_050, 155)])])
    )
    assert (found.from_side, found.to_side) == ("AA", "BB")
    estimates = [est_min(each) for each in (found.arrived, found.left, found.crossed, found.reached, found.departed)]
    assert estimates == sorted(estimates)
    assert est_min(found.arrived) == pytest.approx(100, abs=1)
    assert minutes(found.departed) == (6_003, 6_004, 6_005)


def test_seen_in_both_yards_and_dark_between_them_the_unit_surely_took_that_long() -> None:
    found = crossing(
        journey(
            [
                *sampled([(0, 54), (40, 94), (100, 94)]),
                *dark([knot(6_000, 106, seq=999)]),
                *sampled([(6_001, 106), (6_050, 155)]),
            ]
        )
    )
    assert minutes(found.crossed) == (100, 3_050, 6_000)
    assert found.dwell.min_s == (6_003 - 38) * 60
    assert (found.flag.level, found.flag.certainty) == ("critical", "certain")


def test_dark_in_one_yard_and_seen_there_again_it_is_not_sure_that_the_unit_stayed() -> None:
    path = sampled([(0, 54), (40, 94), (6_100, 94), (6_160, 154)], dark=[(100, 6_000)])
    found = crossing(journey(path))
    assert found.dwell.min_s < 4 * 3_600
    assert found.dwell.est_s > 100 * 3_600
    assert (found.flag.level, found.flag.certainty) == ("critical", "possible")


def test_a_leap_over_two_borders_is_two_crossings_that_share_the_time() -> None:
    places = [START, AA, BB, place("cc", 166, border="bb-cc", side="CC"), END]
    network = Network([corridor(places, [border(), border("bb-cc", 160, ("BB", "CC"))])])
    first, second = journey(dark(knots([(0, 50), (6_000, 200)])), network=network).crossings
    assert [(one.from_side, one.to_side) for one in (first, second)] == [("AA", "BB"), ("BB", "CC")]
    assert first.dwell.est_s == second.dwell.est_s == pytest.approx((6_000 - 300) / 2 * 60, abs=60)
    assert est_min(first.departed) < est_min(second.arrived)


def test_a_leap_that_could_not_have_led_by_the_border_did_not() -> None:
    aside = [knot(0, 95, 60, seq=1), *dark([knot(5, 105, 60, seq=2)])]
    assert journey(aside).crossings == ()
    slower = [knot(0, 95, 60, seq=1), *dark([knot(60, 105, 60, seq=2)])]
    assert len(journey(slower).crossings) == 1


def rivals(second: tuple[str, str] = ("AA", "BB"), north_km: float = 0.0) -> Network:
    """Two corridors with the same ends: straight, and by the north, or ending so far north."""
    straight = corridor([START, AA, BB, place("end", 200, radius_m=2_000)], [border()])
    north = corridor(
        [START, place("north", 100, 120), place("other-end", 200, north_km, radius_m=2_000)],
        [border("northern", 101, second, north_km=119)],
        "northern",
    )
    return Network([straight, north])


def test_where_several_borders_of_the_same_countries_fit_nobody_can_say_which_it_was() -> None:
    found = crossing(journey(dark(knots([(0, 0), (6_000, 200)])), network=rivals()))
    assert (found.border, found.corridor) == (None, None)
    assert found.candidates == ("aa-bb", "northern")
    assert (found.from_side, found.to_side) == ("AA", "BB")


def test_a_corridor_that_is_far_from_where_the_unit_was_seen_is_no_candidate() -> None:
    found = crossing(journey(dark(knots([(0, 0), (6_000, 200)])), network=rivals(north_km=90)))
    assert found.border is not None
    assert (found.border.id, found.candidates) == ("aa-bb", ())


def test_borders_of_other_countries_on_a_rival_corridor_were_not_crossed_too() -> None:
    seen = [*sampled([(0, -50), (30, -20)]), *dark([knot(6_000, 200, seq=99)]), *sampled([(6_001, 200), (6_030, 229)])]
    found = crossing(journey(seen, network=rivals(("AA", "CC"))))
    assert (found.from_side, found.to_side, found.candidates) == ("AA", "BB", ())


def test_a_border_seen_to_be_crossed_has_no_candidates() -> None:
    found = crossing(journey([*sampled([(0, 0), (94, 94)]), *dark([knot(6_000, 200, seq=999)])], network=rivals()))
    assert found.border is not None
    assert found.border.id == "aa-bb"


OFF: list[Vertex] = [(0, 0), (60, 50), (120, 50, 150), (400, 50, 150)]
"""Over 100 km off the straight corridor, and standing there."""


@pytest.mark.parametrize("end_km", [106, 180, 200])
def test_a_unit_lost_off_every_corridor_that_comes_up_beyond_a_border_crossed_it_in_the_dark(end_km: float) -> None:
    path: list[Vertex] = [*OFF, (2_000, end_km), (2_060, end_km)]
    found = crossing(journey(sampled(path, dark=[(400, 2_000)])))
    assert (found.from_side, found.to_side, found.returned) == ("AA", "BB", False)
    bounds = minutes(found.crossed)
    assert bounds is not None
    assert (bounds[0], bounds[2]) == (400, 2_000)


def test_seen_all_the_way_off_the_corridor_a_unit_crossed_none_of_its_borders() -> None:
    around: list[Vertex] = [*OFF, (600, 180, 150), (700, 180)]
    assert journey(sampled(around)).crossings == ()
    assert journey(sampled(around, dark=[(500, 560)])).crossings == ()


def test_a_unit_that_was_on_another_corridor_meanwhile_is_not_lost() -> None:
    north = corridor([place("west", -100, 300), place("east", 100, 300)], [border("other", 0, north_km=300)], "north")
    network = Network([corridor([START, AA, BB, END], [border()]), north])
    away: list[Vertex] = [(0, 0), (60, 50), (300, 50, 350), (600, 50, 150), (700, 50, 150), (2_000, 180), (2_060, 180)]
    assert journey(sampled(away, dark=[(700, 2_000)]), network=network).crossings == ()
    assert len(journey(sampled(away, dark=[(700, 2_000)])).crossings) == 1


def test_the_leap_of_a_missing_batch_is_as_dark() -> None:
    batches = [knot(0, 50, seq=1), knot(6_000, 150, seq=3)]
    found = crossing(journey(track(batches, missing=[(2, 2)])))
    assert minutes(found.crossed) == (0, 3_000, 6_000)


def test_late_data_replaces_the_dark_crossing_by_the_seen_one() -> None:
    seen = sampled([(0, 50), (44, 94), (5_944, 94), (6_000, 150)])
    hidden = sampled([(0, 50), (44, 94), (5_944, 94), (6_000, 150)], dark=[(0, 6_000)])
    assert crossing(journey(hidden)).flag.certainty == "possible"
    assert crossing(journey(seen)).flag.certainty == "certain"
    assert minutes(crossing(journey(seen)).arrived) == (40, 41, 42)


def test_a_yard_dark_from_end_to_end_may_have_been_where_the_unit_stood() -> None:
    before, beyond = sampled([(0, 54), (30, 84)]), sampled([(3_001, 99), (3_007, 105), (3_300, 105), (3_350, 155)])
    found = crossing(journey([*before, *dark([knot(3_000, 98, seq=99)]), *beyond]))
    assert minutes(found.crossed) == (3_001, 3_002, 3_003)
    assert minutes(found.arrived) == (30, 30 + 2 * 7, 3_003)
    assert minutes(found.left) == (30, 3_000 - 2, 3_003)
    assert (found.dwell.min_s, found.dwell.max_s) == (300 * 60, 3_275 * 60)
    assert (found.flag.level, found.flag.certainty) == ("over", "possible")


def test_a_second_yard_dark_from_end_to_end_may_have_been_where_the_unit_stood() -> None:
    before, beyond = sampled([(0, 54), (48, 102)]), sampled([(3_001, 115), (3_050, 164)])
    found = crossing(journey([*before, *dark([knot(3_000, 114, seq=99)]), *beyond]))
    assert minutes(found.crossed) == (45, 46, 47)
    assert minutes(found.reached) == (45, 48 + 2, 3_000)
    assert minutes(found.departed) == (45, 3_000 - 2 * 5, 3_000)


def test_darkness_too_short_to_go_by_the_yard_hides_no_visit() -> None:
    past: list[Vertex] = [(0, 84, 9), (10, 94, 9), (16, 100), (76, 160)]
    assert minutes(crossing(journey(sampled(past, 0.5, dark=[(8, 9)]))).arrived) == (15.5, 16, 16.5)
    assert minutes(crossing(journey(sampled(past, 0.5, dark=[(4, 9)]))).arrived) == (4, 16, 16.5)


def test_a_leap_that_begins_where_a_stay_near_the_border_ended_is_a_crossing() -> None:
    found = crossing(journey([*sampled([(0, 60), (30, 90), (40, 80)]), *dark([knot(6_000, 150, seq=99)])]))
    assert minutes(found.crossed) is not None
    assert (found.from_side, found.to_side, found.dwell.min_s) == ("AA", "BB", 0)


def test_a_leap_into_the_second_yard_and_back_home_has_returned() -> None:
    back = sampled([(6_001, 106), (6_060, 106), (6_110, 56)])
    found = crossing(journey([*sampled([(0, 40), (10, 50)]), *dark([knot(6_000, 106, seq=99)]), *back]))
    assert (found.from_side, found.to_side, found.returned) == ("AA", "AA", True)
