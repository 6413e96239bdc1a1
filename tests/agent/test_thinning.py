"""Thinning: what the server knows after a minute is within the promise, whatever the train does."""

import math
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from railbox_agent.thinning.plane import Point, distance_m, moved, reckoned, velocity
from railbox_agent.thinning.reckoning import Report, Thinner, ThinningSettings
from railbox_agent.thinning.smoothing import Smoothing, smoothed
from railbox_telemetry.tables import COURSE, SPEED
from railbox_telemetry.values import Knot

START_S = 1_795_309_200
PROMISE_M = 25.0
PROMISE_S = 60


def drive(seed: int, seconds: int, noise_m: float = 1.5, lost: range = range(0)) -> list[Point]:
    """Fixes of a freight train: stretches of steady, faster, slower and curved running, and stops; correlated noise."""
    rng = random.Random(seed)
    speed, heading, turn, pull = rng.choice((0.0, 15.0)), rng.uniform(0, 360), 0.0, 0.0
    at, fixes, drift = Point(START_S, 36.5, 61.1), list[Point](), [0.0, 0.0]
    for second in range(seconds):
        if second % 90 == 0:
            turn, pull = rng.choice((0, 0, 0.2, -0.4)), rng.choice((0, 0, 0.1, -0.15, -0.3))
        speed = min(max(speed + pull, 0.0), 25.0)
        heading += turn if speed else 0
        north, east = velocity(speed, heading)
        at = moved(at, START_S + second, north, east)
        drift = [0.98 * axis + rng.gauss(0, 0.2 * noise_m) for axis in drift]
        seen = moved(at, at.time_s, *drift)
        if second not in lost:
            fixes.append(Point(seen.time_s, seen.lat_deg, seen.lon_deg, north, east))
    return fixes


@dataclass(frozen=True)
class Sent:
    time_s: int
    report: Report


def thinned(fixes: Sequence[Point], options: ThinningSettings) -> list[Sent]:
    thinner, sent, last_s = Thinner(options), list[Sent](), fixes[0].time_s
    for fix in fixes:
        for quiet_s in range(last_s + 1, fix.time_s):
            sent += [Sent(quiet_s, report) for report in [thinner.wait(quiet_s)] if report]
        sent += [Sent(fix.time_s, report) for report in [thinner.add(fix)] if report]
        last_s = fix.time_s
    return sent


def smoothed_track(fixes: Sequence[Point]) -> Iterator[Point]:
    state: Smoothing | None = None
    for fix in fixes:
        state = smoothed(state, fix)
        if state.accepted:
            yield state.point


def known(sent: Sequence[Sent], now_s: int, time_s: int) -> Point | None:
    """Where the server says the unit was at `time_s`, with what was sent until `now_s`; None where it was dark."""
    messages = [message for message in sent if message.time_s <= now_s]
    knots = [knot for message in messages for knot in message.report.knots]
    after = bisect_right([knot.time_s for knot in knots], time_s)
    if after == 0:
        return None
    before = knots[after - 1]
    if after == len(knots):
        state = messages[-1].report.state
        speed, course = state[SPEED.bit] * SPEED.scale, state.get(COURSE.bit, 0)
        return reckoned(Point(before.time_s, before.lat_deg, before.lon_deg, *velocity(speed, course)), time_s)
    return None if knots[after].dark_s else between(before, knots[after], time_s)


