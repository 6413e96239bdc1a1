"""Messages: what the payload of a frame means, by its type.

Knows nothing of ports, order or loss. Payloads are little-endian and may grow at the end: what follows the known
fields is ignored. A number is never reused for another meaning.
"""

import struct

from railbox_bridge.value import MessageError, Value

HELLO = 1
SAMPLE = 2
EVENTS = 3
ACK = 4
TIME_PONG = 5
COMMAND = 16
TIME_PING = 17
REQUEST = 18

# What REQUEST asks for.
WANT_HELLO = 1
WANT_EVENTS = 2

# Bits of Hello.flags.
LISTENS_BRIEFLY = 1  # asleep between samples: hears only what is said right after it spoke

EVENTS_PER_MESSAGE = 15  # what fits
READINGS_PER_MESSAGE = 44
NAME_BYTES_MAX = 24

U8 = (0, 0xFF)
U16 = (0, 0xFFFF)
U32 = (0, 0xFFFFFFFF)
I32 = (-0x80000000, 0x7FFFFFFF)
BOUNDS = {"B": U8, "H": U16, "I": U32, "i": I32}


def pack(fields: str, *values: int) -> bytes:
    """Return `values` packed little-endian. Raises MessageError where one does not fit (MicroPython would cut it)."""
    for at in range(len(fields)):
        low, high = BOUNDS[fields[at]]
        if not low <= values[at] <= high:
            raise MessageError(str(values[at]) + " does not fit field '" + fields[at] + "'")
    return struct.pack("<" + fields, *values)


def unpack(fields: str, payload: bytes, at: int = 0) -> "tuple[int, ...]":
    """Return the fields at `at`. Raises MessageError when the payload ends before them."""
    if at + struct.calcsize("<" + fields) > len(payload):
        raise MessageError("payload of " + str(len(payload)) + " bytes ends before its fields")
    return struct.unpack_from("<" + fields, payload, at)


def _pack_name(name: str) -> bytes:
    data = name.encode("utf-8")
    if len(data) > NAME_BYTES_MAX:
        raise MessageError("name longer than " + str(NAME_BYTES_MAX) + " bytes: " + name)
    return bytes((len(data),)) + data


def _unpack_name(payload: bytes, at: int) -> "tuple[str, int]":
    (size,) = unpack("B", payload, at)
    data = payload[at + 1 : at + 1 + size]
    if len(data) < size:
        raise MessageError("payload ends inside a name")
    return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in data]), at + 1 + size


class Hello(Value):
    """Who the board is: firmware version, board name, (channel, status) of each channel it has a part for.

    `oldest_event`..`next_event` are the indices its event ring holds; `flags` see LISTENS_BRIEFLY; `dropped` counts the
    frames that came to it damaged.
    """

    kind = HELLO

    def __init__(
        self,
        firmware: str,
        board: str,
        channels: "tuple[tuple[int, int], ...]",
        *,
        oldest_event: int = 0,
        next_event: int = 0,
        flags: int = 0,
        dropped: int = 0,
    ) -> None:
        self.firmware = firmware
        self.board = board
        self.channels = channels
        self.oldest_event = oldest_event
        self.next_event = next_event
        self.flags = flags
        self.dropped = dropped

    def pack(self) -> bytes:
        parts = [pack("BII", self.flags, self.oldest_event, self.next_event)]
        parts.append(_pack_name(self.firmware))
        parts.append(_pack_name(self.board))
        parts.append(pack("B", len(self.channels)))
        parts.extend([pack("BB", channel, status) for channel, status in self.channels])
        parts.append(pack("I", self.dropped))
        return b"".join(parts)

    @staticmethod
    def unpack(payload: bytes) -> "Hello":
        flags, oldest, following = unpack("BII", payload)
        firmware, at = _unpack_name(payload, 9)
        board, at = _unpack_name(payload, at)
        (count,) = unpack("B", payload, at)
        channels: "list[tuple[int, int]]" = []
        for index in range(count):
            channel, status = unpack("BB", payload, at + 1 + 2 * index)
            channels.append((channel, status))
        (dropped,) = unpack("I", payload, at + 1 + 2 * count)
        return Hello(
            firmware, board, tuple(channels), oldest_event=oldest, next_event=following, flags=flags, dropped=dropped
        )


class Sample(Value):
    """What the board measured: (channel, value) pairs, and counts since its boot.

    `door_count`, `shock_count` and `next_event` only grow within a boot, so a lost sample costs nothing of them.
    """

    kind = SAMPLE

    def __init__(
        self, readings: "tuple[tuple[int, int], ...]", door_count: int = 0, shock_count: int = 0, next_event: int = 0
    ) -> None:
        self.readings = readings
        self.door_count = door_count
        self.shock_count = shock_count
        self.next_event = next_event

    def pack(self) -> bytes:
        parts = [pack("IIIB", self.door_count, self.shock_count, self.next_event, len(self.readings))]
        parts.extend([pack("Bi", channel, value) for channel, value in self.readings])
        return b"".join(parts)

    @staticmethod
    def unpack(payload: bytes) -> "Sample":
        door_count, shock_count, next_event, count = unpack("IIIB", payload)
        readings: "list[tuple[int, int]]" = []
        for index in range(count):
            channel, value = unpack("Bi", payload, 13 + 5 * index)
            readings.append((channel, value))
        return Sample(tuple(readings), door_count, shock_count, next_event)


