"""Whether a track passes through a box: by knots and by the lines between them, where those are known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.api.passing import Passage, in_span, passage
from railbox_server.fleet import Span
from railbox_server.store.values import Box

BOX = Box(south_e5=100, west_e5=200, north_e5=300, east_e5=400)
LONG_S = 5_400


def passed(
    *knots: tuple[int, int, int, int, int], box: Box = BOX, from_s: int = 0, to_s: int = 10**6
) -> Passage | None:
    return passage(np.array(knots, np.int64).reshape(-1, 5), box, from_s, to_s, LONG_S)


def test_a_line_through_the_box_passes_without_a_knot_in_it() -> None:
    assert passed((1, 0, 200, 0, 0), (1, 600, 200, 600, 0)) == Passage(200, 400, 0)


def test_knots_inside_are_counted() -> None:
    assert passed((1, 0, 200, 0, 0), (1, 300, 200, 300, 0), (1, 400, 200, 300, 0)) == Passage(200, 400, 2)


def test_one_knot_is_enough_and_none_is_nobody() -> None:
    assert passed((1, 70, 200, 300, 0)) == Passage(70, 70, 1)
    assert passed((1, 70, 0, 0, 0)) is None
    assert passed() is None


def test_a_line_past_a_corner_does_not_pass() -> None:
    assert passed((1, 0, 0, 310, 0), (1, 600, 200, 510, 0)) is None


def test_what_is_not_known_between_two_knots_is_no_passage() -> None:
    there, here = (1, 0, 200, 0, 0), (1, 600, 200, 600, 0)
    assert passed(there, (*here[:4], 500)) is None
    assert passed(there, (2, *here[1:])) is None
    assert passed(there, (1, LONG_S + 1, *here[2:])) is None
    # Its ends count all the same.
    assert passed((1, 0, 200, 300, 0), (*here[:4], 500)) == Passage(0, 0, 1)


def test_only_the_time_asked_for_counts() -> None:
    line = ((1, 0, 200, 0, 0), (1, 600, 200, 600, 0))
    assert passed(*line, from_s=300) == Passage(300, 400, 0)
    assert passed(*line, to_s=250) == Passage(200, 250, 0)
    assert passed(*line, from_s=401) is None


def test_a_box_over_the_antimeridian_is_passed_on_both_sides_of_it() -> None:
    box = Box(south_e5=-100, west_e5=17_999_900, north_e5=100, east_e5=-17_999_900)
    assert passed((1, 0, 0, 17_999_000, 0), (1, 100, 0, -17_999_000, 0), box=box) == Passage(45, 55, 0)
    assert passed((1, 0, 0, 17_999_000, 0), (1, 100, 0, 17_999_500, 0), box=box) is None


PLACE = st.tuples(st.integers(-50, 550), st.integers(-50, 650))


@given(PLACE, PLACE, st.integers(1, 900))
def test_a_step_passes_where_any_point_of_it_is_inside(one: tuple[int, int], two: tuple[int, int], took_s: int) -> None:
    found = passed((1, 0, *one, 0), (1, took_s, *two, 0))
    for part in (nth / 64 for nth in range(65)):
        lat, lon = (a + part * (b - a) for a, b in zip(one, two, strict=True))
        if 100 <= lat <= 300 and 200 <= lon <= 400:
            assert found is not None
            assert found.first_s - 1 <= part * took_s <= found.last_s + 1
    if found is not None:
        assert 0 <= found.first_s <= found.last_s <= took_s


def test_times_in_common_have_a_first_and_a_last_second() -> None:
    assert in_span(Span(10, 20), Span(15, None)) == (15, 19)
    assert in_span(Span(10, 20), Span(20, None)) is None
