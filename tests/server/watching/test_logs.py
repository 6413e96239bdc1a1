"""Logs are lines for people, or an object a line for a collector."""

import json
import logging
from collections.abc import Iterator

import pytest

from railbox_server import logs


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn")
    before = (root.handlers[:], root.level, uvicorn.level)
    yield
    root.handlers[:], root.level, uvicorn.level = before


def test_json_logs_say_when_how_bad_who_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")
    logging.getLogger("railbox_server.x").warning("%s: %d lost", "TRK1", 3)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "WARNING",
        "logger": "railbox_server.x",
        "process": "MainProcess",
        "message": "TRK1: 3 lost",
    }


def test_json_logs_hold_a_failure_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")
    try:
        raise ValueError("bad")
    except ValueError:
        logging.getLogger("x").exception("failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError: bad" in json.loads(line)["exc_info"]


def test_text_is_what_people_get(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "text")
    logging.getLogger("x").info("said")
    logging.getLogger("x").debug("not said")
    assert capsys.readouterr().err.endswith("INFO x: said\n")
