"""Which units are judged when, and that what is said of them depends on what was sent, not on how it arrived."""

import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path

import pytest

from railbox_server.engine.rows import progress_at_time
from railbox_server.fleet import Assignment, Span
from railbox_server.geo import corridors
from railbox_server.store.interface import Store
from railbox_server.store.values import Row
from railbox_telemetry import iso
from railbox_telemetry.tables import EVENT_BY_NAME
from railbox_telemetry.values import (
    Batch,
    BootClock,
    Event,
    Events,
    Knot,
    Positions,
    ReadingRow,
    Readings,
    Section,
    Undated,
    UndatedEvent,
)
from support.server_rig import Rig
from support.trips import BORDER, END_S, HOUR_S, START_S, along, batches, knots

UNIT, OTHER = "CSQU3054383", "MSKU1234565"
NOW_S = END_S + 60


@pytest.fixture
def rig(store: Store, tmp_path: Path) -> Rig:
    store.assign(Assignment("TRK1", UNIT), NOW_S * 1000)
    return Rig(store, NOW_S, tmp_path)


def said(rig: Rig) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
    rig.settle()
    return deepcopy(rig.store.unit_rows()), rig.store.visits(), rig.store.crossings()


def travelled(rig: Rig) -> tuple[Row | None, Sequence[Row], Sequence[Row]]:
    return rig.store.progress(UNIT), rig.store.custody(UNIT), rig.store.trips()


def test_a_journey_becomes_visits_and_a_flagged_crossing(rig: Rig) -> None:
    rig.receive("TRK1", batches(knots()))
    (unit,), visits, (crossing,) = said(rig)
    assert [visit["place"] for visit in visits] == ["pk-taftan", "ir-mirjaveh", "ir-zahedan-freight-yard"]
    assert (crossing["border"], crossing["from_side"], crossing["to_side"]) == (BORDER, "PK", "IR")
    assert (crossing["flag"], crossing["certainty"]) == ("over", "certain")
    assert 66 * HOUR_S <= crossing["dwell_min_s"] <= crossing["dwell_est_s"] <= crossing["dwell_max_s"] <= 67.5 * HOUR_S
    assert (unit["corridor"], unit["devices"], unit["kind"], unit["place"]) == (
        "karachi-moscow",
        ["TRK1"],
        "container",
        None,
    )
    assert (unit["latest"]["speed_mps"], unit["latest"]["accuracy_m"]) == (11.1, 9)
    assert unit["condition"] == {"temp_c": 21.5}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_arrival_repetition_and_delay_change_nothing(
    rig: Rig, store_in: Callable[[str], Store], seed: int
) -> None:
    sent = batches(knots())
    rig.receive("TRK1", sent)
    whole = said(rig)
    whole[0][0]["latest"].pop("received_at")
    other = store_in("other")
    other.assign(Assignment("TRK1", UNIT), NOW_S * 1000)
    mixed = Rig(other, NOW_S, rig.page)
    chance = random.Random(seed)
    shuffled = [*sent, *chance.sample(sent, 40)]
    chance.shuffle(shuffled)
    while shuffled:
        some = [shuffled.pop() for _ in range(min(len(shuffled), chance.randint(1, 30)))]
        mixed.receive("TRK1", some)
        if chance.random() < 0.3:
            mixed.settle()
        mixed.host_s += chance.randint(0, 30)
    units, visits, crossings = said(mixed)
    units[0]["latest"].pop("received_at")  # the one thing that may tell them apart
    assert (units, visits, crossings) == whole
    assert travelled(mixed) == travelled(rig)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_stored_before_it_is_told_of_changes_nothing_either(
    rig: Rig, store_in: Callable[[str], Store], seed: int
) -> None:
    sent = batches(along("karachi-moscow"))
    rig.receive("TRK1", sent)
    whole = said(rig)[1:]
    other = store_in("other")
    other.assign(Assignment("TRK1", UNIT), NOW_S * 1000)
    behind = Rig(other, NOW_S, rig.page)
    behind.untold = []
    chance = random.Random(seed)
    if seed % 2:
        chance.shuffle(sent)
    while sent or behind.untold:
        some = [sent.pop(0) for _ in range(min(len(sent), chance.randint(1, 30)))]
        behind.receive("TRK1", some)
        for _ in range(chance.randint(0, len(behind.untold))):
            behind.engine.touch(behind.untold.pop(0))
        for _ in range(3):
            behind.engine.turn()
    assert said(behind)[1:] == whole


