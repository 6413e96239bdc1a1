"""Frames: delimited, checked bytes with a header; and the reader that finds them in a stream.

Knows the header and nothing of what a payload means.
On the line: 0x00, COBS(header, payload, crc32), 0x00; little-endian. The zero in front ends any garbage before it.
In every version the first byte is the version and the last four are the CRC-32 of all before them.
"""

import struct
from binascii import crc32

from railbox_bridge import cobs
from railbox_bridge.value import MessageError, Value

VERSION = 1
HEADER = "<BBIHI"  # version, type, boot_id, seq, ticks_ms
HEADER_BYTES = 12
CRC_BYTES = 4
FRAME_BYTES_MAX = 250  # before stuffing, so that stuffing always costs exactly one byte
PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX - HEADER_BYTES - CRC_BYTES
STUFFED_BYTES_MAX = FRAME_BYTES_MAX + 1
EXCERPT_BYTES = 60  # of what was dropped, kept to show a person
U16 = 0xFFFF
U32 = 0xFFFFFFFF

# Why the reader drops bytes, in its counters.
BAD_STUFFING = "bad_stuffing"
BAD_CRC = "bad_crc"
TOO_SHORT = "too_short"
TOO_LONG = "too_long"


class Frame(Value):
    """One frame: `boot_id` names a run of its sender, `seq` (u16) counts its frames, `ticks_ms` (u32) its clock."""

    def __init__(
        self, kind: int, boot_id: int, seq: int, ticks_ms: int, payload: bytes, *, version: int = VERSION
    ) -> None:
        self.kind = kind
        self.boot_id = boot_id
        self.seq = seq
        self.ticks_ms = ticks_ms
        self.payload = payload
        self.version = version


def encode(frame: Frame) -> bytes:
    """Return the frame as it goes on the line. Raises MessageError on a payload over PAYLOAD_BYTES_MAX."""
    if len(frame.payload) > PAYLOAD_BYTES_MAX:
        raise MessageError(
            "payload of " + str(len(frame.payload)) + " bytes, at most " + str(PAYLOAD_BYTES_MAX) + " fit"
        )
    head = struct.pack(HEADER, frame.version, frame.kind, frame.boot_id & U32, frame.seq & U16, frame.ticks_ms & U32)
    body = head + frame.payload
    return b"\x00" + cobs.encode(body + struct.pack("<I", crc32(body))) + b"\x00"


def decode(stuffed: bytes) -> "Frame | str":
    """Return the frame between two delimiters, or the reason why there is none (a key of the reader's counters)."""
    data = cobs.decode(stuffed)
    if data is None:
        return BAD_STUFFING
    if len(data) < HEADER_BYTES + CRC_BYTES:
        return TOO_SHORT
    if len(data) > FRAME_BYTES_MAX:
        return TOO_LONG
    end = len(data) - CRC_BYTES
    if crc32(data[:end]) != struct.unpack_from("<I", data, end)[0]:
        return BAD_CRC
    version, kind, boot_id, seq, ticks_ms = struct.unpack_from(HEADER, data)
    return Frame(kind, boot_id, seq, ticks_ms, data[HEADER_BYTES:end], version=version)


class FrameReader:
    """Finds frames in a stream that comes in pieces of any size, and keeps at most one frame's bytes.

    `feed` returns the good frames; what is bad is dropped and counted in `dropped` by reason, its beginning is kept in
    `excerpt`; what is incomplete waits for more.
    """

    def __init__(self) -> None:
        self.dropped = {BAD_STUFFING: 0, BAD_CRC: 0, TOO_SHORT: 0, TOO_LONG: 0}
        self.dropped_bytes = 0
        self.excerpt = b""
        self._pending = bytearray()
        self._skipping = False  # the bytes up to the next delimiter are already given up

    def feed(self, data: bytes) -> "list[Frame]":
        """Take the next bytes of the stream and return the frames that they complete, in order."""
        frames: "list[Frame]" = []
        pieces = bytes(data).split(b"\x00")
        last = len(pieces) - 1
        for index in range(last + 1):
            self._take(pieces[index])
            if index < last:
                self._end(frames)
        return frames

    def _take(self, piece: bytes) -> None:
        if self._skipping:
            self.dropped_bytes += len(piece)
            return
        room = STUFFED_BYTES_MAX - len(self._pending)
        if len(piece) <= room:
            self._pending.extend(piece)
            return
        self._drop(TOO_LONG, bytes(self._pending) + piece)
        self._skipping = True

    def _end(self, frames: "list[Frame]") -> None:
        stuffed = bytes(self._pending)
        self._pending = bytearray()
        if self._skipping or not stuffed:
            self._skipping = False
            return
        frame = decode(stuffed)
        if isinstance(frame, str):
            self._drop(frame, stuffed)
        else:
            frames.append(frame)

    def _drop(self, reason: str, data: bytes) -> None:
        self._pending = bytearray()
        self.dropped[reason] += 1
        self.dropped_bytes += len(data)
        self.excerpt = data[:EXCERPT_BYTES]
