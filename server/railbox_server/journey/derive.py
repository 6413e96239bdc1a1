"""From a unit's tracks to its journey at once: the history of one that knew nothing before."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from railbox_server.journey.conclude import crossing_order, visit_order
from railbox_server.journey.history import History
from railbox_server.journey.kept import ALWAYS, Kept, TimeSpan
from railbox_server.journey.model import Journey, Settings, Track, Waypoint
from railbox_server.journey.network import Network
from railbox_server.journey.path import ordered
from railbox_server.journey.trust import Chain

DEFAULTS: Final = Settings()


def derive(unit: str, tracks: Sequence[Track], network: Network, now_s: int, settings: Settings = DEFAULTS) -> Journey:
    """All that can be concluded of a unit at `now_s`: a function of the arguments as sets, whatever their order."""
    tracks = ordered(tracks)
    memory = Remembered()
    history = History(unit, Given(tracks), memory, network, settings)
    update = history.update({track.device: [ALWAYS] for track in tracks})
    found = [history.concluded(kept, memory.last, now_s) for kept in memory.episodes(*ALWAYS)]
    return Journey(
        visits=tuple(sorted((visit for each in found for visit in each.visits), key=visit_order)),
        crossings=tuple(sorted((crossing for each in found for crossing in each.crossings), key=crossing_order)),
        untrusted=history.untrusted(None, ALWAYS),
        last=memory.last,
        path=update.paths[-1] if update.paths else (),
    )


class Given:
    """Tracks as they are given."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._tracks = [track for track in tracks if track.knots]

    def between(self, from_s: float, to_s: float, device: str | None = None) -> Sequence[Track]:
        return [
            own
            for track in self._tracks
            if device is None or track.device == device
            if (own := _part(track, from_s, to_s)).knots
        ]

    def extents(self) -> Sequence[TimeSpan]:
        return [(track.knots[0].time_s, track.knots[-1].time_s) for track in self._tracks]

    def last_before(self, time_s: float, device: str | None = None) -> float | None:
        ends = [track.knots[-1].time_s for track in self.between(-math.inf, math.nextafter(time_s, 0.0), device)]
        return max(ends, default=None)

    def first_after(self, time_s: float, device: str | None = None) -> float | None:
        starts = [track.knots[0].time_s for track in self.between(math.nextafter(time_s, math.inf), math.inf, device)]
        return min(starts, default=None)


def _part(track: Track, from_s: float, to_s: float) -> Track:
    first = bisect_left(track.knots, from_s, key=lambda knot: knot.time_s)
    last = bisect_right(track.knots, to_s, key=lambda knot: knot.time_s)
    return Track(track.device, track.epoch, track.knots[first:last], track.missing)


class Remembered:
    """A memory for as long as this process needs it."""

    def __init__(self) -> None:
        self.last: Waypoint | None = None
        self._chains: dict[str, list[Chain]] = {}
        self._episodes: list[Kept] = []

    def chains(self, device: str, from_s: float, to_s: float) -> Sequence[Chain]:
        return _overlapping(self._chains.get(device, []), from_s, to_s)

    def chain_before(self, device: str, time_s: float) -> Chain | None:
        return _before(self._chains.get(device, []), time_s)

    def chain_after(self, device: str, time_s: float) -> Chain | None:
        return _after(self._chains.get(device, []), time_s)

    def put_chains(self, device: str, gone: Sequence[Chain], new: Sequence[Chain]) -> None:
        self._chains[device] = _exchanged(self._chains.get(device, []), gone, new)

    def episodes(self, from_s: float, to_s: float) -> Sequence[Kept]:
        return _overlapping(self._episodes, from_s, to_s)

    def episode_before(self, time_s: float) -> Kept | None:
        return _before(self._episodes, time_s)

    def episode_after(self, time_s: float) -> Kept | None:
        return _after(self._episodes, time_s)

    def put_episodes(self, gone: Sequence[Kept], new: Sequence[Kept]) -> None:
        self._episodes = _exchanged(self._episodes, gone, new)


class _Lasts(Protocol):
    @property
    def from_s(self) -> float: ...
    @property
    def to_s(self) -> float: ...


T = TypeVar("T", bound=_Lasts)


def _from_s(item: _Lasts) -> float:
    return item.from_s


def _to_s(item: _Lasts) -> float:
    return item.to_s


def _overlapping(items: Sequence[T], from_s: float, to_s: float) -> Sequence[T]:
    return items[bisect_left(items, from_s, key=_to_s) : bisect_right(items, to_s, key=_from_s)]


def _before(items: Sequence[T], time_s: float) -> T | None:
    at = bisect_left(items, time_s, key=_to_s)
    return items[at - 1] if at else None


def _after(items: Sequence[T], time_s: float) -> T | None:
    at = bisect_right(items, time_s, key=_from_s)
    return items[at] if at < len(items) else None


def _exchanged(items: Sequence[T], gone: Sequence[T], new: Sequence[T]) -> list[T]:
    return sorted([*(item for item in items if item not in gone), *new], key=_from_s)
