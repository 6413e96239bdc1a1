"""Who passed through a box in a time, and where."""

import pytest

from railbox_server.fleet import Assignment, Span
from railbox_telemetry import iso
from railbox_telemetry.values import Batch, Knot, Positions
from support.api_rig import DEVICE, END, NOW_S, OTHER, START, UNIT, get
from support.server_rig import Rig
from support.trips import HOUR_S, START_S

TAFTAN = "61.5,28.9,61.6,29.0"
WINDOW = {"from_": START, "to": END}


def test_a_box_says_who_was_in_it_from_when_to_when(rig: Rig) -> None:
    (row,) = get(rig, "/api/box", bbox=TAFTAN, **WINDOW)["units"]
    points = get(rig, "/api/box/points", bbox=TAFTAN, **WINDOW)["points"]
    assert (row["unit"], row["device"], row["points"]) == (UNIT, DEVICE, len(points))
    # It came in between two fixes.
    assert points[0]["time"] == iso.from_s(START_S + 4 * HOUR_S)
    assert START_S + 4 * HOUR_S - 600 < iso.to_s(row["first"]) < START_S + 4 * HOUR_S
    assert row["last"] == points[-1]["time"]
    assert points[0] | {"time": None} == {
        "unit": UNIT,
        "time": None,
        "lat": 28.97255,
        "lon": pytest.approx(61.55693, abs=0.05),
        "dark_s": 0,
        "trusted": True,
        "device": DEVICE,
    }
    track = get(rig, f"/api/units/{UNIT}/track")["points"]
    assert len(points) == sum(61.5 <= point["lon"] <= 61.6 for point in track)


def test_who_passed_between_two_fixes_was_there_too(rig: Rig) -> None:
    narrow = "62.50,28.0,62.51,29.5"
    assert get(rig, "/api/box/points", bbox=narrow, **WINDOW)["points"] == []
    (row,) = get(rig, "/api/box", bbox=narrow, **WINDOW)["units"]
    assert (row["unit"], row["points"]) == (UNIT, 0)
    assert START_S < iso.to_s(row["first"]) < iso.to_s(row["last"]) < START_S + HOUR_S


def test_elsewhere_and_at_another_time_nobody_was(rig: Rig) -> None:
    for query in ({"bbox": "0,0,1,1", **WINDOW}, {"bbox": TAFTAN, "from_": START, "to": START}):
        assert get(rig, "/api/box", **query) == {"units": [], "next": None}
        assert get(rig, "/api/box/points", **query) == {"points": [], "next": None}


def test_without_a_time_it_is_the_last_day(rig: Rig) -> None:
    (row,) = get(rig, "/api/box", bbox="-180,-90,180,90")["units"]
    assert row["points"] == 20 * 6 + 1
    rig.host_s += 40 * HOUR_S
    rig.receive(DEVICE, [Batch(7, 500, (Positions((Knot(START_S + 40 * HOUR_S, 2_897_255, 6_155_693),)),))])
    rig.settle()
    (row,) = get(rig, "/api/box", bbox=TAFTAN)["units"]
    assert (row["first"], row["points"]) == (iso.from_s(START_S + 16 * HOUR_S + 1), 25)


def test_what_is_not_trusted_was_not_there_but_is_shown(rig: Rig) -> None:
    leap = Batch(7, 300, (Positions((Knot(START_S + 10 * HOUR_S + 60, 100_000, 100_000),)),))
    rig.receive(DEVICE, [leap])
    rig.settle()
    assert get(rig, "/api/box", bbox="0,0,2,2", **WINDOW)["units"] == []
    (point,) = get(rig, "/api/box/points", bbox="0,0,2,2", **WINDOW)["points"]
    assert (point["trusted"], point["unit"]) == (False, UNIT)
    (row,) = get(rig, "/api/box", bbox="-180,-90,180,90", **WINDOW)["units"]
    assert row["points"] == 20 * 6 + 1


def test_a_device_is_counted_for_the_unit_that_it_was_on_then(rig: Rig) -> None:
    change_s = START_S + 10 * HOUR_S
    rig.store.end_assignment(DEVICE, change_s)
    rig.store.assign(Assignment(DEVICE, OTHER, Span(change_s)), NOW_S * 1000)
    rig.settle()
    rows = get(rig, "/api/box", bbox="-180,-90,180,90", **WINDOW)["units"]
    assert [(row["unit"], row["points"]) for row in rows] == [(UNIT, 60), (OTHER, 61)]
    points = get(rig, "/api/box/points", bbox="-180,-90,180,90", **WINDOW)["points"]
    assert [point["unit"] for point in points] == [UNIT] * 60 + [OTHER] * 61


@pytest.mark.parametrize("path", ["/api/box", "/api/box/points"])
def test_a_box_that_is_none_is_a_problem(rig: Rig, path: str) -> None:
    for bbox, why in (
        ("1,2,3", "four numbers"),
        ("a,b,c,d", "four numbers"),
        ("1,2,3,4,5", "four numbers"),
        ("", "four numbers"),
        ("nan,0,1,1", "finite"),
        ("-inf,0,inf,1", "finite"),
        ("0,-91,1,1", "beyond 90 degrees"),
        ("0,0,181,1", "beyond 90 degrees"),
        ("0,5,1,4", "exchange them"),
        ("1);DROP TABLE knots;--,0,1,1", "four numbers"),
    ):
        detail = get(rig, path, 422, bbox=bbox, **WINDOW)["detail"]
        assert why in detail
        assert "west,south,east,north, in degrees, like" in detail
    assert "query bbox: Field required" in get(rig, path, 422)["detail"]


@pytest.mark.parametrize("path", ["/api/box", "/api/box/points"])
def test_a_time_too_long_to_look_through_is_a_problem(rig: Rig, path: str) -> None:
    query = {"bbox": TAFTAN, "from_": "1970-01-01T00:00:00Z", "to": "2070-01-01T00:00:00Z"}
    assert "over 31 days: ask for them one after the other" in get(rig, path, 422, **query)["detail"]
    assert "exchange them" in get(rig, path, 422, bbox=TAFTAN, from_=END, to=START)["detail"]
