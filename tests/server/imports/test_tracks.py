"""Tracks from elsewhere: read with care, taken in once, judged as any other."""

from pathlib import Path
from typing import Any

import pytest

from railbox_server.fleet import Assignment
from railbox_server.imports import command
from railbox_server.imports.tracks import TrackError, read_track
from railbox_server.store.interface import Store
from railbox_telemetry import iso
from railbox_telemetry.values import Knot
from support.server_rig import Rig
from support.trips import END_S, knots

UNIT = "CSQU3054383"
GPX = """<?xml version="1.0"?>
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="28.9" lon="61.5"><time>2026-10-26T00:00:00Z</time></trkpt>
<trkpt lat="28.91" lon="61.5"><time>2026-10-26T00:10:00Z</time></trkpt>
<trkpt lat="28.92" lon="61.5"></trkpt>
<trkpt lat="28.93" lon="61.5"><time>2026-10-26T00:20:01Z</time></trkpt>
</trkseg></trk></gpx>"""
T0_S = iso.to_s("2026-10-26T00:00:00Z")


def csv_of(track: list[Knot]) -> str:
    lines = [f"{iso.from_s(knot.time_s)},{knot.lat_deg:.5f},{knot.lon_deg:.5f}" for knot in track]
    return "\n".join(["Time,Latitude,Longitude", *lines])


