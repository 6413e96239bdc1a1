"""Packing: reports when due, at once for events, and never a batch that the wire refuses."""

from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.items import Item, Report
from railbox_agent.packing import GRACE_S, MAX_ITEMS, Packer, Parcel
from railbox_telemetry.tables import CHANNELS, SPEED
from railbox_telemetry.values import (
    Batch,
    BootClock,
    Event,
    Events,
    Fix,
    Knot,
    Positions,
    Reading,
    ReadingRow,
    Readings,
    Undated,
    UndatedEvent,
)
from railbox_telemetry.wire import MAX_BATCH_BYTES, WIRE_EPOCH_S, decode, encode

T0 = 1_750_000_000
BOOT = 77


def report(*times_s: int, speed: int = 0) -> Report:
    knots = tuple(Knot(time_s, 5_500_000, 3_700_000) for time_s in times_s)
    return Report(times_s[-1], knots, {SPEED.bit: speed})


def packed(packer: Packer, *items: Item) -> list[Parcel]:
    return [parcel for item in items for parcel in packer.pack([item])]


def test_a_report_goes_at_once_and_takes_along_the_readings_since_the_last() -> None:
    packer = Packer(BOOT, 60)
    assert len(packed(packer, report(T0))) == 1
    assert packed(packer, Reading(T0 + 10, 0, 215)) == []
    (parcel,) = packed(packer, report(T0 + 8, T0 + 60))
    assert parcel.sections == (
        Positions((Knot(T0 + 8, 5_500_000, 3_700_000), Knot(T0 + 60, 5_500_000, 3_700_000)), {SPEED.bit: 0}),
        Readings((0,), (ReadingRow(T0 + 10, (215,)),)),
    )
    assert not parcel.urgent


def test_reports_that_come_together_are_one_section_with_the_state_of_the_last() -> None:
    packer = Packer(BOOT, 60)
    (parcel,) = packer.pack([report(T0 + 9, speed=9), report(T0, speed=1)])
    (positions,) = parcel.sections
    assert isinstance(positions, Positions)
    assert positions.state == {SPEED.bit: 9}
    assert [item.time_s - T0 for item in positions.knots] == [0, 9]


def test_readings_wait_for_a_report_but_not_for_ever() -> None:
    packer = Packer(BOOT, 60)
    assert packed(packer, Reading(T0, 0, 215), Reading(T0 + 60 + GRACE_S - 1, 0, 215)) == []
    assert len(packed(packer, Reading(T0 + 60 + GRACE_S, 0, 215))) == 1


def test_an_event_goes_at_once_and_takes_along_what_is_there() -> None:
    packer = Packer(BOOT, 60)
    packed(packer, Reading(T0 + 1, 0, 215))
    (parcel,) = packer.pack([Event(T0 + 2, 1), Event(T0 + 2, 3, 250)])
    assert parcel.urgent
    assert parcel.sections == (
        Readings((0,), (ReadingRow(T0 + 1, (215,)),)),
        Events((Event(T0 + 2, 1), Event(T0 + 2, 3, 250))),
    )


def test_an_event_without_utc_and_what_dates_it_go_at_once() -> None:
    packer = Packer(BOOT, 60)
    (event,) = packer.pack([UndatedEvent(12, 1)])
    assert event == Parcel((Undated(BOOT, (UndatedEvent(12, 1),)),), urgent=True)
    (clock,) = packer.pack([BootClock(BOOT, T0)])
    assert clock == Parcel((BootClock(BOOT, T0),), urgent=True)


def test_channels_read_together_share_a_row_and_other_sets_have_their_own_section() -> None:
    packer = Packer(BOOT, 60)
    packer.pack([Reading(T0, 1, 50), Reading(T0, 0, 215), Reading(T0 + 1, 0, 216), Reading(T0 + 2, 0, 217)])
    packer.pack([Reading(T0 + 2, 1, 51)])
    (parcel,) = packer.flush()
    assert parcel.sections == (
        Readings((0, 1), (ReadingRow(T0, (215, 50)), ReadingRow(T0 + 2, (217, 51)))),
        Readings((0,), (ReadingRow(T0 + 1, (216,)),)),
    )


