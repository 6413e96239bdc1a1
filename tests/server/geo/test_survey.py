"""The shipped corridors against the table they were made from, station by station."""

import csv
from pathlib import Path

import pytest

from railbox_server.geo import corridors, importing
from railbox_server.geo.corridors import Place

TABLE = Path(__file__).parents[3].parent / "shared" / "corridors" / "stations.csv"

pytestmark = pytest.mark.skipif(not TABLE.is_file(), reason=f"the table of stations is not here: {TABLE}")


def rows_of(corridor: str) -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["corridor"] == corridor and row["role"] != "border-line"]


def as_listed(place: Place) -> tuple[object, ...]:
    gauge = "/".join(map(str, place.gauges_mm))
    return place.country, place.lat_deg, place.lon_deg, place.unlocode or "", gauge, place.tz, place.km


@pytest.mark.parametrize("name", [corridor.name for corridor in corridors.shipped()])
def test_every_station_is_where_the_table_says(name: str) -> None:
    listed = [
        (
            row["country"],
            float(row["lat"]),
            float(row["lon"]),
            row["unlocode"],
            row["gauge_mm"].replace("road", ""),
            row["tz"],
            float(row["km"]),
        )
        for row in rows_of(name)
    ]
    places = corridors.find(name).places
    assert [as_listed(place) for place in places] == listed
    for place, row in zip(places, rows_of(name), strict=True):
        assert row["name"].startswith(place.name)


@pytest.mark.parametrize("name", [corridor.name for corridor in corridors.shipped()])
def test_places_without_rail_are_on_a_road_leg(name: str) -> None:
    corridor = corridors.find(name)
    roads = [(leg.from_km, leg.to_km) for leg in corridor.legs if leg.mode == "road"]
    for place in corridor.places:
        if not place.gauges_mm:
            assert place.km is not None
            assert any(from_km <= place.km <= to_km for from_km, to_km in roads)


def test_the_shipped_files_are_what_importing_makes_of_the_table() -> None:
    made = importing.documents(TABLE.read_text(encoding="utf-8"))
    assert sorted(made) == list(corridors.paths())
    for name, document in made.items():
        assert corridors.data_path(name).read_text(encoding="utf-8") == importing.dumps(document)
