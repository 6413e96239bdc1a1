from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.custody.series import Sample, Sums, add, covered_s, in_order

WHOLE = (float("-inf"), float("inf"))
SAMPLES = st.lists(st.tuples(st.integers(0, 500), st.floats(-40, 60)), min_size=1, max_size=40)


def sums(
    *samples: Sample,
    span: tuple[float, float] = WHOLE,
    gap_s: float = 100,
    low: float | None = None,
    high: float | None = None,
) -> Sums:
    found = Sums()
    add(found, in_order(samples), span, gap_s, low, high)
    return found


def test_the_mean_is_by_time_not_by_count() -> None:
    assert sums((0, 10.0), (1, 10.0), (2, 10.0), (3, 30.0), (103, 30.0)).mean == pytest.approx((20 + 20 + 3_000) / 103)


def test_a_gap_is_not_counted() -> None:
    found = sums((0, 10.0), (50, 10.0), (500, 40.0), (510, 40.0))
    assert covered_s(found.known) == 60
    assert found.mean == pytest.approx((500 + 400) / 60)


def test_a_reading_alone_tells_a_value_but_no_time() -> None:
    found = sums((0, 10.0), (500, 40.0))
    assert (found.known, found.mean, found.values) == ([], 25.0, [10.0, 40.0])


def test_a_span_begins_and_ends_on_the_line_between_readings() -> None:
    found = sums((0, 0.0), (100, 100.0), span=(25, 75))
    assert (min(found.values), max(found.values), found.mean) == (25.0, 75.0, 50.0)
    assert found.known == [(25, 75)]


def test_nothing_is_known_of_a_span_without_readings() -> None:
    assert sums((0, 1.0), (10, 1.0), span=(20, 30)).values == []


def test_the_time_beyond_a_limit_is_cut_where_the_line_crosses_it() -> None:
    found = sums((0, 0.0), (100, 40.0), (200, 0.0), low=10.0, high=30.0)
    assert found.over == [(75, 100), (100, 125)]
    assert found.under == [(0, 25), (175, 200)]
    assert covered_s(found.over) == 50


def test_at_the_limit_is_within_it() -> None:
    found = sums((0, 30.0), (100, 30.0), low=30.0, high=30.0)
    assert (found.over, found.under) == ([], [])


def test_time_that_two_series_know_counts_once() -> None:
    assert covered_s([(0, 10), (5, 12), (20, 30), (21, 22)]) == 22


@given(SAMPLES, st.floats(0, 500), st.floats(0, 500), st.floats(-40, 60))
def test_the_mean_lies_between_the_lowest_and_the_highest(
    samples: list[Sample], a: float, b: float, limit: float
) -> None:
    found = sums(*samples, span=(min(a, b), max(a, b)), gap_s=60, low=limit, high=limit)
    if found.values:
        assert min(found.values) <= found.mean <= max(found.values)
    assert covered_s(found.over) + covered_s(found.under) <= covered_s(found.known) + 1e-6


@given(SAMPLES, st.floats(0, 500))
def test_two_parts_of_a_span_come_to_the_whole(samples: list[Sample], cut: float) -> None:
    whole = sums(*samples, span=(0, 500), high=10.0)
    parts = [sums(*samples, span=span, high=10.0) for span in ((0, cut), (cut, 500))]
    assert sum(covered_s(part.known) for part in parts) == pytest.approx(covered_s(whole.known))
    assert sum(covered_s(part.over) for part in parts) == pytest.approx(covered_s(whole.over), abs=1e-6)
    assert sum(sum(part.areas) for part in parts) == pytest.approx(sum(whole.areas), abs=1e-6)


@given(SAMPLES, st.randoms())
def test_the_order_and_repetition_of_readings_do_not_matter(samples: list[Sample], random: Random) -> None:
    mixed = samples + samples[::2]
    random.shuffle(mixed)
    assert in_order(mixed) == in_order(samples)