def test_fixes_are_not_sent() -> None:
    packer = Packer(BOOT, 60)
    assert packer.pack([Fix(T0 * 1000, 55.0, 37.0)]) == []
    assert packer.flush() == []


def test_a_clock_set_back_does_not_silence_the_readings() -> None:
    packer = Packer(BOOT, 60)
    assert packed(packer, Reading(T0, 0, 215)) == []
    assert len(packed(packer, Reading(T0 - 86_400, 0, 215))) == 1


def test_what_is_open_is_what_a_flush_returns() -> None:
    packer = Packer(BOOT, 60)
    assert packer.open() is None
    packed(packer, Reading(T0, 0, 215))
    parcel = packer.open()
    assert packer.flush() == [parcel]
    assert packer.open() is None


def test_what_thinning_holds_is_open_too_and_not_flushed() -> None:
    packer = Packer(BOOT, 60)
    parcel = packer.open(report(T0, T0 + 5))
    assert parcel is not None
    assert parcel.time_s == T0 + 5
    assert packer.flush() == []


def test_a_full_parcel_of_the_widest_items_fits_the_wire() -> None:
    packer = Packer(BOOT, 10**9)
    wild = [Reading(T0 + s * 10**9, s % 12, (-1) ** s * 2**40) for s in range(1, MAX_ITEMS + 2)]
    (parcel, *_) = packer.pack(wild)
    assert len(encode(Batch(2**28 - 1, 2**40, parcel.sections))) < MAX_BATCH_BYTES - 10_000


TIMES = st.integers(WIRE_EPOCH_S - 100, WIRE_EPOCH_S + 300)
LATITUDES, LONGITUDES = st.integers(-9_000_000, 9_000_000), st.integers(-18_000_000, 18_000_000)
ITEMS = st.one_of(
    st.builds(
        Report,
        TIMES,
        st.lists(st.builds(Knot, TIMES, LATITUDES, LONGITUDES), min_size=1, max_size=3).map(
            lambda knots: tuple({knot.time_s: knot for knot in sorted(knots, key=lambda knot: knot.time_s)}.values())
        ),
    ),
    st.builds(Reading, TIMES, st.integers(0, len(CHANNELS) - 1), st.integers(-(2**31), 2**31)),
    st.builds(Event, TIMES, st.integers(1, 15), st.integers(-(2**31), 2**31)),
    st.builds(UndatedEvent, st.integers(0, 10**6), st.integers(1, 15)),
    st.builds(BootClock, st.just(BOOT), TIMES),
)


@given(st.lists(st.lists(ITEMS, max_size=5), max_size=40))
def test_whatever_comes_in_any_order_every_parcel_is_a_batch_and_nothing_is_missing(
    bursts: list[list[Item]],
) -> None:
    packer = Packer(BOOT, 60)
    parcels = [parcel for burst in bursts for parcel in packer.pack(burst)] + packer.flush()
    found: list[object] = []
    for parcel in parcels:
        batch = Batch(1, 1, parcel.sections)
        assert decode(encode(batch)) == batch
        found += contents(parcel)
    items = [item for burst in bursts for item in burst]
    assert {item for item in items if isinstance(item, Event | UndatedEvent | BootClock)} <= set(found)
    assert {knot.time_s for item in items if isinstance(item, Report) for knot in item.knots} == {
        item.time_s for item in found if isinstance(item, Knot)
    }
    assert {(item.time_s, item.channel) for item in items if isinstance(item, Reading)} == {
        (item.time_s, item.channel) for item in found if isinstance(item, Reading)
    }


def contents(parcel: Parcel) -> list[object]:
    found: list[object] = []
    for section in parcel.sections:
        match section:
            case Positions():
                found += section.knots
            case Readings():
                for row in section.rows:
                    found += [
                        Reading(row.time_s, channel, value)
                        for channel, value in zip(section.channels, row.values, strict=True)
                    ]
            case Events() | Undated():
                found += section.events
            case _:
                found.append(section)
    return found