@pytest.mark.parametrize(
    "section",
    [
        Readings((0,), (ReadingRow(END_S, (215,)),)),
        Positions(tuple(knots()[9:10])),
    ],
)
def test_a_batch_of_another_time_may_be_the_last_that_was_missing_between_others(
    rig: Rig, store_in: Callable[[str], Store], section: Section
) -> None:
    sent = batches(knots())
    sent[60] = Batch(7, 61, (section,))
    rig.receive("TRK1", sent)
    whole = said(rig)[1:]
    other = store_in("other")
    other.assign(Assignment("TRK1", UNIT), NOW_S * 1000)
    late = Rig(other, NOW_S, rig.page)
    late.receive("TRK1", [*sent[:60], *sent[61:]])
    assert said(late)[1:] != whole
    late.receive("TRK1", sent[60:61])
    assert said(late)[1:] == whole


def test_events_get_their_time_from_whichever_batch_tells_it(rig: Rig) -> None:
    code = EVENT_BY_NAME["shock"].code
    rig.receive("TRK1", batches(knots(until_h=70)))
    rig.receive("TRK1", [Batch(8, 1, (Undated(5, (UndatedEvent(30 * HOUR_S, code, 250),)),))])
    said(rig)
    (last,) = knots()[-1:]
    rig.receive("TRK1", [Batch(8, 2, (Positions((last,)), BootClock(5, START_S)))])
    said(rig)
    assert [row["shocks"]["times"] for row in rig.store.custody(UNIT)][:3] == [0, 1, 0]


def test_who_speaks_for_a_unit_changes_when_its_time_comes(rig: Rig) -> None:
    rig.store.assign(Assignment("TRK2", UNIT, Span(START_S + 30 * HOUR_S)), 0)
    rig.store.assign(Assignment("TRK3", OTHER), 0)
    rig.receive("TRK1", batches(knots(until_h=20)))
    said(rig)
    assert rig.store.unit_rows(UNIT)[0]["devices"] == ["TRK1"]
    rig.receive("TRK3", batches(knots(until_h=40)))
    said(rig)
    said(rig)
    assert rig.store.unit_rows(UNIT)[0]["devices"] == ["TRK1", "TRK2"]


def test_what_nobody_tells_of_is_judged_after_a_while(rig: Rig) -> None:
    rig.store.assign(Assignment("TRK2", UNIT), 0)
    rig.receive("TRK1", batches(knots())[:20])
    rig.settle()
    rig.untold = []
    rig.receive("TRK1", batches(knots())[20:])
    rig.untold = None
    rig.receive("TRK2", batches(knots(), epoch=9)[:1])
    rig.engine.turn()
    assert rig.engine.pending
    assert len(rig.store.visits()) == 1
    _, visits, crossings = said(rig)
    assert (len(visits), len(crossings)) == (3, 1)


def test_an_open_visit_is_judged_by_the_clock_alone(rig: Rig) -> None:
    rig.receive("TRK1", batches(knots(until_h=20)))
    (unit,), (visit,), (crossing,) = said(rig)
    assert (unit["place"]["id"], unit["flag"]) == ("pk-taftan", "none")
    assert (visit["exited"], crossing["departed"]) == (None, None)
    rig.store.assign(Assignment("TRK2", OTHER), NOW_S * 1000)
    late = Knot(START_S + 60 * HOUR_S, 5_575_000, 3_761_000)
    rig.receive("TRK2", [Batch(3, 1, (Positions((late,)),))])
    said(rig)
    (unit,) = rig.store.unit_rows(UNIT)
    assert (unit["flag"], unit["certainty"]) == ("over", "possible")
    assert rig.store.visits(UNIT)[0]["no_contact_since"] is not None


def test_a_fix_from_the_future_is_stored_and_counts_for_nothing(rig: Rig) -> None:
    rig.receive("TRK1", batches(knots()))
    before = said(rig)
    future = Batch(7, 500, (Positions((Knot(4_102_444_800, 3_000_000, 6_000_000),), {5: 1_000}),))
    rig.receive("TRK1", [future])
    assert said(rig) == before
    assert [(item.time_s, item.reason) for item in rig.store.untrusted(UNIT)] == [(4_102_444_800, "future")]
    assert rig.clock.now_s() < NOW_S


