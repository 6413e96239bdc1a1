"""When a unit came into a place and when it left: bounds that the path allows, and no narrower."""

import pytest

from railbox_server.journey.model import Settings
from support.journeys import (
    MARGIN_KM,
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
    visit,
    visits,
)

THROUGH = [(0, 50), (42, 92), (102, 92), (152, 142)]
"""At a kilometre a minute to km 92, an hour's stand just inside yard AA, and on."""


def test_between_samples_a_boundary_lies_between_the_last_knot_outside_and_the_first_inside() -> None:
    found = visit(journey(sampled(THROUGH)), "aa")
    # km 91 is within the margin of the edge: neither inside nor outside.
    assert minutes(found.entered) == (40, 41, 42)
    assert minutes(found.exited) == (106, 107, 108)


def test_the_estimate_is_where_the_straight_line_crosses_the_edge() -> None:
    found = visit(journey(sampled([(0, 50.5), (41, 91.5), (101, 91.5), (151, 141.5)])), "aa")
    assert minutes(found.entered) == (40, 40.5, 41)
    assert minutes(found.exited) == (106, 106.5, 107)


def test_on_a_long_continuous_step_the_line_is_believed_within_its_margin() -> None:
    found = visit(journey(knots([(0, 60), (60, 92), (120, 92), (180, 124)])), "aa")
    min_per_km = 60 / 32
    at_edge_min = [km * min_per_km for km in (31 - MARGIN_KM, 31, 31 + MARGIN_KM)]
    assert minutes(found.entered) == pytest.approx(at_edge_min, abs=0.03)


def test_a_poor_accuracy_widens_the_margin() -> None:
    sharp = visit(journey(sampled(THROUGH, accuracy_m=5)), "aa")
    blurred = visit(journey(sampled(THROUGH, accuracy_m=900)), "aa")
    assert minutes(sharp.entered) == (40, 41, 42)
    assert minutes(blurred.entered) == (40, 41, 42)
    # A kilometre from the edge is not surely inside any more: that it is from the first minute after the stand.
    unsure = visit(journey(sampled(THROUGH, accuracy_m=990)), "aa")
    assert minutes(unsure.entered) == (39, 41, 103)


def test_a_knot_that_says_nothing_of_its_accuracy_has_the_least() -> None:
    path = [(0.0, 80.0), (5.0, 94.0)]
    assert journey(knots(path, accuracy_m=None)).visits == journey(knots(path, accuracy_m=15)).visits


def test_a_zone_is_crossed_with_no_knot_in_it() -> None:
    found = visit(journey(knots([(0, 80), (10, 90), (18, 98), (28, 108)])), "aa")
    assert minutes(found.entered) == (10, 11, 18)
    assert minutes(found.exited) == (10, 17, 18)
    assert (found.dwell.min_s, found.dwell.est_s, found.dwell.max_s) == (0, 360, 480)


def test_a_zone_crossed_on_a_long_step_has_both_its_boundaries_on_it() -> None:
    found = visit(journey(knots([(0, 80), (28, 108)])), "aa")
    assert minutes(found.entered) == (10.95, 11, 11.05)
    assert minutes(found.exited) == (16.95, 17, 17.05)


def test_a_zone_that_the_line_only_grazes_is_not_visited() -> None:
    grazing = knots([(0, 84, 2.98), (10, 94, 2.98), (20, 104, 2.98)])
    assert visits(journey(grazing), "aa") == []


def test_a_dark_entry_lies_between_the_last_knot_before_and_the_first_inside() -> None:
    found = visit(journey([*sampled([(0, 50), (10, 60)]), knot(300, 94, dark_s=17_400, seq=99)]), "aa")
    assert minutes(found.entered) == pytest.approx((10, 10 + 290 * 31 / 34, 300), abs=0.03)


def test_a_dark_exit_lies_between_the_last_knot_inside_and_the_first_after() -> None:
    found = visit(journey([*sampled([(0, 80), (14, 94)]), knot(300, 130, dark_s=17_160, seq=99)]), "aa")
    assert minutes(found.exited) == pytest.approx((14, 14 + 286 * 3 / 36, 300), abs=0.03)


def test_a_zone_between_the_ends_of_a_dark_step_is_not_visited() -> None:
    assert journey(dark(knots([(0, 80), (60, 140)]))).visits == ()


def test_darkness_over_a_quarter_of_an_hour_inside_counts_in_the_most_and_the_estimate_but_not_in_the_least() -> None:
    path = [(0, 80), (14, 94), (214, 94), (234, 114)]
    seen = visit(journey(sampled(path)), "aa").dwell
    unseen = visit(journey(sampled(path, dark=[(50, 150)])), "aa")
    assert (unseen.dwell.est_s, unseen.dwell.max_s) == (seen.est_s, seen.max_s)
    assert unseen.dwell.min_s == seen.min_s - 100 * 60
    assert unseen.dark_s == 100 * 60


