"""Devices, units, topics, committed ranges and the tables: what both ends call things."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_telemetry import tables
from railbox_telemetry.committed import Committed, committed_of, decode_committed, encode_committed
from railbox_telemetry.identity import IdentityError, Unit, check_device, parse_unit
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.topics import SHARDS, Leaf, Topic, TopicError, parse_topic, shard_of, subscription
from railbox_telemetry.values import SeqRange
from railbox_telemetry.varint import WireError


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("CSQU3054383", Unit("CSQU3054383", "container")),  # the example of ISO 6346
        ("csqu 305438-3", Unit("CSQU3054383", "container")),
        ("TOLU4734787", Unit("TOLU4734787", "container")),
        ("21 81 2471 217-3", Unit("218124712173", "wagon")),  # the example of UIC 438-2
    ],
)
def test_a_unit_with_its_check_digit_is_taken_in_any_writing(text: str, unit: Unit) -> None:
    assert parse_unit(text) == unit


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("CSQU3054384", "expected 3"),
        ("218124712174", "expected 3"),
        ("CSQX3054383", "neither"),
        ("", "neither"),
        ("²18124712173", "neither"),
    ],
)
def test_a_mistyped_unit_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(IdentityError, match=reason):
        parse_unit(text)


@given(st.from_regex(r"[0-9]{11}", fullmatch=True), st.integers(0, 10), st.integers(1, 9))
def test_the_wagon_check_digit_finds_every_single_wrong_digit(first: str, place: int, by: int) -> None:
    right = first + str(next(d for d in range(10) if _is_wagon(first + str(d))))
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    assert _is_wagon(right)
    assert not _is_wagon(wrong)


def _is_wagon(number: str) -> bool:
    try:
        return parse_unit(number).kind == "wagon"
    except IdentityError:
        return False


def test_a_device_id_without_dots_and_at_most_32_long_is_taken() -> None:
    assert check_device("TRK_1-a") == "TRK_1-a"
    for text in ("", "a.b", "a/b", "a" * 33, "é", "a\n"):
        with pytest.raises(IdentityError):
            check_device(text)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True), st.sampled_from(Leaf))
def test_a_topic_survives_the_round_trip(device: str, leaf: Leaf) -> None:
    assert parse_topic(str(Topic(device, leaf))) == Topic(device, leaf)
    assert 0 <= shard_of(device) < SHARDS


@pytest.mark.parametrize(
    "text",
    ["", "rb/1/0/TRK1/b/x", "rb/2/0/TRK1/b", "rb/1/99/TRK1/b", f"rb/1/{shard_of('TRK1')}/TRK1/z", "rb/1/0/a.b/b"],
)
def test_a_foreign_topic_is_refused(text: str) -> None:
    with pytest.raises(TopicError):
        parse_topic(text)


def test_a_worker_subscribes_to_all_shards_or_to_one() -> None:
    assert subscription(Leaf.BATCH) == "rb/1/+/+/b"
    assert subscription(Leaf.STATUS, 7) == "rb/1/7/+/s"


@given(st.integers(0, 2**28 - 1), st.sets(st.integers(1, 300)))
def test_committed_ranges_survive_the_round_trip_and_cover_what_they_say(epoch: int, seqs: set[int]) -> None:
    committed = committed_of(epoch, SeqSet(SeqRange(seq, seq) for seq in seqs))
    assert decode_committed(encode_committed(committed)) == committed
    assert {seq for seq in range(1, 301) if committed.covers(seq)} == seqs


@given(st.binary(max_size=40))
def test_a_hostile_committed_message_raises_the_one_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        decode_committed(data)


def test_overlapping_ranges_are_refused() -> None:
    with pytest.raises(WireError):
        encode_committed(Committed(1, 5, (SeqRange(5, 6),)))


def test_no_number_is_given_twice_and_channels_are_their_own_index() -> None:
    assert [channel.bit for channel in tables.CHANNELS] == list(range(len(tables.CHANNELS)))
    assert [scalar.bit for scalar in tables.STATE] == list(range(tables.CHANNEL_SCALAR_BASE))
    assert len(tables.EVENT_BY_CODE) == len(tables.EVENT_BY_NAME) == len(tables.EVENTS)


def test_a_value_goes_to_wire_units_and_back() -> None:
    temp = tables.CHANNEL_BY_NAME["temp_c"]
    assert temp.to_wire(-12.34) == -123
    assert temp.in_unit(-123) == -12.3
    assert tables.channel_name(99) == "channel_99"
    assert tables.event_name(1) == "door_opened"
    assert tables.event_name(99) == "code_99"
