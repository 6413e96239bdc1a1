"""Whatever bytes come: stuffing, frames and messages hold their promises."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from railbox_bridge import cobs, frame, messages
from railbox_bridge.frame import Frame, FrameReader
from railbox_bridge.host_link import HostLink
from railbox_bridge.messages import Events, RingEvent, Sample, parse
from railbox_bridge.value import MessageError

u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
i32 = st.integers(-0x80000000, 0x7FFFFFFF)
payloads = st.binary(max_size=frame.PAYLOAD_BYTES_MAX)
frames = st.builds(Frame, u8, u32, u16, u32, payloads, version=u8)
samples = st.builds(Sample, st.lists(st.tuples(u8, i32), max_size=44).map(tuple), u32, u32, u32)
ring_events = st.builds(RingEvent, u32, u32, u8, i32, u16)
events = st.builds(Events, st.lists(ring_events, max_size=messages.EVENTS_PER_MESSAGE).map(tuple), u32, u32)


@given(st.binary(max_size=1000))
def test_stuffing_is_undone_by_unstuffing(data: bytes) -> None:
    stuffed = cobs.encode(data)
    assert 0 not in stuffed
    assert cobs.decode(stuffed) == data


@given(st.lists(frames, max_size=5), st.lists(st.binary(max_size=300), min_size=6, max_size=6), st.integers(1, 64))
def test_frames_are_found_between_any_garbage_in_any_pieces(
    sent: list[Frame], garbage: list[bytes], piece_bytes: int
) -> None:
    line = garbage[0] + b"".join(frame.encode(one) + noise for one, noise in zip(sent, garbage[1:], strict=False))
    reader = FrameReader()
    got: list[Frame] = []
    for at in range(0, len(line), piece_bytes):
        got += reader.feed(line[at : at + piece_bytes])
    assert got == sent


@given(st.one_of(samples, events))
def test_messages_are_read_back(message: Sample | Events) -> None:
    assert parse(message.kind, message.pack()) == message


@given(u8, st.binary(max_size=300))
def test_any_payload_is_read_or_refused(kind: int, payload: bytes) -> None:
    with suppress(MessageError):
        parse(kind, payload)


@given(st.lists(st.one_of(st.binary(max_size=60), frames.map(frame.encode)), max_size=20))
def test_the_link_survives_any_stream(pieces: list[bytes]) -> None:
    link = HostLink(session_id=1)
    for at_ms, piece in enumerate(pieces):
        link.feed(piece, at_ms * 1000)
        link.due(at_ms * 1000)
