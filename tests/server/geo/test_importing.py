from pathlib import Path

import pytest

from railbox_server.geo import corridors, importing
from railbox_server.geo.corridors import Corridor, Leg
from railbox_server.geo.importing import TableError

HEAD = "corridor,order,name,country,lat,lon,unlocode,gauge_mm,tz,role,km,source\n"


def made(tmp_path: Path, *rows: str, name: str = "x") -> Corridor:
    document = importing.documents(HEAD + "\n".join(rows))[name]
    path = tmp_path / f"{name}.geojson"
    path.write_text(importing.dumps(document), encoding="utf-8")
    return corridors.load(path)


def test_a_border_needs_no_yard_on_either_side_when_its_line_is_listed(tmp_path: Path) -> None:
    corridor = made(
        tmp_path,
        "x,1,Ay,AA,10,20,,1435,,terminal,0,osm",
        "x,2,Gate,AA/BB,10.1,20,,road,,border-line,12,osm",
        "x,3,Bee,BB,10.2,20,,1435,,station,24,osm",
    )
    (border,) = corridor.borders
    assert (border.name, border.sides, border.km, border.assumed) == ("Gate", ("AA", "BB"), 12, False)


def test_a_yard_belongs_to_the_nearest_change_of_country(tmp_path: Path) -> None:
    corridor = made(
        tmp_path,
        "x,1,A,AA,10.0,20,,1435,,border,0,osm",
        "x,2,B1,BB,10.2,20,,1435,,station,30,osm",
        "x,3,B2,BB,10.4,20,,1435,,border,60,osm",
        "x,4,C,CC,10.5,20,,1435,,border,72,osm",
    )
    assert [(place.id, place.border_id) for place in corridor.places if place.border_id] == [
        ("aa-a", "aa-bb-a"),
        ("bb-b2", "bb-cc-b2-c"),
        ("cc-c", "bb-cc-b2-c"),
    ]


def test_yards_close_together_share_the_distance_and_other_zones_fit_around(tmp_path: Path) -> None:
    corridor = made(
        tmp_path,
        "x,1,T,AA,9.970,20,,1435,,terminal,0,osm",
        "x,2,A,AA,10.000,20,,1435,,border,4,osm",
        "x,3,B,BB,10.045,20,,1520,,border,10,osm",
    )
    assert [place.radius_m for place in corridor.places] == [1330, 2000, 2000]


def test_the_mode_changes_at_transfers(tmp_path: Path) -> None:
    corridor = made(
        tmp_path,
        "x,1,A,AA,10.0,20,,road,,border,0,osm",
        "x,2,B,BB,10.1,20,,road,,border,12,osm",
        "x,3,Tee,BB,10.2,20,,1435,,terminal;rail-road,24,osm",
        "x,4,End (remark),BB,10.3,20,,1435,,station (disused),36,osm",
    )
    assert corridor.legs == (Leg("road", 0, 24), Leg("rail", 24, 36))
    assert corridor.places[-1].id == "bb-end"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,1,A,AA,ten,20,,1435,,border,0,osm", "line 2: could not convert string to float: 'ten'"),
        ("x,1,A,AA,10,20,,1435,,harbour,0,osm", "line 2: role: harbour unknown; known are border, gauge-break"),
        ("x,1,A,AA,10", "line 2: no value in column"),
        ("../x,1,A,AA,10,20,,1435,,border,0,osm", "line 2: corridor: '../x' is not of the form"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(row: str, message: str) -> None:
    with pytest.raises(TableError) as error:
        importing.documents(HEAD + row)
    assert str(error.value).startswith(message)


def test_columns_beyond_the_known_ones_are_left_alone() -> None:
    assert list(importing.documents(HEAD + "x,1,A,AA,10,20,,1435,,border,0,osm,more,and more")) == ["x"]


def test_a_border_without_yard_or_line_is_named() -> None:
    rows = ["x,1,A,AA,10,20,,1435,,station,0,osm", "x,2,B,BB,11,20,,1435,,station,120,osm"]
    with pytest.raises(TableError, match="AA/BB at km 60: no row with role border or border-line"):
        importing.documents(HEAD + "\n".join(rows))
