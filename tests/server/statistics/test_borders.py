from math import inf
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.journey.model import Bounds, Crossing, Dwell
from railbox_server.statistics.borders import dwells, statistics
from railbox_server.statistics.model import BorderStatistics
from railbox_server.statistics.numbers import quantile, theil_sen
from railbox_server.statistics.report import statistics_row
from support.made import HOUR_S, T0_S, border, crossing

BORDER = border("a-b", 500)
MONTH_H = 730.0


def over(*hours: float, **facts: Any) -> list[Crossing]:
    return [crossing(BORDER, 0, length_h, **facts) for length_h in hours]


def only(*crossings: Crossing) -> BorderStatistics:
    (found,) = statistics(crossings).borders
    return found


def test_quantiles_and_mean_are_of_the_estimates() -> None:
    found = only(*over(10, 20, 30, 40, 100)).all
    assert (found.n, found.p50_s, found.p90_s, found.mean_s) == (5, 30 * HOUR_S, 76 * HOUR_S, 40 * HOUR_S)


def test_each_direction_of_each_border_is_apart() -> None:
    other = border("b-c", 900, ("BB", "CC"))
    found = statistics(
        [*over(10), crossing(BORDER, 0, 20, from_side="BB"), crossing(other, 0, 30), crossing(other, 5, 40)]
    )
    assert [(b.border, b.from_side, b.to_side, b.all.n) for b in found.borders] == [
        ("a-b", "AA", "BB", 1),
        ("a-b", "BB", "AA", 1),
        ("b-c", "BB", "CC", 2),
    ]


def test_bounds_of_the_crossings_become_bounds_of_the_quantiles() -> None:
    found = only(*over(10, 20, 30, give_s=HOUR_S)).all
    assert found.p50 is not None
    assert (found.p50.low_s, found.p50_s, found.p50.high_s) == (18 * HOUR_S, 20 * HOUR_S, 22 * HOUR_S)


def test_crossings_that_are_not_over_are_apart_and_keep_the_upper_bound_open() -> None:
    lasting = crossing(BORDER, 0, None, dwell=Dwell(90 * HOUR_S, 95 * HOUR_S, 99 * HOUR_S))
    found = only(*over(10, 20), lasting).all
    assert (found.n, found.open, found.longest_open_s, found.mean_s) == (2, 1, 95 * HOUR_S, 15 * HOUR_S)
    assert found.p50 is not None
    assert found.mean is not None
    assert (found.p50.low_s, found.p50.high_s) == (20 * HOUR_S, 20 * HOUR_S)
    assert (found.mean.low_s, found.mean.high_s) == (40 * HOUR_S, None)


def test_where_most_are_not_over_the_estimates_are_told_to_be_too_low() -> None:
    lasting = [crossing(BORDER, 0, None, dwell=Dwell(90 * HOUR_S, 90 * HOUR_S, None))] * 3
    found = only(*over(10, 20), *lasting).all
    assert found.p50 is not None
    assert found.p50_s is not None
    assert found.p50.low_s > found.p50_s
    assert found.p50.high_s is None


def test_who_was_there_already_has_been_there_at_least_so_long() -> None:
    cut = crossing(BORDER, 0, 50, arrived=Bounds(None, T0_S, T0_S), dwell=Dwell(50 * HOUR_S, 50 * HOUR_S, None))
    found = only(*over(10), cut).all
    assert (found.n, found.cut, found.p50_s) == (1, 1, 10 * HOUR_S)
    assert found.p90 is not None
    assert found.p90.high_s is None


def test_returned_and_unplaced_crossings_are_counted_and_belong_to_no_border() -> None:
    found = statistics([*over(10, returned=True), crossing(None, 0, 10)])
    assert (found.borders, found.returned, found.unplaced) == ((), 1, 1)


def test_months_are_those_of_arrival_in_utc() -> None:
    found = only(crossing(BORDER, 0, 24 * 10), crossing(BORDER, MONTH_H, MONTH_H + 20))
    assert {month: each.n for month, each in found.by_month.items()} == {"2026-10": 1, "2026-11": 1}