def between(before: Knot, after: Knot, time_s: int) -> Point:
    part = (time_s - before.time_s) / (after.time_s - before.time_s)
    return Point(
        time_s,
        before.lat_deg + part * (after.lat_deg - before.lat_deg),
        before.lon_deg + part * (after.lon_deg - before.lon_deg),
    )


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_every_instant_is_known_within_25_m_after_60_s(seed: int) -> None:
    fixes = drive(seed, 1_500)
    sent = thinned(fixes, ThinningSettings())
    for point in smoothed_track(fixes):
        now_s = point.time_s + PROMISE_S
        if now_s <= fixes[-1].time_s:
            place = known(sent, now_s, point.time_s)
            assert place is not None
            assert distance_m(place, point) <= PROMISE_M


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(100, 800), st.integers(4, 400))
def test_the_promise_holds_around_a_tunnel_and_the_tunnel_is_said_to_be_dark(
    seed: int, start: int, length: int
) -> None:
    lost = range(start, start + length)
    fixes = drive(seed, 1_400, lost=lost)
    sent = thinned(fixes, ThinningSettings())
    dark = [knot for message in sent for knot in message.report.knots if knot.dark_s]
    assert [(knot.time_s, knot.dark_s) for knot in dark] == [(START_S + lost.stop, length + 1)]
    for point in smoothed_track(fixes):
        now_s = point.time_s + PROMISE_S
        place = known(sent, now_s, point.time_s)
        if now_s <= fixes[-1].time_s and place is not None:
            assert distance_m(place, point) <= PROMISE_M


def test_a_straight_run_at_steady_speed_needs_no_more_than_heartbeats() -> None:
    at = Point(START_S, 47.0, 52.0, *velocity(20.0, 0))
    fixes = [reckoned(at, START_S + second) for second in range(3_700)]
    sent = thinned(fixes, ThinningSettings())
    assert [message.time_s - START_S for message in sent] == [0, 1_800, 3_600]
    assert all(len(message.report.knots) == 1 for message in sent)


def test_a_unit_that_stands_is_quiet_for_an_hour_though_its_receiver_wanders() -> None:
    rng = random.Random(5)
    fixes = [
        Point(START_S + s, 36.5 + rng.gauss(0, 2e-5), 61.1 + rng.gauss(0, 2e-5), rng.gauss(0, 0.1), 0.0)
        for s in range(7_300)
    ]
    sent = thinned(fixes, ThinningSettings())
    assert len(sent) <= 4
    assert sent[-1].report.state[SPEED.bit] == 0


def test_an_error_that_heals_before_the_deadline_is_told_all_the_same() -> None:
    thinner = Thinner(ThinningSettings())
    fixes = drive(3, 1_200, noise_m=0)
    reports = [report for fix in fixes for report in [thinner.add(fix)] if report]
    times = [knot.time_s for report in reports for knot in report.knots]
    assert times == sorted(set(times))


def test_an_event_sends_what_there_is_at_once_and_nothing_twice() -> None:
    thinner = Thinner(ThinningSettings())
    fixes = drive(3, 40, noise_m=0)
    for fix in fixes:
        thinner.add(fix)
    report = thinner.send()
    assert report is not None
    assert report.knots[-1].time_s == fixes[-1].time_s
    assert thinner.send() is None
    assert Thinner(ThinningSettings()).send() is None


def test_a_leap_of_the_receiver_is_left_out_and_a_lasting_one_is_believed() -> None:
    fixes = drive(11, 300, noise_m=0)
    leap = [moved(fix, fix.time_s, 80.0, 0.0) if 100 <= i < 103 else fix for i, fix in enumerate(fixes)]
    assert all(distance_m(a, fixes[i]) < 30 for i, a in enumerate_by_time(smoothed_track(leap), fixes))
    lasting = [moved(fix, fix.time_s, 80.0, 0.0) if i >= 100 else fix for i, fix in enumerate(fixes)]
    end = list(smoothed_track(lasting))[-1]
    assert distance_m(end, lasting[-1]) < 15


def enumerate_by_time(points: Iterator[Point], fixes: Sequence[Point]) -> Iterator[tuple[int, Point]]:
    index = {fix.time_s: i for i, fix in enumerate(fixes)}
    return ((index[point.time_s], point) for point in points)


def test_the_fixed_distance_is_metres_across_the_antimeridian_too() -> None:
    west, east = Point(0, 60.0, 179.9999), Point(0, 60.0, -179.9999)
    assert math.isclose(distance_m(west, east), 0.0002 * 111_195 * 0.5, rel_tol=0.001)
