"""Crossings: how the visits of a border's yards and the passage of its line come to one row."""

import pytest

from railbox_server.journey.model import Crossing
from railbox_server.journey.network import Network
from support.journeys import AA as AA_YARD
from support.journeys import BB as BB_YARD
from support.journeys import (
    END,
    START,
    Vertex,
    border,
    corridor,
    crossing,
    est_min,
    journey,
    minutes,
    network_with,
    place,
    sampled,
    visits,
)

HOUR_S = 3_600
ACROSS: list[Vertex] = [(0, 54), (40, 94), (160, 94), (172, 106), (352, 106), (392, 146)]
"""Two hours in yard AA, over the line at minute 166, three hours in yard BB, and on."""
BACK: list[Vertex] = [(minute, 200 - east[0]) for minute, *east in ACROSS]


def moments(found: Crossing) -> dict[str, tuple[float | None, float | None, float | None] | None]:
    return {name: minutes(getattr(found, name)) for name in ("arrived", "left", "crossed", "reached", "departed")}


def ests(found: Crossing) -> list[float]:
    return [est_min(each) for each in (found.arrived, found.left, found.crossed, found.reached, found.departed)]


def test_a_crossing_joins_the_visits_on_both_sides_and_the_passage_of_the_line() -> None:
    found = crossing(journey(sampled(ACROSS)))
    assert moments(found) == {
        "arrived": (36, 37, 38),
        "left": (162, 163, 164),
        "crossed": (165, 166, 167),
        "reached": (168, 169, 170),
        "departed": (354, 355, 356),
    }
    assert (found.from_side, found.to_side, found.returned) == ("AA", "BB", False)
    assert found.border is not None
    assert (found.border.id, found.corridor, found.candidates) == ("aa-bb", "straight", ())
    assert (found.dwell.min_s, found.dwell.est_s, found.dwell.max_s) == (316 * 60, 318 * 60, 320 * 60)
    assert {side: dwell.est_s for side, dwell in found.dwell_by_side.items()} == {"AA": 126 * 60, "BB": 186 * 60}


def test_the_other_way_the_sides_change_places() -> None:
    found = crossing(journey(sampled(BACK)))
    assert (found.from_side, found.to_side) == ("BB", "AA")
    assert ests(found) == [37, 163, 166, 169, 355]


def test_a_border_passed_without_a_stop_is_crossed_all_the_same() -> None:
    found = crossing(journey(sampled([(0, 50), (100, 150)])))
    assert ests(found) == [41, 47, 50, 53, 59]


def test_on_a_long_step_over_everything_the_line_is_believed() -> None:
    found = crossing(journey(sampled([(0, 50), (50, 150)], 50)))
    assert ests(found) == [20.5, 23.5, 25, 26.5, 29.5]
    assert minutes(found.crossed) == pytest.approx((24.98, 25, 25.02), abs=0.02)


def test_the_gauge_changes_where_the_border_has_a_gauge_break() -> None:
    network = Network([corridor([START, AA_YARD, BB_YARD, END], [border(gauge_break=True, limit_h=60)])])
    found = crossing(journey(sampled(ACROSS), network=network))
    assert found.gauge_change
    assert found.limit_s == 60 * HOUR_S
    assert not crossing(journey(sampled(ACROSS))).gauge_change


@pytest.mark.parametrize(("path", "expected"), [(ACROSS, [37, 163, 166, 166, 166]), (BACK, [166, 166, 166, 169, 355])])
def test_a_side_without_a_yard_has_the_moments_of_the_line(path: list[Vertex], expected: list[float]) -> None:
    found = crossing(journey(sampled(path), network=network_with(without=[BB_YARD])))
    assert ests(found) == expected


def test_a_border_without_any_yard_has_only_its_line() -> None:
    network = network_with(without=[AA_YARD, BB_YARD])
    assert ests(crossing(journey(sampled(ACROSS), network=network))) == [166] * 5


def test_a_yard_that_was_not_visited_leaves_its_side_to_the_line() -> None:
    aside: list[Vertex] = [(0, 54, 8), (40, 94, 8), (46, 100, 8), (54, 106), (114, 106), (154, 146)]
    found = crossing(journey(sampled(aside)))
    assert ests(found)[:3] == [46, 46, 46]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([(0, 60), (40, 100), (160, 100), (200, 140)], [37, 163, 163, 163]),
        ([(0, 140), (40, 100), (160, 100), (200, 60)], [37, 37, 37, 163]),
    ],
)
def test_a_yard_that_reaches_over_the_line_serves_both_sides(path: list[Vertex], expected: list[float]) -> None:
    both = place("both", 100, border="aa-bb", side="AA")
    found = crossing(journey(sampled(path), network=network_with(both, without=[AA_YARD, BB_YARD])))
    assert [est_min(each) for each in (found.arrived, found.left, found.reached, found.departed)] == expected
    assert found.dwell.est_s == 126 * 60


def test_a_unit_that_leaves_by_the_side_it_came_has_returned() -> None:
    found = crossing(journey(sampled([(0, 54), (40, 94), (160, 94), (200, 54)])))
    assert (found.from_side, found.to_side, found.returned) == ("AA", "AA", True)
    assert moments(found) == {
        "arrived": (36, 37, 38),
        "left": (162, 163, 164),
        "crossed": None,
        "reached": None,
        "departed": (162, 163, 164),
    }
    assert list(found.dwell_by_side) == ["AA"]


def test_a_unit_sent_back_from_beyond_the_line_has_returned() -> None:
    found = crossing(journey(sampled([(0, 54), (40, 94), (52, 106), (172, 106), (184, 94), (300, 94), (340, 54)])))
    assert (found.from_side, found.to_side, found.returned) == ("AA", "AA", True)
    assert (est_min(found.arrived), est_min(found.departed)) == (37, 303)


