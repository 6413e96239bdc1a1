"""What statistics are made of comes back from rows as it was."""

import json

from railbox_server.statistics.model import Trip
from railbox_server.statistics.reading import trip_of, trip_row
from support.made import HOUR_S, T0_S


def test_a_trip_comes_back_from_its_row() -> None:
    trip = Trip("U1", "there", 1_234.5, T0_S, T0_S + 50 * HOUR_S, 20 * HOUR_S, (10 * HOUR_S, 9 * HOUR_S))
    assert trip_of(json.loads(json.dumps(trip_row(trip)))) == trip
