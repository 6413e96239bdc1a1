"""The border engine's own journey, followed along its corridor: 60 h at Taftan, on past Zahedan."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from railbox_server.geo import corridors
from railbox_server.journey.derive import derive as derive_journey
from railbox_server.journey.model import SeenKnot, Settings, Track
from railbox_server.journey.network import Network
from railbox_server.progress.derive import derive
from railbox_server.progress.experience import experience
from railbox_server.progress.follow import follow
from railbox_server.progress.following import Ways, most_kept_to
from railbox_server.progress.model import Progress
from support import trips

NETWORK = Network(corridors.shipped())
WAYS = Ways(corridors.shipped())
SETTINGS = Settings()
KNOTS = [
    SeenKnot(knot.time_s, knot.lat_e5, knot.lon_e5, knot.dark_s, 10, seq, knot.time_s)
    for seq, knot in enumerate(trips.knots(), 1)
]


def progress_of(knots: list[SeenKnot]) -> Progress:
    tracks = [Track("TRK1", 7, knots)]
    now_s = max(knot.time_s for knot in knots)
    journey = derive_journey("U", tracks, NETWORK, now_s, SETTINGS)
    name = most_kept_to(WAYS.votes(journey.path))
    assert name is not None
    way = WAYS[name]
    found = derive("U", way, follow(way, journey.path), journey, now_s, experience(way, journey))
    assert found is not None
    return found


def test_at_the_border_it_stands_and_the_next_border_is_the_one_after() -> None:
    found = progress_of([knot for knot in KNOTS if knot.time_s < trips.START_S + 50 * trips.HOUR_S])
    assert found.corridor == "karachi-moscow"
    assert (found.standing_at, found.heading, found.mode) == (trips.BORDER, 1, "rail")
    assert found.km == pytest.approx(1_410, abs=3)
    assert found.next_border is not None
    assert found.next_border.id == "ir-tm-sarakhs-serakhs"
    (stop,) = found.stops
    assert stop.to_s - stop.from_s > 45 * trips.HOUR_S


def test_beyond_the_border_it_goes_on() -> None:
    found = progress_of(KNOTS)
    assert found.standing_at is None
    assert found.next_border is not None
    assert found.next_border.eta is not None
    assert found.terminal is not None
    assert found.terminal.eta is not None
    assert found.next_border.eta.p50_s < found.terminal.eta.p50_s < found.terminal.eta.p90_s
    assert found.excursions == ()


@settings(max_examples=10)
@given(st.permutations(KNOTS[::6]))
def test_knots_in_any_order_come_to_the_same_progress(knots: list[SeenKnot]) -> None:
    assert progress_of(knots) == progress_of(KNOTS[::6])
