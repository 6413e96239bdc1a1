"""Exports as files: what others' tools read in them is what the API says."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gpxpy
import pyarrow.parquet
import pytest

from railbox_server.exports import command, reading
from railbox_server.exports.columns import TABLES
from railbox_server.fleet import Assignment
from railbox_server.store.sqlite import SqliteStore
from railbox_telemetry import iso
from railbox_telemetry.values import Batch, Event, Events, Knot, Positions
from support.server_rig import NETWORK, Rig
from support.trips import BORDER, END_S, HOUR_S, START_S, batches, knots

UNIT = "CSQU3054383"
pq: Any = pyarrow.parquet
"""It has no types."""
NOW_S = END_S + 60


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """One unit that stands at Taftan since 4 h after its start, 20 h after it; its door was opened."""
    store = SqliteStore(tmp_path)
    store.assign(Assignment("TRK1", UNIT), NOW_S * 1000)
    rig = Rig(store, NOW_S, tmp_path)
    rig.receive("TRK1", [*batches(knots(until_h=20)), Batch(7, 200, (Events((Event(START_S + 100, 1),)),))])
    rig.settle()
    yield rig
    store.close()


def ask(rig: Rig, table: str, kind: str, **query: str) -> bytes:
    answer = rig.api.get(f"/api/exports/{table}", params={"format": kind, **query})
    assert answer.status_code == 200, answer.text
    return answer.content


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def as_cell(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_a_track_in_csv_is_the_track_of_the_api(rig: Rig) -> None:
    points = rig.api.get(f"/api/units/{UNIT}/track").json()["points"]
    rows = rows_of(ask(rig, "track", "csv"))
    keys = ("time", "lat", "lon", "dark_s", "trusted", "device")
    assert [[row[key] for key in keys] for row in rows] == [[as_cell(point[key]) for key in keys] for point in points]
    assert len(rows) > 20


@pytest.mark.parametrize("table", sorted(TABLES))
def test_csv_and_parquet_say_the_same(rig: Rig, table: str) -> None:
    lines = rows_of(ask(rig, table, "csv"))
    found: list[dict[str, Any]] = pq.read_table(io.BytesIO(ask(rig, table, "parquet"))).to_pylist()
    assert lines
    assert [list(row) for row in found] == [list(row) for row in lines]
    times = {column.name for column in TABLES[table].columns if column.type == "time"}

    def text(name: str, value: Any) -> str:
        return iso.from_ms(round(value.timestamp() * 1000)) if name in times and value else as_cell(value)

    said = [{name: text(name, value) for name, value in row.items()} for row in found]
    for row, line in zip(said, lines, strict=True):
        for name in row:
            assert row[name] == line[name] or float(row[name]) == float(line[name]), name


def test_a_visit_is_a_point_with_its_bounds(rig: Rig) -> None:
    (feature,) = json.loads(ask(rig, "visits", "geojson"))["features"]
    place = NETWORK.places["pk-taftan"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [place.lon_deg, place.lat_deg]}
    (visit,) = rig.api.get("/api/visits").json()["visits"]
    assert feature["properties"]["entered_latest"] == visit["entered"]["latest"]
    assert feature["properties"]["dwell_min_s"] == visit["dwell_min_s"]


def test_a_crossing_is_a_point_at_its_border(rig: Rig) -> None:
    (feature,) = json.loads(ask(rig, "crossings", "geojson"))["features"]
    assert feature["properties"]["border"] == BORDER
    assert feature["geometry"]["type"] == "Point"


def test_no_line_is_drawn_over_the_dark_but_one_that_says_so(rig: Rig) -> None:
    later = Knot(START_S + 21 * HOUR_S, 2_897_000, 6_155_000, dark_s=3_000)
    after = Knot(later.time_s + 60, 2_898_000, 6_155_000)
    rig.receive("TRK1", [Batch(7, 201, (Positions((later, after)),))])
    lines = json.loads(ask(rig, "track", "geojson"))["features"]
    assert [line["properties"]["dark"] for line in lines][-2:] == [True, False]
    assert lines[-2]["properties"]["to"] == lines[-1]["properties"]["from"] == iso.from_s(later.time_s)
    track = gpxpy.parse(ask(rig, "track", "gpx").decode()).tracks[0]
    assert track.name == UNIT
    assert [point.time and point.time.timestamp() for point in track.segments[-1].points] == [
        later.time_s,
        after.time_s,
    ]


def test_a_window_cuts_series_and_takes_stays_that_reach_into_it(rig: Rig) -> None:
    window = {"from": iso.from_s(START_S + 10 * HOUR_S), "to": iso.from_s(START_S + 11 * HOUR_S)}
    times = [row["time"] for row in rows_of(ask(rig, "track", "csv", **window))]
    assert times == sorted(times)
    assert window["from"] <= times[0] <= times[-1] < window["to"]
    assert len(rows_of(ask(rig, "visits", "csv", **window))) == 1
    early = {"to": iso.from_s(START_S + HOUR_S)}
    assert rows_of(ask(rig, "visits", "csv", **early)) == []


@pytest.mark.parametrize("table", ["track", "readings", "events"])
def test_a_long_series_is_read_some_rows_at_a_time(rig: Rig, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.receive("TRK1", [Batch(7, 300 + nth, (Events((Event(START_S + 200 + nth, 1),)),)) for nth in range(20)])
    whole, sizes = ask(rig, table, "csv"), list[int]()
    read = "points" if table == "track" else table
    of_store = getattr(rig.store, read)

    def counted(*args: Any, **options: Any) -> Any:
        found = of_store(*args, **options)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(rig.store, read, counted)
    monkeypatch.setattr(reading, "PIECE_ROWS", 7)
    assert ask(rig, table, "csv") == whole
    assert max(sizes) == 7
    assert sum(sizes) >= len(rows_of(whole)) > 20


def test_what_a_format_cannot_hold_is_said(rig: Rig) -> None:
    answer = rig.api.get("/api/exports/readings", params={"format": "gpx"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "readings cannot be exported as 'gpx'; there are csv, parquet"
    assert rig.api.get("/api/exports/track", params={"unit": "MSKU1234565"}).status_code == 404


def test_an_empty_export_is_a_whole_file(rig: Rig) -> None:
    window = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}
    assert ask(rig, "track", "csv", **window).decode().strip() == ",".join(c.name for c in TABLES["track"].columns)
    assert json.loads(ask(rig, "track", "geojson", **window)) == {"type": "FeatureCollection", "features": []}
    assert pq.read_table(io.BytesIO(ask(rig, "track", "parquet", **window))).num_rows == 0
    assert gpxpy.parse(ask(rig, "track", "gpx", **window).decode()).tracks == []


def test_text_that_a_spreadsheet_would_compute_stays_text() -> None:
    row = {"unit": "=1+1", "device": "D", "time": "2026-01-01T00:00:00Z", "event": "shock", "value": -3}
    from railbox_server.exports.shapes import spots_of
    from railbox_server.exports.writing import write_csv

    (line,) = rows_of(b"".join(write_csv(TABLES["events"], [row], spots_of(()))))
    assert (line["unit"], line["value"]) == ("'=1+1", "-3")


def test_the_command_writes_the_file_its_ending_says(
    rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "crossings.csv"
    assert command.main(["crossings", "--data", str(tmp_path), "--unit", "csqu 305438-3", "--out", str(out)]) == 0
    assert out.read_bytes() == ask(rig, "crossings", "csv")
    assert "crossings as csv" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_the_command_says_what_is_not_there(rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["track", "--data", str(tmp_path / "none")]) == 1
    assert "no store in" in capsys.readouterr().err
    assert command.main(["track", "--data", str(tmp_path), "--unit", "MSKU1234565"]) == 1
    assert "no unit MSKU1234565" in capsys.readouterr().err
    assert command.main(["readings", "--data", str(tmp_path), "--format", "gpx"]) == 2
    assert "there are csv, parquet" in capsys.readouterr().err
