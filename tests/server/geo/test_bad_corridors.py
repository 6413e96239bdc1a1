"""Every way to write a corridor wrong is told with file, feature and reason."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from railbox_server.geo import corridors
from railbox_server.geo.corridors import CorridorError

Document = dict[str, Any]
Inspect = Callable[[Document], Any]


def told(found: tuple[Any, ...]) -> str:
    return "\n".join(f"{'warning' if problem.warning else 'error'} {problem}" for problem in found)


def polygon(*lon_lat: tuple[float, float]) -> Document:
    return {"type": "Polygon", "coordinates": [[list(point) for point in (*lon_lat, lon_lat[0])]]}


@pytest.mark.parametrize(
    ("ring", "reason"),
    [
        (((19.9, 9.9), (20.1, 10.1), (20.1, 9.9), (19.9, 10.1)), "not simple: Self-intersection"),
        (((179.9, 9.9), (-179.9, 9.9), (-179.9, 10.1), (179.9, 10.1)), "crosses the 180° meridian"),
        (((179.9, 9.9), (180.1, 9.9), (180.1, 10.1), (179.9, 10.1)), "crosses the 180° meridian"),
        (((19.9, 9.9), (20.1, 9.9)), "at least three different points"),
        (((9.9, 119.9), (9.9, 120.1), (10.1, 120.0)), r"coordinates are \[lon, lat\]"),
    ],
)
def test_a_polygon_that_is_not_one(document: Document, inspect: Inspect, ring: Any, reason: str) -> None:
    document["features"][0]["geometry"] = polygon(*ring)
    corridor, found = inspect(document)
    assert corridor is None
    assert re.search(rf'error place "a0": geometry: .*{reason}', told(found))


def test_a_circle_across_the_180_degree_meridian(document: Document, inspect: Inspect) -> None:
    document["features"][0]["geometry"]["coordinates"] = [179.995, 10.0]
    corridor, found = inspect(document)
    assert corridor is None
    assert 'place "a0": geometry: the circle crosses the 180° meridian' in told(found)


@pytest.mark.parametrize(
    ("index", "change", "message"),
    [
        (0, {"roles": ["harbour"]}, 'place "a0": roles: harbour unknown; known are border-yard, gauge-break'),
        (0, {"roles": []}, 'place "a0": roles: expected at least one'),
        (0, {"roles": "terminal"}, 'place "a0": roles: expected a list'),
        (0, {"radius_m": None}, 'place "a0": a place that is a terminal needs radius_m or a polygon'),
        (0, {"radius_m": -5}, 'place "a0": radius_m: expected a number of at least 1, found -5'),
        (0, {"id": "A 0"}, 'place "A 0": id: '),
        (0, {"name": None}, 'place "a0": name is missing'),
        (0, {"country": "Aaland"}, "place \"a0\": country: 'Aaland' is not of the form"),
        (0, {"km": "12"}, 'place "a0": km: expected a number'),
        (0, {"km": 10**400}, 'place "a0": km: expected a number'),
        (0, {"gauge_mm": [1435.5]}, 'place "a0": gauge_mm: expected a list of int'),
        (0, {"kind": "station"}, "feature 1: kind: expected one of place, border, leg, line, found 'station'"),
        (1, {"id": "a0"}, 'place "a0": stands 2 times in the file'),
        (1, {"border_id": None}, 'place "a1": border_id is missing'),
        (1, {"border_id": "cc-dd"}, "place \"a1\": border_id: there is no border 'cc-dd'"),
        (1, {"side": "BB"}, 'place "a1": side: BB, but its country is AA'),
        (1, {"side": "CC"}, 'place "a1": side: CC is not a side of aa-bb (AA/BB)'),
        (2, {"km": 5}, "place \"b1\": km runs backwards: 5 follows 12 of 'a1'"),
        (3, {"country": "AA"}, 'place "b2": country: AA, but by the borders\' sides km 36 is in BB'),
        (4, {"sides": ["AA"]}, 'border "aa-bb": sides: expected two different countries'),
        (4, {"sides": ["AA", "AA"]}, 'border "aa-bb": sides: expected two different countries'),
        (4, {"id": "bb-cc"}, 'border "bb-cc": has neither a point of its own nor a yard'),
    ],
)
def test_a_wrong_member_is_named(
    document: Document, inspect: Inspect, index: int, change: Document, message: str
) -> None:
    document["features"][index]["properties"] |= change
    corridor, found = inspect(document)
    assert corridor is None
    assert message in told(found)


def test_every_wrong_feature_is_told_not_only_the_first(document: Document, inspect: Inspect) -> None:
    document["features"][0]["properties"]["roles"] = ["harbour"]
    document["features"][2]["geometry"] = None
    document["features"].append("nonsense")
    assert len(inspect(document)[1]) == 3


def test_a_corridor_without_borders(document: Document, inspect: Inspect) -> None:
    document["features"] = [document["features"][0], document["features"][3]]
    corridor, found = inspect(document)
    assert corridor is None
    assert "there is no border" in told(found)


def test_two_borders_that_overlap(document: Document, inspect: Inspect) -> None:
    """A second border whose first yard lies on the first border's second yard."""
    second = json.loads(json.dumps(document["features"][2]))
    second["properties"] |= {"id": "b9", "km": 25, "border_id": "bb-cc"}
    border = {"kind": "border", "id": "bb-cc", "name": "b9", "sides": ["BB", "CC"], "km": 40}
    document["features"][3:3] = [second]
    document["features"].append({"type": "Feature", "properties": border, "geometry": None})
    corridor, found = inspect(document)
    assert corridor is None
    assert 'error place "b9": overlaps b1 by 100% of the smaller zone, and they belong to two borders' in told(found)


