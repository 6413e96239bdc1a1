"""Batch numbers as ranges: what of an outbox arrived, what is missing, what may be deleted at the tracker.

Pure and small: a healthy outbox is one range however many batches it had.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from railbox_telemetry.committed import Committed
from railbox_telemetry.values import SeqRange

MAX_SEQ: Final = 2**40
"""A batch a second for 34,000 years: a larger number is no tracker's."""
MAX_EPOCH: Final = 2**28 - 1
MAX_BEYOND: Final = 1_000
"""Ranges that one committed message carries; the agent sends again what is beyond them."""


class SeqSet:
    """A set of numbers kept as ranges that ascend and do not touch."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, ranges: Iterable[SeqRange] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for item in ranges:
            self.add(item.first, item.last)

    def __contains__(self, seq: int) -> bool:
        at = bisect_right(self._firsts, seq) - 1
        return at >= 0 and seq <= self._lasts[at]

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in zip(self._firsts, self._lasts, strict=True))

    @property
    def ranges(self) -> tuple[SeqRange, ...]:
        return tuple(map(SeqRange, self._firsts, self._lasts))

    @property
    def highest(self) -> int:
        return self._lasts[-1] if self._lasts else 0

    def add(self, first: int, last: int | None = None) -> None:
        """Adds first..last (or the one number), joining what it touches."""
        last = first if last is None else last
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def remove(self, seq: int) -> None:
        at = bisect_right(self._firsts, seq) - 1
        if at < 0 or seq > self._lasts[at]:
            return
        pieces = [(self._firsts[at], seq - 1), (seq + 1, self._lasts[at])]
        kept = [(first, last) for first, last in pieces if first <= last]
        self._firsts[at : at + 1] = [first for first, _ in kept]
        self._lasts[at : at + 1] = [last for _, last in kept]

    def missing(self, highest: int) -> tuple[SeqRange, ...]:
        """The numbers of 1..highest that are not in it."""
        gaps: list[SeqRange] = []
        after = 0
        for first, last in zip(self._firsts, self._lasts, strict=True):
            if first > highest:
                break
            if first > after + 1:
                gaps.append(SeqRange(after + 1, first - 1))
            after = last
        if after < highest:
            gaps.append(SeqRange(after + 1, highest))
        return tuple(gaps)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of each number of one outbox. One may be in several sets; stored is what counts then."""

    stored: SeqSet = field(default_factory=SeqSet)
    quarantined: SeqSet = field(default_factory=SeqSet)
    discarded: SeqSet = field(default_factory=SeqSet)

    @property
    def highest(self) -> int:
        return max(self.stored.highest, self.quarantined.highest, self.discarded.highest)

    def settled(self) -> SeqSet:
        """All numbers that the tracker need not keep."""
        return SeqSet((*self.stored.ranges, *self.quarantined.ranges, *self.discarded.ranges))

    def missing(self) -> tuple[SeqRange, ...]:
        return self.settled().missing(self.highest)

    def without_data(self) -> tuple[SeqRange, ...]:
        """Missing, quarantined or discarded: numbers whose contents the engine cannot know."""
        return self.stored.missing(self.highest)


def committed_of(epoch: int, ledger: Ledger) -> Committed:
    """The committed message of an outbox; never claims more than the ledger."""
    ranges = ledger.settled().ranges
    contiguous = ranges[0].last if ranges and ranges[0].first == 1 else 0
    beyond = ranges[1:] if contiguous else ranges
    return Committed(epoch, contiguous, beyond[:MAX_BEYOND])
