"""A unit's knots as the store has them, for as long as one change is judged."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from railbox_server.fleet import Assignment, Span
from railbox_server.journey.kept import TimeSpan
from railbox_server.journey.model import SeenKnot, Track
from railbox_server.journey.path import ordered
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import Outbox
from railbox_telemetry.values import SeqRange


class _Stretch:
    """What one device has in a span of time, which grows to both sides: nothing is read twice."""

    def __init__(self, store: JourneyStore, device: str, span: Span) -> None:
        self._store = store
        self._device = device
        self._span = span
        self._knots = {epoch: list(knots) for epoch, knots in store.seen_knots(device, span).items()}

    def touches(self, span: Span) -> bool:
        return not self._span.both(span).is_empty

    def within(self, span: Span) -> Mapping[int, Sequence[SeenKnot]]:
        """By epoch, where there are any; of a span that touches this one."""
        own = self._span
        if own.from_s is not None and (span.from_s is None or span.from_s < own.from_s):
            for epoch, knots in self._store.seen_knots(self._device, Span(span.from_s, own.from_s)).items():
                self._knots[epoch] = [*knots, *self._knots.get(epoch, ())]
            self._span = own = Span(span.from_s, own.to_s)
        if own.to_s is not None and (span.to_s is None or span.to_s > own.to_s):
            for epoch, knots in self._store.seen_knots(self._device, Span(own.to_s, span.to_s)).items():
                self._knots.setdefault(epoch, []).extend(knots)
            self._span = Span(own.from_s, span.to_s)
        found = {epoch: _part(knots, span) for epoch, knots in sorted(self._knots.items())}
        return {epoch: knots for epoch, knots in found.items() if knots}


class UnitKnots:
    """`journey.history.Knots`. What was read once is kept as long as this."""

    def __init__(self, store: JourneyStore, assignments: Sequence[Assignment], extents: dict[str, Any]) -> None:
        self._store = store
        self._assignments = assignments
        self._devices = {item.device for item in assignments}
        self._read: dict[tuple[float, float, str | None], Sequence[Track]] = {}
        self._stretches: dict[Assignment, list[_Stretch]] = {}
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

    def last_before(self, time_s: float, device: str | None = None) -> float | None:
        until = Span(None, math.ceil(time_s))
        return max((last for _, last in self._extents_in(until, device)), default=None)

    def first_after(self, time_s: float, device: str | None = None) -> float | None:
        since = Span(math.floor(time_s) + 1, None)
        return min((first for first, _ in self._extents_in(since, device)), default=None)

    def _extents_in(self, span: Span, device: str | None) -> Iterator[TimeSpan]:
        for item in self._assignments:
            own = item.span.both(span)
            if device in (None, item.device) and not own.is_empty:
                extent = self._store.knot_extent(item.device, own)
                if extent is not None:
                    yield extent

    def add_extents(self, tracks: Iterable[Track]) -> None:
        for track in tracks:
            first, last = track.knots[0].time_s, track.knots[-1].time_s
            own = next(item for item in self._assignments if item.device == track.device and first in item.span)
            key = f"{track.device} {track.epoch} {own.span.from_s}"
            known = self.by_track.get(key, [first, last])
            self.by_track[key] = [min(known[0], first), max(known[1], last)]

    def _tracks(self, item: Assignment, from_s: float, to_s: float) -> list[Track]:
        wanted = Span(
            None if from_s == -math.inf else math.floor(from_s), None if to_s == math.inf else math.floor(to_s) + 1
        )
        span = item.span.both(wanted)
        if span.is_empty:
            return []
        knots = self._knots(item, span)
        return [Track(item.device, epoch, own, self._missing(item.device, epoch, own)) for epoch, own in knots.items()]

    def _knots(self, item: Assignment, span: Span) -> Mapping[int, Sequence[SeenKnot]]:
        stretches = self._stretches.setdefault(item, [])
        stretch = next((each for each in stretches if each.touches(span)), None)
        if stretch is None:
            stretch = _Stretch(self._store, item.device, span)
            stretches.append(stretch)
        return stretch.within(span)

    def _missing(self, device: str, epoch: int, knots: Sequence[SeenKnot]) -> tuple[SeqRange, ...]:
        seqs = [knot.seq for knot in knots]
        return self._store.without_data(Outbox(device, epoch), SeqRange(min(seqs), max(seqs)))


def _part(knots: Sequence[SeenKnot], span: Span) -> Sequence[SeenKnot]:
    first = 0 if span.from_s is None else bisect_left(knots, span.from_s, key=_time_s)
    last = len(knots) if span.to_s is None else bisect_left(knots, span.to_s, key=_time_s)
    return knots[first:last]


def _time_s(knot: SeenKnot) -> int:
    return knot.time_s


def _is_distinct(track: Track) -> bool:
    """The store has knots by time; nearly always one a second."""
    return len({knot.time_s for knot in track.knots}) == len(track.knots)
