"""What is kept of a unit, and what its history is made from: the shapes that a store, a file or a test has to offer.

Decides nothing.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from railbox_server.journey.conclude import Past
from railbox_server.journey.episodes import Episode
from railbox_server.journey.model import Track, Waypoint
from railbox_server.journey.trust import Chain

TimeSpan = tuple[float, float]
"""Both ends are in it."""
ALWAYS: Final[TimeSpan] = (-math.inf, math.inf)


class Kept(NamedTuple):
    """An episode, what was before it, and, where it matters, by which places the unit came next."""

    episode: Episode
    past: Past
    ahead: tuple[str, ...] = ()

    @property
    def from_s(self) -> float:
        return self.episode.from_s

    @property
    def to_s(self) -> float:
        return self.episode.to_s


class Knots(Protocol):
    """A unit's knots."""

    def between(self, from_s: float, to_s: float, device: str | None = None) -> Sequence[Track]:
        """Those of a span of time, ends included, of one device or of all; as `path.ordered` has them."""
        ...

    def extents(self) -> Sequence[TimeSpan]:
        """First and last time of each track."""
        ...

    def last_before(self, time_s: float, device: str | None = None) -> float | None: ...

    def first_after(self, time_s: float, device: str | None = None) -> float | None: ...


class Memory(Protocol):
    """What is kept of a unit. Chains of one device do not overlap, nor do episodes."""

    def chains(self, device: str, from_s: float, to_s: float) -> Sequence[Chain]:
        """Those that have a part in a span of time, in time order."""
        ...

    def chain_before(self, device: str, time_s: float) -> Chain | None:
        """The last that ends before a time."""
        ...

    def chain_after(self, device: str, time_s: float) -> Chain | None: ...

    def put_chains(self, device: str, gone: Sequence[Chain], new: Sequence[Chain]) -> None: ...

    def episodes(self, from_s: float, to_s: float) -> Sequence[Kept]:
        """Those that have a part in a span of time, in time order."""
        ...

    def episode_before(self, time_s: float) -> Kept | None: ...

    def episode_after(self, time_s: float) -> Kept | None: ...

    def put_episodes(self, gone: Sequence[Kept], new: Sequence[Kept]) -> None: ...

    @property
    def last(self) -> Waypoint | None:
        """The newest trusted place."""
        ...

    @last.setter
    def last(self, last: Waypoint | None) -> None: ...


def joined(spans: Iterable[TimeSpan], gap_s: float) -> list[TimeSpan]:
    """In time order; those no farther apart become one."""
    found: list[TimeSpan] = []
    for from_s, to_s in sorted(spans):
        if found and from_s - found[-1][1] <= gap_s:
            found[-1] = found[-1][0], max(found[-1][1], to_s)
        else:
            found.append((from_s, to_s))
    return found
