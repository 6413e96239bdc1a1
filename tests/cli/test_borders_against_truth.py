"""The border engine held against simulated journeys: what it finds is what was, within its bounds.

A fix a minute, so that whole journeys take seconds.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from railbox import borders
from railbox.simulate.command import main as simulate
from railbox_telemetry import iso
from support.shared import shared

END = "2026-03-01T00:00:00Z"
MAIN_CORRIDORS = ("karachi-moscow", "moscow-termez-peshawar", "pyongyang-moscow")
RAIL_AND_ROAD = "mary-torghundi-chaman-quetta"
MOMENTS: Mapping[str, tuple[str, ...]] = {
    "visit": ("entered", "exited"),
    "crossing": ("arrived", "left", "crossed", "reached", "departed"),
}
SEEN_FOR_SURE_S = 600
"""A place passed in less may never be surely entered at a fix a minute."""
Row = dict[str, Any]


def journey(folder: Path, corridor: str, seed: int, *flags: str) -> Path:
    out = folder / "trip.rbrec"
    args = ["--corridor", corridor, "--seed", str(seed), "--hz", "0.0166667", "--end", END, "--out", str(out), *flags]
    assert simulate(args) == 0
    return out


def found_in(log: Path, corridor: str, capsys: pytest.CaptureFixture[str], *more: Path) -> list[Row]:
    capsys.readouterr()
    assert borders.main([*map(str, (log, *more)), "--json", "--corridor", corridor, "--now", END]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def check(found: list[Row], truth: list[Row]) -> None:
    """Every crossing in order, no visit invented or missed but fleeting ones, and all truth within bounds."""
    for kind in ("crossing", "visit"):
        was = in_order([row for row in truth if row["type"] == kind])
        told = in_order([row for row in found if row["type"] == kind])
        if kind == "visit":
            names = [name_of(row) for row in told]
            was = [row for row in was if name_of(row) in names or row["dwell_s"] > SEEN_FOR_SURE_S]
        assert [name_of(row) for row in told] == [name_of(row) for row in was]
        for row, true in zip(told, was, strict=True):
            holds(row, true)


def in_order(rows: list[Row]) -> list[Row]:
    """By their first moment: a text in the truth, bounds in what was found."""

    def begun(row: Row) -> str:
        moment = row[MOMENTS[row["type"]][0]]
        return moment if isinstance(moment, str) else moment["est"]

    return sorted(rows, key=lambda row: "" if row.get("already_inside") else begun(row))


def name_of(row: Row) -> tuple[str, ...]:
    if row["type"] == "visit":
        return (row["place"],)
    return (row["border"], row["from_side"], row["to_side"])


def holds(row: Row, true: Row) -> None:
    for name in MOMENTS[row["type"]]:
        bounds, moment = row[name], true[name]
        if moment is None:
            assert bounds is None or bounds["earliest"] is None, (name, row, true)
            continue
        assert bounds is not None, (name, row, true)
        time_ms = iso.to_ms(moment)
        assert bounds["earliest"] is None or iso.to_ms(bounds["earliest"]) <= time_ms, (name, row, true)
        assert time_ms <= iso.to_ms(bounds["latest"]), (name, row, true)
    assert row["dwell_min_s"] <= true["dwell_s"] + 1
    assert row["dwell_max_s"] is None or true["dwell_s"] <= row["dwell_max_s"] + 1
    assert row["limit_s"] == true["limit_s"]
    if row["certainty"] == "certain":
        assert severity(true) >= severity(row)
    if row["certainty"] is None and row["dwell_max_s"] is not None:
        assert true["flag"] == "none"
    if row["type"] == "crossing":
        assert (row["gauge_change"], row["returned"]) == (true["gauge_change"], true["returned"])


def severity(row: Row) -> int:
    return ("none", "over", "critical").index(row["flag"])


def truth_of(log: Path) -> list[Row]:
    return json.loads(Path(f"{log}.truth.json").read_text())["rows"]


@pytest.mark.parametrize("corridor", MAIN_CORRIDORS)
def test_a_journey_with_tunnels_and_jamming_is_found_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], corridor: str
) -> None:
    log = journey(tmp_path, corridor, 7)
    check(found_in(log, corridor, capsys), truth_of(log))


def test_a_journey_along_real_rails_is_found_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = journey(tmp_path, "karachi-moscow", 11, "--lines", str(shared("corridors", "rail_lines.geojson")))
    check(found_in(log, "karachi-moscow", capsys), truth_of(log))


def test_the_way_back_over_rail_and_road_is_found_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = journey(tmp_path, RAIL_AND_ROAD, 5, "--reverse")
    check(found_in(log, RAIL_AND_ROAD, capsys), truth_of(log))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_long_darkness_at_borders_loses_no_crossing_and_invents_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    log = journey(tmp_path, RAIL_AND_ROAD, seed, "--outages", "harsh")
    found, truth = found_in(log, RAIL_AND_ROAD, capsys), truth_of(log)
    told, was = (in_order([row for row in rows if row["type"] == "crossing"]) for rows in (found, truth))
    assert [name_of(row) for row in told] == [name_of(row) for row in was]


def test_a_rough_journey_with_two_trackers_is_found_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = journey(tmp_path, RAIL_AND_ROAD, 4, "--rough", "--outages", "none")
    truth = truth_of(log)
    assert any(row.get("returned") for row in truth)
    check(found_in(log, RAIL_AND_ROAD, capsys, tmp_path / "trip-b.rbrec"), truth)


def test_a_journey_under_way_is_open_where_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = journey(tmp_path, "karachi-moscow", 7, "--days", "2.5", "--outages", "none")
    check(found_in(log, "karachi-moscow", capsys), truth_of(log))