def test_two_borders_whose_points_or_yards_meet(document: Document, inspect: Inspect) -> None:
    border = {"kind": "border", "id": "bb-cc", "name": "b9", "sides": ["BB", "CC"], "km": 40}
    place = {"type": "Point", "coordinates": [20.0, 10.1501]}
    document["features"].append({"type": "Feature", "properties": border, "geometry": place})
    corridor, found = inspect(document)
    assert corridor is None
    assert 'error border "bb-cc": overlaps border aa-bb: their points are 11 m apart' in told(found)
    place["coordinates"] = [20.0, 10.195]
    assert 'error border "bb-cc": its point lies in b1, a yard of border aa-bb' in told(inspect(document)[1])


def test_the_two_sides_of_a_border_may_not_share_ground(document: Document, inspect: Inspect) -> None:
    for index in (1, 2):
        document["features"][index]["properties"]["radius_m"] = 8000
    corridor, found = inspect(document)
    assert corridor is None
    assert re.search(
        r'error place "b1": overlaps a1 by \d+% of the smaller zone, and they belong to two sides', told(found)
    )


def test_zones_that_only_touch_do_not_overlap(document: Document, inspect: Inspect) -> None:
    for index in (1, 2):
        document["features"][index]["properties"]["radius_m"] = 5559.75
    assert inspect(document)[1] == ()


def test_other_zones_that_overlap_are_a_warning_and_nested_ones_are_meant(document: Document, inspect: Inspect) -> None:
    terminal = document["features"][0]["properties"]
    terminal["radius_m"] = 10_000
    corridor, found = inspect(document)
    assert corridor is not None
    assert re.search(r'^warning place "a1": overlaps a0 by \d+%', told(found))
    terminal["radius_m"] = 14_000
    assert inspect(document)[1] == ()


def test_borders_that_do_not_follow_each_other(document: Document, inspect: Inspect) -> None:
    border = {"kind": "border", "id": "dd-cc", "name": "x", "sides": ["DD", "CC"], "km": 40}
    point = {"type": "Point", "coordinates": [20.0, 10.4]}
    document["features"].append({"type": "Feature", "properties": border, "geometry": point})
    assert 'border "dd-cc": sides: comes from DD, but aa-bb before it leads to BB' in told(inspect(document)[1])


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        ([(0, 10), (12, 36)], "leg from km 12: a gap between km 10 and km 12"),
        ([(0, 14), (12, 36)], "leg from km 12: an overlap between km 14 and km 12"),
        ([(0, 30)], "legs: reach from km 0 to km 30, places from 0 to 36"),
        ([(36, 0)], "runs backwards: from km 36 to km 0"),
    ],
)
def test_legs_that_do_not_join(document: Document, inspect: Inspect, legs: list[tuple[int, int]], message: str) -> None:
    for from_km, to_km in legs:
        facts = {"kind": "leg", "mode": "rail", "from_km": from_km, "to_km": to_km}
        document["features"].append({"type": "Feature", "properties": facts, "geometry": None})
    assert message in told(inspect(document)[1])


