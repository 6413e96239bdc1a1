"""A journey concluded as it arrives, group by group: late ones long after, some twice, and until then missing.

The engine's own history, with the knots that have arrived instead of a store's.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from delivered import Batch

from railbox_server.journey.conclude import crossing_order, visit_order
from railbox_server.journey.derive import Given, Remembered
from railbox_server.journey.history import History
from railbox_server.journey.kept import ALWAYS, TimeSpan
from railbox_server.journey.model import Journey, SeenKnot, Settings, Track
from railbox_server.journey.network import Network
from railbox_telemetry.values import SeqRange

GROUPS = 20
SETTINGS = Settings()


def concluded(unit: str, arrivals: Sequence[Batch], network: Network, now_s: int) -> Journey:
    """`arrivals` in order; taken in as a server does that is now and then busy."""
    knots, memory = Arrived(), Remembered()
    history = History(unit, knots, memory, network, SETTINGS)
    size = math.ceil(len(arrivals) / GROUPS)
    for first in range(0, len(arrivals), max(1, size)):
        history.update(knots.add(arrivals[first : first + size]))
    found = [history.concluded(kept, memory.last, now_s) for kept in memory.episodes(*ALWAYS)]
    return Journey(
        visits=tuple(sorted((visit for each in found for visit in each.visits), key=visit_order)),
        crossings=tuple(sorted((crossing for each in found for crossing in each.crossings), key=crossing_order)),
        untrusted=history.untrusted(None, ALWAYS),
        last=memory.last,
    )


@dataclass
class _Outbox:
    knots: list[SeenKnot] = field(default_factory=list[SeenKnot])
    seqs: set[int] = field(default_factory=set[int])

    def missing(self) -> Iterator[SeqRange]:
        inorder = sorted(self.seqs)
        for before, after in zip([0, *inorder], inorder, strict=False):
            if after > before + 1:
                yield SeqRange(before + 1, after - 1)


class Arrived(Given):
    """The knots that are there so far."""

    def __init__(self) -> None:
        super().__init__(())
        self._outboxes: dict[tuple[str, int], _Outbox] = {}

    def add(self, batches: Sequence[Batch]) -> dict[str, list[TimeSpan]]:
        """Returns the times of what is new, by device. What is there already is passed over."""
        changed: dict[str, list[TimeSpan]] = {}
        for batch in batches:
            outbox = self._outboxes.setdefault((batch.device, batch.epoch), _Outbox())
            if batch.seq not in outbox.seqs:
                outbox.seqs.add(batch.seq)
                outbox.knots += batch.knots
                span = float(batch.knots[0].time_s), float(batch.knots[-1].time_s)
                changed.setdefault(batch.device, []).append(span)
        for outbox in self._outboxes.values():
            outbox.knots.sort(key=lambda knot: knot.time_s)
        super().__init__(
            [
                Track(device, epoch, own.knots, tuple(own.missing()))
                for (device, epoch), own in sorted(self._outboxes.items())
            ]
        )
        return changed
