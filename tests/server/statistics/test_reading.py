"""What statistics are made of comes back from rows as it was."""

import json

import pytest

from railbox_server.journey.model import Bounds, Crossing, Dwell
from railbox_server.journey.report import crossing_row
from railbox_server.statistics.model import Trip
from railbox_server.statistics.reading import crossing_of, trip_of, trip_row
from support.made import HOUR_S, T0_S, border, crossing

BORDER = border("a-b", 500)


@pytest.mark.parametrize(
    "seen",
    [
        crossing(BORDER, 0, 10),
        crossing(BORDER, 0, 10, give_s=HOUR_S, from_side="BB", returned=True),
        crossing(BORDER, 0, None, dwell=Dwell(90 * HOUR_S, 95 * HOUR_S, None), no_contact_since_s=T0_S),
        crossing(None, 0, 10, candidates=("a-b", "b-c"), arrived=Bounds(None, T0_S, T0_S)),
    ],
)
def test_a_crossing_comes_back_from_its_row(seen: Crossing) -> None:
    row = json.loads(json.dumps(crossing_row(seen)))
    assert crossing_of(row, {BORDER.id: BORDER}) == seen


def test_a_trip_comes_back_from_its_row() -> None:
    trip = Trip("U1", "there", 1_234.5, T0_S, T0_S + 50 * HOUR_S, 20 * HOUR_S, (10 * HOUR_S, 9 * HOUR_S))
    assert trip_of(json.loads(json.dumps(trip_row(trip)))) == trip