def test_a_corrected_assignment_moves_the_past_to_the_other_unit(rig: Rig) -> None:
    rig.receive("TRK1", batches(knots()))
    _, visits, _ = said(rig)
    rig.store.end_assignment("TRK1", START_S + 2 * HOUR_S)
    rig.store.assign(Assignment("TRK1", OTHER, Span(START_S + 2 * HOUR_S, None)), NOW_S * 1000)
    said(rig)
    assert rig.store.visits(UNIT) == []
    assert [visit["place"] for visit in rig.store.visits(OTHER)] == [visit["place"] for visit in visits]


def test_a_device_without_assignment_is_a_unit_of_its_own_until_it_has_one(rig: Rig) -> None:
    rig.store.register("LOOSE", 0)
    rig.receive("LOOSE", batches(knots(until_h=2)))
    said(rig)
    (row,) = rig.store.unit_rows("LOOSE")
    assert (row["kind"], row["devices"]) == ("device", ["LOOSE"])
    rig.store.assign(Assignment("LOOSE", OTHER), 0)
    said(rig)
    assert rig.store.unit_rows("LOOSE") == []
    assert rig.store.unit_rows(OTHER)[0]["latest"] == row["latest"]


def test_two_devices_on_one_unit_make_one_journey(rig: Rig) -> None:
    rig.store.assign(Assignment("TRK2", UNIT), 0)
    path = knots()
    rig.receive("TRK1", batches(path[:200]))
    rig.receive("TRK2", batches(path[180:], epoch=9))
    (unit,), visits, (crossing,) = said(rig)
    assert unit["devices"] == ["TRK1", "TRK2"]
    assert len(visits) == 3
    assert crossing["departed"] is not None


def test_only_units_that_new_data_concerns_are_judged_again(rig: Rig) -> None:
    rig.store.assign(Assignment("TRK2", OTHER), 0)
    rig.receive("TRK1", batches(knots()))
    rig.receive("TRK2", batches(knots()))
    said(rig)
    rig.told.clear()
    rig.receive("TRK2", batches(knots(), epoch=8)[:1])
    said(rig)
    assert {told.unit for told in rig.told if told.unit} == {OTHER}


def test_a_unit_that_cannot_be_judged_stops_no_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Row:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("railbox_server.engine.present.unit_row", fail)
        rig.receive("TRK1", batches(knots(until_h=1)))
        rig.settle()
    assert f"unit {UNIT} cannot be judged" in caplog.text
    rig.receive("TRK1", batches(knots(until_h=2))[-1:])
    (unit,), _, _ = said(rig)
    assert unit["latest"] is not None


def test_a_journey_has_a_place_on_its_corridor_and_a_forecast(rig: Rig) -> None:
    rig.receive("TRK1", batches(knots()))
    (unit,), _, _ = said(rig)
    progress, _, (trip,) = travelled(rig)
    assert progress is not None
    assert unit["progress"].items() <= progress.items()
    assert (progress["corridor"], progress["heading"], progress["mode"]) == ("karachi-moscow", "forward", "rail")
    ahead = progress["next_border"]
    assert ahead["id"] == "ir-tm-sarakhs-serakhs"
    assert iso.from_s(END_S) < ahead["eta"]["p50"] < ahead["eta"]["p90"] < progress["terminal"]["eta"]["p50"]
    assert len(progress["stops"]) == 2
    assert (trip["corridor"], trip["unit"], len(trip["borders_s"])) == ("karachi-moscow", UNIT, 1)
    assert trip["delay_s"] >= 66 * HOUR_S


