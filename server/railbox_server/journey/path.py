"""One path of a unit out of all that its devices said: steps in time order, each continuous or dark.

Continuity exists only within one outbox of one device, where no batch is missing and the receiver was not dark. Where
several devices know the same span, the path leads through the knots of all; but one that is less accurate than
another's step across it, or that could not have been reached on the way, adds nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from railbox_server.geo.earth import distance_m
from railbox_server.journey.model import FixKey, SeenKnot, Settings, Step, Track, Waypoint
from railbox_server.journey.trust import drivable
from railbox_telemetry.values import DEGREE_E5


def ordered(tracks: Sequence[Track]) -> list[Track]:
    """The same tracks, whatever order they and their knots came in: each with one knot a second, none empty."""
    found = [Track(track.device, track.epoch, _distinct(track.knots), track.missing) for track in tracks if track.knots]
    return sorted(
        found,
        key=lambda track: (
            track.device,
            track.epoch,
            [_content(knot) for knot in (track.knots[0], track.knots[-1])],
            len(track.knots),
        ),
    )


def _distinct(knots: Sequence[SeenKnot]) -> list[SeenKnot]:
    """One knot a second in time order: of several the first by content, as it was received first."""
    inorder = sorted(knots, key=_content)
    return [next(same) for _, same in groupby(inorder, key=lambda knot: knot.time_s)]


def _content(knot: SeenKnot) -> tuple[int, ...]:
    accuracy_m = -1 if knot.accuracy_m is None else knot.accuracy_m
    return knot.time_s, knot.seq, knot.lat_e5, knot.lon_e5, knot.dark_s, accuracy_m, knot.received_at_s


def steps(tracks: Sequence[Track], doubtful: Mapping[FixKey, str], settings: Settings) -> list[Step]:
    """The unit's path. A single waypoint is a step that stands still at it; nothing trusted is no step."""
    lines = [line for line in (_line(track, doubtful, settings) for track in tracks) if line]
    path = lines[0] if len(lines) == 1 else list(_merged(lines, settings))
    if len(path) > 1 and path[0].start == path[0].end:
        return path[1:]
    return path


def during(path: Sequence[Step], from_s: float, to_s: float) -> Sequence[Step]:
    """The steps that a time span touches."""
    first = bisect_left(path, from_s, key=lambda step: step.end.time_s)
    last = bisect_right(path, to_s, key=lambda step: step.start.time_s)
    return path[first:last]


def _line(track: Track, doubtful: Mapping[FixKey, str], settings: Settings) -> list[Step]:
    """One outbox's steps; it begins with a step that stands still at its first waypoint."""
    line: list[Step] = []
    before: SeenKnot | None = None
    """None, too, where what lies between is not to be believed."""
    gaps = sorted((item.first, item.last) for item in track.missing)
    silence_s, usual_m = settings.silence_s, settings.margin_m(None)
    end: Waypoint | None = None
    for knot in track.knots:
        if doubtful and (track.device, track.epoch, knot.time_s) in doubtful:
            before = None
            continue
        accuracy_m = knot.accuracy_m
        margin_m = usual_m if accuracy_m is None else settings.margin_m(accuracy_m)
        here = Waypoint(knot.time_s, knot.lat_e5 / DEGREE_E5, knot.lon_e5 / DEGREE_E5, margin_m)
        continuous = (
            before is not None
            and knot.dark_s == 0
            and knot.time_s - before.time_s <= silence_s
            and not (gaps and abs(knot.seq - before.seq) > 1 and _is_missing(gaps, before.seq, knot.seq))
            and drivable(before, knot, settings)
        )
        line.append(Step(here, here, True) if end is None else Step(end, here, continuous))
        before, end = knot, here
    return line


def _is_missing(gaps: Sequence[tuple[int, int]], seq: int, other_seq: int) -> bool:
    """Whether a batch between two others is missing; `gaps` are ascending and apart."""
    low, high = min(seq, other_seq), max(seq, other_seq)
    after = bisect_right(gaps, low, key=lambda gap: gap[1])
    return after < len(gaps) and gaps[after][0] < high


def _merged(lines: Sequence[Sequence[Step]], settings: Settings) -> Iterator[Step]:
    """Several outboxes' steps as one path through the waypoints of all that add to it."""
    inorder = sorted(
        (step.end.time_s, step.end.margin_m, number, step.end) for number, line in enumerate(lines) for step in line
    )
    points = [next(same) for _, same in groupby(inorder, key=lambda item: item[0])]
    if not points:
        return
    start, unbroken = points[0][3], True
    yield Step(start, start, True)
    known = [_Continuous(line) for line in lines]
    for (from_s, *_), (to_s, _, own, here) in pairwise(points):
        across = [(number, step) for number, line in enumerate(known) if (step := line.after(from_s))]
        unbroken = unbroken and bool(across)
        if all(_adds(here, own, step, number, settings) for number, step in across if step.end.time_s > to_s):
            yield Step(start, here, unbroken)
            start, unbroken = here, True


class _Continuous:
    """Where one outbox's steps are continuous; asked in ascending order."""

    def __init__(self, line: Sequence[Step]) -> None:
        self._line = line
        self._next = 0

    def after(self, time_s: float) -> Step | None:
        """The step that goes on at a time."""
        while self._next < len(self._line) and self._line[self._next].end.time_s <= time_s:
            self._next += 1
        if self._next == len(self._line):
            return None
        step = self._line[self._next]
        return step if step.continuous and step.start.time_s <= time_s else None


def _adds(point: Waypoint, own: int, step: Step, number: int, settings: Settings) -> bool:
    """Whether outbox `own`'s waypoint says more than outbox `number`'s step across it."""
    if point.margin_m > max(step.start.margin_m, step.end.margin_m):
        return False
    return number > own or _on_the_way(point, step, settings)


def _on_the_way(point: Waypoint, step: Step, settings: Settings) -> bool:
    """Whether one outbox's waypoint could be reached during another's step: else two units are said to be one."""
    return all(
        distance_m((point.lat_deg, point.lon_deg), (end.lat_deg, end.lon_deg))
        <= settings.max_speed_mps * abs(point.time_s - end.time_s) + point.margin_m + end.margin_m
        for end in (step.start, step.end)
    )
