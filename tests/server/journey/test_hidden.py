"""What the dark may hide beside what was seen: bounds reach over it, and what another place denies is not told."""

from railbox_server.journey.network import Network
from support.journeys import (
    NETWORK,
    STRAIGHT,
    Vertex,
    border,
    corridor,
    crossing,
    journey,
    minutes,
    network_with,
    place,
    sampled,
    track,
    visit,
    visits,
)

YARD_KM, EDGE_KM = 94.0, 97.0


def test_who_was_shunted_out_as_it_went_dark_may_have_come_back_in_the_dark() -> None:
    """Two minutes outside the edge, then dark: an excursion so short does not end a stay."""
    path: list[Vertex] = [(0, 80), (20, YARD_KM), (100, YARD_KM), (104, 97.5), (106, 97.5), (300, 130)]
    found = visit(journey(sampled(path, dark=[(106, 300)])), "aa")
    assert minutes(found.exited) == (103.0, 103.43, 300.0)


def test_who_was_long_outside_before_it_went_dark_was_gone() -> None:
    path: list[Vertex] = [(0, 80), (20, YARD_KM), (100, YARD_KM), (104, 97.5), (130, 97.5), (300, 130)]
    found = visit(journey(sampled(path, dark=[(130, 300)])), "aa")
    assert minutes(found.exited) == (103.0, 103.43, 104.0)


def test_who_was_far_outside_before_it_went_dark_was_gone() -> None:
    path: list[Vertex] = [(0, 80), (20, YARD_KM), (100, YARD_KM), (108, 103.5), (300, 130)]
    found = visit(journey(sampled(path, dark=[(108, 300)])), "aa")
    assert found.exited is not None
    assert (minutes(found.exited) or (0, 0, 0))[2] == 103.0


def test_who_comes_in_shortly_after_the_dark_may_have_been_in_before() -> None:
    path: list[Vertex] = [(0, 60), (10, 70), (200, 90.5), (202, 90.5), (206, YARD_KM), (300, YARD_KM)]
    found = visit(journey(sampled(path, dark=[(10, 200)])), "aa")
    assert minutes(found.entered) == (10.0, 202.57, 203.0)


def test_dark_too_short_to_come_in_and_out_hides_nothing() -> None:
    path: list[Vertex] = [(0, 60), (10, 70), (14, 72), (40, 90.5), (44, YARD_KM), (100, YARD_KM)]
    found = visit(journey(sampled(path, dark=[(10, 14)])), "aa")
    assert (minutes(found.entered) or (0, 0, 0))[0] == 40.0


def test_the_yard_before_may_have_been_left_later_than_it_was_seen_to_be() -> None:
    """Seen to leave for half an hour, then dark until beyond the line: time to go back in."""
    path: list[Vertex] = [(0, 80), (20, YARD_KM), (100, YARD_KM), (106, 98.5), (140, 98.5), (400, 112), (430, 150)]
    found = crossing(journey(sampled(path, dark=[(140, 400)]), network=network_with(without=STRAIGHT.places[2:3])))
    left = minutes(found.left)
    assert left is not None
    assert left[2] == 400.0
    assert visits(journey(sampled(path, dark=[(140, 400)])), "aa")[0].exited != found.left


def test_the_yard_beyond_may_have_been_reached_in_the_dark() -> None:
    path: list[Vertex] = [
        (0, 80),
        (20, YARD_KM),
        (60, 99.5),
        (300, 110.5),
        (330, 110.5),
        (336, 106),
        (400, 106),
        (430, 150),
    ]
    found = crossing(journey(sampled(path, dark=[(60, 300)])))
    reached = minutes(found.reached)
    assert reached is not None
    assert reached[0] == 60.0
    assert reached[2] == 333.0


def test_a_yard_over_the_line_is_left_by_the_side_it_was_entered_whatever_the_dark_suggests() -> None:
    """One yard on the far side, which reaches over the line; its exit and the line are in the same dark."""
    over = place("over", 100.5, radius_m=3_000, border="aa-bb", side="BB")
    network = Network([corridor([*(STRAIGHT.places[0], STRAIGHT.places[-1]), over], STRAIGHT.borders)])
    path: list[Vertex] = [(0, 80), (20, 98.5), (200, 98.5), (900, 130), (930, 150)]
    found = crossing(journey(sampled(path, dark=[(200, 900)]), network=network))
    seen = visit(journey(sampled(path, dark=[(200, 900)]), network=network), "over")
    assert found.arrived == seen.entered
    assert found.departed is not None
    assert found.crossed is not None
    assert (found.departed.est_s or 0) >= (found.crossed.est_s or 0)


def test_a_leap_over_one_border_is_denied_by_another_whose_corridor_is_nearer() -> None:
    """Two corridors from AA to BB, 60 km apart: who was seen to cross the northern does not leap the southern."""
    south = corridor(
        [place("s0", 0, -60, role="terminal"), place("s1", 150, -60, role="terminal")],
        [border("south", 130, north_km=-60)],
        name="south",
    )
    path: list[Vertex] = [
        (0, 80),
        (20, YARD_KM),
        (100, YARD_KM),
        (120, 112),
        (125, 114),
        (800, 145, -40),
        (830, 150, -60),
    ]
    given = track(sampled(path, dark=[(125, 800)]))
    found = journey(given, network=Network([STRAIGHT, south]))
    assert [(each.border and each.border.id, each.from_side, each.to_side) for each in found.crossings] == [
        ("aa-bb", "AA", "BB")
    ]
    assert journey(given, network=NETWORK).crossings[0].border == found.crossings[0].border


def test_who_was_seen_elsewhere_meanwhile_did_not_leap_a_border() -> None:
    """Around by the north, 150 km off the corridor, where nobody can say on which side it is; dark as it comes back."""
    path: list[Vertex] = [(0, 50), (200, 50, 150), (300, 60, 150), (900, 140, 150), (1_100, 150)]
    assert journey(sampled(path, dark=[(950, 1_010)])).crossings == ()
