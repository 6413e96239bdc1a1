"""Logs in other people's tests: two pytest fixtures, and `--update-golden`.

Loaded by every pytest that runs where railbox is installed, so nothing else is imported before a fixture is used.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from railbox.trip import Trip

OPTION = "--update-golden"
SHOWN_LINES = 40


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("railbox", "railbox: logs in tests")
    # Where another plugin has an option of this name, it means the same there.
    with suppress(ValueError):
        group.addoption(
            OPTION,
            action="store_true",
            default=False,
            help="write the golden files of railbox_golden instead of comparing",
        )


class Logs:
    """The fixture `railbox_log`: a log's path, relative to the test's file, in; its whole story out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, path: str | Path, **options: Any) -> "Trip":
        """`options`: those of `railbox.trip.TripOptions`. Fails the test when the log cannot be read."""
        try:
            from railbox.trip import Trip, TripOptions  # noqa: PLC0415 - only a test that asks pays for it
            from railbox_agent import AgentError  # noqa: PLC0415
        except ModuleNotFoundError as error:
            pytest.fail(f"{error.name} is not installed; run: pip install 'railbox[server]'", pytrace=False)
        try:
            return Trip(self._folder / path, TripOptions(**options))
        except AgentError as error:
            pytest.fail(str(error), pytrace=False)


class Golden:
    """The fixture `railbox_golden`: what a test got, against the file that says what it should be."""

    def __init__(self, folder: Path, update: bool) -> None:
        self._folder = folder
        self._update = update

    def __call__(self, actual: Iterable[str | Mapping[str, Any]], path: str | Path) -> None:
        """`actual`: lines of text, or rows, which are written as JSON; `path`: relative to the test's file."""
        file = self._folder / path
        text = "".join(f"{line if isinstance(line, str) else _json(line)}\n" for line in actual)
        if self._update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            return
        if not file.exists():
            pytest.fail(f"{file} is not there yet: pytest {OPTION} writes it", pytrace=False)
        expected = file.read_text(encoding="utf-8")
        if text != expected:
            pytest.fail(_difference(expected, text, file), pytrace=False)


@pytest.fixture
def railbox_log(request: pytest.FixtureRequest) -> Logs:
    """Takes a recording, NMEA or GPX log; gives its fixes, knots, readings, events, visits and crossings."""
    return Logs(request.path.parent)


@pytest.fixture
def railbox_golden(request: pytest.FixtureRequest) -> Golden:
    """Compares lines or rows with a file beside the test; `pytest --update-golden` writes it."""
    return Golden(request.path.parent, bool(request.config.getoption(OPTION)))


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _difference(expected: str, actual: str, file: Path) -> str:
    lines = list(
        difflib.unified_diff(expected.splitlines(), actual.splitlines(), str(file), "this run", lineterm="", n=1)
    )
    more = [f"... and {len(lines) - SHOWN_LINES} lines more"] if len(lines) > SHOWN_LINES else []
    said = f"{file} says otherwise; if this run is right: pytest {OPTION}"
    return "\n".join([said, *lines[:SHOWN_LINES], *more])