def test_swapped_coordinates_show_in_the_chainage(document: Document, inspect: Inspect) -> None:
    document["features"][3]["geometry"]["coordinates"] = [10.3, 20.0]
    assert re.search(r'place "b2": is \d+ km from b1, but 12 km by chainage', told(inspect(document)[1]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a GeoJSON FeatureCollection"),
        ('{"type":"FeatureCollection","features":[]}', "schema None is not known; this version reads schema 1"),
        ('{"type":"FeatureCollection","schema":2,"name":"small","features":[]}', "schema 2 is not known"),
        ('{"type":"FeatureCollection","schema":1,"features":[]}', "name is missing"),
        ('{"type":"FeatureCollection","schema":1,"name":"small"}', "features: expected a list"),
    ],
)
def test_a_file_that_is_no_corridor_at_all(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "small.geojson"
    path.write_text(text)
    with pytest.raises(CorridorError) as error:
        corridors.load(path)
    assert str(error.value).startswith(f"{path}: {message}")


def test_bytes_that_are_no_text_and_files_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "small.geojson"
    with pytest.raises(CorridorError, match="cannot be read: No such file"):
        corridors.load(path)
    path.write_bytes(b"\xff\xfe\x00garbage")
    with pytest.raises(CorridorError, match="not JSON"):
        corridors.load(path)


def test_a_name_that_is_not_the_files(tmp_path: Path, document: Document) -> None:
    path = tmp_path / "large.geojson"
    path.write_text(json.dumps(document))
    with pytest.raises(CorridorError, match=r"name: 'small', but the file is called large\.geojson"):
        corridors.load(path)


def test_the_error_counts_what_else_is_wrong(tmp_path: Path, document: Document) -> None:
    path = tmp_path / "small.geojson"
    for feature in document["features"][:2]:
        feature["properties"]["roles"] = ["harbour"]
    path.write_text(json.dumps(document))
    with pytest.raises(CorridorError, match=r'small\.geojson: place "a0": roles: .*\(\d+ more: railbox corridor check'):
        corridors.load(path)


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (None, "geometry: expected a LineString or a MultiLineString, found None"),
        ({"type": "Point", "coordinates": [20, 10]}, "geometry: expected a LineString"),
        ({"type": "LineString", "coordinates": [[20, 10], [20, 10]]}, "a line needs at least two different points"),
        ({"type": "LineString", "coordinates": "here"}, "geometry: expected a line of [lon, lat] pairs"),
        ({"type": "LineString", "coordinates": [[20, 10], [10, 95]]}, "[10, 95] is not on the earth"),
    ],
)
def test_a_line_that_cannot_be_read(
    document: Document, inspect: Inspect, geometry: Document | None, message: str
) -> None:
    document["features"].append(
        {"type": "Feature", "properties": {"kind": "line", "id": "drawn"}, "geometry": geometry}
    )
    corridor, found = inspect(document)
    assert corridor is None
    assert 'line "drawn": ' in told(found)
    assert message in told(found)


def test_a_line_of_no_use_is_warned_of_and_the_corridor_used_all_the_same(document: Document, inspect: Inspect) -> None:
    geometry = {"type": "LineString", "coordinates": [[30, 10], [30, 11]]}
    document["features"].append({"type": "Feature", "properties": {"kind": "line"}, "geometry": geometry})
    corridor, found = inspect(document)
    assert corridor is not None
    assert "line from [30, 10]: passes near no two places that follow each other" in told(found)


STOPS: list[Document] = [
    {"place": "a0", "departure_h": 0},
    {"place": "a1", "arrival_h": 1, "departure_h": 2, "assumed": True},
    {"place": "b2", "arrival_h": 3},
]


def test_a_sound_timetable_is_no_problem(document: Document, inspect: Inspect) -> None:
    for stops in (STOPS, [{"place": "b2", "departure_h": 0}, {"place": "a0", "arrival_h": 9}]):
        corridor, found = inspect({**document, "timetable": stops})
        assert corridor is not None
        assert found == ()


@pytest.mark.parametrize(
    ("number", "stop", "message"),
    [
        (1, "a1", "timetable stop 2: expected an object, found 'a1'"),
        (1, {"place": "a1"}, "timetable stop 2: has neither arrival_h nor departure_h"),
        (1, {"arrival_h": 1, "departure_h": 2}, "timetable stop 2: place is missing"),
        (1, {"place": "a1", "arrival_h": -1}, "timetable stop 2: arrival_h: expected a number of at least 0"),
        (
            1,
            {"place": "a1", "arrival_h": 2, "departure_h": 1},
            "timetable stop 2: departs after 1 h, before it arrives",
        ),
        (1, {"place": "zz", "arrival_h": 1, "departure_h": 2}, "timetable: there is no place 'zz' with km"),
        (1, {"place": "a1", "arrival_h": 1}, "timetable: from a1 to b2 it needs a departure_h"),
        (2, {"place": "b2", "arrival_h": 1.5}, "timetable: from a1 to b2 it needs a departure_h, and an arrival_h not"),
        (2, {"place": "a0", "arrival_h": 3}, "timetable: km run forwards and backwards"),
    ],
)
def test_a_timetable_that_cannot_be(
    document: Document, inspect: Inspect, number: int, stop: object, message: str
) -> None:
    stops: list[object] = [*STOPS]
    stops[number] = stop
    corridor, found = inspect({**document, "timetable": stops})
    assert corridor is None
    assert message in told(found)
