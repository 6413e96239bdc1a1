"""Which knots are believed: jumps, clusters far away, the future, null island."""

import pytest

from railbox_server.journey.model import SeenKnot
from support.journeys import (
    T0_S,
    est_min,
    journey,
    knot,
    lat_lon,
    minutes,
    network_with,
    place,
    sampled,
    track,
    visit,
)

STAND = [(0.0, 94.0), (600.0, 94.0)]
"""Ten hours in yard AA."""


def moved(knots: list[SeenKnot], first_min: float, last_min: float, *, east_km: float) -> list[SeenKnot]:
    """The same, but far away for a while."""
    lon_e5 = round(lat_lon(east_km)[1] * 1e5)
    return [one._replace(lon_e5=lon_e5) if first_min <= minute_of(one) <= last_min else one for one in knots]


def minute_of(one: SeenKnot) -> float:
    return (one.time_s - T0_S) / 60


def reasons(knots: list[SeenKnot]) -> dict[float, str]:
    """By minute."""
    found = journey(track(knots)).untrusted
    return {(time_s - T0_S) / 60: reason for (_, _, time_s), reason in found.items()}


def test_a_single_jump_is_not_believed_and_what_is_around_it_is() -> None:
    assert reasons(moved(sampled(STAND), 300, 300, east_km=900)) == {300: "jump"}


def test_what_lies_around_an_unbelieved_knot_is_dark() -> None:
    with_jump = visit(journey(track(moved(sampled(STAND, 20), 300, 300, east_km=900))), "aa")
    assert with_jump.dark_s == 40 * 60


def test_a_cluster_far_away_is_not_believed_when_the_unit_comes_back() -> None:
    found = reasons(moved(sampled(STAND), 200, 320, east_km=900))
    assert set(found) == {float(minute) for minute in range(200, 321)}
    assert set(found.values()) == {"cluster"}


def test_a_cluster_that_lasts_is_believed_after_half_a_day() -> None:
    short = moved(sampled([(0, 94), (2_000, 94)]), 1_300, 1_980, east_km=900)[:1_981]
    assert set(reasons(short)) == {float(minute) for minute in range(1_300, 1_981)}
    long = moved(sampled([(0, 94), (3_000, 94)]), 1_300, 3_000, east_km=900)
    assert reasons(long) == {}


def test_how_often_a_cluster_was_seen_makes_it_no_likelier() -> None:
    often = moved(sampled([(0, 94), (2_000, 94)], 0.1), 1_300, 1_980, east_km=900)
    assert {reasons(often[:at]).get(1_300) for at in (13_500, 19_800)} == {"cluster"}


def test_a_leap_that_is_believed_is_dark() -> None:
    long = moved(sampled([(0, 94), (3_000, 94)]), 1_300, 3_000, east_km=900)
    in_between = network_with(place("between", 500))
    found = journey(track(long), network=in_between)
    assert found.untrusted == {}
    assert [one.place.id for one in found.visits] == ["aa"]


def test_a_jump_at_the_end_is_not_believed_until_more_says_so() -> None:
    assert reasons([*sampled(STAND), knot(601, 900, seq=999)]) == {601: "jump"}


def test_a_wrong_first_position_is_not_believed() -> None:
    assert reasons([knot(0, 900, seq=1), *sampled([(1, 94), (60, 94)])]) == {0: "jump"}


def test_a_leap_within_a_leap_is_not_believed() -> None:
    twice = moved(moved(sampled(STAND), 200, 320, east_km=900), 250, 250, east_km=-700)
    found = reasons(twice)
    assert set(found) == {float(minute) for minute in range(200, 321)}


def test_more_leaps_than_are_unravelled_still_lead_back_to_what_lasted() -> None:
    wild = sampled(STAND)
    for minute in range(300, 360):
        wild = moved(wild, minute, minute, east_km=900 + 300 * (minute % 7))
    assert set(reasons(wild)) == {float(minute) for minute in range(300, 360)}


def test_a_cluster_that_fades_into_darkness_is_not_believed_though_the_unit_could_have_come_back_from_it() -> None:
    seen = [one for one in moved(sampled(STAND), 200, 320, east_km=300) if not 320 < minute_of(one) < 480]
    back = next(i for i, one in enumerate(seen) if minute_of(one) == 480)
    seen[back] = seen[back]._replace(dark_s=160 * 60)
    assert set(reasons(seen)) == {float(minute) for minute in range(200, 321)}


