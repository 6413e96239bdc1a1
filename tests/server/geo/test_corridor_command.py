import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from railbox_server.geo import corridors
from railbox_server.geo.command import main
from railbox_server.geo.way import Way

Document = dict[str, Any]
TABLE = """\
corridor,order,name,country,lat,lon,unlocode,gauge_mm,tz,role,km,source
x,1,A,XA,10.0,20,,1435,,border,0,osm
x,2,B,XB,10.2,20,,1435,,border,30,osm
"""


def test_list_shows_every_corridor_with_its_countries(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "pyongyang-moscow" in out
    assert "PK-IR-TM-KZ-RU" in out
    assert main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["corridors"]
    assert {"name", "title", "km", "countries", "borders"} == set(rows[0])


def test_show_prints_places_and_borders_by_km(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "pyongyang-moscow"]) == 0
    out = capsys.readouterr().out
    assert out.index("Tumangang ") < out.index("-- border KP/RU") < out.index("Khasan  ")
    assert "OpenStreetMap" in out


def test_show_json_is_the_file_and_passes_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "karachi-moscow", "--json"]) == 0
    path = tmp_path / "karachi-moscow.geojson"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["check", str(path)]) == 0
    assert "ok: places 52, borders 4" in capsys.readouterr().out


def test_show_draws_places_lines_and_borders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "pyongyang-moscow.svg"
    assert main(["show", "pyongyang-moscow", "--plot", str(out)]) == 0
    drawn = ElementTree.parse(out).getroot()
    marks = [element.tag.rpartition("}")[2] for element in drawn.iter()]
    corridor = corridors.find("pyongyang-moscow")
    assert (marks.count("circle"), marks.count("rect")) == (len(corridor.places), len(corridor.borders))
    assert main(["show", "pyongyang-moscow", "--plot", str(tmp_path / "none" / "x.svg")]) == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_check_tells_file_feature_and_reason_and_fails(
    tmp_path: Path, document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    document["features"][0]["properties"]["roles"] = ["harbour"]
    path = tmp_path / "small.geojson"
    path.write_text(json.dumps(document))
    assert main(["check", str(path)]) == 1
    assert f'{path}: error: place "a0": roles: harbour unknown' in capsys.readouterr().out
    assert main(["check", str(path), "--json"]) == 1
    (row,) = json.loads(capsys.readouterr().out)["files"]
    assert (row["ok"], row["problems"][0]["feature"], row["problems"][0]["level"]) == (False, 'place "a0"', "error")


def test_check_without_files_checks_all_and_how_they_agree(
    tmp_path: Path, document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == 0
    document["features"][0]["properties"]["id"] = "pk-taftan"
    (tmp_path / "small.geojson").write_text(json.dumps(document).replace('"BB"', '"XB"'))
    capsys.readouterr()
    assert main(["check", "--folder", str(tmp_path)]) == 1
    assert 'between corridors: error: place "pk-taftan"' in capsys.readouterr().out


def test_import_makes_a_corridor_and_never_replaces_one_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "stations.csv", tmp_path / "mine"
    table.write_text(TABLE)
    assert main(["import", str(table), "--out", str(out)]) == 0
    assert main(["list", "--folder", str(out)]) == 0
    assert main(["import", str(table), "--out", str(out)]) == 1
    assert "x.geojson is there already: --force replaces it" in capsys.readouterr().err
    assert main(["import", str(table), "--out", str(out), "--force"]) == 0


def test_import_names_the_line_it_cannot_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "stations.csv"
    table.write_text(TABLE.replace("10.2", "north"))
    assert main(["import", str(table), "--out", str(tmp_path)]) == 1
    assert "stations.csv: line 3: could not convert" in capsys.readouterr().err


def geojson(*geometries: Document, **properties: object) -> str:
    features = [{"type": "Feature", "properties": properties, "geometry": geometry} for geometry in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features})


def station(name: str, country: str, lat: float, role: str, **more: object) -> Document:
    properties = {"name": name, "country": country, "role": role, **more}
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [20.0, lat]},
    }


