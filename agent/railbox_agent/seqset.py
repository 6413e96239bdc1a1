"""A set of batch numbers kept as ranges: a backlog of 100,000 waiting batches is a few of them.

Pure; knows nothing of what the numbers are for.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from railbox_telemetry.values import SeqRange


class SeqSet:
    """`add`, `discard` and `in` cost a search among the ranges."""

    __slots__ = ("_firsts", "_lasts", "_size")

    def __init__(self, seqs: Iterable[int] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._size = 0
        for seq in seqs:
            self.add(seq)

    def __len__(self) -> int:
        return self._size

    def __contains__(self, seq: int) -> bool:
        at = bisect_right(self._firsts, seq) - 1
        return at >= 0 and seq <= self._lasts[at]

    def __iter__(self) -> Iterator[int]:
        for first, last in zip(self._firsts, self._lasts, strict=True):
            yield from range(first, last + 1)

    @property
    def ranges(self) -> tuple[SeqRange, ...]:
        """Ascending and apart."""
        return tuple(map(SeqRange, self._firsts, self._lasts))

    @property
    def lowest(self) -> int:
        """Raises IndexError when empty, as `highest` does."""
        return self._firsts[0]

    @property
    def highest(self) -> int:
        return self._lasts[-1]

    def add(self, seq: int) -> None:
        if seq in self:
            return
        self._size += 1
        at = bisect_right(self._firsts, seq)
        joins_left = at > 0 and self._lasts[at - 1] == seq - 1
        joins_right = at < len(self._firsts) and self._firsts[at] == seq + 1
        if joins_left and joins_right:
            self._lasts[at - 1] = self._lasts[at]
            del self._firsts[at], self._lasts[at]
        elif joins_left:
            self._lasts[at - 1] = seq
        elif joins_right:
            self._firsts[at] = seq
        else:
            self._firsts.insert(at, seq)
            self._lasts.insert(at, seq)

    def discard(self, seq: int) -> None:
        if seq not in self:
            return
        self._size -= 1
        at = bisect_right(self._firsts, seq) - 1
        first, last = self._firsts[at], self._lasts[at]
        # What is left of the range on either side of seq: none, one or two ranges.
        left = [(first, seq - 1)] if first < seq else []
        right = [(seq + 1, last)] if seq < last else []
        self._firsts[at : at + 1] = [piece[0] for piece in left + right]
        self._lasts[at : at + 1] = [piece[1] for piece in left + right]
