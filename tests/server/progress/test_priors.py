import pytest

from railbox_server.geo import corridors
from railbox_server.geo.model import Mode, TimetableStop
from railbox_server.progress.priors import CAREC, border_prior, pace_prior, place_prior
from railbox_server.progress.times import quantile
from support.made import HOUR_S, border, place, two_countries


@pytest.mark.parametrize(("mode", "median_kmh", "slow_kmh"), [("rail", 28.6, 17.9), ("road", 31.0, 22.6)])
def test_freight_runs_between_the_published_speeds_with_and_without_delay(
    mode: Mode, median_kmh: float, slow_kmh: float
) -> None:
    pace = pace_prior(two_countries(), mode)
    assert quantile(pace, 0.5) == pytest.approx(HOUR_S / median_kmh, rel=0.01)
    assert quantile(pace, 0.9) == pytest.approx(HOUR_S / slow_kmh, rel=0.01)


def test_every_year_is_told_for_both_modes() -> None:
    assert {(row.mode, row.year) for row in CAREC} == {(m, y) for m in ("rail", "road") for y in range(2019, 2023)}


def test_a_service_with_a_timetable_keeps_it() -> None:
    """8 days for 10,257 km, of which a day is expected at the border."""
    pace = pace_prior(corridors.find("pyongyang-moscow"), "rail")
    assert quantile(pace, 0.5) * 10_257 == pytest.approx(7 * 24 * HOUR_S, rel=0.01)
    assert quantile(pace, 0.9) * 10_257 == pytest.approx(8 * 24 * HOUR_S, rel=0.01)


def test_a_timetable_that_leaves_no_time_to_run_is_no_pace() -> None:
    hasty = two_countries(timetable=(TimetableStop("start", None, 0, False), TimetableStop("end", 20, None, False)))
    assert pace_prior(hasty, "rail") == pace_prior(two_countries(), "rail")


def test_borders_and_places_take_what_the_corridor_expects() -> None:
    wait = border_prior(border("x", 0, expected_h=10.0, limit_h=30.0))
    assert (quantile(wait, 0.5), quantile(wait, 0.9)) == pytest.approx((10 * HOUR_S, 30 * HOUR_S), rel=0.03)
    assert quantile(place_prior(place("x", 0, roles={"gauge-break"})), 0.5) == pytest.approx(12 * HOUR_S, rel=0.01)
    assert quantile(place_prior(place("x", 0, roles={"transfer"})), 0.5) == pytest.approx(24 * HOUR_S, rel=0.01)
    assert quantile(place_prior(place("x", 0, expected_h=3.0)), 0.5) == pytest.approx(3 * HOUR_S, rel=0.01)


def test_a_limit_below_what_is_expected_is_no_tail() -> None:
    wait = border_prior(border("x", 0, expected_h=24.0, limit_h=6.0))
    assert quantile(wait, 0.9) == pytest.approx(24 * HOUR_S)
