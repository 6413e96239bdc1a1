"""The boot's clock: dated by several fixes that agree, as early as the least late of them, never by one alone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.clock import AGREEING, BootTime, ClockQuality, choose_pivot_ms
from railbox_agent.gnss.trust import Seen
from railbox_telemetry.values import Fix

T0_MS = int(datetime(2026, 9, 21, 8, 30, tzinfo=UTC).timestamp()) * 1000


def seen(at_ms: int, late_ms: int = 0, wrong_ms: int = 0) -> Seen:
    """A fix of `at_ms` after monotonic 0, heard `late_ms` later."""
    return Seen(Fix(T0_MS + at_ms + wrong_ms, 29.1, 61.4), at_ms + late_ms)


def test_one_fix_dates_nothing_and_three_that_agree_do() -> None:
    clock = BootTime()
    told = [clock.observe(seen(at * 1000)) for at in range(5)]
    assert told == [False, False, True, False, False]
    assert clock.utc_ms(10_000) == T0_MS + 10_000


def test_it_is_as_early_as_the_least_late_fix() -> None:
    clock = BootTime()
    for at, late_ms in enumerate((900, 400, 80, 700, 950)):
        clock.observe(seen(at * 1000, late_ms))
    assert clock.offset_ms == T0_MS - 80


def test_a_single_wrong_time_moves_nothing() -> None:
    clock = BootTime()
    for at in range(5):
        clock.observe(seen(at * 1000))
    assert not clock.observe(seen(5_000, wrong_ms=3_600_000))
    assert not clock.observe(seen(6_000))
    assert clock.offset_ms == T0_MS
    assert clock.steps == 0


def test_a_wrong_start_is_corrected_when_enough_agree_and_counted() -> None:
    clock = BootTime()
    for at in range(AGREEING):
        clock.observe(seen(at * 1000, wrong_ms=-86_400_000))
    told = [clock.observe(seen(at * 1000)) for at in range(10, 20)]
    assert told.count(True) == 1
    assert clock.offset_ms == T0_MS
    assert clock.steps == 1


def test_a_crystal_that_drifts_is_followed_without_a_step() -> None:
    clock = BootTime()
    for at in range(0, 400_000, 10):
        clock.observe(seen(at * 1000, wrong_ms=at // 20))
    assert clock.steps == 0
    assert clock.offset_ms is not None
    assert abs(clock.offset_ms - T0_MS - 400_000 // 20) < 100


def test_a_fix_of_which_nobody_knows_when_it_came_dates_nothing() -> None:
    clock = BootTime()
    for at in range(5):
        assert not clock.observe(Seen(Fix(T0_MS + at, 29.1, 61.4), None))
    assert clock.utc_ms(0) is None


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**9)), max_size=50))
def test_whatever_comes_it_is_known_only_after_three(fixes: list[tuple[int, int]]) -> None:
    clock = BootTime()
    for count, (fix_time_ms, mono_ms) in enumerate(fixes, 1):
        clock.observe(Seen(Fix(fix_time_ms, 1.0, 1.0), mono_ms))
        assert clock.offset_ms is None or count >= AGREEING


def test_the_pivot_is_the_hosts_clock_only_where_that_can_be() -> None:
    floor_ms = T0_MS - 365 * 86_400_000
    assert choose_pivot_ms(T0_MS, floor_ms) == T0_MS
    assert choose_pivot_ms(0, floor_ms) == floor_ms, "1970: no clock was set"
    assert choose_pivot_ms(T0_MS + 54 * 365 * 86_400_000, floor_ms) == floor_ms, "2080: it was set wrong"


def test_its_quality_is_how_long_ago_a_receiver_agreed_with_it() -> None:
    clock = BootTime()
    assert clock.quality(5_000) == ClockQuality()
    clock.observe(seen(0))
    assert not clock.quality(5_000).known
    for at in range(1, 5):
        clock.observe(seen(at * 1000))
    assert clock.quality(4_000) == ClockQuality(known=True, age_s=0)
    later = clock.quality(3_604_000)
    assert (later.age_s, later.error_s) == (3_600, pytest.approx(0.72))
    clock.observe(seen(3_600_000, wrong_ms=5_000_000))
    assert clock.quality(3_604_000) == later, "one fix that disagrees says nothing"


def test_a_recordings_own_time_is_known_and_of_no_age() -> None:
    assert BootTime(offset_ms=T0_MS).quality(1_000) == ClockQuality(known=True)
