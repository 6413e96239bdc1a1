"""The committed message (topic `a`): which batches of an outbox the server holds for good, so they may be deleted.

varints epoch · contiguous · n · (gap, run)…: all of 1..contiguous, then runs above it, each after a gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from railbox_telemetry.values import SeqRange
from railbox_telemetry.varint import Reader, WireError, put
from railbox_telemetry.wire import read_ranges, write_ranges

__all__ = ["Committed", "decode_committed", "encode_committed", "ranges_of"]


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


def ranges_of(seqs: Iterable[int]) -> tuple[SeqRange, ...]:
    """The numbers, in any order, as ranges that ascend and do not touch."""
    ranges: list[SeqRange] = []
    for seq in sorted(set(seqs)):
        if ranges and seq == ranges[-1].last + 1:
            ranges[-1] = SeqRange(ranges[-1].first, seq)
        else:
            ranges.append(SeqRange(seq, seq))
    return tuple(ranges)
