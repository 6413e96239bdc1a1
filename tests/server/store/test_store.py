"""What every store must do, run on each implementation."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from railbox_server.fleet import ALWAYS, Assignment, AssignmentError, Span
from railbox_server.ledger import Ledger
from railbox_server.store.influx.store import InfluxStore
from railbox_server.store.interface import MovedError, Store
from railbox_server.store.values import (
    Box,
    Conclusion,
    DerivedChange,
    Group,
    Outbox,
    Page,
    Point,
    Quarantined,
    Reason,
    Row,
    Status,
    StoredBatch,
    StoredEvent,
    StoredReading,
    Untrusted,
)
from railbox_telemetry import iso
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import BootClock, Knot, Positions, SeqRange, Undated, UndatedEvent
from railbox_telemetry.wire import decode, encode
from support.batches import DEVICE, EPOCH, PERIOD_S, START_S, batch, door, payload, positions, temperatures

OUTBOX = Outbox(DEVICE, EPOCH)
RECEIVED_MS = (START_S + 100_000) * 1000
AROUND = (17_800_000, 17_900_000, 18_000_000, -18_000_000, -17_900_000, 0)


def stored(data: bytes, device: str = DEVICE, received_at_ms: int = RECEIVED_MS) -> StoredBatch:
    return StoredBatch(device, decode(data), data, received_at_ms)


def group(*payloads: bytes) -> Group:
    batches = tuple(map(stored, payloads))
    ledgers: dict[Outbox, Ledger] = {}
    for item in batches:
        ledgers.setdefault(item.outbox, Ledger()).stored.add(item.batch.seq)
    return Group(batches, ledgers=ledgers)


def test_knots_come_back_as_they_were_sent(store: Store) -> None:
    store.write(group(payload(1)))
    knots = store.seen_knots(DEVICE, ALWAYS)[EPOCH]
    assert [(knot.time_s, knot.lat_e5, knot.lon_e5) for knot in knots] == [
        (START_S + number * PERIOD_S, 2_500_000 + number * 1000, 6_700_000 + number * 1000) for number in (3, 4, 5)
    ]
    assert {(knot.seq, knot.received_at_s, knot.dark_s) for knot in knots} == {(1, RECEIVED_MS // 1000, 0)}


def test_what_is_read_together_is_as_it_was_at_one_moment_or_is_said_not_to_be(store: Store) -> None:
    store.write(group(payload(1)))
    try:
        with store.at_one_moment([DEVICE]) as stored_counts:
            assert stored_counts == {(DEVICE, EPOCH): 1}
            before = store.seen_knots(DEVICE, ALWAYS)
            store.write(group(payload(1), payload(2, positions([6, 7]))))
            assert isinstance(store, InfluxStore) or store.seen_knots(DEVICE, ALWAYS) == before
    except MovedError:
        assert isinstance(store, InfluxStore)
    with store.at_one_moment([DEVICE, "TRK9"]) as stored_counts:
        assert stored_counts == {(DEVICE, EPOCH): 2}
    assert len(store.seen_knots(DEVICE, ALWAYS)[EPOCH]) == 5


def test_the_first_and_the_last_knot_of_a_span_are_told(store: Store) -> None:
    other = replace(decode(payload(1, positions([2]))), epoch=EPOCH + 1)
    store.write(group(payload(1), encode(other)))
    times_s = sorted(knot.time_s for knots in store.seen_knots(DEVICE, ALWAYS).values() for knot in knots)
    assert len(times_s) == 4
    assert store.knot_extent(DEVICE, ALWAYS) == (times_s[0], times_s[-1])
    assert store.knot_extent(DEVICE, Span(times_s[0] + 1, times_s[-1])) == (times_s[1], times_s[-2])
    assert store.knot_extent(DEVICE, Span(times_s[-1] + 1, None)) is None
    assert store.knot_extent("TRK9", ALWAYS) is None


def test_the_state_belongs_to_the_last_knot_of_its_section(store: Store) -> None:
    store.write(group(payload(1, positions([1, 2], {0: 123, 1: 90, 2: 12, 5: -35}))))
    first, last = store.points(DEVICE, ALWAYS)
    assert (first.speed_dmps, first.course_deg, first.accuracy_m) == (None, None, None)
    assert (last.speed_dmps, last.course_deg, last.accuracy_m) == (123, 90, 12)
    assert store.readings(DEVICE, ALWAYS, 0, 10) == [StoredReading(DEVICE, last.time_s, 0, -35)]


def test_writing_twice_changes_nothing(store: Store) -> None:
    whole = group(payload(1), payload(2, positions([6, 7]), temperatures([START_S], [50]), door(START_S)))
    store.write(whole)
    before = (store.points(DEVICE, ALWAYS), store.readings(DEVICE, ALWAYS, None, 10), store.events(DEVICE, ALWAYS, 10))
    store.write(whole)
    assert before == (
        store.points(DEVICE, ALWAYS),
        store.readings(DEVICE, ALWAYS, None, 10),
        store.events(DEVICE, ALWAYS, 10),
    )


def test_a_knot_keeps_when_it_was_first_received(store: Store) -> None:
    store.write(group(payload(1)))
    late = stored(payload(1), received_at_ms=RECEIVED_MS + 5_000_000)
    store.write(Group((late,), ledgers={OUTBOX: Ledger(SeqSet([SeqRange(1, 1)]))}))
    assert {point.received_at_s for point in store.points(DEVICE, ALWAYS)} == {RECEIVED_MS // 1000}


def test_two_values_of_one_second_give_the_same_in_either_order(open_store: Callable[[], Store]) -> None:
    store = open_store()
    low, high = payload(1, temperatures([START_S], [10])), payload(2, temperatures([START_S], [20]))
    for payloads in ((low, high), (high, low)):
        store.write(group(*payloads))
        assert store.readings(DEVICE, ALWAYS, None, 10) == [StoredReading(DEVICE, START_S, 0, 20)]


def test_two_equal_events_of_one_second_are_two(store: Store) -> None:
    store.write(group(payload(1, door(START_S), door(START_S))))
    assert store.events(DEVICE, ALWAYS, 10) == [StoredEvent(DEVICE, START_S, 1, 0)] * 2


@pytest.mark.parametrize("clock_first", [True, False])
def test_undated_events_are_dated_once_their_boots_clock_is_known(store: Store, clock_first: bool) -> None:
    undated = payload(1, Undated(99, (UndatedEvent(12, 1, 0),)))
    clock = payload(2, BootClock(99, START_S))
    other_boot = payload(3, Undated(98, (UndatedEvent(1, 1, 0),)))
    store.write(group(clock if clock_first else undated, other_boot))
    store.write(group(undated if clock_first else clock))
    assert store.events(DEVICE, ALWAYS, 10) == [StoredEvent(DEVICE, START_S + 12, 1, 0)]


def test_a_boots_last_word_on_its_clock_counts(store: Store) -> None:
    undated = payload(1, Undated(99, (UndatedEvent(0, 1, 0),)))
    store.write(group(undated, payload(5, BootClock(99, START_S + 3)), payload(4, BootClock(99, START_S))))
    assert store.events(DEVICE, ALWAYS, 10) == [StoredEvent(DEVICE, START_S + 3, 1, 0)]


def test_a_span_takes_its_start_and_leaves_its_end(store: Store) -> None:
    store.write(group(payload(1)))
    first_s, last_s = START_S + 3 * PERIOD_S, START_S + 5 * PERIOD_S
    assert len(store.points(DEVICE, Span(first_s, last_s))) == 2
    assert store.points(DEVICE, Span(last_s + 1, None)) == []
    assert store.points(DEVICE, Span(last_s, first_s)) == []
    assert store.points("NOBODY", ALWAYS) == []


def test_readings_are_the_newest_ascending(store: Store) -> None:
    store.write(group(payload(1, temperatures([START_S, START_S + 1, START_S + 2], [1, 2, 3]))))
    assert [item.value for item in store.readings(DEVICE, ALWAYS, 0, 2)] == [2, 3]
    assert [item.value for item in store.newest_readings(DEVICE, Span(None, START_S + 2), (0, 1))] == [2]


def test_the_oldest_of_a_span_can_be_asked_for_as_well(store: Store) -> None:
    store.write(group(payload(1, temperatures([START_S, START_S + 1, START_S + 2], [1, 2, 3]))))
    store.write(group(payload(2, door(START_S), door(START_S + 5), door(START_S + 9))))
    assert [item.value for item in store.readings(DEVICE, ALWAYS, 0, 2, oldest=True)] == [1, 2]
    assert [item.value for item in store.readings(DEVICE, ALWAYS, None, 2, oldest=True)] == [1, 2]
    assert [item.time_s - START_S for item in store.events(DEVICE, ALWAYS, 2, oldest=True)] == [0, 5]


def test_a_track_is_the_first_knots_of_the_span(store: Store) -> None:
    store.write(group(payload(1), payload(2)))
    times = [point.time_s for point in store.points(DEVICE, ALWAYS)]
    assert [point.time_s for point in store.track(DEVICE, ALWAYS, 100)] == times
    assert store.points(DEVICE, ALWAYS, 2) == store.points(DEVICE, ALWAYS)[:2]
    assert store.track(DEVICE, Span(times[1]), 1) == [(EPOCH, times[1], 2_504_000, 6_704_000, 0)]


def test_the_latest_knot_of_each_device_is_not_later_than_asked(store: Store) -> None:
    future = payload(2, Positions((Knot(4_102_444_800, 0, 0),)))
    store.write(Group((*group(payload(1), future).batches, stored(payload(1, positions([9])), "TRK2"))))
    assert [(point.device, point.seq, point.time_s) for point in store.latest(2**32)] == [
        (DEVICE, 2, 4_102_444_800),
        ("TRK2", 1, START_S + 9 * PERIOD_S),
    ]
    assert [(point.device, point.time_s) for point in store.latest(START_S + 4 * PERIOD_S)] == [
        (DEVICE, START_S + 4 * PERIOD_S)
    ]
    assert store.latest(0) == []


def test_knots_in_a_box_and_a_time_are_found_page_by_page(store: Store) -> None:
    others = tuple(stored(payload(seq), "TRK2") for seq in (1, 2))
    store.write(Group((*group(payload(1), payload(2), payload(40)).batches, *others)))
    wanted = [
        point
        for device in (DEVICE, "TRK2")
        for point in store.points(device, ALWAYS)
        if 2_504_000 <= point.lat_e5 <= 2_507_000
    ]
    box = Box(2_504_000, 6_700_000, 2_507_000, 6_800_000)
    found, after = list[Point](), None
    while (page := store.points_in_box(box, ALWAYS, 3, after)).after is not None:
        assert len(page.items) == 3
        found, after = [*found, *page.items], page.after
    assert [*found, *page.items] == wanted
    assert store.points_in_box(box, Span(None, START_S), 3) == Page(())
    assert store.points_in_box(Box(2_504_000, 6_800_000, 2_507_000, 6_900_000), ALWAYS, 3) == Page(())


def test_where_to_look_for_a_box_holds_its_knots_and_the_steps_through_it(store: Store) -> None:
    far = payload(9, Positions((Knot(START_S, 2_500_000, 6_700_000), Knot(START_S + 5_000, 2_600_000, 6_800_000))))
    store.write(Group((*group(payload(1), payload(2)).batches, stored(far, "TRK2"))))
    between = Box(2_549_000, 6_749_000, 2_551_000, 6_751_000)
    assert store.spans_near(between, START_S, START_S + 60) == [
        ("TRK2", store.spans_near(between, START_S, START_S + 60)[0][1])
    ]
    for box in (
        between,
        Box(2_504_000, 6_700_000, 2_507_000, 6_800_000),
        Box(-9_000_000, 17_000_000, 9_000_000, 7_000_000),
    ):
        near = store.spans_near(box, START_S, START_S + 86_400)
        for point in store.points_in_box(box, Span(START_S, START_S + 86_400), 100).items:
            assert any(device == point.device and point.time_s in span for device, span in near)
    assert store.spans_near(Box(0, 0, 1, 1), START_S, START_S + 86_400) == []
    assert store.spans_near(between, 0, 100) == []


def test_a_probe_changes_nothing_that_is_read(store: Store) -> None:
    before = store.registry_version()
    store.probe()
    store.probe()
    assert store.registry_version() == before


def test_a_box_may_lie_over_the_antimeridian(store: Store) -> None:
    store.write(group(payload(1, Positions(tuple(Knot(START_S + at, 0, lon) for at, lon in enumerate(AROUND))))))
    found = store.points_in_box(Box(-1, 17_900_000, 1, -17_900_000), ALWAYS, 10).items
    assert [point.lon_e5 for point in found] == [17_900_000, 18_000_000, -18_000_000, -17_900_000]


def test_a_ledger_comes_back_as_it_was_written(open_store: Callable[[], Store]) -> None:
    ledger = Ledger(SeqSet([SeqRange(1, 5), SeqRange(9, 9)]), SeqSet([SeqRange(7, 7)]), SeqSet([SeqRange(6, 6)]))
    store = open_store()
    store.write(Group(ledgers={OUTBOX: ledger}))
    ledger.stored.add(6, 8)
    ledger.quarantined.discard(7)
    store.write(Group(ledgers={OUTBOX: ledger}))
    again = open_store().ledger(OUTBOX)
    assert again.stored.ranges == (SeqRange(1, 9),)
    assert again.quarantined.ranges == ()
    assert again.discarded.ranges == (SeqRange(6, 6),)
    assert open_store().ledger(Outbox(DEVICE, EPOCH + 1)).highest == 0


def test_raw_batches_are_kept(store: Store) -> None:
    store.write(group(payload(1)))
    assert store.payload(OUTBOX, 1) == payload(1)
    assert store.payload(OUTBOX, 2) is None


def test_of_one_devices_outboxes_the_last_heard_is_last(store: Store) -> None:
    old, new = encode(batch(1, epoch=9)), encode(batch(1, epoch=3))
    for data, received_at_ms in ((new, RECEIVED_MS + 1000), (old, RECEIVED_MS)):
        item = stored(data, received_at_ms=received_at_ms)
        store.write(Group((item,), ledgers={item.outbox: Ledger(SeqSet([SeqRange(1, 1)]))}))
    assert [(state.outbox.epoch, len(state.ledger.stored)) for state in store.outboxes(DEVICE)] == [(9, 1), (3, 1)]
    assert store.outboxes("NOBODY") == []


def test_quarantine_keeps_a_message_whole_and_once(store: Store) -> None:
    item = Quarantined(DEVICE, Reason.UNDECODABLE, "why", b"\xff\x00", RECEIVED_MS)
    store.write(Group(quarantined=(item, item)))
    store.write(Group(quarantined=(item,)))
    (kept,) = store.quarantined(DEVICE)
    assert (kept.payload, kept.reason, kept.detail, kept.epoch) == (b"\xff\x00", Reason.UNDECODABLE, "why", None)
    assert store.quarantined("NOBODY") == []
    assert store.quarantined(after_row=kept.row_id) == []
    assert store.quarantine_counts() == {DEVICE: 1}
    store.write(Group(released=(kept.row_id,)))
    assert store.quarantined() == []


def test_a_status_replaces_the_one_before(store: Store) -> None:
    for online in (True, False):
        store.write(Group(statuses=(Status(DEVICE, RECEIVED_MS, online, {"online": online, "counters": {"a": 1}}),)))
    assert store.statuses() == [Status(DEVICE, RECEIVED_MS, False, {"online": False, "counters": {"a": 1}})]


def test_a_last_will_leaves_what_the_device_said_of_itself(store: Store) -> None:
    said = {"online": True, "counters": {"a": 1}, "health": {"temp_c": 41}}
    store.write(Group(statuses=(Status(DEVICE, RECEIVED_MS, True, said),)))
    store.write(Group(statuses=(Status(DEVICE, RECEIVED_MS + 5, False, {"online": False}),)))
    assert store.statuses() == [Status(DEVICE, RECEIVED_MS + 5, False, {**said, "online": False})]


def test_a_device_is_known_once_it_is_registered_or_assigned(store: Store) -> None:
    store.write(group(payload(1)))
    assert store.known_devices() == frozenset()
    version = store.registry_version()
    store.register(DEVICE, RECEIVED_MS)
    store.assign(Assignment("TRK2", "CSQU3054383"), RECEIVED_MS)
    assert store.known_devices() == {DEVICE, "TRK2"}
    assert store.registry_version() > version


def test_one_device_cannot_be_on_two_units_at_once(store: Store) -> None:
    store.assign(Assignment(DEVICE, "CSQU3054383", Span(100, 200)), RECEIVED_MS)
    with pytest.raises(AssignmentError, match="is on CSQU3054383"):
        store.assign(Assignment(DEVICE, "MSKU1234565", Span(199, None)), RECEIVED_MS)
    store.assign(Assignment(DEVICE, "MSKU1234565", Span(200, None)), RECEIVED_MS)
    store.assign(Assignment("TRK2", "MSKU1234565", Span(200, None)), RECEIVED_MS)
    assert [(item.device, item.unit, item.span) for item in store.assignments()] == [
        (DEVICE, "CSQU3054383", Span(100, 200)),
        (DEVICE, "MSKU1234565", Span(200, None)),
        ("TRK2", "MSKU1234565", Span(200, None)),
    ]


def test_an_assignment_ends_once(store: Store) -> None:
    store.assign(Assignment(DEVICE, "CSQU3054383", Span(100, None)), RECEIVED_MS)
    with pytest.raises(AssignmentError, match="before it starts"):
        store.end_assignment(DEVICE, 50)
    assert store.end_assignment(DEVICE, 300).span == Span(100, 300)
    with pytest.raises(AssignmentError, match="on no unit"):
        store.end_assignment(DEVICE, 400)


def test_numbers_without_data_are_told_between_two_that_have_some(store: Store) -> None:
    numbers = (3, 4, 6, 20, 21, 30)
    ledger = Ledger(SeqSet(SeqRange(seq, seq) for seq in numbers), discarded=SeqSet((SeqRange(10, 12),)))
    store.write(Group(tuple(stored(payload(seq)) for seq in numbers), ledgers={OUTBOX: ledger}))
    assert store.without_data(OUTBOX, SeqRange(4, 21)) == (SeqRange(5, 5), SeqRange(7, 19))
    assert store.without_data(OUTBOX, SeqRange(3, 30))[-1] == SeqRange(22, 29)
    assert store.without_data(OUTBOX, SeqRange(20, 21)) == store.without_data(OUTBOX, SeqRange(30, 30)) == ()


def stay(name: str, from_h: int, to_h: int | None) -> Row:
    return {"id": name, "entered": _at(from_h), "exited": None if to_h is None else _at(to_h)}


def crossed(name: str, border: str | None, from_h: int, to_h: int | None) -> Row:
    departed = None if to_h is None else _at(to_h)
    return {"id": name, "border": border, "arrived": _at(from_h), "departed": departed}


def span_of(place: str | None, from_h: int | None, to_h: int | None) -> Row:
    return {
        "place": place,
        "start": None if from_h is None else _at(from_h),
        "end": None if to_h is None else _at(to_h),
    }


def _at(hours: int) -> Row:
    text = iso.from_s(START_S + 3600 * hours)
    return {"earliest": text, "est": text, "latest": text}


def concluded(unit: str = "U1", **said: Any) -> Conclusion:
    always = ((-math.inf, math.inf),)
    return replace(Conclusion(unit, {"unit": unit}, None, always, (), always, ()), **said)


def test_what_was_derived_is_changed_row_by_row(open_store: Callable[[], Store]) -> None:
    store, other = open_store(), open_store()
    first, second, third = stay("a", 0, None), stay("b", 5, 6), crossed("c", "x", 0, None)
    doubt = Untrusted(DEVICE, EPOCH, START_S, "jump")
    new = DerivedChange("U1", visits=(first, second), untrusted=(doubt,), row={"unit": "U1"})
    assert store.change_derived([new, DerivedChange("U2", row={"unit": "U2"})]) == ["U1"]
    assert store.change_derived([DerivedChange("U1", visits_gone=(first,), crossings=(third,))]) == ["U1"]
    assert other.visits("U1") == [second]
    assert other.visits(open_only=True) == []
    assert other.crossings(open_only=True) == [third]
    assert other.unit_rows() == [{"unit": "U1"}, {"unit": "U2"}]
    assert other.untrusted("U1") == [doubt]
    assert store.change_derived([DerivedChange("U1", judged=((DEVICE, (START_S - 1, math.inf)),))]) == []
    assert other.untrusted("U1") == []
    assert store.change_derived([DerivedChange("U1", visits=(first,), anew=True)]) == ["U1"]
    assert (other.visits("U1"), other.crossings("U1")) == ([first], [])
    store.drop_derived("U1")
    assert other.derived_units() == {"U2"}
    assert other.crossings() == other.visits() == other.untrusted("U1") == []


def test_what_was_derived_comes_in_pages(store: Store) -> None:
    rows = tuple(stay(str(at), at, None if at == 4 else at + 1) for at in range(5))
    store.change_derived([DerivedChange(unit, visits=rows) for unit in ("U1", "U2")])
    first = store.visit_page(None, 7)
    second = store.visit_page(None, 7, first.after)
    assert (*first.items, *second.items) == (*rows, *rows)
    assert (len(first.items), second.after) == (7, None)
    assert store.visit_page("U2", 5) == Page(rows)
    assert store.visit_page(None, 1, open_only=True).items == (rows[4],)
    assert store.crossing_page(None, 5) == Page(())


def test_visits_of_a_time_come_with_the_ones_before_and_after(store: Store) -> None:
    rows = [stay(str(at), 10 * at, 10 * at + 5) for at in range(6)]
    long = stay("8", 9, 40)
    store.change_derived([DerivedChange("U1", visits=(*rows, long))])

    def near(from_h: float, to_h: float) -> list[str]:
        span = START_S + 3600 * from_h, START_S + 3600 * to_h
        return sorted(row["id"] for row in store.visits_near("U1", span))

    assert near(22, 33) == ["1", "2", "3", "4", "8"]
    assert near(46, 47) == ["4", "5"]
    assert near(-20, -10) == ["0"]
    assert near(-math.inf, math.inf) == ["0", "1", "2", "3", "4", "5", "8"]
    assert near(100, math.inf) == ["5"]


def test_crossings_of_a_time_are_found_open_or_over(store: Store) -> None:
    over, lasting = crossed("1", "x", 0, 10), crossed("2", "y", 20, None)
    store.change_derived([DerivedChange("U1", crossings=(over, lasting))])
    assert store.crossings_touching("U1", (START_S + 36_000, START_S + 36_001)) == [over]
    assert store.crossings_touching("U1", (START_S + 36_001, START_S + 71_999)) == []
    assert store.crossings_touching("U1", (START_S + 10**9, math.inf)) == [lasting]


def test_progress_trips_and_custody_are_kept_and_dropped_with_the_rest(open_store: Callable[[], Store]) -> None:
    store, other = open_store(), open_store()
    assert (store.progress("U1"), store.custody("U1"), store.trips()) == (None, [], [])
    spans = span_of(None, None, 1), span_of("a", 1, 5), span_of(None, 5, None)
    trip = {"from_s": START_S, "to_s": START_S + 9}
    assert store.conclude([concluded(progress={"km": 3}, trips=(trip,), custody=spans)]) == ["U1"]
    assert (other.progress("U1"), other.trips(), other.custody("U1")) == ({"km": 3}, [trip], list(spans))
    assert store.conclude([concluded(progress={"km": 4}, trips=(trip,), custody=spans)]) == []
    assert other.progress("U1") == {"km": 4}
    store.conclude([concluded(trips=(trip,), custody=spans[:1])])
    assert (other.progress("U1"), other.custody("U1"), other.trips()) == (None, [spans[0]], [trip])
    store.drop_derived("U1")
    assert (other.progress("U1"), other.custody("U1"), other.trips()) == (None, [], [])


def test_what_is_concluded_of_a_time_leaves_other_times_as_they_were(store: Store) -> None:
    spans = [span_of("abcd"[at], 10 * at, 10 * at + 9) for at in range(4)]
    store.conclude([concluded(custody=tuple(spans))])
    other = span_of("e", 12, 18)
    hour_s = START_S + 3600
    store.conclude([concluded(travelled=(), kept=((hour_s + 9 * 3600, hour_s + 15 * 3600),), custody=(other,))])
    assert store.custody("U1") == [spans[0], other, *spans[2:]]


def test_the_version_of_statistics_changes_with_crossings_and_trips_only(store: Store) -> None:
    crossing, trip = crossed("c", "x", 0, None), {"from_s": START_S, "to_s": START_S + 9}
    seen = [store.statistics_version()]
    store.change_derived([DerivedChange("U1", crossings=(crossing,))])
    seen.append(store.statistics_version())
    store.change_derived([DerivedChange("U1", visits=(stay("a", 0, 1),), row={"unit": "U1"})])
    assert store.statistics_version() == seen[-1]
    store.conclude([concluded(trips=(trip,))])
    seen.append(store.statistics_version())
    store.conclude([concluded(trips=(trip,), progress={"km": 2}, custody=(span_of("a", 0, 1),))])
    assert store.statistics_version() == seen[-1]
    store.drop_derived("U1")
    assert len({*seen, store.statistics_version()}) == 4


def test_recent_crossings_are_those_that_are_over_the_newest_first(store: Store) -> None:
    rows = (
        crossed("a", "x", 0, 10),
        crossed("b", "x", 0, 30),
        crossed("c", "x", 0, 20),
        crossed("d", "y", 0, 40),
        crossed("e", None, 0, 50),
        crossed("f", "x", 0, None),
    )
    store.change_derived([DerivedChange("U1", crossings=rows)])
    assert [row["id"] for row in store.recent_crossings("x", 5)] == ["b", "c", "a"]
    assert [row["id"] for row in store.recent_crossings("x", 1)] == ["b"]


def test_a_second_opener_sees_what_was_written(open_store: Callable[[], Store]) -> None:
    store, other = open_store(), open_store()
    store.write(group(payload(1)))
    assert len(other.points(DEVICE, ALWAYS)) == 3
    other.register(DEVICE, RECEIVED_MS)
    assert store.known_devices() == {DEVICE}