def test_darkness_of_a_quarter_of_an_hour_inside_counts_as_stayed() -> None:
    path = [(0, 80), (14, 94), (214, 94), (234, 114)]
    assert visit(journey(sampled(path, dark=[(50, 65)])), "aa").dwell == visit(journey(sampled(path)), "aa").dwell


def test_a_unit_first_seen_inside_was_there_already() -> None:
    found = visit(journey(sampled([(0, 94), (60, 94), (80, 114)])), "aa")
    assert found.already_inside
    assert minutes(found.entered) == (None, 0, 0)
    assert found.dwell.max_s is None
    assert found.dwell.min_s == (60 + 2) * 60


def test_a_unit_first_seen_at_the_edge_was_perhaps_there_already() -> None:
    found = visit(journey(sampled([(0, 91), (1, 91), (4, 94), (60, 94)])), "aa")
    assert found.already_inside
    assert minutes(found.entered) == (None, 2, 2)


def test_a_visit_that_lasts_has_no_exit() -> None:
    found = visit(journey(sampled([(0, 80), (14, 94), (60, 94)])), "aa")
    assert found.exited is None
    assert not found.already_inside


def test_a_single_knot_is_a_visit_that_was_there_already() -> None:
    found = visit(journey(knots([(0, 94)]), now_min=60), "aa")
    assert minutes(found.entered) == (None, 0, 0)
    assert (found.dwell.min_s, found.dwell.est_s, found.dwell.max_s) == (0, 3_600, None)


def test_without_a_knot_to_believe_there_is_no_journey() -> None:
    for nothing in ([], [knot(0, 94, accuracy_m=5_000)]):
        found = journey(track(nothing), now_min=0)
        assert (found.visits, found.crossings, found.last) == ((), (), None)


def test_nested_places_are_visited_each() -> None:
    inner = place("inner", 94, 1, radius_m=1_500, role="gauge-break")
    found = journey(sampled([(0, 80), (14, 94, 1), (60, 94, 1), (80, 114)]), network=network_with(inner))
    outer, within = visit(found, "aa"), visit(found, "inner")
    assert est_min(outer.entered) < est_min(within.entered) < est_min(within.exited) < est_min(outer.exited)


def test_a_place_in_another_is_no_other_yard_to_leave_for() -> None:
    inner = place("inner", 96.5, radius_m=1_000)
    shunted = [(0, 80), (12, 92), (30, 92), (34.5, 96.5), (40, 96.5), (44.5, 92), (60, 92), (90, 62)]
    found = journey(sampled(shunted, 0.5), network=network_with(inner))
    assert len(visits(found, "aa")) == 1


def test_a_polygon_is_visited_by_its_edge() -> None:
    square = place("square", 50, polygon_km=[(48, -2), (52, -2), (52, 2), (48, 2)])
    found = visit(
        journey(sampled([(0, 30.5), (20, 50.5), (60, 50.5), (90, 80.5)]), network=network_with(square)), "square"
    )
    assert minutes(found.entered) == (17, 17.5, 18)
    assert minutes(found.exited) == (61, 61.5, 62)


def test_a_polygon_with_a_notch_is_not_left_by_a_line_over_the_notch() -> None:
    notched = place("notched", 50, polygon_km=[(46, -2), (54, -2), (54, 2), (50.1, 2), (50, 0.5), (49.9, 2), (46, 2)])
    found = visit(
        journey(sampled([(0, 30, 1), (17, 47, 1), (23, 53, 1), (50, 80, 1)]), network=network_with(notched)), "notched"
    )
    assert minutes(found.entered) == (15, 16, 17)
    assert minutes(found.exited) == (23, 24, 25)


def test_a_polygon_crossed_with_no_knot_in_it_is_visited() -> None:
    square = place("square", 50, polygon_km=[(49, -2), (51, -2), (51, 2), (49, 2)])
    found = visit(journey(knots([(0, 40), (8, 48), (12, 52), (20, 60)]), network=network_with(square)), "square")
    assert minutes(found.entered) == (8, 9, 12)
    assert minutes(found.exited) == (8, 11, 12)


def test_a_promise_of_thinning_can_be_taken_for_short_steps_too() -> None:
    found = visit(journey(sampled(THROUGH), settings=Settings(sampled_s=0)), "aa")
    assert minutes(found.entered) == (40.95, 41, 41.05)
