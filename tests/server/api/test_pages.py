"""Lists come page by page: nothing twice, nothing left out, and no cursor but ours is believed."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from railbox_server.api.cursors import cursor_of, mark_of, page_of
from railbox_server.api.problems import Problem
from railbox_server.fleet import Assignment, Span
from railbox_server.store.values import Page
from railbox_telemetry import iso
from railbox_telemetry.values import Batch, Discarded, SeqRange
from support.api_rig import DEVICE, END, NOW_S, OTHER, START, UNIT, get
from support.server_rig import Rig
from support.trips import HOUR_S, START_S, batches, knots

BOX = {"bbox": "61,28,63,30", "from": START, "to": END}
# Address, the name of its rows, and how many a page shall have here.
LISTS: list[tuple[str, str, dict[str, str], int]] = [
    ("/api/units", "units", {}, 1),
    ("/api/devices", "devices", {}, 1),
    ("/api/assignments", "assignments", {}, 1),
    ("/api/visits", "visits", {}, 1),
    ("/api/visits", "visits", {"open": "true"}, 1),
    ("/api/crossings", "crossings", {}, 1),
    ("/api/corridors", "corridors", {}, 1),
    ("/api/gaps", "devices", {}, 1),
    ("/api/quarantine", "batches", {}, 2),
    ("/api/flags", "flags", {}, 1),
    ("/api/box", "units", BOX, 1),
    ("/api/box/points", "points", {**BOX, "limit": "10000"}, 100),
    (f"/api/units/{UNIT}/visits", "visits", {}, 1),
    (f"/api/units/{UNIT}/crossings", "crossings", {}, 1),
    (f"/api/units/{UNIT}/custody", "custody", {}, 1),
    (f"/api/units/{UNIT}/track", "points", {}, 50),
    (f"/api/units/{UNIT}/readings", "readings", {}, 50),
    (f"/api/units/{UNIT}/readings", "readings", {"channel": "temp_c"}, 49),
    (f"/api/units/{UNIT}/events", "events", {}, 1),
]


@pytest.fixture
def fleet(rig: Rig) -> Rig:
    """One unit with two devices, over the border and on; another that stands there still; gaps and quarantine."""
    for device, unit, until_h in (("TRK2", UNIT, 74), ("TRK3", OTHER, 60)):
        rig.store.assign(Assignment(device, unit), NOW_S * 1000)
        rig.receive(device, [*batches(knots(until_h)), Batch(7, 300, (Discarded((SeqRange(290, 295),)),)), b"\x01"])
    rig.receive(DEVICE, batches(knots()))
    rig.receive("STRANGER", batches(knots(until_h=2)))
    rig.host_s += 20 * HOUR_S
    rig.settle()
    return rig


def pages_of(rig: Rig, path: str, name: str, query: dict[str, str], limit: int) -> list[list[Any]]:
    pages: list[list[Any]] = []
    asked = {**query, "limit": str(limit)}
    while True:
        answer = rig.api.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        pages.append(body[name])
        if body["next"] is None:
            assert "link" not in answer.headers
            return pages
        # The header leads to the same page as the cursor.
        assert answer.links["next"]["rel"] == "next"
        assert rig.api.get(path + answer.links["next"]["url"]).json()[name]
        asked = {**query, "limit": str(limit), "cursor": body["next"]}


def test_every_list_comes_whole_page_by_page(fleet: Rig) -> None:
    for path, name, query, limit in LISTS:
        whole = fleet.api.get(path, params=query).json()
        pages = pages_of(fleet, path, name, query, limit)
        assert [row for page in pages for row in page] == whole[name], path
        assert whole["next"] is None
        assert all(len(page) == limit for page in pages[:-1]), path
        assert whole[name], path


def test_new_rows_between_pages_shift_nothing(fleet: Rig) -> None:
    first = get(fleet, "/api/units", limit="1")
    fleet.store.register("AAA", NOW_S * 1000)
    second = get(fleet, "/api/units", limit="1", cursor=first["next"])
    assert [first["units"][0]["unit"], second["units"][0]["unit"]] == [UNIT, OTHER]


def test_a_cursor_that_is_none_of_the_list_is_a_problem(fleet: Rig) -> None:
    of_units = get(fleet, "/api/units", limit="1")["next"]
    of_track = get(fleet, f"/api/units/{UNIT}/track", limit="1")["next"]
    bad = [
        "",
        "x",
        "%%%%",
        "'; DROP TABLE knots; --",
        "é",
        "A" * 5_000,
        of_units[:-2],
        of_units[1:],
        of_units.swapcase(),
        urlsafe_b64encode(b"\0" * 6 + b'["A"]').decode(),
        urlsafe_b64encode(b"\0" * 6 + b"[[[").decode(),
    ]
    for path, _, query, _ in LISTS:
        foreign = [of_track if path == "/api/units" else of_units]
        for cursor in [*bad, *foreign]:
            answer = fleet.api.get(path, params={**query, "cursor": cursor})
            assert answer.status_code == 422, (path, cursor, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "send `next` of its last answer" in answer.json()["detail"]


@pytest.mark.parametrize("limit", ["0", "-1", "1000000000", "1e3", "many"])
def test_a_page_of_an_impossible_size_is_a_problem(rig: Rig, limit: str) -> None:
    for path, _, query, _ in LISTS:
        answer = rig.api.get(path, params={**query, "limit": limit})
        assert answer.status_code == 422, path
        assert "query limit" in answer.json()["detail"]


def test_a_cursor_carries_a_mark_there_and_back() -> None:
    for mark in ((), ("CSQU3054383",), (START_S, 3), ("a", 0, -5, "ü")):
        assert mark_of("/api/units", cursor_of("/api/units", mark)) == mark
    assert mark_of("/api/units", None) is None
    with pytest.raises(Problem):
        mark_of("/api/units", cursor_of("/api/devices", ("a",)))


@pytest.mark.parametrize("part", [1.5, True, None, [1], 2**63])
def test_a_cursor_of_other_parts_is_refused(part: Any) -> None:
    with pytest.raises(Problem):
        mark_of("/api/units", cursor_of("/api/units", (part,)))


def test_a_page_of_a_list_in_memory_begins_after_its_mark() -> None:
    first = page_of([5, 3, 1, 4], lambda row: (row,), 2, None)
    assert first == Page((1, 3), (3,))
    assert page_of([2, 5, 4], lambda row: (row,), 2, first.after) == Page((4, 5))


def test_the_token_in_an_address_stays_out_of_its_link(fleet: Rig) -> None:
    answer = fleet.api.get("/api/units", params={"limit": "1", "token": "secret"})
    assert "secret" not in answer.headers["link"]


def test_a_window_is_the_same_on_every_page(fleet: Rig) -> None:
    span = Span(START_S + HOUR_S, START_S + 2 * HOUR_S)
    query = {"from": iso.from_s(START_S + HOUR_S), "to": iso.from_s(START_S + 2 * HOUR_S)}
    pages = pages_of(fleet, f"/api/units/{UNIT}/track", "points", query, 5)
    assert [len(page) for page in pages] == [5, 5, 2]
    assert all(iso.to_s(point["time"]) in span for page in pages for point in page)
