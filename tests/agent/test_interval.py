"""The interval policy, and what fixes become on the wire whatever the policy."""

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.items import Report
from railbox_agent.thinning.interval import FixedInterval, IntervalSettings
from railbox_agent.thinning.knots import dark_after_ms, knot_of, state_of
from railbox_telemetry.tables import ACCURACY, COURSE, FLAG_STOPPED, FLAGS, SATS, SPEED, STATE
from railbox_telemetry.values import Fix, Knot

DARK_AFTER_MS = 3_000


def reports(times_ms: Sequence[int], settings: IntervalSettings) -> list[Report]:
    policy = FixedInterval(settings)
    made = [policy.add(Fix(time_ms, 29.1, 61.4)) for time_ms in times_ms]
    return [report for report in [*made, policy.send()] if report]


def kept(times_ms: Sequence[int], interval_s: int = 60, report_s: int = 60) -> list[Knot]:
    return [knot for report in reports(times_ms, IntervalSettings(interval_s, report_s)) for knot in report.knots]


def test_dark_is_over_three_seconds_or_three_periods() -> None:
    assert [dark_after_ms(period_s) for period_s in (0.1, 1, 2, 10)] == [3_000, 3_000, 6_000, 30_000]


def test_knots_of_several_intervals_go_in_one_report() -> None:
    made = reports(range(0, 400_000, 1_000), IntervalSettings(60, 180))
    assert [[knot.time_s for knot in report.knots] for report in made] == [[0], [60, 120, 180], [240, 300, 360], [399]]


def test_the_state_is_that_of_the_last_knot_of_the_report() -> None:
    policy = FixedInterval(IntervalSettings(10, 15))
    made = [policy.add(Fix(at * 1000, 29.1, 61.4, speed_mps=at, course_deg=90)) for at in range(17)]
    (first, second) = [report for report in made if report]
    assert (first.state[SPEED.bit], [knot.time_s for knot in second.knots]) == (0, [10])
    assert second.state[SPEED.bit] == 100


def test_the_last_fix_before_the_dark_is_kept_once_it_is_known_to_be_the_last() -> None:
    policy = FixedInterval(IntervalSettings(60, 1))
    for at in range(10):
        policy.add(Fix(at * 1000, 29.1, 61.4))
    assert policy.wait(12_000) is None
    report = policy.wait(12_001)
    assert report is not None
    assert [knot.time_s for knot in report.knots] == [9]


def test_ten_fixes_a_second_make_no_two_knots_of_one_second() -> None:
    knots = kept([at * 100 for at in range(100)], interval_s=1)
    assert [knot.time_s for knot in knots] == list(range(11))


@given(st.lists(st.integers(1, 200_000), max_size=60))
def test_knots_ascend_and_a_continuous_step_holds_no_dark_span(gaps_ms: list[int]) -> None:
    times_ms = [sum(gaps_ms[:count]) for count in range(1, len(gaps_ms) + 1)]
    knots = kept(times_ms)
    seconds = [knot.time_s for knot in knots]
    assert seconds == sorted(set(seconds))
    for before, after in itertools.pairwise(knots):
        inside_ms = [at for at in times_ms if before.time_s * 1000 - 500 <= at <= after.time_s * 1000 + 500]
        longest_ms = max((late - early for early, late in itertools.pairwise(inside_ms)), default=0)
        assert after.dark_s > 0 or longest_ms <= DARK_AFTER_MS


def test_a_receiver_put_back_in_time_begins_anew() -> None:
    knots = kept([1_000_000, 1_001_000, 500_000, 501_000, 561_000])
    assert [(knot.time_s, knot.dark_s > 0) for knot in knots] == [
        (1_000, True),
        (1_001, False),
        (500, True),
        (501, False),
        (561, True),
    ]


def test_what_is_held_is_what_would_be_sent() -> None:
    policy = FixedInterval(IntervalSettings())
    assert policy.held() is None
    for at in range(100):
        policy.add(Fix(at * 1000, 29.1, 61.4))
    held = policy.held()
    assert held is not None
    assert policy.send() == held
    assert policy.held() is None


# What fixes are on the wire


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
    knot, state = knot_of(fix), state_of(fix)
    assert abs(knot.lat_e5) <= 90 * 100_000
    assert abs(knot.lon_e5) <= 180 * 100_000
    assert abs(knot.time_s * 1000 - fix.fix_time_ms) <= 500
    for quantity in STATE:
        assert quantity.low <= state.get(quantity.bit, quantity.low) <= quantity.high


def test_what_a_fix_does_not_say_its_state_does_not_either() -> None:
    assert not {SPEED.bit, COURSE.bit, ACCURACY.bit, SATS.bit} & set(state_of(Fix(0, 29.1, 61.4)))


def test_what_stands_has_no_course() -> None:
    state = state_of(Fix(0, 29.1, 61.4, speed_mps=0.2, course_deg=77))
    assert state == {SPEED.bit: 2, FLAGS.bit: FLAG_STOPPED}
