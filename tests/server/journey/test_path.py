"""One path out of what several outboxes said: what is continuous, and whose knots count."""

from itertools import permutations

import pytest

from railbox_server.journey.model import Track
from support.journeys import Vertex, est_min, journey, knot, minutes, sampled, track, visit, visits

PAST_AA: list[Vertex] = [(0, 80), (14, 94), (74, 94), (100, 120)]


def test_a_missing_batch_makes_a_step_dark_and_its_arrival_mends_it() -> None:
    all_knots = sampled(PAST_AA)
    some = [one for one in all_knots if not 30 <= one.seq <= 60]
    whole = visit(journey(track(all_knots)), "aa").dwell
    assert visit(journey(track(some, missing=[(30, 60)])), "aa").dwell.min_s == whole.min_s - 32 * 60
    assert visit(journey(track(some)), "aa").dwell.min_s == whole.min_s
    assert visit(journey(track(all_knots, missing=[(500, 600)])), "aa").dwell == whole


def test_a_batch_missing_while_a_zone_was_crossed_hides_the_visit() -> None:
    around = [knot(0, 80, seq=1), knot(10, 90, seq=2), knot(18, 98, seq=4), knot(28, 108, seq=5)]
    assert visits(journey(track(around)), "aa") != []
    assert visits(journey(track(around, missing=[(3, 3)])), "aa") == []


def test_a_missing_batch_before_or_after_the_knots_says_nothing() -> None:
    one = track([knot(0, 80, seq=5), knot(8, 88, seq=6), knot(18, 98, seq=7)], missing=[(1, 4), (8, 20)])
    assert visit(journey(one), "aa").dwell.min_s == 0


def test_knots_of_one_batch_are_continuous_whatever_is_missing_around() -> None:
    one = [knot(0, 84, seq=5), knot(10, 94, seq=5), knot(70, 94, seq=5)]
    assert visit(journey(track(one, missing=[(1, 4), (6, 9)])), "aa").dwell.min_s == 60 * 60


def test_sequence_numbers_that_run_against_time_still_find_what_is_missing() -> None:
    backwards = [one._replace(seq=1_000 - one.seq) for one in sampled(PAST_AA)]
    some = [one for one in backwards if not 940 <= one.seq <= 970]
    whole = visit(journey(track(backwards)), "aa").dwell
    assert visit(journey(track(some, missing=[(940, 970)])), "aa").dwell.min_s == whole.min_s - 32 * 60


def test_duplicates_change_nothing() -> None:
    once = sampled(PAST_AA)
    later = [one._replace(received_at_s=one.received_at_s + 86_400) for one in once]
    assert journey(track([*once, *later, *once])) == journey(track(once))


def test_of_two_knots_at_one_second_the_earlier_batch_counts_whatever_came_first() -> None:
    here, there = knot(14, 94, seq=5), knot(14, 93, seq=9)
    rest = [knot(0, 80, seq=1), knot(60, 94, seq=10)]
    assert journey(track([*rest, here, there])) == journey(track([there, *rest, here]))
    assert journey(track([*rest, here, there])) == journey(track([*rest, here]))


def test_without_a_heartbeat_for_half_as_long_again_nobody_knows_where_the_unit_was() -> None:
    def least_min(silence_min: float) -> float:
        heard = [*sampled([(0, 80), (14, 94)]), knot(14 + silence_min, 94, seq=20)]
        return visit(journey(track(heard)), "aa").dwell.min_s / 60

    assert least_min(90) == 92
    assert least_min(91) == 2


def test_two_outboxes_of_a_device_are_not_continuous_with_each_other() -> None:
    before, after = sampled([(0, 80), (8, 88)]), sampled([(18, 98), (28, 108)])
    assert visits(journey(track(before, epoch=1), track(after, epoch=2)), "aa") == []