def test_a_trend_is_the_change_of_the_monthly_median() -> None:
    rising = [crossing(BORDER, i * MONTH_H, i * MONTH_H + 20 + 5 * i) for i in range(6)]
    trend = only(*rising).trend
    assert trend is not None
    assert (trend.slope_s, trend.months) == (5 * HOUR_S, 6)


def test_one_bad_month_does_not_turn_the_trend() -> None:
    lengths_h = [20, 25, 30, 500, 40, 45]
    trend = only(*(crossing(BORDER, i * MONTH_H, i * MONTH_H + hours) for i, hours in enumerate(lengths_h))).trend
    assert trend is not None
    assert trend.slope_s == pytest.approx(5 * HOUR_S, rel=0.2)


def test_two_months_are_no_trend() -> None:
    assert only(*over(10), crossing(BORDER, MONTH_H, MONTH_H + 20)).trend is None


def test_the_row_is_in_hours() -> None:
    row = statistics_row(statistics(over(10, 20, 30, give_s=HOUR_S)))
    (found,) = row["borders"]
    assert (row["returned"], row["unplaced"]) == (0, 0)
    assert (found["border"], found["from_side"], found["to_side"]) == ("a-b", "AA", "BB")
    assert (found["n"], found["p50_h"], found["p50_bounds_h"], found["open"]) == (3, 20.0, [18.0, 22.0], 0)
    assert found["by_month"]["2026-10"]["mean_h"] == 20.0
    assert found["trend"] is None


def test_nothing_comes_to_nothing() -> None:
    assert statistics([]).borders == ()
    empty = dwells([])
    assert (empty.n, empty.p50_s, empty.p50, empty.mean, empty.longest_open_s) == (0, None, None, None, None)


def test_a_quantile_between_a_bound_and_none_is_unbounded() -> None:
    assert quantile([1.0, inf], 0.5) == inf
    assert quantile([1.0, 2.0, inf], 0.5) == 2.0
    assert quantile([inf, inf], 0.5) == inf


def test_points_above_each_other_have_no_slope() -> None:
    assert theil_sen([(1, 2), (1, 3)]) is None


@st.composite
def crossings(draw: st.DrawFn) -> list[Crossing]:
    made: list[Crossing] = []
    for from_h, length_h, give_s, kind in draw(
        st.lists(
            st.tuples(
                st.floats(0, 5_000), st.floats(1, 200), st.integers(0, HOUR_S), st.sampled_from(["over", "open", "cut"])
            ),
            max_size=12,
        )
    ):
        one = crossing(BORDER, from_h, None if kind == "open" else from_h + length_h, give_s=give_s)
        if kind == "cut":
            est_s = one.arrived.est_s
            one = crossing(BORDER, from_h, from_h + length_h, arrived=Bounds(None, est_s, est_s))
        made.append(one)
    return made


@given(crossings(), st.randoms())
def test_the_order_of_crossings_does_not_matter(found: list[Crossing], random: Random) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert statistics(shuffled) == statistics(found)


@given(crossings())
def test_every_crossing_is_counted_once_and_quantiles_are_ordered(found: list[Crossing]) -> None:
    for each in statistics(found).borders:
        assert each.all.n + each.all.open + each.all.cut == len(found)
        assert sum(m.n + m.open + m.cut for m in each.by_month.values()) == len(found)
        if each.all.p50_s is not None:
            assert each.all.p90_s is not None
            assert each.all.p50_s <= each.all.p90_s
        assert each.all.p50 is not None
        assert each.all.p50.high_s is None or each.all.p50.low_s <= each.all.p50.high_s


@given(st.lists(st.tuples(st.floats(1, 200), st.integers(0, HOUR_S)), min_size=1, max_size=12))
def test_where_all_are_over_the_estimates_lie_within_the_bounds(found: list[tuple[float, int]]) -> None:
    all_of_them = only(*(crossing(BORDER, 0, hours, give_s=give_s) for hours, give_s in found)).all
    pairs = [(all_of_them.p50, all_of_them.p50_s), (all_of_them.p90, all_of_them.p90_s)]
    for bounds, est_s in [*pairs, (all_of_them.mean, all_of_them.mean_s)]:
        assert bounds is not None
        assert bounds.high_s is not None
        assert est_s is not None
        assert bounds.low_s - 1e-6 <= est_s <= bounds.high_s + 1e-6
