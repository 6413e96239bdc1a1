"""One path of a unit out of all that its devices said: steps in time order, each continuous or dark.

Continuity exists only within one outbox of one device, where no batch is missing and the receiver was not dark. Where
two devices know the same span, the first that covers it (by name and epoch) is followed.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from railbox_server.journey.model import FixKey, SeenKnot, Settings, Step, Track, Waypoint
from railbox_server.journey.trust import untrusted
from railbox_telemetry.values import DEGREE_E5, SeqRange


def judge(tracks: Sequence[Track], settings: Settings) -> dict[FixKey, str]:
    """The knots that are not to be believed, with the reason; a device's outboxes are judged together."""
    reasons: dict[FixKey, str] = {}
    by_device = sorted(tracks, key=lambda track: (track.device, track.epoch))
    for device, own in groupby(by_device, key=lambda track: track.device):
        keyed = sorted(
            ((knot.time_s, track.epoch, knot) for track in own for knot in _distinct(track)), key=lambda item: item[:2]
        )
        doubtful = untrusted([knot for _, _, knot in keyed], settings)
        reasons |= {(device, keyed[i][1], keyed[i][0]): reason for i, reason in doubtful.items()}
    return reasons


def steps(tracks: Sequence[Track], doubtful: Mapping[FixKey, str], settings: Settings) -> list[Step]:
    """The unit's path. A single waypoint is a step that stands still at it; nothing trusted is no step."""
    lines = [
        _line(track, doubtful, settings) for track in sorted(tracks, key=lambda track: (track.device, track.epoch))
    ]
    lines = [line for line in lines if line]
    path = lines[0] if len(lines) == 1 else list(_merged(lines))
    if len(path) > 1 and path[0].start == path[0].end:
        return path[1:]
    return path


def _distinct(track: Track) -> list[SeenKnot]:
    """One knot a second: of several, the first by content, whatever order they came in."""
    ordered = sorted(track.knots, key=lambda knot: (knot.time_s, knot.seq, knot.lat_e5, knot.lon_e5))
    return [next(same) for _, same in groupby(ordered, key=lambda knot: knot.time_s)]


def _line(track: Track, doubtful: Mapping[FixKey, str], settings: Settings) -> list[Step]:
    """One outbox's steps; it begins with a step that stands still at its first waypoint."""
    line: list[Step] = []
    last_knot: SeenKnot | None = None
    gaps = _Gaps(track.missing)
    for knot in _distinct(track):
        if (track.device, track.epoch, knot.time_s) in doubtful:
            last_knot = None
            continue
        here = Waypoint(
            knot.time_s, knot.lat_e5 / DEGREE_E5, knot.lon_e5 / DEGREE_E5, settings.margin_m(knot.accuracy_m)
        )
        continuous = knot.dark_s == 0 and last_knot is not None and not gaps.between(last_knot.seq, knot.seq)
        line.append(Step(line[-1].end, here, continuous) if line else Step(here, here, True))
        last_knot = knot
    return line


class _Gaps:
    """Whether a batch is missing between two others; asked in ascending order."""

    def __init__(self, missing: Sequence[SeqRange]) -> None:
        self._missing = sorted(missing, key=lambda item: item.first)
        self._next = 0

    def between(self, first: int, last: int) -> bool:
        while self._next < len(self._missing) and self._missing[self._next].last <= first:
            self._next += 1
        return self._next < len(self._missing) and self._missing[self._next].first < last


def _merged(lines: Sequence[Sequence[Step]]) -> Iterator[Step]:
    """Several outboxes' steps as one path, cut at every waypoint of any of them."""
    places: dict[float, Waypoint] = {}
    for line in reversed(lines):
        places |= {step.end.time_s: step.end for step in line}
    if len(places) == 1:
        (only,) = places.values()
        yield Step(only, only, True)
    cursors = [0] * len(lines)
    for from_s, to_s in pairwise(sorted(places)):
        for number, line in enumerate(lines):
            while cursors[number] < len(line) and line[cursors[number]].end.time_s <= from_s:
                cursors[number] += 1
            step = line[cursors[number]] if cursors[number] < len(line) else None
            if step and step.continuous and step.start.time_s <= from_s:
                yield Step(along(step, from_s), along(step, to_s), True)
                break
        else:
            yield Step(places[from_s], places[to_s], False)


def along(step: Step, time_s: float) -> Waypoint:
    """Where the step's straight line is at a time within it."""
    start, end = step.start, step.end
    if time_s == start.time_s:
        return start
    if time_s == end.time_s:
        return end
    part = (time_s - start.time_s) / (end.time_s - start.time_s)
    turn_deg = (end.lon_deg - start.lon_deg + 180) % 360 - 180
    return Waypoint(
        time_s,
        start.lat_deg + part * (end.lat_deg - start.lat_deg),
        (start.lon_deg + part * turn_deg + 180) % 360 - 180,
        max(start.margin_m, end.margin_m),
    )