def test_a_device_replaced_half_way_continues_the_visit() -> None:
    path = sampled(PAST_AA)
    first, second = track(path[:40], "OLD"), track(path[60:], "NEW")
    found, whole = visit(journey(first, second), "aa"), visit(journey(track(path)), "aa")
    assert (found.entered, found.exited) == (whole.entered, whole.exited)
    assert found.dwell.min_s == whole.dwell.min_s - 21 * 60


def test_a_second_device_fills_what_the_first_one_did_not_see() -> None:
    seen = sampled(PAST_AA, dark=[(30, 60)])
    other = sampled(PAST_AA, 2.5, dark=[(0, 20), (70, 100)])
    whole = visit(journey(track(sampled(PAST_AA))), "aa")
    assert visit(journey(track(seen, "A"), track(other, "B")), "aa").dwell == whole.dwell
    assert visit(journey(track(seen, "A")), "aa").dwell != whole.dwell


def test_both_devices_narrow_a_boundary() -> None:
    one = track([knot(0, 80, seq=1), knot(10, 90, seq=2), knot(14, 94, seq=3), knot(60, 94, seq=4)], "A")
    two = track([knot(4, 84, seq=1), knot(12, 92, seq=2), knot(60, 94, seq=3)], "B")
    assert minutes(visit(journey(one), "aa").entered) == (10, 11, 14)
    assert minutes(visit(journey(two), "aa").entered) == (4, 11, 12)
    assert minutes(visit(journey(one, two), "aa").entered) == (10, 11, 12)


def test_a_less_accurate_device_blurs_nothing() -> None:
    sharp = track(sampled(PAST_AA), "A")
    blurred = track(sampled(PAST_AA, 0.7, accuracy_m=900), "B")
    assert journey(sharp, blurred).visits == journey(sharp).visits


def test_a_device_that_is_elsewhere_does_not_tear_the_path() -> None:
    here = track(sampled(PAST_AA), "A")
    elsewhere = track([one._replace(lat_e5=one.lat_e5 + 500_000) for one in sampled(PAST_AA, 0.7)], "B")
    assert journey(here, elsewhere).visits == journey(here).visits


@pytest.mark.parametrize("given", list(permutations(range(3))))
def test_the_order_of_tracks_changes_nothing(given: tuple[int, ...]) -> None:
    tracks: list[Track] = [
        track(sampled(PAST_AA, dark=[(30, 50)]), "A"),
        track(sampled(PAST_AA, 3, accuracy_m=100), "B", 2),
        track(sampled([(80, 100), (140, 160)]), "B", 1),
    ]
    assert journey(*(tracks[i] for i in given)) == journey(*tracks)


def test_a_track_given_twice_is_one() -> None:
    one = track(sampled(PAST_AA))
    assert journey(one, one) == journey(one)


def test_one_outbox_in_two_assignments_is_dark_between_them() -> None:
    path = sampled(PAST_AA)
    halves = track(path[:40]), track(path[60:])
    assert journey(*halves) == journey(*reversed(halves))
    assert est_min(visit(journey(*halves), "aa").entered) == 11
    assert visit(journey(*halves), "aa").dark_s == 21 * 60


def test_the_last_place_is_the_newest_trusted_knot_of_any_device() -> None:
    found = journey(track(sampled([(0, 10), (30, 40)]), "B"), track(sampled([(5, 15), (20, 30)]), "A"))
    assert found.last is not None
    assert found.last.time_s == knot(30, 0).time_s
    assert round(found.last.lon_deg, 5) == knot(30, 40).lon_e5 / 1e5


def test_around_the_half_turn_of_longitude_and_at_the_poles_nothing_breaks() -> None:
    around = [
        knot(10 * i, 0, seq=i)._replace(lon_e5=lon, lat_e5=6_500_000)
        for i, lon in enumerate([17_990_000, 18_000_000, -18_000_000, -17_990_000])
    ]
    poles = [knot(600 * i, 0, seq=i)._replace(lon_e5=lon, lat_e5=9_000_000) for i, lon in enumerate([0, 9_000_000])]
    for path in (around, poles):
        found = journey(track(path))
        assert (found.visits, found.crossings, found.untrusted) == ((), (), {})
