"""A unit's knots as the store has them, for as long as one change is judged."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from railbox_server.fleet import Assignment, Span
from railbox_server.journey.history import TimeSpan
from railbox_server.journey.model import SeenKnot, Track
from railbox_server.journey.path import ordered
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Outbox
from railbox_telemetry.values import SeqRange


class UnitKnots:
    """`journey.history.Knots`. What was read once is kept as long as this."""

    def __init__(self, store: JourneyStore, assignments: Sequence[Assignment], extents: dict[str, Any]) -> None:
        self._store = store
        self._assignments = assignments
        self._devices = {item.device for item in assignments}
        self._read: dict[tuple[float, float, str | None], Sequence[Track]] = {}
        self.by_track: dict[str, list[float]] = {key: list(extent) for key, extent in extents.items()}

    def between(self, from_s: float, to_s: float, device: str | None = None) -> Sequence[Track]:
        if device is None and len(self._devices) == 1:
            (device,) = self._devices
        key = from_s, to_s, device
        if key not in self._read:
            own = [item for item in self._assignments if device is None or item.device == device]
            tracks = [track for item in own for track in self._tracks(item, from_s, to_s)]
            self._read[key] = tracks if len(tracks) < 2 and all(map(_is_distinct, tracks)) else ordered(tracks)
        return self._read[key]

    def extents(self) -> Sequence[TimeSpan]:
        return [(first, last) for first, last in self.by_track.values()]

    def add_extents(self, tracks: Iterable[Track]) -> None:
        for track in tracks:
            first, last = track.knots[0].time_s, track.knots[-1].time_s
            own = next(item for item in self._assignments if item.device == track.device and first in item.span)
            key = f"{track.device} {track.epoch} {own.span.from_s}"
            known = self.by_track.get(key, [first, last])
            self.by_track[key] = [min(known[0], first), max(known[1], last)]

    def forget_extents(self) -> None:
        self.by_track.clear()

    def _tracks(self, item: Assignment, from_s: float, to_s: float) -> list[Track]:
        wanted = Span(
            None if from_s == -math.inf else math.floor(from_s), None if to_s == math.inf else math.floor(to_s) + 1
        )
        span = item.span.both(wanted)
        if span.is_empty:
            return []
        knots = self._store.seen_knots(item.device, span)
        return [Track(item.device, epoch, own, self._missing(item.device, epoch, own)) for epoch, own in knots.items()]

    def _missing(self, device: str, epoch: int, knots: Sequence[SeenKnot]) -> tuple[SeqRange, ...]:
        seqs = [knot.seq for knot in knots]
        return self._store.without_data(Outbox(device, epoch), SeqRange(min(seqs), max(seqs)))


def _is_distinct(track: Track) -> bool:
    """The store has knots by time; nearly always one a second."""
    return len({knot.time_s for knot in track.knots}) == len(track.knots)
