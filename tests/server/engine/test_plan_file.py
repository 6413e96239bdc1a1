"""The file of planned journeys: read when it changes, and never half."""

import logging
import os
from pathlib import Path

import pytest

from railbox_server.engine.plan_file import PlanFile, read
from railbox_server.geo import corridors
from railbox_server.progress.plans import NO_PLANS
from railbox_telemetry.settings import SettingsError

KNOWN = corridors.shipped()
JOURNEY = '[[journeys]]\nunit = "CSQU3054383"\ndestination = "{}"\n'


def write(path: Path, text: str, time_s: int) -> None:
    path.write_text(text)
    os.utime(path, (time_s, time_s))


def test_without_a_file_nothing_is_planned() -> None:
    plans = PlanFile(None, KNOWN)
    assert read(None, KNOWN) == NO_PLANS
    assert plans.of("CSQU3054383", 0) is None
    assert plans.refresh() == frozenset()


def test_a_change_is_seen_with_the_units_it_concerns(tmp_path: Path) -> None:
    path = tmp_path / "journeys.toml"
    write(path, JOURNEY.format("ru-moscow-paveletsky"), 1)
    plans = PlanFile(path, KNOWN)
    assert plans.refresh() == frozenset()
    write(path, JOURNEY.format("pk-karachi-city") + '[[journeys]]\nunit = "MSKU1234565"\n', 2)
    assert plans.refresh() == {"CSQU3054383", "MSKU1234565"}
    found = plans.of("CSQU3054383", 0)
    assert found is not None
    assert found.destination == "pk-karachi-city"
    assert plans.refresh() == frozenset()


@pytest.mark.parametrize("text", ["[[journeys]", '[[journeys]]\nunit = "A"\ncorridor = "nowhere"\n', None])
def test_a_file_that_cannot_be_used_is_told_once_and_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str | None
) -> None:
    path = tmp_path / "journeys.toml"
    write(path, JOURNEY.format("ru-moscow-paveletsky"), 1)
    plans = PlanFile(path, KNOWN)
    if text is None:
        path.unlink()
    else:
        write(path, text, 2)
    with caplog.at_level(logging.ERROR):
        assert plans.refresh() == frozenset()
        assert plans.refresh() == frozenset()
    assert plans.of("CSQU3054383", 0) is not None
    assert len(caplog.messages) == 1
    assert str(path) in caplog.messages[0]
    with pytest.raises(SettingsError, match=r"journeys\.toml"):
        read(path, KNOWN)
