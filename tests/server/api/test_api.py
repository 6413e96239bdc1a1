"""Every address of the API: what it answers, and what it says to questions that make no sense."""

import json
from pathlib import Path
from typing import Any

import pytest

from railbox_server.fleet import Assignment
from railbox_server.store.interface import Store
from railbox_telemetry import iso
from railbox_telemetry.values import Batch, Discarded, Knot, Positions, SeqRange
from support.api_rig import END, NOW_S, OTHER, START, UNIT, get, post
from support.server_rig import NETWORK, Rig
from support.trips import BORDER, HOUR_S, START_S, batches, knots

TAFTAN = NETWORK.places["pk-taftan"].name


def test_the_clock_of_a_replay_is_the_newest_trusted_fix(rig: Rig) -> None:
    assert get(rig, "/api/clock") == {"now": iso.from_s(START_S + 20 * HOUR_S), "mode": "replay"}


def test_units_say_where_they_are_and_for_how_long(rig: Rig) -> None:
    (unit,) = get(rig, "/api/units")["units"]
    assert unit == {
        "unit": UNIT,
        "kind": "container",
        "devices": ["TRK1"],
        "corridor": "karachi-moscow",
        "latest": {
            "time": iso.from_s(START_S + 20 * HOUR_S),
            "lat": 28.97255,
            "lon": 61.55693,
            "speed_mps": 11.1,
            "course_deg": 290,
            "accuracy_m": 9,
            "device": "TRK1",
            "received_at": iso.from_s(NOW_S),
        },
        "age_s": 0,
        "place": {"id": "pk-taftan", "name": TAFTAN, "country": "PK"},
        "since": unit["since"],
        "flag": "none",
        "certainty": None,
        "no_contact_since": None,
        "condition": {"temp_c": 21.5},
        "progress": unit["progress"],
    }
    assert START_S + 3.5 * HOUR_S < iso.to_s(unit["since"]) < START_S + 4 * HOUR_S


def test_a_unit_without_news_grows_old_and_out_of_contact(rig: Rig) -> None:
    rig.store.assign(Assignment("TRK2", OTHER), 0)
    rig.receive("TRK2", [Batch(1, 1, (Positions((Knot(START_S + 22 * HOUR_S, 5_575_000, 3_761_000),)),))])
    rig.settle()
    row = get(rig, f"/api/units/{UNIT}")
    assert (row["age_s"], row["no_contact_since"]) == (2 * HOUR_S, iso.from_s(START_S + 20 * HOUR_S))


def test_one_unit_comes_with_its_visits_and_crossings(rig: Rig) -> None:
    row = get(rig, f"/api/units/{UNIT}")
    assert [visit["place"] for visit in row["visits"]] == ["pk-taftan"]
    assert [crossing["border"] for crossing in row["crossings"]] == [BORDER]
    assert row["visits"] == get(rig, f"/api/units/{UNIT}/visits")["visits"]
    assert row["crossings"] == get(rig, f"/api/units/{UNIT}/crossings")["crossings"]


def test_a_unit_is_found_however_its_number_is_written(rig: Rig) -> None:
    assert get(rig, "/api/units/csqu 305438-3")["unit"] == UNIT


def test_a_new_unit_is_there_before_it_was_heard(rig: Rig) -> None:
    rig.store.assign(Assignment("TRK2", OTHER), 0)
    row = get(rig, f"/api/units/{OTHER}")
    assert (row["latest"], row["age_s"], row["devices"], row["visits"]) == (None, None, ["TRK2"], [])


def test_progress_says_how_far_it_is_and_when_it_will_be_where(rig: Rig) -> None:
    (row,) = get(rig, "/api/units")["units"]
    progress = row["progress"]
    assert (progress["corridor"], progress["km"], progress["heading"], progress["standing_at"]) == (
        "karachi-moscow",
        1410.0,
        "forward",
        BORDER,
    )
    ahead, end = progress["next_border"], progress["terminal"]
    assert (ahead["id"], end["id"]) == ("ir-tm-sarakhs-serakhs", "ru-moscow-paveletsky")
    assert row["latest"]["time"] < ahead["eta"]["p50"] < ahead["eta"]["p90"] < end["eta"]["p50"] < end["eta"]["p90"]
    assert progress["timetable"] is None


