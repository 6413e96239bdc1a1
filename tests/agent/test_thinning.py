"""Thinning: what the server knows after a minute is within the promise, whatever the train does."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from railbox_agent.items import Report
from railbox_agent.thinning.knots import point_of
from railbox_agent.thinning.known import misses
from railbox_agent.thinning.plane import Point, course_deg, distance_m, moved, reckoned, velocity
from railbox_agent.thinning.reckoning import DeadReckoning, ReckoningSettings
from railbox_telemetry.tables import SPEED
from railbox_telemetry.values import Fix
from support.drives import START_S, drive, fix_at, smoothed_track

PROMISE_M = 25.0
PROMISE_S = 60
USUAL = ReckoningSettings()


def driven(point: Point) -> Fix:
    return fix_at(point, point.speed_mps, course_deg(point.north_mps, point.east_mps))


def shifted(fix: Fix, north_m: float) -> Fix:
    point = moved(point_of(fix), fix.fix_time_ms // 1000, north_m, 0.0)
    return replace(fix, lat_deg=point.lat_deg, lon_deg=point.lon_deg)


def thinned(fixes: Sequence[Fix], options: ReckoningSettings = USUAL, period_s: int = 1) -> list[Report]:
    """The reports, time passing every second between the fixes."""
    policy, sent, last_s = DeadReckoning(options, period_s), list[Report](), fixes[0].fix_time_ms // 1000
    for fix in fixes:
        for quiet_s in range(last_s + 1, fix.fix_time_ms // 1000):
            sent += [report for report in [policy.wait(quiet_s * 1000)] if report]
        sent += [report for report in [policy.add(fix)] if report]
        last_s = fix.fix_time_ms // 1000
    return sent


def worst_m(track: Sequence[Point], sent: Sequence[Report]) -> float:
    return max((miss.error_m for miss in misses(track, sent, PROMISE_S) if miss.error_m is not None), default=0.0)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_every_instant_is_known_within_25_m_after_60_s(seed: int) -> None:
    fixes = drive(seed, 1_500)
    track = list(smoothed_track(fixes))
    known = list(misses(track, thinned(fixes), PROMISE_S))
    assert len(known) == len(track) - PROMISE_S
    assert all(miss.error_m is not None and miss.error_m <= PROMISE_M for miss in known)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 5, 10, 30, 60]))
def test_the_promise_holds_for_every_fix_of_a_slow_receiver_too(seed: int, period_s: int) -> None:
    fixes = drive(seed, 3_600, period_s=period_s)
    track = list(smoothed_track(fixes, period_s))
    assert worst_m(track, thinned(fixes, period_s=period_s)) <= PROMISE_M


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(100, 800), st.integers(4, 400))
def test_the_promise_holds_around_a_tunnel_and_the_tunnel_is_said_to_be_dark(
    seed: int, start: int, length: int
) -> None:
    lost = range(start, start + length)
    fixes = drive(seed, 1_400, lost=lost)
    sent = thinned(fixes)
    dark = [knot for report in sent for knot in report.knots if knot.dark_s]
    assert [(knot.time_s - START_S, knot.dark_s) for knot in dark] == [(0, 1), (lost.stop, length + 1)]
    assert worst_m(list(smoothed_track(fixes)), sent) <= PROMISE_M


@pytest.mark.parametrize("deadline_s", [298, 898])
def test_a_longer_deadline_keeps_its_own_promise_for_fewer_reports(deadline_s: int) -> None:
    fixes = drive(21, 7_200)
    sent = thinned(fixes, ReckoningSettings(deadline_s=deadline_s))
    track = list(smoothed_track(fixes))
    errors = [miss.error_m for miss in misses(track, sent, deadline_s + 2)]
    assert max(error for error in errors if error is not None) <= PROMISE_M
    assert len(sent) < len(thinned(fixes)) / 2


def test_a_straight_run_at_steady_speed_needs_no_more_than_heartbeats() -> None:
    at = Point(START_S, 47.0, 52.0, *velocity(20.0, 0))
    sent = thinned([driven(reckoned(at, START_S + second)) for second in range(3_700)])
    assert [report.time_s - START_S for report in sent] == [0, 1_800, 3_600]
    assert all(len(report.knots) == 1 for report in sent)


def test_a_unit_that_stands_is_quiet_for_an_hour_though_its_receiver_wanders() -> None:
    rng = random.Random(5)
    fixes = [
        Fix((START_S + s) * 1000, 36.5 + rng.gauss(0, 2e-5), 61.1 + rng.gauss(0, 2e-5), abs(rng.gauss(0, 0.1)), 0.0)
        for s in range(7_300)
    ]
    sent = thinned(fixes)
    assert len(sent) <= 4
    assert sent[-1].state[SPEED.bit] == 0


@pytest.mark.parametrize("period_s", [10, 60])
def test_a_slow_receiver_that_sets_off_is_believed_at_once(period_s: int) -> None:
    stands = [Fix((START_S + s) * 1000, 36.5, 61.1, 0.0, 0.0) for s in range(0, 1_200, period_s)]
    start = Point(START_S + 1_200, 36.5, 61.1, *velocity(15.0, 90))
    fixes = [*stands, *(driven(reckoned(start, start.time_s + s)) for s in range(0, 600, period_s))]
    track = list(smoothed_track(fixes, period_s))
    assert [distance_m(at, point_of(fix)) for at, fix in zip(track, fixes, strict=True)] == pytest.approx(
        [0.0] * len(fixes), abs=30.0
    )


def test_knots_ascend_and_none_comes_twice() -> None:
    times = [knot.time_s for report in thinned(drive(3, 1_200, noise_m=0)) for knot in report.knots]
    assert times == sorted(set(times))


def test_an_event_sends_what_there_is_at_once_and_nothing_twice() -> None:
    policy = DeadReckoning(ReckoningSettings())
    fixes = drive(3, 40, noise_m=0)
    for fix in fixes:
        policy.add(fix)
    held = policy.held()
    report = policy.send()
    assert report == held, "what is held is what would be sent"
    assert report is not None
    assert report.knots[-1].time_s * 1000 == fixes[-1].fix_time_ms
    assert policy.send() is None
    assert policy.held() is None
    assert DeadReckoning(ReckoningSettings()).send() is None


def test_a_receiver_put_back_in_time_begins_anew() -> None:
    fixes = drive(3, 60)
    back = [replace(fix, fix_time_ms=fix.fix_time_ms - 1_000_000) for fix in fixes]
    policy = DeadReckoning(ReckoningSettings())
    reports = [report for fix in [*fixes, *back] for report in [policy.add(fix)] if report]
    before, after = START_S + 59, back[0].fix_time_ms // 1000
    assert [knot.time_s for report in reports for knot in report.knots if knot.time_s in (before, after)] == [
        before,
        after,
    ]
    assert {report.knots[0].dark_s for report in reports if report.knots[0].time_s == after} == {1}


def test_ten_fixes_a_second_are_taken_as_one() -> None:
    start = Point(START_S, 36.5, 61.1, *velocity(15.0, 90))
    fixes = [
        replace(driven(moved(start, START_S, 0.0, 1.5 * tenth)), fix_time_ms=START_S * 1000 + 100 * tenth)
        for tenth in range(600)
    ]
    policy = DeadReckoning(ReckoningSettings(), 0.1)
    reports = [report for fix in fixes for report in [policy.add(fix)] if report]
    assert [len(report.knots) for report in reports] == [1]


def test_without_doppler_velocity_is_that_between_fixes() -> None:
    at = Point(START_S, 47.0, 52.0, *velocity(20.0, 30))
    fixes = [
        replace(driven(reckoned(at, START_S + s)), speed_mps=None, course_deg=None, hdop=None) for s in range(1_200)
    ]
    sent = thinned(fixes)
    assert len(sent) <= 2, "the first fix knows no velocity, the second does"
    track = [point_of(fix) for fix in fixes]
    assert worst_m(track, sent) <= PROMISE_M


def test_a_velocity_that_is_nonsense_is_found_out_and_left_aside() -> None:
    fixes = [replace(fix, course_deg=((fix.course_deg or 0) + 90) % 360) for fix in drive(4, 1_500, noise_m=0.5)]
    sent = thinned(fixes)
    track = list(smoothed_track(fixes))
    assert worst_m(track, sent) <= PROMISE_M
    assert len(track) > 1_400, "only its first half minute is lost"


def test_a_short_run_of_fixes_that_do_not_fit_is_bridged_and_not_dark() -> None:
    fixes = [shifted(fix, 60.0) if 200 <= at < 215 else fix for at, fix in enumerate(drive(2, 600))]
    sent = thinned(fixes)
    assert [knot.dark_s for report in sent for knot in report.knots if knot.dark_s] == [1]
    assert worst_m(list(smoothed_track(fixes)), sent) <= PROMISE_M


def test_a_leap_of_the_receiver_is_left_out_and_a_lasting_one_is_believed() -> None:
    fixes = drive(11, 300, noise_m=0)
    true = {fix.fix_time_ms // 1000: point_of(fix) for fix in fixes}
    leap = [shifted(fix, 80.0) if 100 <= i < 103 else fix for i, fix in enumerate(fixes)]
    assert all(distance_m(at, true[at.time_s]) < 30 for at in smoothed_track(leap))
    lasting = [shifted(fix, 80.0) if i >= 100 else fix for i, fix in enumerate(fixes)]
    end = list(smoothed_track(lasting))[-1]
    assert distance_m(end, point_of(lasting[-1])) < 15


def test_the_fixed_distance_is_metres_across_the_antimeridian_too() -> None:
    west, east = Point(0, 60.0, 179.9999), Point(0, 60.0, -179.9999)
    assert math.isclose(distance_m(west, east), 0.0002 * 111_195 * 0.5, rel_tol=0.001)
