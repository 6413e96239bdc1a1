"""What an engine leaves for the next one: taken up where it is whole and its own, begun anew where it is not."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from railbox_server.clock import Clock, RealClock, ReplayClock
from railbox_server.engine.book import FILE, Book, version_of
from railbox_server.engine.engine import Engine, Told
from railbox_server.fleet import Assignment, Span
from railbox_server.geo import corridors
from railbox_server.journey.model import Settings
from railbox_server.store.interface import Store
from railbox_server.store.values import DerivedChange, Row
from railbox_telemetry.values import Batch, Knot, Positions
from support.server_rig import SETTINGS, Rig, engine_of
from support.trips import END_S, HOUR_S, START_S, batches, knots

UNIT, OTHER = "CSQU3054383", "MSKU1234565"
NOW_S = END_S + 60
VERSION = version_of(corridors.shipped(), SETTINGS)


def engine_on(store: Store, book: Book, told: list[Told], clock: Clock | None = None) -> Engine:
    mono_s = iter(range(0, 10_000_000, 2))
    return engine_of(store, book, clock or ReplayClock(lambda: NOW_S), told.append, lambda: float(next(mono_s)))


def settle(engine: Engine) -> None:
    engine.turn()
    while engine.pending:
        engine.turn()


@pytest.fixture
def rig(store: Store, tmp_path: Path) -> Rig:
    store.assign(Assignment("TRK1", UNIT), NOW_S * 1000)
    return Rig(store, NOW_S, tmp_path)


def test_the_next_engine_takes_up_what_the_last_one_left(rig: Rig, tmp_path: Path) -> None:
    rig.receive("TRK1", batches(knots(until_h=20)))
    first, second = list[Told](), list[Told]()
    book = Book(tmp_path / FILE, VERSION)
    settle(engine_on(rig.store, book, first))
    book.close()
    rows = rig.store.visits(UNIT), rig.store.crossings(UNIT)
    settle(engine_on(rig.store, Book(tmp_path / FILE, VERSION), second))
    assert any(told.rows_changed for told in first)
    assert not any(told.rows_changed for told in second)
    assert (rig.store.visits(UNIT), rig.store.crossings(UNIT)) == rows


def test_what_one_unit_saw_of_a_device_another_has_yet_to_judge(rig: Rig, tmp_path: Path) -> None:
    half_s = START_S + 30 * HOUR_S
    rig.store.end_assignment("TRK1", half_s)
    rig.store.assign(Assignment("TRK1", OTHER, Span(half_s)), 0)
    sent = batches(knots())
    book = Book(tmp_path / FILE, VERSION)
    rig.receive("TRK1", sent[:-20])
    engine = engine_on(rig.store, book, [])
    settle(engine)
    rig.receive("TRK1", sent[-20:])  # of which this engine is not told
    rig.store.assign(Assignment("TRK2", UNIT), 0)
    settle(engine)
    book.close()
    settle(engine_on(rig.store, Book(tmp_path / FILE, VERSION), []))
    found = rig.store.visits(OTHER), rig.store.crossings(OTHER)
    settle(engine_on(rig.store, Book(None, VERSION), []))
    assert found == (rig.store.visits(OTHER), rig.store.crossings(OTHER))


def test_what_lasts_is_as_of_now_when_the_next_engine_starts(rig: Rig, tmp_path: Path) -> None:
    inside = knots(until_h=20)[60:]
    rig.receive("TRK1", batches(inside))
    now_s = inside[-1].time_s + 60
    for waited_h in (0, 6):
        clock = RealClock(lambda waited_h=waited_h: now_s + waited_h * HOUR_S)
        book = Book(tmp_path / FILE, VERSION)
        settle(engine_on(rig.store, book, [], clock))
        book.close()
        (visit,) = rig.store.visits(UNIT)
        assert visit["already_inside"]
        assert (visit["no_contact_since"] is None) == (waited_h == 0)


def test_what_came_while_no_engine_ran_is_judged_at_the_next_start(rig: Rig, tmp_path: Path) -> None:
    sent = batches(knots())
    rig.receive("TRK1", sent[: len(sent) // 2])
    book = Book(tmp_path / FILE, VERSION)
    settle(engine_on(rig.store, book, []))
    book.close()
    rig.receive("TRK1", sent[len(sent) // 2 :])
    rig.store.drop_derived(UNIT)
    settle(engine_on(rig.store, Book(tmp_path / FILE, VERSION), []))
    found = rig.store.visits(UNIT), rig.store.crossings(UNIT)
    rig.settle()
    assert found == (rig.store.visits(UNIT), rig.store.crossings(UNIT))
    assert len(found[0]) == 3


def test_what_a_rebuild_put_into_the_store_is_judged_at_the_next_start(rig: Rig, tmp_path: Path) -> None:
    rig.receive("TRK1", batches(knots(until_h=20)))
    book = Book(tmp_path / FILE, VERSION)
    settle(engine_on(rig.store, book, []))
    book.close()
    rig.store.change_derived([DerivedChange(UNIT, anew=True)])
    rig.store.count_restore()
    settle(engine_on(rig.store, Book(tmp_path / FILE, VERSION), []))
    assert len(rig.store.visits(UNIT)) == 1


def test_a_batch_that_an_engine_was_not_told_of_is_judged_by_the_next(rig: Rig, tmp_path: Path) -> None:
    """However late it is."""
    sent = batches(knots(until_h=20))
    rig.receive("TRK1", sent[20:])
    book = Book(tmp_path / FILE, VERSION)
    settle(engine_on(rig.store, book, []))
    book.close()
    rig.receive("TRK1", sent[:20])
    settle(engine_on(rig.store, Book(tmp_path / FILE, VERSION), []))
    found = rig.store.visits(UNIT), rig.store.crossings(UNIT)
    rig.settle()
    assert found == (rig.store.visits(UNIT), rig.store.crossings(UNIT))
    assert found[0][0]["already_inside"] is False


def test_a_former_unit_of_a_tracker_is_not_judged_again_for_what_the_tracker_sends_now(
    rig: Rig, tmp_path: Path
) -> None:
    rig.store.end_assignment("TRK1", START_S + 20 * HOUR_S)
    rig.store.assign(Assignment("TRK1", OTHER, Span(START_S + 20 * HOUR_S, None)), NOW_S * 1000)
    sent, told = batches(knots()), list[Told]()
    rig.receive("TRK1", sent[:-5])
    book = Book(tmp_path / FILE, VERSION)
    rig.engine = engine_on(rig.store, book, [])
    settle(rig.engine)
    rig.receive("TRK1", sent[-5:])
    settle(rig.engine)
    book.close()
    settle(engine_on(rig.store, Book(tmp_path / FILE, VERSION), told))
    assert not any(each.took_s for each in told)  # only the clock went on


def test_a_unit_that_could_not_be_judged_is_tried_by_the_next_engine(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Row:
        raise ZeroDivisionError

    rig.receive("TRK1", batches(knots(until_h=20)))
    book = Book(tmp_path / FILE, VERSION)
    with monkeypatch.context() as patch:
        patch.setattr("railbox_server.engine.present.unit_row", fail)
        settle(engine_on(rig.store, book, []))
    book.close()
    assert rig.store.visits(UNIT) == []
    settle(engine_on(rig.store, Book(tmp_path / FILE, VERSION), []))
    assert len(rig.store.visits(UNIT)) == 1


@pytest.mark.parametrize("how", ["damaged", "of other settings"])
def test_a_book_that_is_no_use_is_begun_anew(
    rig: Rig, tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    rig.receive("TRK1", batches(knots()))
    if how == "damaged":
        (tmp_path / FILE).write_bytes(b"no database at all, but long enough to look at" * 40)
    else:
        Book(tmp_path / FILE, version_of(corridors.shipped(), Settings(excursion_s=60))).close()
    with caplog.at_level(logging.WARNING):
        book = Book(tmp_path / FILE, VERSION)
    assert "all units are judged anew" in caplog.text
    settle(engine_on(rig.store, book, []))
    assert len(rig.store.visits(UNIT)) == 3


def test_a_book_is_of_use_to_the_next_process() -> None:
    program = (
        "from railbox_server.engine.book import version_of; from railbox_server.geo import corridors; "
        "from railbox_server.journey.model import Settings; print(version_of(corridors.shipped(), Settings()))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == VERSION


def test_time_alone_raises_a_flag_and_tells_of_it(rig: Rig) -> None:
    rig.receive("TRK1", batches(knots(until_h=20)))
    now_s = [START_S + 20 * HOUR_S]
    told: list[Told] = []
    store = rig.store
    clock = ReplayClock(lambda: now_s[0])
    engine = engine_on(store, Book(None, ""), told, clock)
    settle(engine)
    assert store.unit_rows(UNIT)[0]["flag"] == "none"
    told.clear()
    now_s[0] += 60 * HOUR_S
    clock.saw(now_s[0])
    settle(engine)
    assert [item.unit for item in told if item.rows_changed] == [UNIT]
    (unit,) = store.unit_rows(UNIT)
    (crossing,) = store.crossings(UNIT)
    assert (unit["flag"], crossing["flag"], crossing["certainty"]) == ("over", "over", "possible")


def test_a_batch_that_comes_late_changes_only_what_it_is_about(rig: Rig) -> None:
    path = knots()
    sent = batches(path)
    late = sent.pop(len(sent) // 2)
    rig.receive("TRK1", sent)
    rig.settle()
    before = rig.store.visits(UNIT)
    rig.receive("TRK1", [late])
    rig.settle()
    after = rig.store.visits(UNIT)
    assert [row["id"] for row in before] == [row["id"] for row in after]
    assert sum(a != b for a, b in zip(before, after, strict=True)) <= 1


def test_a_unit_of_a_knot_at_the_end_of_time_does_not_stop_the_engine(rig: Rig) -> None:
    rig.receive("TRK1", [Batch(1, 1, (Positions((Knot(4_102_444_800, 3_000_000, 6_000_000),)),))])
    rig.settle()
    assert rig.store.visits(UNIT) == []
