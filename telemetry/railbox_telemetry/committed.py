"""The committed message (topic `a`): which batches of an outbox the server holds for good, so they may be deleted.

varints epoch · contiguous · n · (gap, run)…: all of 1..contiguous, then runs above it, each after a gap.
"""

from dataclasses import dataclass
from typing import Final

from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import SeqRange
from railbox_telemetry.varint import Reader, WireError, put
from railbox_telemetry.wire import read_ranges, write_ranges

__all__ = ["MAX_BEYOND", "Committed", "committed_of", "decode_committed", "encode_committed"]

MAX_BEYOND: Final = 1_000
"""Ranges that one message carries; a tracker sends again what is beyond them."""


@dataclass(frozen=True, slots=True)
class Committed:
    epoch: int
    contiguous: int
    beyond: tuple[SeqRange, ...] = ()
    """Ascending, each at least one number apart from what is before it."""

    def covers(self, seq: int) -> bool:
        return 1 <= seq <= self.contiguous or any(item.first <= seq <= item.last for item in self.beyond)


def encode_committed(committed: Committed) -> bytes:
    """Raises WireError when the ranges are not ascending and apart."""
    out = bytearray()
    put(out, committed.epoch)
    put(out, committed.contiguous)
    write_ranges(out, committed.beyond, committed.contiguous)
    return bytes(out)


def decode_committed(data: bytes) -> Committed:
    reader = Reader(data)
    epoch, contiguous = reader.take(), reader.take()
    committed = Committed(epoch, contiguous, read_ranges(reader, contiguous))
    if not reader.at_end:
        raise WireError(f"offset {reader.offset}: bytes left over")
    return committed


def committed_of(epoch: int, seqs: SeqSet) -> Committed:
    """What to say of an outbox of which `seqs` are safe; where it is full of holes, less than that."""
    ranges = seqs.ranges
    contiguous = ranges[0].last if ranges and ranges[0].first == 1 else 0
    beyond = ranges[1:] if contiguous else ranges
    return Committed(epoch, contiguous, beyond[:MAX_BEYOND])
