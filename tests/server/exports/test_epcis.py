"""EPCIS of what was told: valid by GS1's schema, the same at every asking, and corrected by declarations."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from railbox_server.exports import command
from railbox_server.exports.epcis import KINDS, epcis_document, ground_of, unit_uri
from railbox_server.fleet import Span
from railbox_server.geo.corridors import shipped
from railbox_server.telling.ledger import Asked
from railbox_telemetry import iso
from support import detours
from support.shared import shared
from support.telling_room import Room

Row = dict[str, Any]
GROUND = ground_of(shipped())
ALL_TIMES = Span(None, None)
CREATED_S = detours.END_S + 3_600
MIDDLE = [batch for batch in detours.batches() if detours.is_middle(batch)]
ENDS = [batch for batch in detours.batches() if not detours.is_middle(batch)]


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> tuple[Row, Row]:
    """Of a journey whose middle comes late: the document before, and after."""
    room = Room(tmp_path_factory.mktemp("room"))
    room.receive(ENDS)
    before = document(room)
    room.receive(MIDDLE)
    after = document(room)
    assert room.ledger.notices(Asked())
    room.close()
    return before, after


def document(room: Room, window: Span = ALL_TIMES) -> Row:
    pieces = epcis_document(room.ledger.told_of(KINDS, span=window), GROUND, CREATED_S, window)
    return json.loads(b"".join(pieces))


def events(document: Row) -> list[Row]:
    return document["epcisBody"]["eventList"]


def test_documents_are_valid_by_gs1_s_schema(late: tuple[Row, Row]) -> None:
    schema = json.loads(shared("standards", "EPCIS-JSON-Schema.json").read_text())
    validator: Any = Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)
    for each in late:
        assert events(each)
        assert [error.message for error in validator.iter_errors(each)] == []


def test_a_visit_is_an_arrival_and_a_departure_with_the_condition_meanwhile(late: tuple[Row, Row]) -> None:
    arrived, left = (event for event in standing(late[1]) if event.get("railbox:place") == "pk-taftan")
    assert (arrived["bizStep"], arrived["disposition"]) == ("arriving", "in_progress")
    assert arrived["epcList"] == ["urn:epc:id:bic:CSQU3054383"]
    assert arrived["eventTimeZoneOffset"] == "+05:00"
    assert arrived["readPoint"]["id"].startswith("geo:28.9")
    assert arrived["bizLocation"]["id"].startswith("urn:x-railbox:loc:")
    assert (left["bizStep"], left["disposition"]) == ("departing", "in_transit")
    assert "bizLocation" not in left
    (sensed,) = left["sensorElementList"]
    by_channel = {report["railbox:channel"]: report for report in sensed["sensorReport"]}
    assert by_channel["temp_c"] == {
        "type": "Temperature", "uom": "CEL", "railbox:channel": "temp_c",
        "minValue": 21.5, "meanValue": 21.5, "maxValue": 21.5,
    }  # fmt: skip
    assert (by_channel["doors"]["value"], by_channel["doors"]["uom"]) == (1, "C62")
    assert sensed["sensorMetadata"] == {"startTime": arrived["eventTime"], "endTime": left["eventTime"]}


def test_a_crossing_is_one_event_on_the_line(late: tuple[Row, Row]) -> None:
    (crossing,) = (event for event in standing(late[1]) if event["bizStep"] == "transporting")
    assert crossing["railbox:border"] == "pk-ir-taftan-mirjaveh"
    assert (crossing["railbox:from_side"], crossing["railbox:to_side"]) == ("PK", "IR")
    assert crossing["readPoint"]["id"].startswith("geo:")
    assert crossing["eventTime"] == crossing["railbox:crossed"]["est"]
    assert crossing["sensorElementList"]


def test_what_late_data_changes_is_declared_wrong_with_its_replacement(late: tuple[Row, Row]) -> None:
    before, after = (
        {event["eventID"]: event for event in events(each) if "errorDeclaration" not in event} for each in late
    )
    assert before.items() <= after.items()
    declared = [event for event in events(late[1]) if "errorDeclaration" in event]
    wrong = next(event for event in declared if event.get("railbox:place") == "pk-taftan")
    (replacement,) = wrong["errorDeclaration"]["correctiveEventIDs"]
    assert wrong["errorDeclaration"]["reason"] == "incorrect_data"
    assert {**wrong, "recordTime": None, "errorDeclaration": None} == {
        **before[wrong["eventID"]], "recordTime": None, "errorDeclaration": None,
    }  # fmt: skip
    assert after[replacement]["railbox:exited"] != wrong["railbox:exited"]


def test_what_never_happened_is_declared_so(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.receive(detours.batches())
    room.rig.store.end_assignment("TRK1", detours.START_S)
    room.settle()
    after = events(document(room))
    declared = [event for event in after if "errorDeclaration" in event]
    assert {event["errorDeclaration"]["reason"] for event in declared} == {"did_not_occur"}
    assert not any("correctiveEventIDs" in event["errorDeclaration"] for event in declared)
    assert standing({"epcisBody": {"eventList": after}}) == []
    room.close()


def test_a_window_is_of_the_events_times(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.receive(detours.batches())
    half_s = detours.START_S + 8 * 3_600
    early, rest = document(room, Span(None, half_s)), document(room, Span(half_s, None))
    assert events(early)
    assert all(iso.to_s(event["eventTime"]) < half_s for event in events(early))
    assert sorted(map(repr, events(early) + events(rest))) == sorted(map(repr, events(document(room))))
    assert document(room) == document(room)
    room.close()


def test_every_unit_has_a_name() -> None:
    assert unit_uri("CSQU3054383") == "urn:epc:id:bic:CSQU3054383"
    assert unit_uri("218124711217") == "urn:x-railbox:obj:wagon:218124711217"
    assert unit_uri("TRK 1") == "urn:x-railbox:obj:device:TRK%201"


def standing(document: Row) -> list[Row]:
    """Events that no declaration took back."""
    wrong = {event["eventID"] for event in events(document) if "errorDeclaration" in event}
    return [event for event in events(document) if event["eventID"] not in wrong]


def test_the_command_writes_what_the_server_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room = Room(tmp_path)
    room.receive([*ENDS, *MIDDLE])
    told = document(room)
    room.close()
    out = tmp_path / "journey.json"
    assert command.main(["epcis", "--data", str(tmp_path), "--unit", "CSQU 305438-3", "--out", str(out)]) == 0
    assert events(json.loads(out.read_text())) == events(told)
    assert command.main(["epcis", "--data", str(tmp_path), "--unit", "TOLU4734787", "--out", str(out)]) == 0
    assert events(json.loads(out.read_text())) == []
    assert command.main(["epcis", "--data", str(tmp_path), "--format", "csv"]) == 2
    assert "there is json" in capsys.readouterr().err
    assert command.main(["epcis", "--data", str(tmp_path / "none")]) == 1
    assert "no notices in" in capsys.readouterr().err