def test_a_forecast_rests_on_what_the_rest_of_the_fleet_measured(rig: Rig) -> None:
    def observations() -> int:
        (row,) = rig.store.unit_rows(UNIT)
        return row["progress"]["terminal"]["eta"]["observations"]

    rig.receive("TRK1", batches(knots(until_h=2)))
    said(rig)
    assert observations() == 0
    rig.store.assign(Assignment("TRK2", OTHER), 0)
    rig.receive("TRK2", batches(knots()))
    said(rig)
    rig.receive("TRK1", batches(knots(until_h=3))[-1:])
    said(rig)
    assert observations() > 0
    rig.store.end_assignment("TRK2", START_S - 1)
    said(rig)
    rig.receive("TRK1", [Batch(8, 1, (Positions((knots(until_h=3)[-1],)),))])
    said(rig)
    assert observations() == 0


def test_custody_says_in_which_span_what_happened(rig: Rig) -> None:
    shock = Event(START_S + 30 * HOUR_S, EVENT_BY_NAME["shock"].code, 250)
    future = Event(NOW_S + 10 * HOUR_S, EVENT_BY_NAME["shock"].code, 900)
    rig.receive("TRK1", [*batches(knots()), Batch(8, 1, (Events((shock,)),)), Batch(8, 2, (Events((future,)),))])
    said(rig)
    custody = rig.store.custody(UNIT)
    assert [(row["kind"], row["place"] or row["to_place"]) for row in custody][:2] == [
        ("leg", "pk-taftan"),
        ("visit", "pk-taftan"),
    ]
    assert [row["shocks"]["times"] for row in custody] == [0, 1, *[0] * (len(custody) - 2)]
    assert {row["conditions"]["temp_c"]["max"] for row in custody} == {21.5}
    (incident,) = custody[1]["incidents"]
    assert (incident["time"], incident["lat"]) == (iso.from_s(shock.time_s), 28.97255)


def test_a_unit_that_is_no_more_leaves_neither_progress_nor_custody(rig: Rig) -> None:
    rig.store.register("LOOSE", 0)
    rig.receive("LOOSE", batches(knots()))
    said(rig)
    assert rig.store.progress("LOOSE") is not None
    rig.store.assign(Assignment("LOOSE", OTHER), 0)
    said(rig)
    assert (rig.store.progress("LOOSE"), rig.store.custody("LOOSE")) == (None, [])
    assert [trip["unit"] for trip in rig.store.trips()] == [OTHER]


def test_a_path_begins_where_a_place_is_believed_first(rig: Rig) -> None:
    nowhere = Batch(8, 1, (Positions(tuple(Knot(START_S - hours * HOUR_S, 0, 0) for hours in (30, 20))),))
    rig.receive("TRK1", [nowhere, *batches(knots())])
    said(rig)
    progress, _, trips = travelled(rig)
    assert progress is not None
    assert progress["corridor"] == "karachi-moscow"
    assert len(trips) == 1


def test_no_clock_changes_what_is_said_of_a_transfer_that_lasts(rig: Rig) -> None:
    chaman = next(place for each in corridors.shipped() for place in each.places if place.id == "pk-chaman")
    path = along("mary-torghundi-chaman-quetta")
    there = next(at for at, knot in enumerate(path) if abs(knot.lat_deg - chaman.lat_deg) < 1e-3)
    rig.receive("TRK1", batches(path[: there + 6]))
    said(rig)
    before = rig.store.progress(UNIT)
    assert before is not None
    assert before["transfers"][-1]["exited"] is None
    rig.store.assign(Assignment("TRK2", OTHER), 0)
    rig.receive("TRK2", [Batch(3, 1, (Positions((Knot(path[there].time_s + 20 * HOUR_S, 5_575_000, 3_761_000),)),))])
    said(rig)
    rig.receive("TRK1", [Batch(8, 1, (Readings((0,), (ReadingRow(path[there].time_s, (215,)),)),))])
    said(rig)
    assert rig.store.progress(UNIT) == before


def test_what_is_ahead_is_not_reached_before_now() -> None:
    eta = {"p50": "2026-11-20T06:00:00Z", "p90": "2026-11-20T09:00:00Z", "observations": 3}
    progress = {"km": 5.0, "next_border": None, "terminal": {"id": "x", "eta": eta}}
    now_s = iso.to_s("2026-11-20T08:00:00Z")
    found = progress_at_time(progress, now_s)
    assert found == {**progress, "terminal": {"id": "x", "eta": {**eta, "p50": "2026-11-20T08:00:00Z"}}}
    assert progress_at_time(found, now_s - 7200) == found
    assert progress_at_time(None, now_s) is None
