"""Stuffing, frames and the reader that finds them, whatever the line does to the bytes."""

import random

from railbox_bridge import cobs, frame
from railbox_bridge.frame import Frame, FrameReader
from railbox_bridge.value import MessageError


def some_frame(seq=7, payload=b"\x00\x01\x00hello\x00"):
    return Frame(2, 0xDEADBEEF, seq, 123456, payload)


def noise(size):
    return bytes([random.randrange(256) for _ in range(size)])


def case_stuffing_gives_back_any_bytes_without_a_zero_in_between():
    random.seed(1)
    for size in (0, 1, 2, 253, 254, 255, 256, 508, 509, 600):
        for data in (bytes(size), b"\x01" * size, noise(size)):
            stuffed = cobs.encode(data)
            assert 0 not in stuffed, data
            assert cobs.decode(stuffed) == data, data


def case_stuffing_costs_one_byte_up_to_the_longest_frame():
    for size in range(frame.FRAME_BYTES_MAX + 1):
        assert len(cobs.encode(b"\x55" * size)) == size + 1


def case_bytes_that_were_never_stuffed_are_refused():
    assert cobs.decode(b"\x05abc") is None
    assert cobs.decode(b"\x02a\x00b") is None


def case_a_frame_is_read_back():
    reader = FrameReader()
    sent = some_frame()
    assert reader.feed(frame.encode(sent)) == [sent]
    assert reader.dropped_bytes == 0


def case_the_longest_frame_fits_and_one_byte_more_does_not():
    sent = some_frame(payload=b"\x00" * frame.PAYLOAD_BYTES_MAX)
    assert FrameReader().feed(frame.encode(sent)) == [sent]
    try:
        frame.encode(some_frame(payload=b"\x00" * (frame.PAYLOAD_BYTES_MAX + 1)))
    except MessageError:
        return
    raise AssertionError("a frame over the limit was made")


def case_frames_come_whole_when_the_port_gives_one_byte_at_a_time():
    reader = FrameReader()
    sent = [some_frame(seq) for seq in range(5)]
    got = []
    for byte in b"".join([frame.encode(one) for one in sent]):
        got.extend(reader.feed(bytes((byte,))))
    assert got == sent


def case_no_prefix_of_a_frame_is_a_frame():
    line = frame.encode(some_frame())
    for size in range(len(line)):
        assert FrameReader().feed(line[:size]) == []
        # Cut off and followed by the end of a frame: never taken for one.
        assert FrameReader().feed(line[:size] + b"\x00") == ([some_frame()] if size == len(line) - 1 else [])


def case_garbage_between_frames_costs_no_frame():
    random.seed(2)
    reader = FrameReader()
    sent = [some_frame(seq) for seq in range(200)]
    line = b""
    for one in sent:
        line += noise(random.randrange(40)) + frame.encode(one)
    got = []
    while line:
        size = random.randrange(1, 50)
        got.extend(reader.feed(line[:size]))
        line = line[size:]
    assert got == sent
    assert sum(reader.dropped.values()) > 100


def case_a_stream_without_any_delimiter_is_not_hoarded():
    reader = FrameReader()
    for _ in range(1000):
        assert reader.feed(b"MicroPython v1.29 on Pico >>> ") == []
    assert reader.dropped[frame.TOO_LONG] == 1
    assert reader.dropped_bytes > 29000
    assert len(reader.excerpt) <= frame.EXCERPT_BYTES
    sent = some_frame()
    assert reader.feed(frame.encode(sent)) == [sent]


def case_no_flipped_bit_goes_unnoticed():
    line = frame.encode(some_frame())
    for at in range(1, len(line) - 1):
        for bit in range(8):
            damaged = bytearray(line)
            damaged[at] ^= 1 << bit
            assert FrameReader().feed(bytes(damaged)) == [], (at, bit)


def case_random_bytes_are_no_frames():
    random.seed(3)
    reader = FrameReader()
    for _ in range(300):
        assert reader.feed(noise(100)) == []
    assert sum(reader.dropped.values()) > 50


def case_every_drop_is_counted_by_its_reason():
    reader = FrameReader()
    reader.feed(b"\x00\x09ab\x00")
    reader.feed(b"\x00" + cobs.encode(b"short") + b"\x00")
    reader.feed(b"\x00" + cobs.encode(b"long enough but no checksum") + b"\x00")
    reader.feed(b"\x00" + b"x" * 300 + b"\x00")
    assert sorted(reader.dropped.values()) == [1, 1, 1, 1]
