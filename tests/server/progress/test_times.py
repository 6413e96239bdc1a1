from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.progress.times import SIZE, Times, pooled, quantile, remaining, scaled, spread, total

HOURS = st.floats(0.01, 500)


@st.composite
def times(draw: st.DrawFn) -> Times:
    p50 = draw(HOURS)
    return spread(p50, p50 * draw(st.floats(1, 8)))


@given(HOURS, st.floats(1, 8))
def test_a_spread_has_the_quantiles_it_was_made_of(p50: float, ratio: float) -> None:
    made = spread(p50, p50 * ratio)
    assert quantile(made, 0.5) == pytest.approx(p50, rel=0.01)
    assert quantile(made, 0.9) == pytest.approx(p50 * ratio, rel=0.03)


def test_the_sum_of_certain_times_is_certain() -> None:
    assert total([spread(5, 5), spread(7, 7)]) == pytest.approx((12.0,) * SIZE)


@given(st.lists(times(), max_size=4))
def test_the_mean_of_a_sum_is_the_sum_of_the_means(parts: list[Times]) -> None:
    assert fmean(total(parts)) == pytest.approx(sum(map(fmean, parts)), rel=1e-9)


@given(st.lists(times(), max_size=4), times())
def test_a_further_part_makes_no_quantile_smaller(parts: list[Times], more: Times) -> None:
    shorter, longer = total(parts), total([*parts, more])
    assert all(b >= a - 1e-9 * abs(a) for a, b in zip(shorter, longer, strict=True))


@given(st.lists(times(), min_size=1, max_size=4))
def test_a_sum_is_less_spread_than_if_all_went_badly_at_once(parts: list[Times]) -> None:
    p90 = quantile(total(parts), 0.9)
    assert p90 <= sum(quantile(part, 1.0) for part in parts) + 1e-9
    assert quantile(total(parts), 0.5) <= p90


@given(times(), st.just(0.0) | st.floats(0.001, 20), st.lists(HOURS, max_size=40))
def test_pooling_keeps_within_what_it_is_made_of(prior: Times, weight: float, observed: list[float]) -> None:
    if weight == 0 and not observed:
        return
    values = [*observed, *(prior if weight > 0 else ())]
    made = pooled(prior, weight, observed)
    assert len(made) == SIZE
    assert list(made) == sorted(made)
    assert min(values) <= made[0]
    assert made[-1] <= max(values)
    assert fmean(made) == pytest.approx((weight * fmean(prior) + sum(observed)) / (weight + len(observed)), rel=1e-6)


@given(times(), st.permutations([30.0, 20.0, 20.0, 47.5, 5.0]))
def test_the_order_of_observations_does_not_matter(prior: Times, observed: list[float]) -> None:
    assert pooled(prior, 4, observed) == pooled(prior, 4, sorted(observed))


def test_much_experience_outweighs_what_was_assumed() -> None:
    prior = spread(24, 48)
    assert quantile(pooled(prior, 4, ()), 0.5) == pytest.approx(24, rel=0.01)
    assert quantile(pooled(prior, 4, [6.0] * 3), 0.5) < 24
    assert quantile(pooled(prior, 4, [6.0] * 100), 0.5) == pytest.approx(6)
    assert quantile(pooled(prior, 4, [6.0] * 100), 0.9) == pytest.approx(6)


@given(times(), st.floats(0, 1_000))
def test_what_remains_is_never_negative_and_never_more_than_can_be(wait: Times, elapsed: float) -> None:
    left = remaining(wait, elapsed)
    assert all(0 <= each <= max(elapsed, wait[-1]) for each in left)
    assert list(left) == sorted(left)


def test_a_wait_that_has_outlasted_all_others_may_last_as_long_again() -> None:
    left = remaining(spread(24, 48), 1_000)
    assert (quantile(left, 0.5), quantile(left, 0.9)) == (pytest.approx(500), pytest.approx(900))


def test_a_wait_that_has_just_begun_is_all_to_come() -> None:
    assert remaining(spread(24, 48), 0) == spread(24, 48)
    assert quantile(remaining(spread(24, 48), 1), 0.5) == pytest.approx(23, rel=0.03)


def test_scaling_keeps_the_shape() -> None:
    assert quantile(scaled(spread(2, 3), 100), 0.9) == pytest.approx(quantile(spread(200, 300), 0.9))
