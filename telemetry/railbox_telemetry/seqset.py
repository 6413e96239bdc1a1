"""A set of batch numbers kept as ranges: a healthy outbox is one range however many batches it had.

Pure; knows nothing of what the numbers are for.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from railbox_telemetry.values import SeqRange


class SeqSet:
    """`add`, `discard` and `in` cost a search among the ranges."""

    __slots__ = ("_firsts", "_lasts", "_size")

    def __init__(self, ranges: Iterable[SeqRange] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted((item.first, item.last) for item in ranges):
            if self._lasts and first <= self._lasts[-1] + 1:
                self._lasts[-1] = max(last, self._lasts[-1])
            else:
                self._firsts.append(first)
                self._lasts.append(last)
        self._size = sum(self._lasts) - sum(self._firsts) + len(self._firsts)

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
        """Raises IndexError when empty."""
        return self._firsts[0]

    @property
    def highest(self) -> int:
        """0 when empty: numbers begin at 1."""
        return self._lasts[-1] if self._lasts else 0

    def missing(self, highest: int) -> tuple[SeqRange, ...]:
        """The numbers of 1..highest that are not in it."""
        ends = [0, *(last for last in self._lasts if last < highest)]
        starts = [*(first for first in self._firsts if first <= highest), highest + 1]
        return tuple(SeqRange(end + 1, start - 1) for end, start in zip(ends, starts, strict=False) if end + 1 < start)

    def add(self, first: int, last: int | None = None) -> None:
        """One number, or all of first..last."""
        last = first if last is None else last
        start = bisect_left(self._lasts, first - 1)  # from here on a range overlaps or touches, if before `end`
        end = bisect_right(self._firsts, last + 1)
        if start < end:
            first, last = min(first, self._firsts[start]), max(last, self._lasts[end - 1])
        self._splice(start, end, [(first, last)])

    def discard(self, seq: int) -> None:
        if seq not in self:
            return
        at = bisect_right(self._firsts, seq) - 1
        first, last = self._firsts[at], self._lasts[at]
        self._splice(at, at + 1, [piece for piece in ((first, seq - 1), (seq + 1, last)) if piece[0] <= piece[1]])

    def pop_ranges(self, most: int) -> tuple[SeqRange, ...]:
        """Takes out the lowest ranges, at most so many."""
        ranges = self.ranges[:most]
        self._splice(0, len(ranges), [])
        return ranges

    def _splice(self, start: int, end: int, pieces: list[tuple[int, int]]) -> None:
        gone = sum(self._lasts[at] - self._firsts[at] + 1 for at in range(start, end))
        self._size += sum(last - first + 1 for first, last in pieces) - gone
        self._firsts[start:end] = [first for first, _ in pieces]
        self._lasts[start:end] = [last for _, last in pieces]