@pytest.mark.parametrize(("driven_min", "spoofed_min"), [(120, 1), (120, 100), (270, 296), (600, 660)])
def test_a_place_far_away_at_the_end_does_not_win_over_what_was_driven_since_a_tunnel(
    driven_min: float, spoofed_min: float
) -> None:
    begins_min = 15 + driven_min
    driven = sampled([(-2_880, -2_300), (0, 0), (14, 14), (14 + driven_min, 14 + 0.8 * driven_min)], dark=[(0, 14)])
    spoofed = sampled([(begins_min, -400), (begins_min + spoofed_min, -400)])
    found = reasons([*driven, *spoofed])
    assert min(found) == begins_min
    assert len(found) == spoofed_min + 1


@pytest.mark.parametrize("since_min", [-3_000, 5])
def test_what_fits_to_what_is_believed_is_believed_though_it_was_driven_faster_than_usual(since_min: float) -> None:
    tunnels = [(10, 180), (185, 195)]
    driven = [(since_min, 0.0), (10, 0), (180, 4), (185, 6), (195, 25), (300, 109)]
    assert reasons([*sampled(driven, dark=tunnels), knot(301, 900)]) == {301: "jump"}


def test_a_unit_that_is_back_where_the_jamming_began_is_believed_at_once() -> None:
    jammed = [one._replace(dark_s=3_600) if minute_of(one) == 660 else one for one in sampled([(660, 194), (780, 194)])]
    found = reasons([*sampled(STAND), *jammed, *sampled([(781, 94), (782, 94)])])
    assert set(found) == {float(minute) for minute in range(660, 781)}


def test_as_fast_as_trains_go_is_believed() -> None:
    assert reasons(sampled([(0, 0), (60, 190)])) == {}


def test_a_knot_from_the_future_is_judged_by_when_it_was_first_received() -> None:
    early = knot(100, 94, seq=3)._replace(received_at_s=T0_S)
    late = early._replace(received_at_s=T0_S + 200 * 60)
    rest = sampled([(0, 94), (60, 94)])
    for copies in ([early], [early, late], [late, early]):
        assert reasons([*rest, *copies]) == {100: "future"}
    assert reasons([*rest, late]) == {}


def test_five_minutes_of_the_future_are_a_clock_gone_wrong_no_more() -> None:
    assert reasons([knot(5, 94)._replace(received_at_s=T0_S)]) == {}
    assert reasons([knot(5.1, 94)._replace(received_at_s=T0_S)]) == {5.1: "future"}


@pytest.mark.parametrize(
    ("lat_e5", "lon_e5", "accuracy_m", "reason"),
    [
        (0, 0, 5, "null island"),
        (9_000_001, 6_000_000, 5, "off the earth"),
        (4_500_000, -18_000_001, 5, "off the earth"),
        (4_500_000, 6_000_000, 1_001, "quality"),
    ],
)
def test_a_knot_that_says_nothing_of_use_is_not_believed(
    lat_e5: int, lon_e5: int, accuracy_m: int, reason: str
) -> None:
    bad = SeenKnot(T0_S, lat_e5, lon_e5, 0, accuracy_m, 1, T0_S + 10)
    assert reasons([bad]) == {0: reason}


def test_a_late_neighbour_changes_what_is_believed() -> None:
    first, leap = knot(0, 94, seq=1), knot(10, 900, seq=2)
    believed = journey(track([first, leap])).untrusted
    with_more = journey(track([first, leap, *sampled([(11, 94), (60, 94)])])).untrusted
    assert len(believed) == 1
    assert list(with_more) == [("D1", 1, leap.time_s)]


def test_what_is_not_believed_counts_for_nothing() -> None:
    clean, leaping = sampled([(0, 60), (34, 94), (600, 94)]), knot(300.5, 900, seq=999)
    found = visit(journey(track([*clean, leaping])), "aa")
    assert minutes(found.entered) == (30, 31, 32)
    assert found.exited is None
    assert est_min(journey(track(clean)).visits[0].entered) == est_min(found.entered)


def test_each_device_is_judged_by_its_own_past() -> None:
    found = journey(track(sampled([(0, 94), (60, 94)]), "A"), track(sampled([(0, 900), (60, 900)]), "B"))
    assert found.untrusted == {}
