import json
from dataclasses import replace
from itertools import pairwise
from math import asin, atan2, degrees

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.geo import corridors
from railbox_server.geo.arcs import arcs_through, vector
from railbox_server.geo.earth import distance_m
from railbox_server.geo.model import Corridor, Leg, Line, Place
from railbox_server.geo.way import Way
from support.shared import shared

Point = tuple[float, float]


def station(place_id: str, point: Point, km: float) -> Place:
    return Place(
        id=place_id,
        name=place_id,
        roles=frozenset({"station"}),
        country="AA",
        lat_deg=point[0],
        lon_deg=point[1],
        radius_m=None,
        polygon=None,
        km=km,
        gauges_mm=(1520,),
        tz=None,
        unlocode=None,
        border_id=None,
        side=None,
        expected_h=None,
        limit_h=None,
    )


def corridor(*stops: tuple[Point, float], lines: tuple[Line, ...] = (), legs: tuple[Leg, ...] = ()) -> Corridor:
    places = tuple(station(f"p{i}", point, km) for i, (point, km) in enumerate(stops))
    return Corridor("x", "x", places, (), legs or (Leg("rail", stops[0][1], stops[-1][1]),), "", lines)


def between(a: Point, b: Point, part: float) -> Point:
    """On the great circle."""
    (arc,) = arcs_through([vector(a), vector(b)])
    x, y, z = arc.at(part * arc.length_rad)
    return degrees(asin(z)), degrees(atan2(y, x))


@pytest.mark.parametrize("name", [each.name for each in corridors.shipped()])
def test_the_km_of_every_shipped_corridor_never_run_below_its_geometry(name: str) -> None:
    way = Way(corridors.find(name))
    for a, b in pairwise(way.places):
        assert a.km is not None
        assert b.km is not None
        length_km = way.way_km(b.km) - way.way_km(a.km)
        straight_km = distance_m((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg)) / 1000
        assert length_km >= max(b.km - a.km, straight_km) - 1e-6
        assert way.published_km(way.way_km(b.km)) == pytest.approx(b.km)


def test_published_km_shorter_than_the_straight_line_are_stretched_to_it() -> None:
    way = Way(corridor(((10.0, 20.0), 0), ((11.0, 20.0), 50), ((12.0, 20.0), 250)))
    assert way.way_km(50) == pytest.approx(111.195, abs=0.01)
    assert way.to_km == pytest.approx(311.195, abs=0.01)
    assert way.published_km(way.way_km(25)) == pytest.approx(25)


@pytest.mark.parametrize("km", [-5, 0])
def test_before_its_beginning_the_way_has_the_km_of_its_beginning(km: float) -> None:
    assert Way(corridor(((10.0, 20.0), 0), ((11.0, 20.0), 150))).way_km(km) == 0


def test_a_position_is_so_far_along_and_so_far_off() -> None:
    way = Way(corridor(((10.0, 20.0), 100), ((11.0, 20.0), 300)))
    spot = way.locate((10.5, 20.1))
    assert spot.way_km == pytest.approx(200, abs=0.2)
    assert spot.off_m == pytest.approx(10_933, abs=10)


def test_beyond_its_ends_a_position_is_at_the_end_and_off_by_the_rest() -> None:
    way = Way(corridor(((10.0, 20.0), 0), ((11.0, 20.0), 150)))
    assert way.locate((11.5, 20.0)).way_km == 150
    assert way.locate((9.5, 20.0)).off_m == pytest.approx(55_597, abs=10)


def test_the_180_degree_meridian_is_no_edge() -> None:
    way = Way(corridor(((65.0, 179.0), 0), ((65.0, -179.0), 100)))
    assert way.locate((65.01, 180.0)).way_km == pytest.approx(50, abs=0.1)
    assert way.locate((65.01, -180.0)).off_m < 1_000


def test_where_the_way_passes_twice_the_pass_next_to_the_last_position_is_meant() -> None:
    """Out along a valley and back 2 km beside it."""
    way = Way(corridor(((10.0, 20.0), 0), ((11.0, 20.0), 120), ((11.0, 20.02), 123), ((10.0, 20.02), 243)))
    halfway = (10.5, 20.012)
    assert way.locate(halfway, near_km=40).way_km == pytest.approx(60, abs=1)
    assert way.locate(halfway, near_km=200).way_km == pytest.approx(183, abs=1)
    assert way.locate(halfway).way_km == pytest.approx(183, abs=1)


BOW = ((10.0, 20.0), (10.5, 20.4), (11.0, 20.0))


@pytest.mark.parametrize("points", [BOW, BOW[::-1], ((9.0, 20.0), *BOW, (12.0, 20.0))])
def test_a_drawn_line_is_followed_in_either_direction_and_cut_to_its_portion(points: tuple[Point, ...]) -> None:
    way = Way(corridor(((10.0, 20.0), 0), ((11.0, 20.0), 100), lines=(Line("bow", points),)))
    assert way.to_km == pytest.approx(2 * distance_m(BOW[0], BOW[1]) / 1000, abs=0.1)
    spot = way.locate((10.5, 20.4))
    assert (spot.way_km, spot.off_m) == (pytest.approx(way.to_km / 2, abs=0.1), pytest.approx(0, abs=1))
    assert way.unused_lines == ()


