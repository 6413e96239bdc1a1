"""The three journeys, from simulated serial bytes to crossings, by the command that people start with."""

import json
import subprocess
import sys
from datetime import datetime
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

Row = dict[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Row, dict[str, Row]]:
    """The demo's summary, and the truth of each unit's recording."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "railbox", "demo", "--once", "--json", "--data", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    truths = [json.loads(path.read_text()) for path in (folder / "recordings").glob("*.truth.json")]
    return json.loads(done.stdout), {truth["unit"]: truth for truth in truths}


def test_everything_the_trackers_sent_is_committed_and_nothing_is_missing(demo: tuple[Row, dict[str, Row]]) -> None:
    summary, truths = demo
    assert {unit["unit"] for unit in summary["units"]} == set(truths)
    assert summary["batches_missing"] == summary["quarantined"] == 0
    for unit in summary["units"]:
        assert unit["batches_sent"] >= unit["batches_committed"] > 0
        assert unit["fixes"] > unit["knots"] > 0
        assert unit["readings"] > 0
        assert unit["events"] > 0


def test_all_three_systems_cross_their_borders_in_the_true_order_within_the_bounds(
    demo: tuple[Row, dict[str, Row]],
) -> None:
    summary, truths = demo
    corridors = set[str]()
    for unit in summary["units"]:
        true = [row for row in truths[unit["unit"]]["rows"] if row["type"] == "crossing"]
        assert [row["border"] for row in unit["crossings"]] == [row["border"] for row in true]
        for found, expected in zip(unit["crossings"], true, strict=True):
            corridors.add(found["corridor"])
            assert (found["from_side"], found["to_side"]) == (expected["from_side"], expected["to_side"])
            for boundary in ("arrived", "crossed", "departed"):
                if expected[boundary] is not None:
                    assert_within(found[boundary], expected[boundary])
    assert corridors >= {"karachi-moscow", "moscow-termez-peshawar", "pyongyang-moscow"}


def assert_within(bounds: Row, instant: str) -> None:
    assert bounds["earliest"] is None or moment(bounds["earliest"]) <= moment(instant)
    assert bounds["latest"] is None or moment(instant) <= moment(bounds["latest"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_dwell_over_its_limit_is_flagged(demo: tuple[Row, dict[str, Row]]) -> None:
    summary, _ = demo
    flagged = [row for unit in summary["units"] for row in unit["crossings"] if row["flag"] != "none"]
    assert flagged
    for row in flagged:
        assert row["dwell_min_s"] <= row["dwell_est_s"] <= row["dwell_max_s"]


def test_a_demo_that_is_told_to_end_leaves_nothing_running() -> None:
    demo = subprocess.Popen([sys.executable, "-m", "railbox", "demo"], stderr=subprocess.PIPE, text=True)
    assert demo.stderr is not None
    page = next(line for line in demo.stderr if line.startswith("Page: ")).split()[1]
    assert httpx.get(page + "healthz").is_success
    demo.terminate()
    demo.stderr.read()
    assert demo.wait(60) != 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(page + "healthz")
