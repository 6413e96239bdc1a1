import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.geo.model import Leg
from railbox_server.geo.way import Way
from railbox_server.journey.model import Bounds, Crossing, Dwell, Journey
from railbox_server.progress.experience import Experience, experience, experience_of, experience_row, joined
from railbox_server.progress.nodes import nodes
from support.made import HOUR_S, T0_S, corridor, crossing, journey, place, two_countries, visit

CORRIDOR = two_countries()
WAY = Way(CORRIDOR)
BORDER = CORRIDOR.borders[0]
START, END = CORRIDOR.places[0], CORRIDOR.places[-1]


def test_the_nodes_of_a_corridor_are_its_ends_and_borders_with_their_yards() -> None:
    found = [(node.id, round(node.low_km), round(node.high_km)) for node in nodes(WAY)]
    assert found == [("start", 0, 0), ("a-b", 490, 510), ("end", 1_000, 1_000)]


def test_gauge_breaks_and_transfers_are_nodes_unless_the_border_holds_them() -> None:
    made = corridor(
        [
            place("a", 0),
            place("gauge", 100, roles={"gauge-break"}),
            place("border", 200, roles={"border-yard", "gauge-break"}, border_id="a-b"),
            place("transfer", 300, "BB", roles={"transfer"}),
            place("b", 400, "BB"),
        ],
        CORRIDOR.borders[:0],
    )
    assert [node.id for node in nodes(Way(made))] == ["a", "gauge", "border", "transfer", "b"]
    held = corridor(made.places, [BORDER])
    assert [node.id for node in nodes(Way(held))] == ["a", "gauge", "a-b", "b"]


def test_a_finished_journey_is_a_wait_and_two_runs() -> None:
    """25 km/h to the border, 30 h there, 49 km/h from it; the wait in a yard on the way is part of the run."""
    done = journey(
        [visit(START, -5, 0), visit(CORRIDOR.places[1], 8, 12), visit(END, 59.6, None)],
        [crossing(BORDER, 19.6, 49.6)],
    )
    found = experience(WAY, done)
    assert found.waits_s == {("a-b", "AA"): (30 * HOUR_S,)}
    assert found.paces_s_per_km["rail"] == pytest.approx((HOUR_S / 49, HOUR_S / 25), rel=1e-3)


def test_each_direction_has_its_own_waits() -> None:
    found = experience(WAY, journey([], [crossing(BORDER, 0, 10), crossing(BORDER, 50, 80, from_side="BB")]))
    assert found.waits_s == {("a-b", "AA"): (10 * HOUR_S,), ("a-b", "BB"): (30 * HOUR_S,)}


@pytest.mark.parametrize(
    "unsure",
    [
        crossing(BORDER, 0, None),
        crossing(BORDER, 0, 10, returned=True),
        crossing(BORDER, 0, 10, give_s=3 * HOUR_S),
        crossing(BORDER, 0, 10, arrived=Bounds(None, T0_S, T0_S)),
        crossing(BORDER, 0, 10, dwell=Dwell(10, 20, None)),
        crossing(None, 0, 10),
    ],
    ids=["it lasts", "it returned", "its bounds are wide", "it was there already", "it has no bound", "which border?"],
)
def test_what_is_not_well_known_is_no_experience(unsure: Crossing) -> None:
    assert experience(WAY, journey([], [unsure])).waits_s == {}


def test_runs_over_two_modes_count_for_neither() -> None:
    made = two_countries(legs=(Leg("rail", 0, 250), Leg("road", 250, 1_000)))
    done = journey([visit(START, -5, 0), visit(END, 60, None)], [crossing(BORDER, 20, 50)])
    assert list(experience(Way(made), done).paces_s_per_km) == ["road"]


def test_a_unit_that_turned_back_runs_back() -> None:
    back = crossing(BORDER, 20, 50, returned=True)
    found = experience(WAY, journey([visit(START, -5, 0), visit(START, 70, None)], [back]))
    assert found.paces_s_per_km["rail"] == pytest.approx((HOUR_S / 24.5, HOUR_S / 24.5), rel=1e-3)


def test_places_of_other_corridors_are_passed_over() -> None:
    elsewhere = journey([visit(place("elsewhere", 5), 0, 10)], [])
    assert experience(WAY, elsewhere) == Experience({}, {})


@st.composite
def journeys(draw: st.DrawFn) -> list[Journey]:
    made: list[Journey] = []
    for start_h, wait_h, run_h in draw(
        st.lists(st.tuples(st.integers(0, 500), st.integers(1, 90), st.integers(5, 60)), max_size=6)
    ):
        there_h = start_h + run_h
        made.append(
            journey(
                [visit(START, start_h - 3, start_h), visit(END, there_h + wait_h + run_h, None)],
                [crossing(BORDER, there_h, there_h + wait_h)],
            )
        )
    return made


@given(journeys(), st.randoms())
def test_experience_does_not_depend_on_the_order_of_journeys(done: list[Journey], random: Random) -> None:
    shuffled = list(done)
    random.shuffle(shuffled)
    found = joined(experience(WAY, each) for each in done)
    assert joined(experience(WAY, each) for each in shuffled) == found
    assert experience_of(json.loads(json.dumps(experience_row(found)))) == found


def test_each_run_along_the_way_has_its_own_experience() -> None:
    there, back = crossing(BORDER, 20, 50), crossing(BORDER, 120, 130, from_side="BB")
    both = journey([visit(START, -5, 0), visit(END, 70, 100), visit(START, 150, None)], [there, back])
    first = experience(WAY, both, (T0_S, T0_S + 70 * HOUR_S))
    second = experience(WAY, both, (T0_S + 100 * HOUR_S, T0_S + 150 * HOUR_S))
    assert list(first.waits_s) == [("a-b", "AA")]
    assert list(second.waits_s) == [("a-b", "BB")]
    assert joined([first, second]) == experience(WAY, both)