def test_one_unit_comes_with_where_it_stood_and_strayed(rig: Rig) -> None:
    row = get(rig, f"/api/units/{UNIT}")
    (stop,) = row["stops"]
    assert (iso.to_s(stop["to"]), stop["lat"]) == (START_S + 20 * HOUR_S, 28.97255)
    assert (row["transfers"], row["excursions"]) == ([], [])


def test_a_forecast_that_has_passed_is_told_as_now(rig: Rig) -> None:
    rig.store.assign(Assignment("TRK2", OTHER), 0)
    rig.host_s += 60 * 86_400
    late = Knot(START_S + 60 * 86_400, 5_575_000, 3_761_000)
    rig.receive("TRK2", [Batch(1, 1, (Positions((late,)),))])
    rig.settle()
    progress = get(rig, f"/api/units/{UNIT}")["progress"]
    assert progress["next_border"]["eta"]["p90"] == progress["terminal"]["eta"]["p90"] == iso.from_s(late.time_s)


def test_custody_tells_of_visits_and_of_the_legs_between(rig: Rig) -> None:
    leg, visit = get(rig, f"/api/units/{UNIT}/custody")["custody"]
    assert (leg["kind"], leg["to_place"], leg["doors"]["times"]) == ("leg", "pk-taftan", 1)
    assert [(item["event"], item["time"], item["value"]) for item in leg["incidents"]] == [
        ("door_opened", iso.from_s(START_S + 100), None),
        ("shock", iso.from_s(START_S + 200), 2.5),
    ]
    assert leg["shocks"] == {"times": 1, "seen": 1, "counted": None, "worst_g": 2.5}
    assert (visit["kind"], visit["place"], visit["end"], visit["incidents"]) == ("visit", "pk-taftan", None, [])
    assert visit["conditions"]["temp_c"]["mean"] == 21.5


def test_statistics_are_of_all_crossings_and_trips(rig: Rig) -> None:
    found = get(rig, "/api/statistics")
    (taftan,) = found["borders"]
    assert (taftan["border"], taftan["from_side"], taftan["to_side"]) == (BORDER, "PK", "IR")
    assert (taftan["n"], taftan["open"], taftan["p50_h"]) == (0, 1, None)
    assert 15.9 < taftan["p50_bounds_h"][0] < 17
    assert taftan["p50_bounds_h"][1] is None
    assert list(taftan["by_month"]) == ["2026-10"]
    assert (found["returned"], found["unplaced"], taftan["trend"]) == (0, 0, None)
    (own,) = found["indicators"]
    assert (own["corridor"], own["trips"], own["borders"]) == ("karachi-moscow", 1, 0)
    assert own["speed_with_delay_kmh"] < own["speed_without_delay_kmh"]
    assert {row["mode"] for row in found["published"]} == {"rail", "road"}


