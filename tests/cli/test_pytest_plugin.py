"""The pytest plugin as other people's tests use it: in a pytest of its own, found by its entry point."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.logs import recording, trip_chunks

pytest_plugins = ["pytester"]

USES = """
from railbox_telemetry.values import Fix

def test_a_trip(railbox_log):
    trip = railbox_log("logs/trip.rbrec.gz")
    assert trip.unit == "CSQU3054383"
    assert len(trip.fixes) == 680 and all(isinstance(fix, Fix) and fix.trusted for fix in trip.fixes)
    assert trip.knots[0].time_s * 1000 == trip.fixes[0].fix_time_ms
    assert [knot.dark_s for knot in trip.knots[1:]] == [0] * (len(trip.knots) - 1)
    assert {reading.channel for reading in trip.readings} >= {0}
    assert [event.code for event in trip.events] == [1], "the door opened before the clock was known"
    assert trip.visits == () and trip.crossings == ()
"""

STORY = """
def test_the_whole_story(railbox_log, railbox_golden):
    railbox_golden(railbox_log("logs/trip.rbrec.gz").lines(), "golden/trip.jsonl")
"""

ROWS = """
def test_rows(railbox_golden):
    railbox_golden([{"border": "pk-ir", "hours": 30}], "golden/rows.jsonl")
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    logs = pytester.path / "logs"
    logs.mkdir()
    recording(logs / "trip.rbrec.gz", trip_chunks(700))
    return pytester


def run(project: pytest.Pytester, *args: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:xdist", *args)


def test_a_log_gives_everything_that_it_tells(project: pytest.Pytester) -> None:
    project.makepyfile(USES)
    run(project).assert_outcomes(passed=1)


def test_golden_files_are_asked_for_then_written_then_compared(project: pytest.Pytester) -> None:
    project.makepyfile(ROWS)
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*golden/rows.jsonl is not there yet: pytest --update-golden writes it*"])
    run(project, "--update-golden").assert_outcomes(passed=1)
    run(project).assert_outcomes(passed=1)
    file = project.path / "golden" / "rows.jsonl"
    file.write_text(file.read_text().replace("30", "31"))
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*rows.jsonl says otherwise*", "*31*", "*30*"])
    assert "31" in file.read_text(), "what differs is shown, not written"


def test_a_whole_story_is_golden_text(project: pytest.Pytester) -> None:
    project.makepyfile(STORY)
    run(project, "--update-golden").assert_outcomes(passed=1)
    story = (project.path / "golden" / "trip.jsonl").read_text()
    assert all(f'"type": "{kind}"' in story for kind in ("fix", "knot", "reading", "event"))


def test_a_log_that_cannot_be_read_fails_the_test_by_name(project: pytest.Pytester) -> None:
    project.makepyfile('def test_it(railbox_log):\n    railbox_log("logs/none.rbrec")')
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*none.rbrec*No such file*"])


def test_a_plugin_that_has_the_option_already_is_no_trouble(project: pytest.Pytester) -> None:
    project.makepyfile(
        other="def pytest_addoption(parser):\n    parser.addoption('--update-golden', action='store_true')\n"
    )
    project.makepyfile(USES)
    project.syspathinsert()
    run(project, "-p", "other").assert_outcomes(passed=1)


def test_a_pytest_that_does_not_use_it_pays_nothing_for_it() -> None:
    code = (
        "import sys, railbox.pytest_plugin as p;"
        "heavy = [name for name in sys.modules if name.startswith(('railbox_', 'railbox.', 'shapely', 'fastapi'))];"
        "assert heavy == [p.__name__], heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.timeout(300)
def test_a_journey_over_a_border_gives_visits_and_crossings(project: pytest.Pytester) -> None:
    out = project.path / "logs" / "journey.rbrec.gz"
    simulate(out)
    project.makepyfile("""
def test_a_journey(railbox_log):
    trip = railbox_log("logs/journey.rbrec.gz", corridors=["karachi-moscow"])
    assert [row["border"] for row in trip.crossings][:1] == ["pk-ir-taftan-mirjaveh"]
    assert "taftan" in " ".join(row["place"] for row in trip.visits).lower()
""")
    run(project).assert_outcomes(passed=1)


def simulate(out: Path) -> None:
    command = [sys.executable, "-m", "railbox", "simulate", "--corridor", "karachi-moscow", "--seed", "4"]
    options = ["--days", "6", "--hz", "0.01", "--end", "2026-11-20T00:00:00Z", "--out", str(out)]
    subprocess.run([*command, *options], check=True, capture_output=True)