def test_a_step_of_over_ten_minutes_is_dark() -> None:
    found = read_track("gpx", GPX.encode())
    assert [(knot.time_s - T0_S, knot.dark_s) for knot in found.knots] == [(0, 0), (600, 0), (1_201, 601)]
    assert [(item.where, item.reason) for item in found.skipped] == [(3, "it has no time")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_found_by_name_in_any_order(separator: str) -> None:
    lines = ["id,LON,Lat,time", "1,61.5,28.9,2026-10-26T05:00:00+05:00"]
    found = read_track("csv", "\n".join(lines).replace(",", separator).encode())
    assert found.knots == (Knot(T0_S, 2_890_000, 6_150_000),)


def test_lines_that_are_no_positions_are_named_and_left_out() -> None:
    lines = [
        "time,lat,lon,trusted",
        "2026-10-26T00:00:00Z,28.9,61.5,true",
        "2026-10-26T00:01:00,28.9,61.5,true",
        "2026-10-26T00:02:00Z,128.9,61.5,true",
        "2026-10-26T00:03:00Z,0,0,true",
        "2026-10-26T00:04:00Z,28.9",
        "2026-10-26T00:05:00Z,nan,61.5,true",
        "2026-10-26T00:00:00.5Z,28.9,61.6,true",
        "2026-10-26T00:06:00Z,28.9,61.5,false",
    ]
    found = read_track("csv", "\n".join(lines).encode())
    assert len(found.knots) == 1
    assert found.skipped_count == 7
    assert [item.where for item in found.skipped] == [3, 4, 5, 6, 7, 8, 9]
    assert found.skipped[0].reason == "time '2026-10-26T00:01:00' is no ISO 8601 time with a zone"


def test_a_time_that_the_server_would_not_believe_takes_no_other_position_with_it() -> None:
    lines = ["time,lat,lon", "1970-01-01T00:00:00Z,28.9,61.5", "2300-01-01T00:00:00Z,28.9,61.5"]
    found = read_track("csv", "\n".join([*lines, "2026-10-26T00:00:00Z,28.9,61.5"]).encode())
    assert [knot.time_s for knot in found.knots] == [T0_S]
    assert [item.reason for item in found.skipped] == [
        "time 1970-01-01T00:00:00Z is before 2015 or after 2242",
        "time 2300-01-01T00:00:00Z is before 2015 or after 2242",
    ]


def test_a_dark_step_that_is_left_empty_is_judged_by_its_length() -> None:
    lines = ["time,lat,lon,dark_s", "2026-10-26T00:00:00Z,28.9,61.5,", "2026-10-26T00:20:00Z,28.9,61.5,"]
    assert [knot.dark_s for knot in read_track("csv", "\n".join(lines).encode()).knots] == [0, 1_200]


def test_times_of_gpx_without_a_zone_are_utc() -> None:
    points = "<trkpt lat='1' lon='2'><time>{}</time></trkpt>"
    times = ("2026-10-26T00:00:00", " 2026-10-26T05:01:00+05:00 ", "2026-10-26T00:02:00.5Z", "then")
    text = f"<gpx><trk><trkseg>{''.join(map(points.format, times))}</trkseg></trk></gpx>"
    found = read_track("gpx", text.encode())
    assert [knot.time_s - T0_S for knot in found.knots] == [0, 60, 120]
    assert [item.where for item in found.skipped] == [4]


@pytest.mark.parametrize(
    ("form", "data", "why"),
    [
        ("gpx", b"time,lat,lon", "not GPX"),
        ("csv", b"when,where\n1,2", "no column time, lat, lon"),
        ("csv", b"", "it names nothing"),
        ("csv", b"\xff\xfe\x00", "not UTF-8"),
        ("csv", b"time,lat,lon\nnow,1,2", "'now' is no ISO 8601 time"),
        ("csv", b'time,lat,lon\n"' + b"x" * 200_000, "not CSV: line 2: field larger"),
        ("csv", b"x" * 2_000_000, "not CSV"),
        ("gpx", b'<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/hostname">]><gpx>&a;</gpx>', "has no DOCTYPE"),
        ("gpx", b'<gpx><trk><trkseg><trkpt lon="2"/></trkseg></trk></gpx>', "it has no time"),
    ],
)
def test_what_is_no_track_is_refused_with_what_was_expected(form: str, data: bytes, why: str) -> None:
    with pytest.raises(TrackError, match=why):
        read_track(form, data)


@pytest.fixture
def rig(store: Store, tmp_path: Path) -> Rig:
    return Rig(store, END_S + 60, tmp_path)


def post(rig: Rig, body: str, status: int = 201, **query: str) -> Any:
    answer = rig.api.post("/api/imports/track", params={"format": "csv", **query}, content=body)
    assert answer.status_code == status, answer.text
    rig.settle()
    return answer.json()


def test_an_imported_track_gets_its_visits(rig: Rig) -> None:
    track = list(knots(until_h=20))
    row = post(rig, csv_of(track), device="PHONE1", unit="CSQU 305438-3")
    assert (row["device"], row["unit"], row["positions"], row["skipped"]) == ("PHONE1", UNIT, len(track), 0)
    assert [visit["place"] for visit in rig.api.get(f"/api/units/{UNIT}/visits").json()["visits"]] == ["pk-taftan"]
    (ledger,) = rig.api.get("/api/gaps").json()["devices"]
    assert ledger["missing"] == []


def test_the_same_track_again_changes_nothing(rig: Rig) -> None:
    body = csv_of(list(knots(until_h=20)))
    first = post(rig, body, device="PHONE1", unit=UNIT)
    before = rig.api.get(f"/api/units/{UNIT}/track").json()
    assert post(rig, body, device="PHONE1", unit=UNIT) == first
    assert rig.api.get(f"/api/units/{UNIT}/track").json() == before


def test_a_device_that_is_elsewhere_is_not_taken_from_there(rig: Rig) -> None:
    rig.store.assign(Assignment("PHONE1", "MSKU1234565"), 0)
    problem = post(rig, csv_of(list(knots(until_h=1))), 409, device="PHONE1", unit=UNIT)
    assert "PHONE1 is on MSKU1234565" in problem["detail"]


def test_a_track_of_a_revoked_device_comes_in(rig: Rig) -> None:
    rig.store.assign(Assignment("PHONE1", UNIT), 0)
    rig.store.revoke("PHONE1")
    post(rig, csv_of(list(knots(until_h=1))), device="PHONE1", unit=UNIT)
    assert rig.api.get(f"/api/units/{UNIT}/track").json()["points"] != []


def test_what_is_no_track_is_a_problem_that_says_so(rig: Rig) -> None:
    assert "no column time" in post(rig, "a,b\n1,2", 422, device="PHONE1")["detail"]
    assert rig.store.known_devices() == frozenset()


def test_the_command_says_what_it_cannot_send(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("time,lat,lon\n")
    args = [str(tmp_path / "a.csv"), "--device", "D", "--server", "http://127.0.0.1:9"]
    assert command.main(args) == 1
    assert "is the server there?" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        command.main([str(tmp_path / "a.kml"), *args[1:]])
    assert ".gpx or .csv" in capsys.readouterr().err