def test_statistics_are_reckoned_again_only_when_rows_are_others(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    first = get(rig, "/api/statistics")
    with monkeypatch.context() as patch:
        patch.delattr("railbox_server.api.statistics.statistics_answer")
        assert get(rig, "/api/statistics") == first
    rig.receive("TRK1", batches(knots())[len(batches(knots(until_h=20))) :])
    rig.settle()
    (taftan,) = get(rig, "/api/statistics")["borders"]
    assert (taftan["n"], taftan["open"]) == (1, 0)
    assert 66 < taftan["p50_h"] < 67.5


def test_a_fleet_without_journeys_has_empty_statistics(store: Store, tmp_path: Path) -> None:
    found = get(Rig(store, NOW_S, tmp_path), "/api/statistics")
    assert (found["borders"], found["indicators"]) == ([], [])


@pytest.mark.parametrize("rest", ["", "/track", "/readings", "/events", "/visits", "/crossings", "/custody"])
def test_an_unknown_unit_is_a_problem(rig: Rig, rest: str) -> None:
    answer = rig.api.get(f"/api/units/NOPE{rest}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "no unit 'NOPE'; GET /api/units lists them",
    }


def test_a_track_is_what_was_sent_within_the_window(rig: Rig) -> None:
    points = get(rig, f"/api/units/{UNIT}/track")["points"]
    assert [point["time"] for point in points] == [iso.from_s(knot.time_s) for knot in knots(until_h=20)]
    assert points[0] == {
        "time": START,
        "lat": 28.82577,
        "lon": 62.74574,
        "dark_s": 0,
        "trusted": True,
        "device": "TRK1",
    }
    some = get(rig, f"/api/units/{UNIT}/track", from_=iso.from_s(START_S + 600), to=iso.from_s(START_S + 1_800))
    assert some["points"] == points[1:3]


def test_untrusted_fixes_are_shown_as_such(rig: Rig) -> None:
    rig.receive("TRK1", [Batch(7, 300, (Positions((Knot(4_102_444_800, 0, 0),)),))])
    rig.settle()
    points = get(rig, f"/api/units/{UNIT}/track")["points"]
    assert [point["trusted"] for point in points[-2:]] == [True, False]


def test_a_track_is_thinned_to_max_points_and_keeps_its_ends(rig: Rig) -> None:
    whole = get(rig, f"/api/units/{UNIT}/track")["points"]
    thin = get(rig, f"/api/units/{UNIT}/track", max_points="10")["points"]
    assert 5 <= len(thin) <= 10
    assert (thin[0], thin[-1]) == (whole[0], whole[-1])
    assert [point for point in whole if point in thin] == thin


@pytest.mark.parametrize("what", ["track", "readings", "events"])
def test_a_window_may_be_empty_or_a_century_long(rig: Rig, what: str) -> None:
    empty = get(rig, f"/api/units/{UNIT}/{what}", from_=START, to=START)
    rows = {"track": "points"}.get(what, what)
    assert empty == {"unit": UNIT, rows: [], "next": None}
    assert get(rig, f"/api/units/{UNIT}/{what}", from_="1970-01-01T00:00:00Z", to="2070-01-01T00:00:00+05:00") == get(
        rig, f"/api/units/{UNIT}/{what}"
    )


@pytest.mark.parametrize("what", ["track", "readings", "events"])
@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"from": END, "to": START}, "exchange them"),
        ({"from": "yesterday"}, "expected an ISO 8601 time with zone"),
        ({"to": "2026-11-22T08:30:00"}, "expected an ISO 8601 time with zone"),
        ({"from": "'; DROP TABLE knots; --"}, "expected an ISO 8601 time with zone"),
    ],
    ids=["reversed", "words", "no-zone", "sql"],
)
def test_a_window_that_is_none_is_a_problem(rig: Rig, what: str, query: dict[str, str], detail: str) -> None:
    answer = rig.api.get(f"/api/units/{UNIT}/{what}", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert detail in answer.json()["detail"]


def test_readings_come_by_channel_in_its_unit(rig: Rig) -> None:
    readings = get(rig, f"/api/units/{UNIT}/readings", channel="temp_c", from_=iso.from_s(START_S + 19 * HOUR_S))[
        "readings"
    ]
    assert readings[-1] == {
        "time": iso.from_s(START_S + 20 * HOUR_S),
        "channel": "temp_c",
        "value": 21.5,
        "device": "TRK1",
    }
    assert len(readings) == 3
    assert get(rig, f"/api/units/{UNIT}/readings", channel="light_lux")["readings"] == []
    assert "there are temp_c" in get(rig, f"/api/units/{UNIT}/readings", 422, channel="nope")["detail"]
    assert "limit" in get(rig, f"/api/units/{UNIT}/readings", 422, limit="0")["detail"]


def test_events_come_by_name(rig: Rig) -> None:
    assert get(rig, f"/api/units/{UNIT}/events")["events"] == [
        {"time": iso.from_s(START_S + 100), "event": "door_opened", "value": 0, "device": "TRK1"},
        {"time": iso.from_s(START_S + 200), "event": "shock", "value": 250, "device": "TRK1"},
    ]


def test_visits_and_crossings_of_all_can_be_those_that_last(rig: Rig) -> None:
    assert len(get(rig, "/api/visits")["visits"]) == len(get(rig, "/api/visits", open="true")["visits"]) == 1
    assert len(get(rig, "/api/crossings", open="true")["crossings"]) == 1
    rig.receive("TRK1", batches(knots()))
    rig.settle()
    assert get(rig, "/api/visits", open="true") == {"visits": [], "next": None}
    assert get(rig, "/api/crossings", open="true") == {"crossings": [], "next": None}
    assert len(get(rig, "/api/visits")["visits"]) == 3


def board_of(rig: Rig) -> Any:
    return next(border for border in get(rig, "/api/board")["borders"] if border["border"] == BORDER)


def test_the_board_says_who_stands_where_since_when(rig: Rig) -> None:
    border = board_of(rig)
    (row,) = border.pop("rows")
    assert border == {
        "border": BORDER,
        "name": "Taftan / Mirjaveh",
        "corridors": ["karachi-moscow"],
        "sides": ["PK", "IR"],
        "limit_s": 48 * HOUR_S,
        "expected_s": 24 * HOUR_S,
        "recent": [],
    }
    assert (row["unit"], row["place"], row["place_name"], row["side"]) == (UNIT, "pk-taftan", TAFTAN, "PK")
    assert (row["flag"], row["open"]) == ("none", True)
    assert row["since"] == get(rig, "/api/crossings")["crossings"][0]["arrived"]
    assert 15.9 * HOUR_S < row["dwell_min_s"] <= row["dwell_est_s"] <= row["dwell_max_s"] < 16.5 * HOUR_S


def test_a_crossing_that_is_over_is_among_the_recent_ones(rig: Rig) -> None:
    rig.receive("TRK1", batches(knots()))
    rig.settle()
    border = board_of(rig)
    assert border["rows"] == []
    assert [(row["unit"], row["flag"], row["certainty"]) for row in border["recent"]] == [(UNIT, "over", "certain")]


def test_corridors_are_listed_and_served_as_geojson(rig: Rig) -> None:
    rows = {row["name"]: row for row in get(rig, "/api/corridors")["corridors"]}
    assert rows["karachi-moscow"]["countries"] == ["PK", "IR", "TM", "KZ", "RU"]
    answer = rig.api.get("/api/corridors/karachi-moscow")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.json()["type"] == "FeatureCollection"
    get(rig, "/api/corridors/..%2f..%2fmodel", 404)
    assert "is not known" in get(rig, "/api/corridors/nowhere", 404)["detail"]


def test_devices_tell_their_health_also_when_they_have_vanished(rig: Rig) -> None:
    said = {
        "online": True,
        "epoch": 7,
        "outbox_batches": 12,
        "outbox_oldest_s": 900,
        "counters": {"no_fix": 3, "outbox_write_failed": 2, "gnss.bad_checksum": 9},
        "health": {"temp_c": 41},
    }
    rig.say_status("TRK1", json.dumps(said))
    rig.say_status("TRK1", '{"online": false}')
    (row,) = get(rig, "/api/devices")["devices"]
    (worry,) = row.pop("worries")
    assert (worry["counter"], worry["count"]) == ("outbox_write_failed", 2)
    assert "disk" in worry["todo"]
    assert row == {
        "device": "TRK1",
        "unit": UNIT,
        "from": None,
        "to": None,
        "last_seen": iso.from_s(NOW_S),
        "epoch": 7,
        "batches": 42,
        "missing": 158,
        "online": False,
        **{name: said[name] for name in ("outbox_batches", "outbox_oldest_s", "counters", "health")},
    }


def test_a_tracker_that_talks_nonsense_of_itself_is_listed_all_the_same(rig: Rig) -> None:
    rig.say_status("TRK1", '{"online": true, "counters": "many", "outbox_batches": [], "health": 3}')
    assert get(rig, "/api/devices")["devices"][0]["worries"] == []


def test_gaps_are_told_by_number(rig: Rig) -> None:
    rig.receive("TRK1", [Batch(7, 205, (Discarded((SeqRange(42, 60),)),)), b"\x01"])
    (row,) = get(rig, "/api/gaps")["devices"]
    assert row == {
        "device": "TRK1",
        "epoch": 7,
        "last_received_at": iso.from_s(NOW_S),
        "missing_since": iso.from_s(NOW_S),
        "arrived": 43,
        "highest": 205,
        "missing": [[61, 199], [201, 204]],
        "quarantined": [],
        "discarded": [[42, 60]],
    }


def test_a_device_is_assigned_and_unassigned(rig: Rig) -> None:
    made = post(rig, "/api/assignments", {"device": "TRK2", "unit": "msku 123456-5"}, 201)
    assert made == {"device": "TRK2", "unit": OTHER, "from": None, "to": None}
    ended = post(rig, "/api/assignments/TRK2/end", {"to": END})
    assert ended == {"device": "TRK2", "unit": OTHER, "from": None, "to": END}
    again = post(rig, "/api/assignments", {"device": "TRK2", "unit": UNIT, "from": END}, 201)
    assert get(rig, "/api/assignments")["assignments"][1:] == [ended, again]
    assert post(rig, "/api/assignments/TRK1/end")["to"] == iso.from_s(START_S + 20 * HOUR_S)


def test_a_second_assignment_starts_now_unless_it_says_when(rig: Rig) -> None:
    post(rig, "/api/assignments/TRK1/end", {"to": START})
    made = post(rig, "/api/assignments", {"device": "TRK1", "unit": OTHER}, 201)
    assert made["from"] == iso.from_s(START_S + 20 * HOUR_S)


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"device": "TRK1", "unit": OTHER}, 409, f"TRK1 is on {UNIT}"),
        ({"device": "TRK3", "unit": "MSKU1234566"}, 422, "check digit is 6, expected 5"),
        ({"device": "TRK3", "unit": "train"}, 422, "neither a container"),
        ({"device": "no.dots", "unit": OTHER}, 422, "device id 'no.dots'"),
        ({"device": "TRK3", "unit": OTHER, "from": "soon"}, 422, "from = 'soon'"),
        ({"device": "TRK3", "unit": OTHER, "from": END, "to": START}, 409, "ends before it starts"),
        ({"unit": OTHER}, 422, "body device: Field required"),
    ],
)
def test_an_assignment_that_cannot_be_is_a_problem(rig: Rig, body: dict[str, str], status: int, detail: str) -> None:
    assert detail in post(rig, "/api/assignments", body, status)["detail"]
    assert len(get(rig, "/api/assignments")["assignments"]) == 1


