import json
from pathlib import Path
from typing import Any

import pytest

from railbox_server.geo import checks, corridors
from railbox_server.geo.corridors import CorridorError, Leg

Document = dict[str, Any]


def put(folder: Path, document: Document) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{document['name']}.geojson"
    path.write_text(json.dumps(document))
    return path


def test_all_three_systems_ship_sound_and_agree_with_each_other() -> None:
    names = {corridor.name for corridor in corridors.shipped()}
    assert {"karachi-moscow", "moscow-termez-peshawar", "pyongyang-moscow"} < names
    assert len(names) == 6
    assert all(checks.problems(corridor) == () for corridor in corridors.shipped())


def test_the_container_service_has_its_four_borders_in_order() -> None:
    borders = corridors.find("karachi-moscow").borders
    assert [border.sides for border in borders] == [("PK", "IR"), ("IR", "TM"), ("TM", "KZ"), ("KZ", "RU")]
    assert [(border.gauge_break, border.limit_h) for border in borders] == [
        (False, 48),
        (True, 60),
        (False, 48),
        (False, 48),
    ]


def test_a_border_line_that_was_surveyed_is_not_assumed() -> None:
    (border,) = corridors.find("pyongyang-moscow").borders
    assert (border.lat_deg, border.lon_deg, border.km, border.assumed) == (42.41704, 130.64070, 848, False)


def test_the_rail_road_corridor_changes_to_road_and_back() -> None:
    assert corridors.find("moscow-termez-peshawar").legs == (
        Leg("rail", 0, 4328),
        Leg("road", 4328, 5085),
        Leg("rail", 5085, 5101),
    )


def test_yards_know_their_border_and_side() -> None:
    for corridor in corridors.shipped():
        borders = {border.id: border for border in corridor.borders}
        for place in corridor.places:
            if "border-yard" in place.roles:
                assert place.border_id is not None
                assert place.side in borders[place.border_id].sides
                assert place.side == place.country


def test_stations_without_a_zone_keep_their_chainage() -> None:
    nushki = next(place for place in corridors.find("karachi-moscow").places if place.id == "pk-nushki")
    assert not nushki.is_zone
    assert (nushki.km, nushki.limit_h) == (912, None)


def test_a_border_without_a_point_lies_halfway_between_its_yards(tmp_path: Path, document: Document) -> None:
    (border,) = corridors.load(put(tmp_path, document)).borders
    assert (round(border.lat_deg, 6), border.lon_deg, border.km, border.assumed) == (10.15, 20.0, 18, True)
    assert (border.expected_h, border.limit_h, border.gauge_break) == (24, 48, False)


def test_a_gauge_break_in_a_yard_of_the_border_gives_it_twelve_hours_more(tmp_path: Path, document: Document) -> None:
    document["features"][1]["properties"]["roles"].append("gauge-break")
    (border,) = corridors.load(put(tmp_path, document)).borders
    assert (border.gauge_break, border.limit_h) == (True, 60)


def test_limits_of_the_file_hold(tmp_path: Path, document: Document) -> None:
    document["features"][1]["properties"]["limit_h"] = 6
    document["features"][4]["properties"] |= {"limit_h": 10, "expected_h": 5}
    corridor = corridors.load(put(tmp_path, document))
    assert (corridor.borders[0].expected_h, corridor.borders[0].limit_h) == (5, 10)
    assert [place.limit_h for place in corridor.places] == [48, 6, 48, None]


def test_a_polygon_is_a_zone_with_a_point_inside(tmp_path: Path, document: Document) -> None:
    ring = [[19.9, 9.99], [20.1, 9.99], [20.1, 10.01], [19.9, 10.01], [19.9, 9.99]]
    place = document["features"][0]
    place["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    del place["properties"]["radius_m"]
    a0 = corridors.load(put(tmp_path, document)).places[0]
    assert a0.polygon == ((9.99, 19.9), (9.99, 20.1), (10.01, 20.1), (10.01, 19.9))
    assert (round(a0.lat_deg, 6), round(a0.lon_deg, 6), a0.radius_m, a0.is_zone) == (10.0, 20.0, None, True)


def test_a_place_beside_the_corridor_has_no_km_and_stands_last(tmp_path: Path, document: Document) -> None:
    del document["features"][0]["properties"]["km"]
    corridor = corridors.load(put(tmp_path, document))
    assert [place.id for place in corridor.places] == ["a1", "b1", "b2", "a0"]
    assert corridor.legs == (Leg("rail", 12, 36),)


def test_nothing_is_lost_of_a_file_with_drawn_lines_and_a_byte_order_mark(tmp_path: Path, document: Document) -> None:
    line = {"type": "LineString", "coordinates": [[20.0, 10.0], [20.0, 10.3]]}
    document["features"].append({"type": "Feature", "properties": {"kind": "line"}, "geometry": line})
    path = tmp_path / "small.geojson"
    path.write_text("\ufeff" + json.dumps(document), encoding="utf-8")
    assert len(corridors.load(path).places) == 4


def test_a_folder_adds_corridors_and_overrides_shipped_ones(tmp_path: Path, document: Document) -> None:
    put(tmp_path / "one", document)
    put(tmp_path / "two", {**document, "title": "Mine"})
    put(tmp_path / "two", {**document, "name": "karachi-moscow"})
    folders = (tmp_path / "one", tmp_path / "two")
    assert corridors.find("small", folders).title == "Mine"
    assert corridors.data_path("karachi-moscow", folders) == tmp_path / "two" / "karachi-moscow.geojson"
    assert len(corridors.available(folders)) == 7
    assert len(corridors.find("karachi-moscow").borders) == 4


@pytest.mark.parametrize("name", ["nowhere", "../data/karachi-moscow", "karachi-moscow.geojson", ""])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(CorridorError, match=r"is not known; known are .*pyongyang-moscow"):
        corridors.data_path(name)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorridorError, match=r"absent: not a folder"):
        corridors.available([tmp_path / "absent"])


def test_one_id_for_two_places_is_refused_where_corridors_are_used_together(tmp_path: Path, document: Document) -> None:
    document["features"][0]["properties"]["id"] = "pk-taftan"
    put(tmp_path, document)
    with pytest.raises(CorridorError, match=r'place "pk-taftan": is not the same in corridors .*: give one of them'):
        corridors.available([tmp_path])


def test_drawn_lines_are_kept(tmp_path: Path, document: Document) -> None:
    line = [[20.0, 10.0], [20.01, 10.05], [20.0, 10.1]]
    parts = {"type": "MultiLineString", "coordinates": [line, [[20.0, 10.1], [20.0, 10.3]]]}
    document["features"].append({"type": "Feature", "properties": {"kind": "line", "id": "a0-b2"}, "geometry": parts})
    lines = corridors.load(put(tmp_path, document)).lines
    assert [(line.id, len(line.points)) for line in lines] == [("a0-b2", 3), ("a0-b2", 2)]
    assert lines[0].points[1] == (10.05, 20.01)


def test_the_direct_carriage_has_a_timetable_of_which_only_the_ends_are_published() -> None:
    stops = corridors.find("pyongyang-moscow").timetable
    assert len(stops) == 31
    assert [stop.place_id for stop in stops if not stop.assumed] == ["kp-pyongyang", "ru-moscow-yaroslavsky"]
    assert (stops[0].departure_h, stops[-1].arrival_h) == (0, 192)
