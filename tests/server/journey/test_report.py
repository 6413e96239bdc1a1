"""Journeys as JSON rows: their shape, their order, and ids that come from what they are about."""

import json
from dataclasses import replace

from railbox_server.journey.report import crossing_row, row_order, rows, visit_row
from support.journeys import crossing as only_crossing
from support.journeys import (
    dark,
    journey,
    knots,
    sampled,
    track,
    visit,
)

ACROSS = sampled([(0, 54), (40, 94), (160, 94), (172, 106), (352, 106), (392, 146)])


def test_a_visit_is_a_row() -> None:
    assert visit_row(visit(journey(ACROSS), "aa")) == {
        "type": "visit",
        "id": visit_row(visit(journey(ACROSS), "aa"))["id"],
        "unit": "UNIT",
        "place": "aa",
        "place_name": "Aa",
        "country": "AA",
        "roles": ["border-yard"],
        "entered": {
            "earliest": "2026-09-01T00:36:00Z",
            "est": "2026-09-01T00:37:00Z",
            "latest": "2026-09-01T00:38:00Z",
        },
        "exited": {
            "earliest": "2026-09-01T02:42:00Z",
            "est": "2026-09-01T02:43:00Z",
            "latest": "2026-09-01T02:44:00Z",
        },
        "already_inside": False,
        "dwell_min_s": 124 * 60,
        "dwell_est_s": 126 * 60,
        "dwell_max_s": 128 * 60,
        "limit_s": 172_800,
        "flag": "none",
        "certainty": None,
        "no_contact_since": None,
    }


def test_a_crossing_is_a_row() -> None:
    row = crossing_row(only_crossing(journey(ACROSS)))
    assert list(row) == [
        *("type", "id", "unit", "corridor", "border", "border_name", "candidates", "from_side", "to_side"),
        *("arrived", "left", "crossed", "reached", "departed", "dwell_min_s", "dwell_est_s", "dwell_max_s"),
        *("dwell_by_side", "limit_s", "flag", "certainty", "no_contact_since", "gauge_change", "returned"),
    ]
    assert row["border"] == "aa-bb"
    assert row["dwell_by_side"]["BB"] == {"dwell_min_s": 11_040, "dwell_est_s": 11_160, "dwell_max_s": 11_280}
    assert json.loads(json.dumps(row)) == row


def test_what_has_not_come_is_null() -> None:
    row = crossing_row(only_crossing(journey(ACROSS[:100])))
    assert (row["to_side"], row["left"], row["crossed"], row["departed"]) == (None, None, None, None)
    already = visit_row(visit(journey(sampled([(0, 94), (60, 94)])), "aa"))
    assert (already["entered"]["earliest"], already["exited"], already["dwell_max_s"]) == (None, None, None)


def test_rows_are_sorted_by_unit_first_moment_and_id() -> None:
    one, other = journey(ACROSS), journey(sampled([(0, 94), (60, 94)]))
    other = replace(other, visits=tuple(replace(each, unit="A UNIT") for each in other.visits), crossings=())
    found = rows([one, other])
    assert found == sorted(found, key=row_order)
    assert [row["unit"] for row in found] == ["A UNIT", *["UNIT"] * 3]
    assert {row["type"] for row in found} == {"visit", "crossing"}


def test_an_id_is_of_what_the_row_is_about_whatever_becomes_known_of_its_end() -> None:
    early, late = journey(ACROSS[:100]), journey(ACROSS)
    assert visit_row(visit(early, "aa"))["id"] == visit_row(visit(late, "aa"))["id"]
    assert crossing_row(only_crossing(early))["id"] == crossing_row(only_crossing(late))["id"]


def test_ids_differ_between_rows() -> None:
    loops = sampled([(200 * turn, 150 if turn % 2 else 50) for turn in range(20)], 2)
    found = rows([journey(loops), journey(dark(knots([(0, 50), (600, 150), (1_200, 50)])))])
    assert len({row["id"] for row in found}) == len(found)


def test_a_crossing_of_an_unknown_border_is_a_row_with_candidates() -> None:
    found = only_crossing(journey(dark(knots([(0, 50), (600, 150)]))))
    row = crossing_row(replace(found, border=None, corridor=None, candidates=("aa-bb", "other")))
    assert (row["border"], row["border_name"], row["candidates"]) == (None, None, ["aa-bb", "other"])


def test_two_journeys_of_the_same_knots_are_the_same_bytes() -> None:
    first, second = (json.dumps(rows([journey(track(given))])) for given in (ACROSS, ACROSS[::-1]))
    assert first == second