def test_ending_what_is_not_assigned_is_a_problem(rig: Rig) -> None:
    assert "on no unit now" in post(rig, "/api/assignments/NOBODY/end", {}, 409)["detail"]


def test_quarantine_is_shown_and_admitted(rig: Rig) -> None:
    sent = batches(knots(until_h=2))
    rig.receive("STRANGER", [*sent, b"garbage"])
    shown = get(rig, "/api/quarantine")
    assert shown["devices"] == [{"device": "STRANGER", "batches": len(sent) + 1}]
    assert {(row["reason"], row["received_at"]) for row in shown["batches"]} == {
        ("unknown_device", iso.from_s(NOW_S)),
        ("undecodable", iso.from_s(NOW_S)),
    }
    assert "STRANGER" not in [row["unit"] for row in get(rig, "/api/units")["units"]]
    assert post(rig, "/api/quarantine/STRANGER/admit") == {"admitted": len(sent)}
    rig.settle()
    assert get(rig, "/api/units/STRANGER")["latest"]["time"] == iso.from_s(sent[-1].sections[0].knots[-1].time_s)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType] - all sections are positions
    assert [row["reason"] for row in get(rig, "/api/quarantine", device="STRANGER")["batches"]] == ["undecodable"]
    assert post(rig, "/api/quarantine/STRANGER/admit") == {"admitted": 0}
    assert "nothing was heard" in post(rig, "/api/quarantine/NOBODY/admit", status=404)["detail"]


