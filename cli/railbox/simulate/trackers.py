"""Which trackers are fixed to a unit from when to when, and when they and their boards boot anew.

Times are seconds since the journey's start. A tracker that boots hears neither port, and its receiver starts cold.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from railbox.simulate import numbers
from railbox.simulate.outages import COLD_START_S, Outage
from railbox.simulate.services import HOUR_S
from railbox_agent.recording import Chunk

REPLACED_AT: Final = (0.3, 0.7)
"""Of the journey."""
REPLACED_GAP_S: Final = (-4 * HOUR_S, 6 * HOUR_S)
"""From the first one's end to the second one's start: negative where both listen for a while."""
BOOTS: Final = (0, 3)
BOOT_S: Final = (40.0, 200.0)
BOARD_BOOTS: Final = (0, 3)


@dataclass(frozen=True, slots=True)
class Tracker:
    """`suffix` tells its draws and its recording from the first one's."""

    device: str
    suffix: str
    from_s: int
    to_s: int
    boots: tuple[tuple[float, float], ...] = ()
    """When it was down."""
    board_boots_s: tuple[float, ...] = ()

    def cold_starts(self) -> list[Outage]:
        starts = [end_s for _, end_s in self.boots] + ([float(self.from_s)] if self.from_s else [])
        return [Outage(start_s, start_s + COLD_START_S) for start_s in starts]

    def cuts_s(self, length_s: int) -> list[float]:
        """When what it saw begins, breaks off or ends, but for the journey's own ends."""
        ends_s = [float(end_s) for end_s in (self.from_s, self.to_s) if 0 < end_s < length_s]
        return [*ends_s, *(edge_s for boot in self.boots for edge_s in boot)]

    def heard(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """What of the ports' chunks it was there for, by its own clock."""
        from_us, to_us = self.from_s * 1_000_000, (self.to_s + 1) * 1_000_000
        down_us = [(start_s * 1e6, end_s * 1e6) for start_s, end_s in self.boots]
        for chunk in chunks:
            if from_us <= chunk.mono_us < to_us and not any(a <= chunk.mono_us < b for a, b in down_us):
                yield replace(chunk, mono_us=chunk.mono_us - from_us)

    def within(self, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """The parts of the spans in which it was there, since its start."""
        cut = ((max(a, self.from_s) - self.from_s, min(b, self.to_s) - self.from_s) for a, b in spans)
        return tuple((a, b) for a, b in cut if a < b)


def single(unit: str, length_s: int) -> Tracker:
    return Tracker(numbers.device(unit), "", 0, length_s)


def rough(unit: str, length_s: int, rng: Random) -> tuple[Tracker, Tracker]:
    """One that is replaced half way by another, each with some boots."""
    ends_s = length_s * rng.uniform(*REPLACED_AT)
    starts_s = min(max(0.0, ends_s + rng.uniform(*REPLACED_GAP_S)), length_s - 1.0)
    first = Tracker(numbers.device(unit), "", 0, round(ends_s))
    second = Tracker(f"{numbers.device(unit)}-b", "-b", round(starts_s), length_s)
    return _booting(first, rng), _booting(second, rng)


def _booting(tracker: Tracker, rng: Random) -> Tracker:
    starts_s = sorted(rng.uniform(tracker.from_s, tracker.to_s) for _ in range(rng.randint(*BOOTS)))
    boards_s = sorted(rng.uniform(tracker.from_s, tracker.to_s) for _ in range(rng.randint(*BOARD_BOOTS)))
    boots = tuple((start_s, start_s + rng.uniform(*BOOT_S)) for start_s in starts_s)
    return replace(tracker, boots=boots, board_boots_s=tuple(boards_s))
