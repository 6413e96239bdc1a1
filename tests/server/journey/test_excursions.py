"""What ends a visit, and what does not: shunting past the edge, going away for good, going to another yard."""

import pytest

from support.journeys import (
    T0_S,
    Vertex,
    dark,
    journey,
    knot,
    knots,
    minutes,
    network_with,
    place,
    sampled,
    visit,
    visits,
)

INTO_AA: list[Vertex] = [(0, 60), (34, 94), (60, 94)]


def out_to(east_km: float, for_min: float) -> list[Vertex]:
    """From the stand in yard AA to a place outside, a stay there, and back to the yard."""
    way_min = abs(94 - east_km)
    left = 60 + way_min
    back = left + for_min + way_min
    return [*INTO_AA, (left, east_km), (left + for_min, east_km), (back, 94), (back + 60, 94), (back + 100, 54)]


def test_a_short_move_past_the_edge_does_not_end_a_visit() -> None:
    found = visit(journey(sampled(out_to(90, 10))), "aa")
    assert minutes(found.entered) == (30, 31, 32)
    assert minutes(found.exited) == (140, 141, 142)


def test_a_quarter_of_an_hour_outside_ends_a_visit() -> None:
    first, second = visits(journey(sampled(out_to(90, 20))), "aa")
    assert minutes(first.exited) == (62, 63, 64)
    assert minutes(second.entered) == (84, 85, 86)
    assert not second.already_inside


def test_five_kilometres_out_end_a_visit_however_soon_it_comes_back() -> None:
    assert len(visits(journey(sampled(out_to(90, 0))), "aa")) == 1
    assert len(visits(journey(sampled(out_to(85.5, 0))), "aa")) == 2


def test_another_yard_ends_a_visit_however_soon_it_comes_back() -> None:
    close_by = place("close-by", 89.5, radius_m=1_000)
    network = network_with(close_by)
    found = journey(sampled(out_to(89.5, 1), 0.5), network=network)
    assert len(visits(found, "aa")) == 2
    assert len(visits(journey(sampled(out_to(89.5, 1), 0.5)), "aa")) == 1


def test_another_yard_beyond_is_not_met_when_only_its_edge_is_grazed() -> None:
    network = network_with(place("close-by", 89.5, radius_m=1_000))
    assert len(visits(journey(sampled(out_to(90.48, 1), 0.5), network=network), "aa")) == 1


def test_a_move_over_the_edge_and_darkness_until_it_is_back_do_not_end_a_visit() -> None:
    found = journey([*sampled([*INTO_AA, (64, 90)]), knot(500, 94, dark_s=26_160, seq=99), knot(501, 94, seq=100)])
    assert visit(found, "aa").exited is None


def test_seen_outside_twice_over_a_quarter_of_an_hour_it_was_outside() -> None:
    seen = [*sampled([*INTO_AA, (64, 90)]), *dark([knot(500, 90, seq=98), knot(900, 94, seq=99)])]
    assert len(visits(journey(seen), "aa")) == 2


def test_a_unit_that_has_only_just_left_may_come_back() -> None:
    assert visit(journey(sampled([*INTO_AA, (64, 90), (70, 90)])), "aa").exited is None
    assert visit(journey(sampled([*INTO_AA, (64, 90), (90, 90)])), "aa").exited is not None


def test_shunting_back_and_forth_over_the_edge_is_one_visit() -> None:
    shunting: list[Vertex] = [(60 + 5 * turn, 94 if turn % 2 else 90.5) for turn in range(1, 100)]
    assert len(visits(journey(sampled([*INTO_AA, *shunting])), "aa")) == 1


@pytest.mark.parametrize("within_m", [0, 30, -30])
def test_standing_on_the_edge_is_neither_inside_nor_outside(within_m: float) -> None:
    edge_km = 91 + within_m / 1_000
    found = journey(sampled([(0, 60), (31, edge_km), (500, edge_km), (531, 60)]))
    assert visits(found, "aa") == []
    seen_inside = journey(sampled([(0, 60), (32, 92), (40, 92), (41, edge_km), (500, edge_km), (531, 60)]))
    left = visit(seen_inside, "aa").exited
    assert left is not None
    assert (left.earliest_s, left.latest_s) == (T0_S + 40 * 60, T0_S + 501 * 60)


def test_two_places_that_touch_are_left_one_for_the_other_without_a_gap() -> None:
    network = network_with(place("west", 50, radius_m=2_000), place("east", 54, radius_m=2_000))
    found = journey(sampled([(0, 40), (11, 51), (60, 51), (62, 53), (120, 53), (140, 73)]), network=network)
    assert minutes(visit(found, "west").exited) == (60, 61, 62)
    assert minutes(visit(found, "east").entered) == (60, 61, 62)


def test_a_visit_each_time_the_unit_comes_by() -> None:
    loops: list[Vertex] = [(80 * turn, 60 if turn % 2 else 94) for turn in range(1, 41)]
    assert len(visits(journey(sampled([(0, 60), *loops, (41 * 80, 60)])), "aa")) == 20


def test_knots_exactly_at_the_vertices_say_the_same_of_a_short_move() -> None:
    assert len(visits(journey(knots(out_to(90, 10))), "aa")) == 1