def test_stations_may_be_points_with_lines_among_them_and_without_km(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bow = {"type": "LineString", "coordinates": [[20.0, 10.0], [20.05, 10.1], [20.0, 10.2]]}
    features = [
        station("A", "XA", 10.0, "border", gauge_mm=1435),
        station("B", "XB", 10.2, "border", gauge_mm=[1435, 1520]),
        {"type": "Feature", "properties": {}, "geometry": bow},
    ]
    source, out = tmp_path / "mine.geojson", tmp_path / "out"
    source.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert main(["import", str(source), "--out", str(out)]) == 0
    assert "mine: 1 of 1 lines lead from place to place and were taken; the way is 25 km, 22 km without" in (
        capsys.readouterr().out
    )
    corridor = corridors.find("mine", [out])
    assert [place.km for place in corridor.places] == [0, 22.2]
    assert corridor.places[1].gauges_mm == (1435, 1520)
    assert len(corridor.lines) == 1


def test_lines_are_attached_to_a_corridor_and_those_of_no_use_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, out = tmp_path / "rails.geojson", tmp_path / "mine"
    border = {"type": "LineString", "coordinates": [[61.557, 28.973], [61.52, 29.03], [61.452, 29.022]]}
    far = {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]}
    lines.write_text(geojson(border, far))
    onto = ["import", str(lines), "--onto", "karachi-moscow", "--out", str(out), "--attribution", "me"]
    assert main(onto) == 0
    assert "1 of 3 lines" in capsys.readouterr().out
    before, after = corridors.find("karachi-moscow"), corridors.find("karachi-moscow", [out])
    assert (before.places, before.borders, before.legs) == (after.places, after.borders, after.legs)
    assert after.attribution == f"{before.attribution}; me"
    assert Way(after).to_km > Way(before).to_km
    assert main([*onto, "--force"]) == 1
    assert "better than what is drawn there already" in capsys.readouterr().err
    assert corridors.find("karachi-moscow", [out]) == after


@pytest.mark.parametrize(
    ("text", "flags", "told"),
    [
        (geojson({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}), [], "--onto says which"),
        (
            geojson({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}),
            ["--onto", "karachi-moscow"],
            "none of 1 lines leads from a place of karachi-moscow to the next",
        ),
        (geojson({"type": "LineString", "coordinates": [[0, "x"], [1, 1]]}), ["--onto", "karachi-moscow"], "feature 1"),
        (geojson({"type": "Point", "coordinates": [20, 10]}, name="A"), [], "feature 1: no value in column"),
        ("{", [], "not JSON"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, flags: list[str], told: str
) -> None:
    source, out = tmp_path / "some.geojson", tmp_path / "out"
    source.write_text(text)
    assert main(["import", str(source), "--out", str(out), *flags]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"railbox corridor: {source}: ")
    assert told in err
    assert not out.exists()


def test_an_unsound_corridor_is_not_written_over_a_sound_one(
    tmp_path: Path, document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    text = json.dumps(document).replace('"BB"', '"XB"')
    stored, source = tmp_path / "mine" / "small.geojson", tmp_path / "small.geojson"
    stored.parent.mkdir()
    stored.write_text(text)
    source.write_text(text.replace('"border"', '"boarder"'))
    assert main(["import", str(source), "--out", str(stored.parent), "--force"]) == 1
    out, err = capsys.readouterr()
    assert "feature 5: kind: expected one of" in out
    assert "nothing was written" in err
    assert stored.read_text() == text


def test_a_place_in_another_country_is_told_with_how_sure_that_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "karachi-moscow.geojson"
    shipped = corridors.data_path("karachi-moscow").read_text()
    path.write_text(shipped.replace("[61.55693, 28.97255]", "[61.30, 29.20]"))
    assert main(["check", str(path)]) == 1
    assert 'error: place "pk-taftan": country: PK, but by its position it is in IR, over 5 km from PK' in (
        capsys.readouterr().out
    )
    path.write_text(shipped.replace('"Asia/Karachi"', '"Asia/Kabul"'))
    assert main(["check", str(path)]) == 0
    assert 'warning: place "pk-taftan": tz: Asia/Kabul, but by its position it is Asia/Karachi' in (
        capsys.readouterr().out
    )


def test_an_unknown_corridor_fails_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("railbox corridor: corridor 'nowhere' is not known; known are")


def test_no_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
