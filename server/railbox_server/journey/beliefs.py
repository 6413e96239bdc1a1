"""Which of a device's knots are believed, kept up to date: its chains are judged anew next to what is new.

Pure but for the memory and the knots that are passed in.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from railbox_server.journey.kept import Knots, Memory, TimeSpan, joined
from railbox_server.journey.model import FixKey, SeenKnot, Settings, Track
from railbox_server.journey.nearby import FIRST_PAD_S, first_window, wider
from railbox_server.journey.trust import Chain, bad_ones, beyond_dispute, chains_of, judged


class Beliefs:
    """Of one unit's devices."""

    def __init__(self, knots: Knots, memory: Memory, settings: Settings) -> None:
        self._knots = knots
        self._memory = memory
        self._settings = settings

    def judge(self, device: str, spans: Sequence[TimeSpan]) -> Iterator[tuple[TimeSpan, list[TimeSpan]]]:
        """Judges a device's knots next to each change; yields it, and when others are believed now, or not any more."""
        waiting = deque(joined(spans, FIRST_PAD_S))
        while waiting:
            span = waiting.popleft()
            knots, before, behind = self._valid_around(device, span)
            if waiting and behind is not None and behind.time_s >= waiting[0][0]:
                # A neighbour that is new itself stands in no chain yet.
                waiting[0] = span[0], waiting[0][1]
            else:
                yield span, self._judge_within(device, span, knots, before, behind)

    def _judge_within(
        self,
        device: str,
        span: TimeSpan,
        knots: Sequence[SeenKnot],
        before: SeenKnot | None,
        behind: SeenKnot | None,
    ) -> list[TimeSpan]:
        memory, settings = self._memory, self._settings
        from_s = span[0] if before is None else float(before.time_s)
        to_s = span[1] if behind is None else float(behind.time_s)
        old = memory.chains(device, from_s, to_s)
        new = chains_of(knots, settings)
        if before is not None and old and new and old[0].from_s < before.time_s:
            new[0] = new[0]._replace(first=old[0].first)
        if behind is not None and old and new and old[-1].to_s > behind.time_s:
            new[-1] = new[-1]._replace(last=old[-1].last)
        if [chain[:2] for chain in old] == [chain[:2] for chain in new]:
            return []
        left, right = self._left_of(device, from_s, old), self._right_of(device, to_s, old)
        verdict = judged([*left, *new, *right], settings)
        first = max(beyond_dispute(left, settings), default=0)
        last = len(left) + len(new) + min(beyond_dispute(right, settings), default=len(right) - 1)
        gone = [*left, *old, *right][first : last + 1 + len(old) - len(new)]
        there = verdict[first : last + 1]
        memory.put_chains(device, [each for each in gone if each not in there], [e for e in there if e not in gone])
        return _differing(_cut_out(gone), _cut_out(there))

    def _valid_around(self, device: str, span: TimeSpan) -> tuple[Sequence[SeenKnot], SeenKnot | None, SeenKnot | None]:
        """The knots of a time that are not bad by themselves, from the last before it to the first after it."""
        window = first_window(self._knots, span)
        while True:
            valid = self._valid(self._knots.between(window.from_s, window.to_s, device))
            first = bisect_left(valid, span[0], key=_time_s) - 1
            last = bisect_right(valid, span[1], key=_time_s)
            has_before, has_behind = first >= 0, last < len(valid)
            if (has_before or window.is_first) and (has_behind or window.is_last):
                before, behind = valid[first] if has_before else None, valid[last] if has_behind else None
                return valid[max(0, first) : last + 1], before, behind
            window = wider(self._knots, window, device, before=not has_before, behind=not has_behind)

    def _valid(self, tracks: Sequence[Track]) -> Sequence[SeenKnot]:
        """Those not bad by themselves, in time order; what several outboxes of a device say of one second, one says."""
        kept = [(track.epoch, self._without_bad_ones(track.knots)) for track in tracks]
        if len(kept) == 1:
            return kept[0][1]
        inorder = sorted(
            ((knot.time_s, epoch, knot) for epoch, knots in kept for knot in knots), key=lambda item: item[:2]
        )
        return [next(same)[2] for _, same in groupby(inorder, key=lambda item: item[0])]

    def _without_bad_ones(self, knots: Sequence[SeenKnot]) -> Sequence[SeenKnot]:
        bad = {knot.time_s for knot, _ in bad_ones(knots, self._settings)}
        return [knot for knot in knots if knot.time_s not in bad] if bad else knots

    def _left_of(self, device: str, time_s: float, without: Sequence[Chain]) -> list[Chain]:
        """The chains before a time, as far back as may matter."""
        found: list[Chain] = []
        at_s = without[0].from_s if without else time_s
        while (chain := self._memory.chain_before(device, at_s)) is not None:
            found.insert(0, chain)
            at_s = chain.from_s
            if beyond_dispute(found, self._settings):
                break
        return found

    def _right_of(self, device: str, time_s: float, without: Sequence[Chain]) -> list[Chain]:
        found: list[Chain] = []
        at_s = without[-1].to_s if without else time_s
        while (chain := self._memory.chain_after(device, at_s)) is not None:
            found.append(chain)
            at_s = chain.to_s
            if beyond_dispute(found, self._settings):
                break
        return found

    def doubtful(self, tracks: Sequence[Track]) -> dict[FixKey, str]:
        doubtful: dict[FixKey, str] = {}
        for track in tracks:
            if not track.knots:
                continue
            cut = _cut_out(self._memory.chains(track.device, track.knots[0].time_s, track.knots[-1].time_s))
            for (from_s, to_s), reason in cut:
                first = bisect_left(track.knots, from_s, key=_time_s)
                last = bisect_right(track.knots, to_s, key=_time_s)
                for knot in track.knots[first:last]:
                    doubtful[track.device, track.epoch, knot.time_s] = reason
            for knot, reason in bad_ones(track.knots, self._settings):
                doubtful[track.device, track.epoch, knot.time_s] = reason
        return doubtful


def _time_s(knot: SeenKnot) -> int:
    return knot.time_s


def _cut_out(chains: Iterable[Chain]) -> list[tuple[TimeSpan, str]]:
    return [((chain.from_s, chain.to_s), chain.reason) for chain in chains if chain.reason is not None]


def _differing(old: Sequence[tuple[TimeSpan, str]], new: Sequence[tuple[TimeSpan, str]]) -> list[TimeSpan]:
    """When one of the two has something else than the other."""
    edges = sorted({edge for span, _ in (*old, *new) for edge in span})
    if not edges:
        return []
    found = [(edge, edge) for edge in edges if _reason(old, edge) != _reason(new, edge)]
    for a, b in pairwise(edges):
        middle_s = (a + b) / 2
        if _reason(old, middle_s) != _reason(new, middle_s):
            found.append((a, b))
    return found


def _reason(cut: Sequence[tuple[TimeSpan, str]], time_s: float) -> str | None:
    return next((reason for (from_s, to_s), reason in cut if from_s <= time_s <= to_s), None)