def test_a_unit_that_passes_by_without_a_visit_did_not_come_to_the_border() -> None:
    assert journey(sampled([(0, 54), (35, 89), (70, 54)])).crossings == ()


def test_a_unit_that_was_there_already_and_leaves_on_its_own_side_has_not_returned() -> None:
    assert journey(sampled([(0, 94), (60, 94), (100, 54)])).crossings == ()


def test_a_unit_that_was_there_already_and_leaves_on_the_other_side_has_crossed() -> None:
    found = crossing(journey(sampled([(0, 94), (60, 94), (112, 146)])))
    assert minutes(found.arrived) == (None, 0, 0)
    assert found.dwell.max_s is None
    assert (found.from_side, found.to_side) == ("AA", "BB")


def test_a_unit_first_seen_beyond_the_line_has_not_crossed_it_though_it_is_shunted_over_it_and_back() -> None:
    shunted: list[Vertex] = [(0, 106), (60, 106), (68, 98), (70, 98), (78, 106), (100, 106), (140, 146)]
    assert journey(sampled(shunted)).crossings == ()


def test_a_unit_first_seen_while_it_is_shunted_before_the_line_has_crossed_it() -> None:
    found = crossing(journey(sampled([(68, 98), (70, 98), (78, 106), (100, 106), (140, 146)])))
    assert (found.from_side, found.to_side) == ("AA", "BB")
    assert ests(found) == [72, 72, 72, 75, 103]


def test_shunting_back_and_forth_over_the_line_is_one_crossing_passed_the_last_time() -> None:
    shunting: list[Vertex] = [(170 + 10 * turn, 103 if turn % 2 else 97) for turn in range(51)]
    found = crossing(journey(sampled([(0, 54), (40, 94), (160, 94), *shunting, (690, 106), (900, 106), (940, 146)])))
    assert ests(found)[0] == 37
    assert ests(found)[2] == pytest.approx(670 + 20 * 3 / 9, abs=0.1)
    assert ests(found)[4] == 903


def test_standing_on_the_line_says_neither_side() -> None:
    found = crossing(journey(sampled([(0, 54), (46, 100.01), (646, 100.01), (692, 146)])))
    assert minutes(found.crossed) == pytest.approx((45, 46, 647), abs=0.05)


def test_refused_beyond_the_line_and_let_over_later_is_one_crossing_of_all_that_time() -> None:
    path: list[Vertex] = [(0, 54), (40, 94), (100, 94), (112, 106), (200, 106), (212, 94), (300, 94), (312, 106)]
    found = crossing(journey(sampled([*path, (400, 106), (440, 146)])))
    assert ests(found) == [37, 303, 306, 309, 403]


def test_one_crossing_each_time_the_border_is_passed() -> None:
    there_and_back: list[Vertex] = [(200 * turn, 150 if turn % 2 else 50) for turn in range(31)]
    found = journey(sampled(there_and_back)).crossings
    assert len(found) == 30
    assert [one.from_side for one in found] == ["AA", "BB"] * 15
    assert len({one.arrived for one in found}) == 30


def test_two_borders_are_two_crossings_in_order() -> None:
    network = Network([corridor([START, AA_YARD, BB_YARD, END], [border(), border("bb-cc", 160, ("BB", "CC"))])])
    found = journey(sampled([(0, 50), (150, 200)]), network=network).crossings
    assert [one.border.id for one in found if one.border] == ["aa-bb", "bb-cc"]
    assert [(one.from_side, one.to_side) for one in found] == [("AA", "BB"), ("BB", "CC")]


def test_a_border_that_two_corridors_share_is_crossed_on_the_one_the_unit_follows() -> None:
    places = [START, AA_YARD, BB_YARD]
    north = corridor([*places, place("north", 150, 150, radius_m=2_000)], [border()], "northern")
    south = corridor([*places, place("south", 150, -150, radius_m=2_000)], [border()], "southern")
    network = Network([north, south])
    for towards, name in ((150, "northern"), (-150, "southern")):
        path: list[Vertex] = [(0, 54), (52, 106), (252, 150, towards)]
        assert crossing(journey(sampled(path), network=network)).corridor == name


def test_far_apart_yards_are_of_one_crossing() -> None:
    far = [place("aa", 40, border="aa-bb", side="AA"), place("bb", 160, border="aa-bb", side="BB")]
    network = network_with(*far, without=[AA_YARD, BB_YARD])
    found = crossing(
        journey(sampled([(0, 0), (40, 40), (160, 40), (280, 160), (400, 160), (440, 200)]), network=network)
    )
    assert ests(found) == [37, 163, 220, 277, 403]


def test_days_between_the_yard_and_the_line_are_days_of_the_crossing() -> None:
    far = place("aa", 10, border="aa-bb", side="AA")
    network = network_with(far, without=[AA_YARD, BB_YARD])
    path: list[Vertex] = [(0, -40), (50, 10), (110, 10), (150, 50), (6_000, 50), (6_050, 100), (6_110, 160)]
    found = crossing(journey(sampled(path, 5), network=network))
    assert ests(found) == pytest.approx([47, 113, 6_050, 6_050, 6_050], abs=1)
    assert len(visits(journey(sampled(path, 5), network=network), "aa")) == 1


def test_a_polygon_yard_reaches_as_far_as_it_is_drawn() -> None:
    wide = place("bb", 106, polygon_km=[(103, -2), (140, -2), (140, 2), (103, 2)], border="aa-bb", side="BB")
    found = crossing(journey(sampled([(0, 54), (106, 160)]), network=network_with(wide, without=[BB_YARD])))
    assert ests(found) == [37, 43, 46, 49, 86]