class RingEvent(Value):
    """One entry of the board's event ring: `index` counts from 0 at boot, `ticks_ms` (u32) is when it began."""

    def __init__(self, index: int, ticks_ms: int, code: int, value: int, lasted_ms: int = 0) -> None:
        self.index = index
        self.ticks_ms = ticks_ms
        self.code = code
        self.value = value
        self.lasted_ms = lasted_ms


class Events(Value):
    """Some of the event ring, which holds `oldest_event` up to but not including `next_event`."""

    kind = EVENTS

    def __init__(self, events: "tuple[RingEvent, ...]", oldest_event: int, next_event: int) -> None:
        self.events = events
        self.oldest_event = oldest_event
        self.next_event = next_event

    def pack(self) -> bytes:
        parts = [pack("IIB", self.oldest_event, self.next_event, len(self.events))]
        parts.extend([pack("IIBiH", e.index, e.ticks_ms, e.code, e.value, e.lasted_ms) for e in self.events])
        return b"".join(parts)

    @staticmethod
    def unpack(payload: bytes) -> "Events":
        oldest, following, count = unpack("IIB", payload)
        events: "list[RingEvent]" = []
        for at in range(count):
            index, ticks_ms, code, value, lasted_ms = unpack("IIBiH", payload, 9 + 15 * at)
            events.append(RingEvent(index, ticks_ms, code, value, lasted_ms))
        return Events(tuple(events), oldest, following)


class Command(Value):
    """A command of the table in `commands`; one with an id already answered is answered again, not done again."""

    kind = COMMAND

    def __init__(self, id: int, code: int, argument: int = 0, value: int = 0) -> None:
        self.id = id
        self.code = code
        self.argument = argument
        self.value = value

    def pack(self) -> bytes:
        return pack("HBBi", self.id, self.code, self.argument, self.value)

    @staticmethod
    def unpack(payload: bytes) -> "Command":
        id, code, argument, value = unpack("HBBi", payload)
        return Command(id, code, argument, value)


class Ack(Value):
    """The answer to command `id`: a result of the table in `commands`, and a value where one was asked for."""

    kind = ACK

    def __init__(self, id: int, result: int, value: int = 0) -> None:
        self.id = id
        self.result = result
        self.value = value

    def pack(self) -> bytes:
        return pack("HBi", self.id, self.result, self.value)

    @staticmethod
    def unpack(payload: bytes) -> "Ack":
        id, result, value = unpack("HBi", payload)
        return Ack(id, result, value)


class TimePing(Value):
    """Asks the board for its clock; `id` ties the answer to it."""

    kind = TIME_PING

    def __init__(self, id: int) -> None:
        self.id = id

    def pack(self) -> bytes:
        return pack("H", self.id)

    @staticmethod
    def unpack(payload: bytes) -> "TimePing":
        (id,) = unpack("H", payload)
        return TimePing(id)


class TimePong(Value):
    """The board's clock when ping `id` arrived (u32 ms); when the answer left is in the frame's header."""

    kind = TIME_PONG

    def __init__(self, id: int, received_ticks_ms: int) -> None:
        self.id = id
        self.received_ticks_ms = received_ticks_ms

    def pack(self) -> bytes:
        return pack("HI", self.id, self.received_ticks_ms)

    @staticmethod
    def unpack(payload: bytes) -> "TimePong":
        id, received_ticks_ms = unpack("HI", payload)
        return TimePong(id, received_ticks_ms)


class Request(Value):
    """Asks the board to say again: WANT_HELLO, or WANT_EVENTS from index `first`."""

    kind = REQUEST

    def __init__(self, what: int, first: int = 0) -> None:
        self.what = what
        self.first = first

    def pack(self) -> bytes:
        return pack("BI", self.what, self.first)

    @staticmethod
    def unpack(payload: bytes) -> "Request":
        what, first = unpack("BI", payload)
        return Request(what, first)


TYPES = {message.kind: message for message in (Hello, Sample, Events, Command, Ack, TimePing, TimePong, Request)}


def parse(
    kind: int, payload: bytes
) -> "Hello | Sample | Events | Command | Ack | TimePing | TimePong | Request | None":
    """Return the message, or None for a type not known here (to be ignored). Raises MessageError on a short payload."""
    message = TYPES.get(kind)
    return None if message is None else message.unpack(payload)