def test_health_says_what_is_not_worked_off(rig: Rig) -> None:
    rig.receive("TRK1", [b"garbage"])
    assert get(rig, "/healthz") == {
        "status": "ok",
        "engine_pending": 0,
        "ingest_waiting": 0,
        "ingest": {"accepted": 42, "repeated": 0, "quarantined": 1, "commits": 2, "undecodable": 1},
    }
    rig.receive("TRK1", batches(knots()))
    assert get(rig, "/healthz")["engine_pending"] == 1


def test_an_address_that_is_none_and_a_failure_are_problems(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get(rig, "/api/nothing", 404)["detail"] == "nothing is at /api/nothing; /docs lists what is"
    monkeypatch.setattr("railbox_server.api.borders.board_rows", None)
    failed = get(rig, "/api/board", 500)
    assert failed["detail"] == "an error of the server; its log says more"


def test_openapi_describes_every_address_and_docs_load_nothing_from_afar(rig: Rig) -> None:
    paths = get(rig, "/openapi.json")["paths"]
    assert {"/api/units", "/api/board", "/api/live", "/healthz", "/api/quarantine/{device}/admit"} <= paths.keys()
    page = rig.api.get("/docs")
    assert page.status_code == 200
    assert "https://" not in page.text


def test_docs_are_browsed_with_the_viewer_that_is_installed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = tmp_path / "viewer"
    viewer.mkdir()
    (viewer / "swagger-ui-bundle.js").write_text("// the viewer")
    monkeypatch.setattr("railbox_server.api.pages._viewer", lambda: viewer)
    api = Rig(store, NOW_S, tmp_path).api
    assert "/docs/assets/swagger-ui-bundle.js" in api.get("/docs").text
    assert "https://" not in api.get("/docs").text
    assert api.get("/docs/assets/swagger-ui-bundle.js").text == "// the viewer"


def test_without_a_built_page_the_server_says_how_to_build_it(rig: Rig) -> None:
    assert "npm run build" in rig.api.get("/").text


def test_the_built_page_is_served_with_its_files(store: Store, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>page</title>")
    (tmp_path / "assets" / "main.js").write_text("// code")
    api = Rig(store, NOW_S, tmp_path).api
    assert api.get("/").text == "<title>page</title>"
    assert api.get("/assets/main.js").text == "// code"
    assert api.get("/healthz").status_code == 200
    assert api.get("/../conftest.py").status_code == 404


TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 401),
        ({"Authorization": "Bearer wrong"}, "", 401),
        ({"Authorization": f"Bearer {TOKEN}"}, "", 200),
        ({}, f"?token={TOKEN}", 200),
        ({}, "?token=wrong", 401),
    ],
)
def test_with_a_token_the_api_wants_it(
    store: Store, tmp_path: Path, headers: dict[str, str], query: str, status: int
) -> None:
    api = Rig(store, NOW_S, tmp_path, TOKEN).api
    assert api.get(f"/api/units{query}", headers=headers).status_code == status
    assert api.get("/healthz").status_code == 200
    assert api.get("/").status_code == 200
