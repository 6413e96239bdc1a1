"""Wire version 1: round trip, every prefix, hostile bytes, and the sizes that the design promises."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_telemetry import tables
from railbox_telemetry.values import (
    Batch,
    BootClock,
    Discarded,
    Event,
    Events,
    Knot,
    Positions,
    ReadingRow,
    Readings,
    Section,
    SeqRange,
    Undated,
    UndatedEvent,
    UnknownSection,
)
from railbox_telemetry.varint import Reader, put, put_signed
from railbox_telemetry.wire import MAX_BATCH_BYTES, WIRE_EPOCH_S, WireError, decode, encode, predict

NOW_S = 1_795_309_200  # 2026-11-22

times = st.integers(WIRE_EPOCH_S - 10**9, WIRE_EPOCH_S + 10**9)
numbers = st.integers(0, 2**32 - 1)
signed = st.integers(-(2**31), 2**31)
states = st.dictionaries(st.integers(0, tables.CHANNEL_SCALAR_BASE + len(tables.CHANNELS) - 1), signed)
row_times = st.lists(times, min_size=1, max_size=12, unique=True).map(sorted)


@st.composite
def positions(draw: st.DrawFn) -> Positions:
    lat, lon = st.integers(-9_000_000, 9_000_000), st.integers(-18_000_000, 18_000_000)
    dark = st.sampled_from((0, 0, 0, 5, 86_400))
    knots = tuple(Knot(time_s, draw(lat), draw(lon), draw(dark)) for time_s in draw(row_times))
    return Positions(knots, draw(states))


@st.composite
def readings(draw: st.DrawFn) -> Readings:
    channels = tuple(sorted(draw(st.sets(st.integers(0, len(tables.CHANNELS) - 1)))))
    rows = tuple(ReadingRow(time_s, tuple(draw(signed) for _ in channels)) for time_s in draw(row_times))
    return Readings(channels, rows, draw(states))


ranges = st.lists(st.tuples(numbers, st.integers(1, 1000)), max_size=6)


def ascending(pairs: list[tuple[int, int]]) -> tuple[SeqRange, ...]:
    last, result = 0, list[SeqRange]()
    for gap, run in pairs:
        result.append(SeqRange(last + gap + 1, last + gap + run))
        last = result[-1].last
    return tuple(result)


sections: st.SearchStrategy[Section] = st.one_of(
    positions(),
    readings(),
    st.lists(st.builds(Event, times, numbers, signed), max_size=5).map(lambda items: Events(tuple(items))),
    st.builds(Undated, numbers, st.lists(st.builds(UndatedEvent, numbers, numbers, signed), max_size=5).map(tuple)),
    st.builds(BootClock, numbers, times),
    ranges.map(ascending).map(Discarded),
    st.builds(UnknownSection, st.integers(6, 2**20), st.binary(max_size=40)),
)
batches = st.builds(
    Batch, st.integers(0, 2**28 - 1), st.integers(1, 2**40), st.lists(sections, min_size=1, max_size=4).map(tuple)
)


@given(batches)
def test_a_batch_survives_the_round_trip(batch: Batch) -> None:
    assert decode(encode(batch)) == batch


@given(batches)
def test_equal_batches_are_equal_bytes(batch: Batch) -> None:
    data = encode(batch)
    assert encode(decode(data)) == data


@given(batches)
def test_a_prefix_is_rejected_unless_it_ends_between_two_sections(batch: Batch) -> None:
    data = encode(batch)
    whole = {
        len(encode(Batch(batch.epoch, batch.seq, batch.sections[:count]))) for count in range(1, len(batch.sections))
    }
    for length in range(len(data)):
        if length in whole:
            assert decode(data[:length]).sections == batch.sections[: len(decode(data[:length]).sections)]
        else:
            with pytest.raises(WireError):
                decode(data[:length])


@given(batches, st.binary(min_size=1, max_size=3))
def test_bytes_left_over_never_pass_as_the_same_batch(batch: Batch, tail: bytes) -> None:
    with contextlib.suppress(WireError):
        assert decode(encode(batch) + tail) != batch


@given(st.binary(max_size=400))
def test_hostile_bytes_either_decode_or_raise_the_one_error(data: bytes) -> None:
    for candidate in (data, b"\x01" + data):
        try:
            batch = decode(candidate)
        except WireError:
            continue
        assert batch.sections


@given(batches, st.data())
def test_a_flipped_bit_is_survived(batch: Batch, data: st.DataObject) -> None:
    flipped = bytearray(encode(batch))
    position = data.draw(st.integers(0, len(flipped) * 8 - 1))
    flipped[position // 8] ^= 1 << position % 8
    with contextlib.suppress(WireError):
        decode(bytes(flipped))


def head(kind: int, *body: int) -> bytes:
    out = bytearray((1, 7, 1, kind, len(body)))
    return bytes(out + bytearray(body))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ends inside"),
        (bytes((2, 7, 1, 6, 0)), "wire version 2"),
        (bytes((1, 7, 1)), "without a section"),
        (head(0, 0, 3, 0), "without rows"),
        (head(0, 1, 1, 0, 0, 0), "without latitude or longitude"),
        (head(0, 2, 3, 0, 0, 0, 0, 0, 0, 0), "same second"),
        (head(0, 100, 3, 0, 0), "do not fit"),
        (head(0, 1, 3, 0, 0, 0, 0, 0), "left over"),
        (head(5, 1, 0, 0), "empty range"),
        (bytes((1, 7, 1, 6, 0x80, 0)), "longer than needed"),
        (bytes((1,)) + b"\xff" * 11, "over 10 bytes"),
        (bytes(MAX_BATCH_BYTES + 1), "over"),
    ],
)
def test_what_breaks_a_rule_is_rejected_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        decode(data)


def test_columns_and_scalars_of_a_later_version_are_passed_over() -> None:
    body = bytearray()
    put(body, 2)
    put(body, 0b1_0011)  # latitude, longitude, and an unknown row bit 4
    put(body, 1 << 40 | 1)  # speed and an unknown scalar
    put_signed(body, NOW_S - WIRE_EPOCH_S)
    put(body, 60)
    for value in (4_000_000, 10, 6_000_000, -10):
        put_signed(body, value)
    for value in (99, 98):
        put(body, value)
    for value in (222, 12345):
        put_signed(body, value)
    data = bytearray((1, 7, 1, 0, len(body))) + body
    knots = (Knot(NOW_S, 4_000_000, 6_000_000), Knot(NOW_S + 60, 4_000_010, 5_999_990))
    assert decode(bytes(data)).sections == (Positions(knots, {tables.SPEED.bit: 222}),)


def test_an_unknown_section_is_kept_as_bytes_beside_known_ones() -> None:
    batch = Batch(3, 9, (UnknownSection(17, b"later"), Events((Event(NOW_S, 1),))))
    assert decode(encode(batch)) == batch


def test_the_encoder_refuses_what_the_decoder_would() -> None:
    for section in (
        Positions(()),
        Positions((Knot(5, 0, 0), Knot(5, 0, 0))),
        Readings((2, 1), (ReadingRow(5, (0, 0)),)),
        Discarded((SeqRange(3, 2),)),
        Undated(1, (UndatedEvent(-1, 1),)),
    ):
        with pytest.raises(WireError):
            encode(Batch(1, 1, (section,)))
    with pytest.raises(WireError, match="at least one section"):
        encode(Batch(1, 1, ()))


@given(st.integers(-(10**9), 10**9), st.integers(-(10**6), 10**6), st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_prediction_is_within_half_a_unit_of_constant_velocity(
    last: int, step: int, step_s: int, ahead_s: int
) -> None:
    exact = last + step * ahead_s / step_s
    assert math.isclose(predict(last, step, step_s, ahead_s), exact, abs_tol=0.5 + abs(exact) * 1e-12)


# --- the sizes that the design promises ----------------------------------------------------------------------------

FULL_STATE = {
    tables.SPEED.bit: 213,
    tables.COURSE.bit: 312,
    tables.ACCURACY.bit: 9,
    tables.SATS.bit: 11,
    tables.FLAGS.bit: 0,
}
CONDITION = dict(zip(range(tables.CHANNEL_SCALAR_BASE, 99), (235, 41, 371, 0, 12), strict=False))


def railway(count: int, step_s: int) -> tuple[Knot, ...]:
    """A freight train at about 20 m/s through gentle curves, knots a little off the line as thinning leaves them."""
    lat, lon, heading, knots = 3_700_000.0, 6_050_000.0, 0.6, list[Knot]()
    for i in range(count):
        knots.append(Knot(NOW_S + i * step_s, round(lat + 3 * math.sin(i * 7)), round(lon + 3 * math.cos(i * 5))))
        heading += 0.05 * math.sin(i / 3)
        lat += 18 * step_s * math.cos(heading)
        lon += 18 * step_s * math.sin(heading)
    return tuple(knots)


def test_three_knots_with_state_and_condition_fit_48_bytes() -> None:
    section = Positions(railway(3, 60), FULL_STATE | CONDITION)
    assert len(encode(Batch(2**28 - 1, 16_000, (section,)))) <= 48


def test_a_stationary_heartbeat_fits_32_bytes() -> None:
    section = Positions(railway(1, 60), FULL_STATE | {tables.SPEED.bit: 0, tables.COURSE.bit: 0})
    assert len(encode(Batch(2**28 - 1, 16_000, (section,)))) <= 32


def test_twenty_knots_take_at_most_five_and_a_half_bytes_each() -> None:
    section = Positions(railway(20, 50))
    assert len(encode(Batch(2**28 - 1, 16_000, (section,)))) <= 20 * 5.5


def test_a_number_is_read_back_signed_and_unsigned() -> None:
    out = bytearray()
    put_signed(out, -(2**40))
    put(out, 2**63)
    reader = Reader(bytes(out))
    assert (reader.take_signed(), reader.take(), reader.at_end) == (-(2**40), 2**63, True)
