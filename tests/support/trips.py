"""A journey over one border as batches: 60 h at Taftan, where the limit is 48 h, 6 h at Mirjaveh, on past Zahedan.

Coordinates are those of the shipped corridor karachi-moscow, from OpenStreetMap contributors.
"""

from collections.abc import Sequence
from itertools import pairwise

from railbox_server.geo import corridors
from railbox_telemetry.values import Batch, Knot, Positions

BORDER = "pk-ir-taftan-mirjaveh"
HOUR_S = 3_600
STEP_S = 600
START_S = 1_793_000_000  # 2026-10-26
# Hours since the start, latitude, longitude.
STOPS = (
    (0.0, 28.82577, 62.74574),
    (4.0, 28.97255, 61.55693),
    (64.0, 28.97255, 61.55693),
    (64.5, 29.02209, 61.45198),
    (70.5, 29.02209, 61.45198),
    (73.0, 29.43042, 60.91356),
    (74.0, 29.60000, 60.60000),
)
END_S = START_S + round(STOPS[-1][0] * HOUR_S)


def knots(until_h: float = STOPS[-1][0]) -> list[Knot]:
    return [knot for knot in drawn(STOPS, START_S) if knot.time_s <= START_S + until_h * HOUR_S]


def along(corridor: str) -> list[Knot]:
    """Two hours at each of the first zones on a corridor's way, four from one to the next."""
    places = next(each for each in corridors.shipped() if each.name == corridor).places
    zones = [place for place in places if place.is_zone and place.km is not None][:12]
    stops = [(nth * 6.0 + h, place.lat_deg, place.lon_deg) for nth, place in enumerate(zones) for h in (0.0, 2.0)]
    return drawn(stops, START_S)


def drawn(stops: Sequence[tuple[float, float, float]], start_s: int) -> list[Knot]:
    """One every ten minutes, on straight lines between the stops."""
    found: list[Knot] = []
    for (from_h, from_lat, from_lon), (to_h, to_lat, to_lon) in pairwise(stops):
        for after_s in range(round(from_h * HOUR_S), round(to_h * HOUR_S), STEP_S):
            part = (after_s / HOUR_S - from_h) / (to_h - from_h)
            lat, lon = from_lat + part * (to_lat - from_lat), from_lon + part * (to_lon - from_lon)
            found.append(Knot(start_s + after_s, round(lat * 1e5), round(lon * 1e5)))
    return found


def batches(path: Sequence[Knot], epoch: int = 7) -> list[Batch]:
    """Three knots a batch, with speed, course, accuracy and temperature at the last of each."""
    state = {0: 111, 1: 290, 2: 9, 5: 215}
    return [
        Batch(epoch, seq, (Positions(tuple(some), state),))
        for seq, some in enumerate((path[at : at + 3] for at in range(0, len(path), 3)), 1)
    ]
