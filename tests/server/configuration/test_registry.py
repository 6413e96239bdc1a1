"""Wanted configurations in their file: versions that only rise, what became of them, and a damaged file."""

import sqlite3
from pathlib import Path

import pytest

from railbox_server.configuration.model import Heard, Report, Stand, Wanted
from railbox_server.configuration.registry import DAMAGED, FILE, KEPT, Registry
from railbox_server.store.interface import StoreError
from railbox_telemetry.remote_messages import Result, State

NOW_MS = 1_795_000_000_000
NOW_S = NOW_MS // 1000
SETTINGS = {"thinning": {"deadline_s": 300}}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def test_what_is_wanted_is_there_after_a_restart(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    wanted = registry.want(["TRK1", "TRK2"], SETTINGS, NOW_MS)
    registry.close()
    assert wanted == [Wanted(device, NOW_S, SETTINGS, NOW_MS) for device in ("TRK1", "TRK2")]
    assert Registry(tmp_path).all_newest() == wanted


def test_versions_rise_also_when_the_clock_does_not(registry: Registry) -> None:
    for now_ms in (NOW_MS, NOW_MS, NOW_MS - 5_000_000):
        registry.want(["TRK1"], SETTINGS, now_ms)
    assert [wanted.version for wanted in registry.history("TRK1")] == [NOW_S + 2, NOW_S + 1, NOW_S]


def test_versions_rise_when_the_file_was_lost(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for number in range(50):
        Registry(tmp_path / "a").want(["TRK1"], SETTINGS, NOW_MS + number)
    before = Registry(tmp_path / "a").newest("TRK1")
    (after,) = Registry(tmp_path / "b").want(["TRK1"], SETTINGS, NOW_MS + 60_000)
    assert before is not None
    assert after.version > before.version


def test_only_the_last_ones_are_kept(registry: Registry) -> None:
    for number in range(KEPT + 5):
        registry.want(["TRK1"], {"readings": {"interval_s": number + 1}}, NOW_MS)
    kept = registry.history("TRK1", 1_000)
    assert [wanted.settings["readings"] for wanted in kept][:2] == [{"interval_s": KEPT + 5}, {"interval_s": KEPT + 4}]
    assert len(kept) == KEPT


def test_what_the_tracker_says_of_one_is_noted_and_it_is_pending_no_more(registry: Registry) -> None:
    (wanted,) = registry.want(["TRK1"], SETTINGS, NOW_MS)
    assert registry.pending() == [wanted]
    assert registry.report([Report("TRK1", Result(wanted.version, State.REFUSED, "no"), NOW_MS + 5)]) == [True]
    (refused,) = registry.history("TRK1")
    assert (refused.stand, refused.reason, refused.reported_at_ms) == (Stand.REFUSED, "no", NOW_MS + 5)
    assert registry.pending() == []
    assert registry.heard() == {"TRK1": Heard(None, NOW_MS + 5)}


def test_the_same_word_again_changes_nothing(registry: Registry) -> None:
    (wanted,) = registry.want(["TRK1"], SETTINGS, NOW_MS)
    for at_ms in (NOW_MS + 5, NOW_MS + 500):
        registry.report([Report("TRK1", Result(wanted.version, State.APPLIED, None, wanted.version), at_ms)])
    assert registry.history("TRK1")[0].reported_at_ms == NOW_MS + 5
    assert registry.heard()["TRK1"].received_at_ms == NOW_MS + 5
    registry.report([Report("TRK1", Result(wanted.version, State.APPLIED, None, None), NOW_MS + 900)])
    assert registry.heard()["TRK1"] == Heard(None, NOW_MS + 900)


def test_one_that_was_applied_can_still_be_taken_back(registry: Registry) -> None:
    (wanted,) = registry.want(["TRK1"], SETTINGS, NOW_MS)
    registry.report([Report("TRK1", Result(wanted.version, State.APPLIED, None, wanted.version), NOW_MS)])
    registry.report([Report("TRK1", Result(wanted.version, State.REVERTED, "cut off"), NOW_MS)])
    assert registry.history("TRK1")[0].stand is Stand.REVERTED


def test_of_two_words_at_once_the_last_counts(registry: Registry) -> None:
    (wanted,) = registry.want(["TRK1"], SETTINGS, NOW_MS)
    applied = Report("TRK1", Result(wanted.version, State.APPLIED, None, wanted.version), NOW_MS)
    assert registry.report([applied]) == [True]
    reverted = Report("TRK1", Result(wanted.version, State.REVERTED, "cut off"), NOW_MS)
    assert registry.report([reverted, Report("TRK9", applied.result, NOW_MS), applied]) == [True, False, True]
    assert registry.history("TRK1")[0].stand is Stand.APPLIED


def test_a_word_on_an_earlier_one_says_nothing_of_the_newest(registry: Registry) -> None:
    (first,) = registry.want(["TRK1"], SETTINGS, NOW_MS)
    (second,) = registry.want(["TRK1"], {}, NOW_MS)
    registry.report([Report("TRK1", Result(first.version, State.APPLIED, None, first.version), NOW_MS)])
    assert [wanted.stand for wanted in registry.history("TRK1")] == [Stand.PENDING, Stand.APPLIED]
    assert registry.pending() == [second]


def test_what_holds_there_was_applied_though_its_own_word_gave_way_to_another(registry: Registry) -> None:
    (first,) = registry.want(["TRK1"], SETTINGS, NOW_MS)
    registry.report([Report("TRK1", Result(None, State.REFUSED, "not JSON", first.version), NOW_MS)])
    assert registry.history("TRK1")[0].stand is Stand.APPLIED
    assert registry.heard("TRK1")["TRK1"] == Heard(first.version, NOW_MS, "not JSON")


def test_what_a_device_says_of_which_nothing_was_wanted_is_not_kept(registry: Registry) -> None:
    assert registry.report([Report("TRK9", Result(5, State.APPLIED, None, 5), NOW_MS)]) == [False]
    assert registry.heard() == {}


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 1_000)
    registry = Registry(tmp_path)
    registry.want(["TRK1"], SETTINGS, NOW_MS)
    assert (tmp_path / DAMAGED).read_bytes().startswith(b"no database")
    assert "set aside" in caplog.text


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    Registry(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match="written by a newer railbox"):
        Registry(tmp_path)
