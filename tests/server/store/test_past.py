"""What was derived of data that retention let go stays as it was, however often the rest is judged anew."""

import json
import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from railbox_server.store.interface import Store
from railbox_server.store.past import NEVER_S, is_past, new_of, note
from railbox_server.store.restore import restore
from railbox_server.store.retention import DAY_S, let_go
from railbox_server.store.settings import RetentionSettings
from railbox_server.store.sqlite import FILE, SqliteStore
from railbox_server.store.sqlite_writes import device_id
from railbox_server.store.values import Conclusion, DerivedChange, Row
from railbox_telemetry import iso
from support import detours
from support.batches import START_S
from support.server_rig import Rig
from support.stored import journey
from support.telling_room import NOW_S, UNIT, Room

HOUR_S = 3_600


def bounds(hour: float) -> Row:
    return dict.fromkeys(("earliest", "est", "latest"), iso.from_s(START_S + round(hour * HOUR_S)))


def visit(place: str, entered_h: float, exited_h: float | None) -> Row:
    exited = None if exited_h is None else bounds(exited_h)
    return {"id": f"{place:>016}".replace(" ", "0"), "place": place, "entered": bounds(entered_h), "exited": exited}


def of_unit(store: SqliteStore, *visits: Row) -> None:
    """All that is said of it, from now on."""
    store.change_derived([DerivedChange(UNIT, visits=visits, row={"unit": UNIT}, anew=True)])


def travelled(store: SqliteStore, *trips: Row) -> None:
    always = ((-math.inf, math.inf),)
    store.conclude([Conclusion(UNIT, {"unit": UNIT}, None, always, trips, (), ())])


def cut(store: Store, settings: RetentionSettings, hour: float) -> None:
    """As if so many hours after the start were a day ago."""
    assert isinstance(store, SqliteStore)
    list(let_go(store.database, settings, START_S + round(hour * HOUR_S) + DAY_S))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path)
    opened.register(UNIT, 0)
    yield opened
    opened.close()


def test_a_stay_is_past_once_it_is_over_and_began_before() -> None:
    before_s = START_S + 10 * HOUR_S
    rows = [visit("a", 1, 2), visit("a", 1, 20), visit("a", 1, None), visit("a", 11, 12)]
    assert [is_past(row, before_s) for row in rows] == [True, True, False, False]
    assert not any(is_past(row, NEVER_S) for row in rows)


def test_what_is_there_of_the_past_is_not_told_again_in_other_words() -> None:
    before_s = START_S + 10 * HOUR_S
    past = [visit("a", 1, 5)]
    again, other, later = visit("a", 2, 4), visit("b", 2, 4), visit("a", 11, None)
    assert new_of([again, other, later], past, before_s) == [other, later]


@pytest.mark.parametrize("settings", [{"knots_days": 1}, {"readings_days": 1}, {"events_days": 1}, {"visits_days": 1}])
def test_every_day_of_retention_leaves_what_was_told_as_it_was(tmp_path: Path, settings: dict[str, int]) -> None:
    """And an engine that judges all anew, from what is left, changes nothing of what is over."""
    room = Room(tmp_path)
    room.receive(detours.batches())
    before = _said(room)
    told = room.told()
    assert {"visit", "crossing", "door", "shock"} <= {kind for kind, _, _ in told}
    for hour in range(0, 120, 12):
        cut(room.rig.store, RetentionSettings(**settings), hour)
        room.rig = Rig(room.rig.store, NOW_S, tmp_path)  # its engine knows nothing but the store
        room.restart()
        room.settle()
        room.teller.begin()
        assert room.told() == told
        if "visits_days" not in settings:
            assert _said(room) == before
    room.close()


def _said(room: Room) -> tuple[list[str], ...]:
    store = room.rig.store
    return tuple([json.dumps(row) for row in rows] for rows in (store.visits(UNIT), store.crossings(UNIT)))


def test_the_last_place_of_a_silent_unit_stays_known(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.receive(detours.batches())
    cut(room.rig.store, RetentionSettings(knots_days=1), 10_000)
    (latest,) = room.rig.store.latest(detours.END_S)
    assert detours.END_S - latest.time_s < HOUR_S
    room.close()


def let_go_of_knots(store: SqliteStore, before_s: int) -> None:
    with store.database.writing() as db:
        note(db, "knots", {device_id(db, UNIT): before_s})


def test_of_a_change_and_of_all_anew_what_is_past_stays(store: SqliteStore) -> None:
    old, new = visit("a", 1, 2), visit("b", 30, 40)
    of_unit(store, old, new)
    let_go_of_knots(store, START_S + 20 * HOUR_S)
    store.change_derived([DerivedChange(UNIT, visits_gone=(old, new))])
    assert store.visits(UNIT) == [old]
    newer = visit("b", 31, 40)
    store.change_derived([DerivedChange(UNIT, visits=(newer,), anew=True)])
    assert store.visits(UNIT) == [old, newer]
    of_unit(store, visit("a", 1.5, 2), newer)
    assert store.visits(UNIT) == [old, newer]


def test_visits_and_crossings_go_by_a_time_of_their_own_and_do_not_come_back(store: SqliteStore) -> None:
    visits = visit("a", 1, 2), visit("b", 30, 40), visit("c", 41, None)
    of_unit(store, *visits)
    store.write(journey(UNIT, 1))
    version = store.statistics_version()
    for hour, places in ((20, ["b", "c"]), (1_000, ["c"])):
        cut(store, RetentionSettings(visits_days=1), hour)
        of_unit(store, *visits)
        assert [row["place"] for row in store.visits(UNIT)] == places
    assert store.statistics_version() > version


def test_a_restore_brings_what_was_derived_of_data_that_is_gone(store: SqliteStore, tmp_path: Path) -> None:
    old, new = visit("a", 1, 2), visit("b", 30, 40)
    of_unit(store, old, new)
    let_go_of_knots(store, START_S + 20 * HOUR_S)
    with closing(SqliteStore(tmp_path / "other")) as other:
        of_unit(other, new)
        for _ in range(2):
            restore(tmp_path / FILE, other, tmp_path)
            assert other.visits(UNIT) == [old, new]
        of_unit(other, new)
        assert other.visits(UNIT) == [old, new]


def test_trips_stay_of_which_one_ends_as_the_next_begins(store: SqliteStore) -> None:
    trips = [{"from_s": from_s, "to_s": to_s} for from_s, to_s in ((1, 20), (20, 40), (40, 90))]
    travelled(store, *trips)
    let_go_of_knots(store, 50)
    travelled(store, *trips)
    assert store.trips() == trips


def test_a_trip_stays_while_there_is_nothing_newer_of_it(store: SqliteStore) -> None:
    long, rest, newer = ({"from_s": from_s, "to_s": to_s} for from_s, to_s in ((1, 90), (60, 90), (60, 95)))
    travelled(store, long)
    let_go_of_knots(store, 50)
    travelled(store, rest)
    travelled(store)
    assert store.trips() == [long]
    travelled(store, newer)
    assert store.trips() == [newer]
