"""Zones: where a line is inside them, how far a point is outside, and which are near a path, all around the earth."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.journey.ground import frame_at
from railbox_server.journey.model import Step, Waypoint
from railbox_server.journey.zones import Area, Circle, Metres, Shape, Zone, ZoneIndex, cell_of, circle, middle_of

SQUARE = [(-1_000.0, -1_000.0), (1_000.0, -1_000.0), (1_000.0, 1_000.0), (-1_000.0, 1_000.0)]
SHAPES: list[Shape] = [
    Circle(1_000),
    Area(SQUARE),
    Area([*SQUARE, (-1_000.0, 100.0), (800.0, 0.0), (-1_000.0, -100.0)]),
]
metres = st.floats(-3_000, 3_000)
places = st.tuples(metres, metres)


@pytest.mark.parametrize("shape", SHAPES, ids=["circle", "square", "notched"])
@given(a=places, b=places, outset_m=st.sampled_from([-40.0, 0.0, 40.0]), part=st.floats(0, 1))
def test_a_line_is_inside_where_its_points_are(
    shape: Shape, a: Metres, b: Metres, outset_m: float, part: float
) -> None:
    at = a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])
    outside_m = shape.outside_m(at) - outset_m
    # Offsets of polygons are cut round to a metre, and grow around corners.
    if abs(outside_m) > 2 + 0.5 * abs(outset_m) and math.dist(a, b) > 1:
        assert any(first <= part <= last for first, last in shape.inside(a, b, outset_m)) == (outside_m < 0)


@pytest.mark.parametrize("shape", SHAPES, ids=["circle", "square", "notched"])
@given(a=places, b=places)
def test_distance_to_the_edge_grows_no_faster_than_the_way(shape: Shape, a: Metres, b: Metres) -> None:
    assert abs(shape.outside_m(a) - shape.outside_m(b)) <= math.dist(a, b) + 1e-6


def step(a: tuple[float, float], b: tuple[float, float], continuous: bool = True) -> Step:
    return Step(Waypoint(0, *a, 40.0), Waypoint(60, *b, 40.0), continuous)


def near(index: ZoneIndex, path: list[Step]) -> list[tuple[str, int, int]]:
    """Each zone with the first and last of consecutive steps near it."""
    found: list[tuple[str, int, int]] = []
    for i, one in enumerate(path):
        for zone in index.on_way(cell_of(one.start), cell_of(one.end), one.continuous):
            last = found.pop() if found and found[-1][2] == i - 1 else (zone.id, i, i)
            found.append((zone.id, last[1], i))
    return found


@pytest.mark.parametrize("lon", [0.0, 60.0, 179.99, -180.0, -179.99])
def test_a_zone_is_near_a_path_around_it_wherever_on_earth(lon: float) -> None:
    def turned(lon_deg: float) -> float:
        return (lon_deg + 180) % 360 - 180

    index = ZoneIndex([circle("zone", 65.0, lon, 1_000)], 6_000)
    path = [step((65.0, turned(lon + i / 100)), (65.0, turned(lon + (i + 1) / 100))) for i in range(-300, 300)]
    (found,) = near(index, path)
    assert found[0] == "zone"
    assert found[1] < 290
    assert found[2] > 310
    assert near(index, [step((65.0, turned(lon - 2)), (65.0, turned(lon + 2)))]) == [("zone", 0, 0)]
    assert near(index, [step((65.0, turned(lon - 2)), (65.0, turned(lon + 2)), continuous=False)]) == []


def test_a_path_that_comes_again_is_near_again() -> None:
    index = ZoneIndex([circle("zone", 45.0, 60.0, 1_000)], 6_000)
    there, away = (45.0, 60.0), (45.0, 62.0)
    path = [step(there, away), step(away, away), step(away, there), step(there, there)]
    assert near(index, path) == [("zone", 0, 0), ("zone", 2, 3)]


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_cell_holds_its_points(lat: float, lon: float) -> None:
    middle = middle_of(cell_of(Waypoint(0, lat, lon, 0)))
    assert abs(middle[0] - lat) <= 0.126
    assert abs((middle[1] - lon + 180) % 360 - 180) <= 0.126


def test_zones_touch_when_their_outermost_circles_do() -> None:
    west, east = circle("west", 45.0, 60.0, 1_000), circle("east", 45.0, 60.02, 1_000)
    assert west.touches(east)
    assert not west.touches(circle("far", 45.0, 60.05, 1_000))
    square = Zone("square", frame_at(45.0, 60.03), Area(SQUARE))
    assert west.touches(square) is (frame_at(45.0, 60.0).at(45.0, 60.03)[0] < 1_000 + math.hypot(1_000, 1_000))
