"""The gap ledger: what of an outbox arrived, what is missing, what may be deleted at the tracker. Pure."""

from dataclasses import dataclass, field
from typing import Final

from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import SeqRange

MAX_SEQ: Final = 2**40
"""A batch a second for 34,000 years: a larger number is no tracker's."""
MAX_EPOCH: Final = 2**28 - 1


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