def test_one_line_serves_all_the_places_it_passes() -> None:
    way = Way(corridor(((10.0, 20.0), 0), ((10.5, 20.4), 50), ((11.0, 20.0), 100), lines=(Line(None, BOW),)))
    assert way.locate((10.25, 20.2)).off_m < 20
    assert way.locate((10.75, 20.2)).off_m < 20


@pytest.mark.parametrize(
    "points",
    [
        ((10.0, 21.0), (11.0, 21.0)),
        ((10.0, 20.0), (10.5, 22.5), (11.0, 20.0)),
        ((10.0, 20.0), (10.4, 20.0)),
    ],
    ids=["passes elsewhere", "leads a long way around", "ends half way"],
)
def test_a_line_that_does_not_lead_from_place_to_place_is_left_out(points: tuple[Point, ...]) -> None:
    line = Line("stray", points)
    way = Way(corridor(((10.0, 20.0), 0), ((11.0, 20.0), 100), lines=(line,)))
    assert way.unused_lines == (line,)
    assert way.locate((10.5, 20.0)).off_m < 1


def test_where_nothing_is_drawn_the_way_may_lead_farther_aside() -> None:
    stops = (((10.0, 20.0), 0), ((11.0, 20.0), 100))
    assert Way(corridor(*stops)).locate((10.5, 20.0)).room_m == pytest.approx(50_038, abs=10)
    assert Way(corridor(*stops, lines=(Line(None, BOW),))).locate((10.5, 20.4)).room_m == 10_000


def test_a_stretch_is_told_by_mode_in_either_order() -> None:
    legs = (Leg("rail", 0, 100), Leg("road", 100, 150), Leg("rail", 150, 300))
    way = Way(corridor(((10.0, 20.0), 0), ((10.5, 20.0), 100), ((10.9, 20.0), 150), ((12.0, 20.0), 300), legs=legs))
    assert way.modes(50, 200) == way.modes(200, 50) == {"rail": 100, "road": 50}
    assert [way.mode_at(km) for km in (50, 120, 250)] == ["rail", "road", "rail"]


POINTS = st.tuples(st.floats(-60, 60), st.floats(-180, 180))


@st.composite
def corridors_of_any_shape(draw: st.DrawFn) -> Corridor:
    """Stations some 20 to 300 km apart; km that have little to do with it."""
    lat, lon = draw(st.floats(-40, 40)), draw(st.floats(-180, 180))
    stops: list[tuple[Point, float]] = [((lat, lon), 0.0)]
    for north, east, km in draw(
        st.lists(st.tuples(st.floats(-1.5, 1.5), st.floats(0.2, 2.0), st.floats(0, 500)), min_size=1, max_size=8)
    ):
        (lat, lon), before_km = stops[-1]
        stops.append(((lat + north, (lon + east + 180) % 360 - 180), before_km + km))
    return corridor(*stops)


@given(corridors_of_any_shape())
def test_km_rise_along_any_corridor_and_are_never_less_than_the_straight_way(shape: Corridor) -> None:
    way = Way(shape)
    path = [
        between((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg), part / 4)
        for a, b in pairwise(way.places)
        for part in range(5)
    ]
    kms: list[float] = []
    for point in path:
        spot = way.locate(point, kms[-1] if kms else way.from_km)
        assert spot.off_m < 1
        kms.append(spot.way_km)
    for (a_km, b_km), (a, b) in zip(pairwise(kms), pairwise(path), strict=True):
        assert b_km >= a_km - 1e-6
        assert b_km - a_km >= distance_m(a, b) / 1000 - 0.001


@given(corridors_of_any_shape(), POINTS)
def test_no_place_is_nearer_than_the_spot_that_is_meant(shape: Corridor, point: Point) -> None:
    spot = Way(shape).locate(point)
    nearest_m = min(distance_m(point, (place.lat_deg, place.lon_deg)) for place in shape.places)
    assert spot.off_m <= nearest_m + 1


def test_known_rails_are_never_astray_from_stations_joined_by_straight_lines() -> None:
    features = json.loads(shared("corridors", "rail_lines.geojson").read_text(encoding="utf-8"))["features"]
    lines = tuple(
        Line(None, tuple((lat, lon) for lon, lat in feature["geometry"]["coordinates"])) for feature in features
    )
    for shipped in corridors.shipped():
        straight, drawn = Way(shipped), Way(replace(shipped, lines=lines))
        assert drawn.to_km >= straight.to_km
        used = [line for line in lines if line not in drawn.unused_lines]
        for line in used:
            for point in line.points[:: max(1, len(line.points) // 20)]:
                if drawn.locate(point).off_m < 100:
                    spot = straight.locate(point)
                    assert spot.off_m <= spot.room_m
