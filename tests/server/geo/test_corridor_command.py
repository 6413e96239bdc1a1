import json
from pathlib import Path
from typing import Any

import pytest

from railbox_server.geo.command import main

Document = dict[str, Any]
TABLE = """\
corridor,order,name,country,lat,lon,unlocode,gauge_mm,tz,role,km,source
x,1,A,AA,10.0,20,,1435,,border,0,osm
x,2,B,BB,10.2,20,,1435,,border,30,osm
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
    (tmp_path / "small.geojson").write_text(json.dumps(document))
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


def test_an_unknown_corridor_fails_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("railbox corridor: corridor 'nowhere' is not known; known are")


def test_no_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
