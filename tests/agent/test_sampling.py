"""The first sampling policy as the pure function it is, and the rows that samples of the board become."""

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.items import KnotItem
from railbox_agent.sampling import IntervalPolicy, ReadingRows, SamplingState, dark_after_ms, knot_of
from railbox_telemetry.tables import ACCURACY, COURSE, SATS, SPEED, STATE
from railbox_telemetry.values import Fix

POLICY = IntervalPolicy(interval_s=60, dark_after_ms=3_000)


def kept(times_ms: Sequence[int], policy: IntervalPolicy = POLICY) -> list[KnotItem]:
    state, items = SamplingState(), list[KnotItem]()
    for time_ms in times_ms:
        state, knots = policy.step(state, Fix(time_ms, 29.1, 61.4), time_ms)
        items += knots
    return items


def test_dark_is_over_three_seconds_or_three_periods() -> None:
    assert [dark_after_ms(period_s) for period_s in (0.1, 1, 2, 10)] == [3_000, 3_000, 6_000, 30_000]


def test_the_same_state_and_fix_give_the_same_answer() -> None:
    state, _ = POLICY.step(SamplingState(), Fix(0, 1.0, 1.0), 0)
    fix = Fix(60_000, 1.0, 1.0)
    assert POLICY.step(state, fix, 60_000) == POLICY.step(state, fix, 60_000)


def test_ten_fixes_a_second_make_no_two_knots_of_one_second() -> None:
    every = IntervalPolicy(interval_s=1)
    items = kept([at * 100 for at in range(100)], every)
    assert [item.knot.time_s for item in items] == list(range(11))


@given(st.lists(st.integers(1, 200_000), max_size=60))
def test_knots_ascend_and_a_continuous_step_holds_no_dark_span(gaps_ms: list[int]) -> None:
    times_ms = [sum(gaps_ms[:count]) for count in range(1, len(gaps_ms) + 1)]
    items = kept(times_ms)
    seconds = [item.knot.time_s for item in items]
    assert seconds == sorted(set(seconds))
    for before, after in itertools.pairwise(items):
        inside_ms = [at for at in times_ms if before.knot.time_s * 1000 - 500 <= at <= after.knot.time_s * 1000 + 500]
        longest_ms = max((late - early for early, late in itertools.pairwise(inside_ms)), default=0)
        assert after.knot.dark_s > 0 or longest_ms <= POLICY.dark_after_ms


def test_a_receiver_put_back_in_time_begins_anew() -> None:
    items = kept([1_000_000, 1_001_000, 500_000, 501_000, 561_000])
    assert [(item.knot.time_s, item.knot.dark_s > 0) for item in items] == [
        (1_000, True),
        (500, True),
        (501, False),
        (561, True),
    ]


@given(
    st.builds(
        Fix,
        fix_time_ms=st.integers(0, 4 * 10**12),
        lat_deg=st.floats(-90, 90),
        lon_deg=st.floats(-180, 180),
        speed_mps=st.none() | st.floats(0, 1e4),
        course_deg=st.none() | st.floats(0, 359.999),
        hdop=st.none() | st.floats(0.01, 98),
        sats=st.none() | st.integers(0, 9_999),
    )
)
def test_whatever_the_fix_its_knot_fits_the_wire(fix: Fix) -> None:
    item = knot_of(fix)
    assert abs(item.knot.lat_e5) <= 90 * 100_000
    assert abs(item.knot.lon_e5) <= 180 * 100_000
    assert abs(item.knot.time_s * 1000 - fix.fix_time_ms) <= 500
    for quantity in STATE:
        assert quantity.low <= item.state.get(quantity.bit, quantity.low) <= quantity.high


def test_what_a_fix_does_not_say_its_state_does_not_either() -> None:
    state = knot_of(Fix(0, 29.1, 61.4)).state
    assert not {SPEED.bit, COURSE.bit, ACCURACY.bit, SATS.bit} & set(state)


def test_rows_hold_the_last_values_and_the_highest_peaks() -> None:
    rows = ReadingRows(interval_s=60)
    assert rows.add(0, {0: 200, 4: 3}) == {0: 200, 4: 3}
    assert rows.add(10_000, {0: 210, 4: 900}) is None
    assert rows.add(20_000, {1: 50}) is None
    assert rows.add(60_000, {0: 220, 4: 5}) == {0: 220, 1: 50, 4: 900}
    assert rows.flush() == (60_000, {})


def test_a_board_that_samples_every_interval_loses_no_row_to_jitter() -> None:
    rows = ReadingRows(interval_s=60)
    assert all(rows.add(at * 60_000 + jitter, {0: 1}) for at, jitter in enumerate((0, 300, -100, 200, -200)))
