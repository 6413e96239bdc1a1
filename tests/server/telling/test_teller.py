import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from railbox_server.engine.engine import Told
from railbox_server.fleet import Assignment, Span
from railbox_server.store.values import Row
from railbox_server.telling.ledger import Asked, Step
from railbox_server.telling.model import Hysteresis, Kind, Story
from support import detours
from support.telling_room import AT_ONCE, DEVICE, UNIT, Room

OTHER = "TOLU4734787"


@pytest.fixture
def room(tmp_path: Path) -> Iterable[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


ALL = detours.batches()
MIDDLE = [batch for batch in ALL if detours.is_middle(batch)]
ENDS = [batch for batch in ALL if not detours.is_middle(batch)]


def test_a_late_batch_that_refutes_a_flag_retracts_it(room: Room) -> None:
    room.receive(ENDS)
    assert ("flag", "told", "visit pk-taftan") in room.told(Kind.FLAG)
    room.receive(MIDDLE)
    assert ("flag", "retracted", "visit pk-taftan") in room.told(Kind.FLAG)
    assert not [fact for fact in room.stands if fact.kind is Kind.FLAG]
    assert room.stands == room.true
    assert room.woken > 1


def test_doors_and_shocks_are_told_with_their_place_however_late(room: Room) -> None:
    room.receive(ENDS)
    assert room.told(Kind.DOOR, Kind.SHOCK) == []
    room.receive(MIDDLE)
    room.receive(MIDDLE)
    assert room.told(Kind.DOOR, Kind.SHOCK) == [("door", "told", DEVICE), ("shock", "told", DEVICE)]
    (door,) = (item for item in room.stands if item.kind is Kind.DOOR)
    assert (door.body["place"], door.body["ended"]) == ("pk-taftan", "2026-10-26T16:43:20Z")
    (shock,) = (item for item in room.stands if item.kind is Kind.SHOCK)
    assert (shock.body["value"], shock.body["place"]) == (4.2, None)


def test_what_changed_while_the_teller_was_down_is_told_at_its_next_start(room: Room) -> None:
    room.receive(ENDS)
    before = len(room.told())
    room.rig.receive(DEVICE, MIDDLE)
    room.rig.settle()
    room.rig.told.clear()
    room.restart()
    room.teller.begin()
    assert len(room.told()) > before
    assert room.stands == room.true
    room.restart()
    told = room.told()
    room.teller.begin()
    assert room.told() == told


def test_what_was_there_before_telling_began_is_recorded_and_posted_to_nobody(tmp_path: Path) -> None:
    room = Room(tmp_path, begun=False)
    room.rig.receive(DEVICE, ENDS)
    room.rig.settle()
    room.teller.begin()
    assert {item.delivery for item in room.ledger.notices(Asked())} == {"kept"}
    room.receive(MIDDLE)
    assert {item.delivery for item in room.ledger.notices(Asked())} == {"kept", "waiting"}
    room.close()


def test_a_corrected_assignment_retracts_what_was_told_of_the_wrong_unit(room: Room) -> None:
    room.receive(ALL)
    assert room.true
    room.rig.store.end_assignment(DEVICE, detours.START_S)
    room.rig.store.assign(Assignment(DEVICE, OTHER, Span(detours.START_S, None)), 0)
    room.settle()
    standing = {item.notice.fact.unit for item in room.ledger.notices(Asked(standing=True, limit=1_000))}
    assert standing == {OTHER}


def test_silence_is_told_and_its_end(room: Room) -> None:
    other = "TRK2"
    room.rig.store.assign(Assignment(other, OTHER, Span(None, None)), 0)
    room.receive(ENDS[:3])
    room.rig.receive(other, ENDS)  # moves the clock of the replay
    room.host_s += 60
    room.settle()
    assert ("no_contact", "told", UNIT) in room.told(Kind.NO_CONTACT)
    room.rig.receive(DEVICE, ENDS[3:])
    room.settle()
    assert room.told(Kind.NO_CONTACT) == [("no_contact", "told", UNIT), ("no_contact", "ended", UNIT)]


def test_silence_of_a_unit_that_sends_nothing_is_found_by_the_clock_alone(room: Room) -> None:
    room.receive(ENDS[:3])
    room.rig.clock.saw(detours.END_S)
    room.host_s += 60
    room.teller.turn()
    assert room.told(Kind.NO_CONTACT) == [("no_contact", "told", UNIT)]


def test_contact_that_comes_back_before_silence_is_looked_for_again_ends_it(room: Room) -> None:
    room.receive(ENDS[:3])
    room.rig.clock.saw(detours.END_S)
    room.teller.told([Told(0, UNIT, rows_changed=True)])
    room.teller.turn()
    assert room.told(Kind.NO_CONTACT) == [("no_contact", "told", UNIT)]
    room.rig.receive(DEVICE, ENDS[3:])
    room.rig.settle()
    room.teller.told(each._replace(rows_changed=False) for each in room.rig.told)
    room.teller.turn()
    assert room.told(Kind.NO_CONTACT) == [("no_contact", "told", UNIT), ("no_contact", "ended", UNIT)]


def test_a_fix_of_a_unit_whose_rows_are_the_same_costs_no_look(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.receive(ENDS)
    looks: list[str | None] = []
    visits = room.rig.store.visits

    def looked(unit: str | None = None, *, open_only: bool = False) -> Sequence[Row]:
        looks.append(unit)
        return visits(unit, open_only=open_only)

    monkeypatch.setattr(room.rig.store, "visits", looked)
    room.teller.told([Told(0, UNIT, room.rig.clock.now_s())])
    room.teller.turn()
    assert looks == []
    room.teller.told([Told(0, UNIT, room.rig.clock.now_s(), rows_changed=True)])
    room.teller.turn()
    assert looks == [UNIT]


def test_what_is_held_back_is_told_when_it_is_due(tmp_path: Path) -> None:
    room = Room(tmp_path, Hysteresis())
    room.receive(ENDS)
    assert room.told() == []
    room.host_s += 299
    room.teller.turn()
    assert room.told() == []
    room.host_s += 1
    room.teller.turn()
    assert ("flag", "told", "visit pk-taftan") in room.told()
    room.close()


def test_one_unit_s_odd_row_does_not_keep_the_others_news(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = room.rig.store.custody

    def custody(unit: str) -> Sequence[Row]:
        return [{}] if unit == OTHER else whole(unit)

    monkeypatch.setattr(room.rig.store, "custody", custody)
    room.rig.store.assign(Assignment("TRK2", OTHER, Span(None, None)), 0)
    room.rig.receive("TRK2", ENDS)
    room.receive(ENDS)
    assert {item.notice.fact.unit for item in room.ledger.notices(Asked())} == {UNIT}


def test_one_unit_that_cannot_be_recorded_does_not_keep_the_others_news(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = room.ledger.record

    def record(steps: Sequence[Step], posted: frozenset[Kind]) -> None:
        if any(story.fact.unit == OTHER for _, outcome in steps for story in outcome.stories):
            raise ValueError("unheard of")
        whole(steps, posted)

    monkeypatch.setattr(room.ledger, "record", record)
    room.rig.store.assign(Assignment("TRK2", OTHER, Span(None, None)), 0)
    room.rig.receive("TRK2", ENDS)
    room.receive(ENDS)
    assert {item.notice.fact.unit for item in room.ledger.notices(Asked())} == {UNIT}


def test_told_never_waits_for_the_teller(room: Room) -> None:
    """The hook only notes the unit: no store, no ledger."""
    room.rig.receive(DEVICE, ENDS)
    room.rig.settle()
    room.close()
    room.teller.told(room.rig.told)


@given(st.randoms(use_true_random=False), st.integers(2, 6), st.sampled_from([AT_ONCE, Hysteresis()]))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_it_arrives_what_stands_at_the_end_is_what_is_true(
    tmp_path_factory: pytest.TempPathFactory, rng: random.Random, parts: int, calm: Hysteresis
) -> None:
    room = Room(tmp_path_factory.mktemp("room"), calm)
    muddled = rng.sample(ALL, len(ALL)) + rng.sample(ALL, len(ALL) // 4)
    for part in range(parts):
        room.receive(muddled[part::parts])
        room.host_s += rng.choice([1, 100, 400])
        if rng.random() < 0.3:
            room.restart()
            room.teller.begin()
    room.settle()
    for _ in range(2):
        room.host_s += 300
        room.teller.turn()
    if calm is AT_ONCE:
        assert room.stands == room.true
    else:
        assert [(fact.kind, fact.where) for fact in room.stands] == [(fact.kind, fact.where) for fact in room.true]
    room.close()


def test_a_unit_of_which_nothing_new_is_true_costs_no_look_at_its_stories(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.receive(ENDS)
    looks: list[str] = []
    stories = room.ledger.stories

    def looked(unit: str) -> list[Story]:
        looks.append(unit)
        return stories(unit)

    monkeypatch.setattr(room.ledger, "stories", looked)
    room.teller.told([Told(0, UNIT, rows_changed=True)])
    room.teller.turn()
    assert looks == []
    room.receive(MIDDLE)
    assert looks != []
    assert room.stands == room.true
