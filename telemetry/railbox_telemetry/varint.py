"""Unsigned LEB128 integers and their zigzag form: the only thing the wire is made of.

One value has one encoding: a longer one than needed is refused, so that equal batches are equal bytes.
"""

MAX_BYTES = 10
"""A 64-bit value; longer is refused before it costs anything."""


class WireError(ValueError):
    """Bytes that are no valid message; the message says what and at which offset."""


def put(out: bytearray, value: int) -> None:
    """Appends a value ≥ 0."""
    if value < 0:
        raise WireError(f"{value} is negative")
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def put_signed(out: bytearray, value: int) -> None:
    put(out, value << 1 if value >= 0 else (-value << 1) - 1)


class Reader:
    """A cursor over bytes; every method raises WireError where the bytes end or are malformed."""

    __slots__ = ("_data", "_end", "offset")

    def __init__(self, data: bytes, offset: int = 0, end: int | None = None) -> None:
        self._data = data
        self.offset = offset
        self._end = len(data) if end is None else end

    @property
    def at_end(self) -> bool:
        return self.offset == self._end

    def take(self) -> int:
        """The next unsigned value."""
        data, offset, value, shift = self._data, self.offset, 0, 0
        while offset < self._end:
            byte = data[offset]
            offset += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift:
                    raise WireError(f"offset {self.offset}: a number longer than needed")
                self.offset = offset
                return value
            shift += 7
            if shift >= 7 * MAX_BYTES:
                raise WireError(f"offset {self.offset}: a number over {MAX_BYTES} bytes")
        raise WireError(f"offset {self.offset}: ends inside a number")

    def take_signed(self) -> int:
        value = self.take()
        return (value >> 1) ^ -(value & 1)

    def count(self, most: int, what: str) -> int:
        """The next value as a number of things, which cannot be more than `most` nor than the bytes left."""
        start = self.offset
        count = self.take()
        if count > most or count > self._end - self.offset:
            raise WireError(f"offset {start}: {count} {what} do not fit")
        return count

    def sub(self, length: int) -> "Reader":
        """A reader over the next `length` bytes, which this one passes over."""
        if length > self._end - self.offset:
            raise WireError(f"offset {self.offset}: a section of {length} bytes does not fit")
        inner = Reader(self._data, self.offset, self.offset + length)
        self.offset += length
        return inner

    def rest(self) -> bytes:
        data = self._data[self.offset : self._end]
        self.offset = self._end
        return data
