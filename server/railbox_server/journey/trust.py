"""Which knots to believe: chains of knots in time order, and which of them a leap away and back cuts out.

Untrusted knots are kept and shown, and count for nothing. Jamming and spoofing are common near these borders: a
receiver leaps to an airport for an hour and comes back. So knots form chains that were seen being driven. Where one
cannot be driven to from the one before, there is a dispute, and the sequence of chains that explains most of its time
is believed. What lasts half a day on both sides is beyond dispute: so a dispute is settled by what is near it.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final, NamedTuple, Protocol

from railbox_server.geo.earth import distance_m
from railbox_server.journey.ground import DEGREE_M
from railbox_server.journey.model import SeenKnot, Settings
from railbox_telemetry.values import DEGREE_E5

POINT_S: Final = 60
"""What a chain counts beside its duration, so that a single knot is not nothing."""
LOOK_BACK: Final = 16
"""Chains that a chain may follow on: leaps within leaps deeper than this are not unravelled."""


_POLE_E5: Final = 90 * DEGREE_E5
_HALF_TURN_E5: Final = 180 * DEGREE_E5
_E5_M: Final = DEGREE_M / DEGREE_E5


class At(Protocol):
    """Where and when: a knot, or an end of a chain."""

    @property
    def time_s(self) -> int: ...
    @property
    def lat_e5(self) -> int: ...
    @property
    def lon_e5(self) -> int: ...
    @property
    def accuracy_m(self) -> int | None: ...


class End(NamedTuple):
    """A knot at an end of a chain."""

    time_s: int
    lat_e5: int
    lon_e5: int
    accuracy_m: int | None


class Chain(NamedTuple):
    """Knots of one device from first to last, each driven to from the one before with nothing dark between them."""

    first: End
    last: End
    reason: str | None = None
    """Why it is not believed; None: it is."""

    @property
    def from_s(self) -> int:
        return self.first.time_s

    @property
    def to_s(self) -> int:
        return self.last.time_s

    @property
    def lasts_s(self) -> int:
        return self.last.time_s - self.first.time_s


def by_itself(knot: SeenKnot, settings: Settings) -> str | None:
    """Why a knot is not to be believed, whatever its neighbours say; None: they decide."""
    if knot.time_s > knot.received_at_s + settings.future_s:
        return "future"
    if knot.accuracy_m is not None and knot.accuracy_m > settings.worst_accuracy_m:
        return "quality"
    if knot.lat_e5 == 0 and knot.lon_e5 == 0:
        return "null island"
    if abs(knot.lat_e5) > _POLE_E5 or abs(knot.lon_e5) > _HALF_TURN_E5:
        return "off the earth"
    return None


def bad_ones(knots: Sequence[SeenKnot], settings: Settings) -> list[tuple[SeenKnot, str]]:
    """Those that are not to be believed by themselves, with the reason."""
    future_s, worst_m = settings.future_s, settings.worst_accuracy_m
    suspects = [
        knot
        for knot in knots
        if knot.time_s - knot.received_at_s > future_s
        or not (-_POLE_E5 <= knot.lat_e5 <= _POLE_E5 and -_HALF_TURN_E5 <= knot.lon_e5 <= _HALF_TURN_E5)
        or knot.lat_e5 == 0
        or (knot.accuracy_m or 0) > worst_m
    ]
    return [(knot, reason) for knot in suspects if (reason := by_itself(knot, settings)) is not None]


def chains_of(knots: Sequence[SeenKnot], settings: Settings) -> list[Chain]:
    """The chains of knots in time order, of which none is bad by itself."""
    chains: list[Chain] = []
    first = before = None
    for knot in knots:
        if before is None or first is None or not _is_seen_driven(before, knot, settings):
            if before is not None and first is not None:
                chains.append(Chain(_end(first), _end(before)))
            first = knot
        before = knot
    if before is not None and first is not None:
        chains.append(Chain(_end(first), _end(before)))
    return chains


def _end(knot: SeenKnot) -> End:
    return End(knot.time_s, knot.lat_e5, knot.lon_e5, knot.accuracy_m)


def _is_seen_driven(a: SeenKnot, b: SeenKnot, settings: Settings) -> bool:
    return b.dark_s == 0 and b.time_s - a.time_s <= settings.silence_s and drivable(a, b, settings)


def drivable(a: At, b: At, settings: Settings) -> bool:
    """Whether a train or lorry can get from the earlier knot `a` to `b` in time, their accuracies granted."""
    reach_m = settings.max_speed_mps * (b.time_s - a.time_s)
    lat_e5, lon_e5 = abs(b.lat_e5 - a.lat_e5), abs(b.lon_e5 - a.lon_e5)
    if (lat_e5 + lon_e5) * _E5_M <= reach_m:
        return True  # nearly always: the way around the corner is never shorter, and needs no cosine
    reach_m += settings.margin_m(a.accuracy_m) + settings.margin_m(b.accuracy_m)
    return way_m(a, b) <= reach_m


def way_m(a: At, b: At) -> float:
    return distance_m((a.lat_e5 / DEGREE_E5, a.lon_e5 / DEGREE_E5), (b.lat_e5 / DEGREE_E5, b.lon_e5 / DEGREE_E5))


# --- disputes ---------------------------------------------------------------------------------------------------------


def judged(chains: Sequence[Chain], settings: Settings) -> list[Chain]:
    """Chains in time order, each with whether it is believed."""
    believed = [True] * len(chains)
    for dispute in _disputes(chains, settings):
        chosen = dispute.believed(chains, settings)
        for number in range(dispute.first, dispute.last + 1):
            believed[number] = number in chosen
    found: list[Chain] = []
    for is_believed, group in groupby(range(len(chains)), key=believed.__getitem__):
        own = [chains[number] for number in group]
        reason = None if is_believed else "jump" if own[0].from_s == own[-1].to_s else "cluster"
        found += [chain if chain.reason == reason else chain._replace(reason=reason) for chain in own]
    return found


def beyond_dispute(chains: Sequence[Chain], settings: Settings) -> list[int]:
    """Which of chains that follow each other (indices) are believed whatever comes before and after all of them."""
    return [number for leg in _legs(chains, settings) for number in _anchors(chains, leg, settings)]


@dataclass(frozen=True, slots=True)
class _Dispute:
    """Chains first..last (indices). An end that is `sure` is believed, whichever of the others are."""

    first: int
    last: int
    is_first_sure: bool
    is_last_sure: bool

    def believed(self, chains: Sequence[Chain], settings: Settings) -> set[int]:
        """The sequence of chains that explains the longest time; a leap that is believed costs `cluster_s`."""
        explained_s: dict[int, float] = {}
        before: dict[int, int | None] = {}
        best = self.first
        for number in range(self.first, self.last + 1):
            chain = chains[number]
            must_follow = self.is_first_sure and number > self.first
            options: list[tuple[float, int | None]] = [] if must_follow else [(chain.lasts_s, None)]
            near = range(max(self.first, number - LOOK_BACK), number)
            for earlier in {best, *near} - {number}:
                if drivable(chains[earlier].last, chain.first, settings):
                    options.append((explained_s[earlier] + _explains_s(chains[earlier], chain, settings), earlier))
                elif earlier == best:
                    options.append((explained_s[best] + chain.lasts_s - settings.cluster_s, best))
            # On equal terms the earlier chain is followed, so that the choice is the same every time.
            before_s, before[number] = max(options, key=lambda each: (each[0], -1 if each[1] is None else -each[1]))
            explained_s[number] = before_s + POINT_S
            if explained_s[number] > explained_s[best]:
                best = number
        at: int | None = self.last if self.is_last_sure else best
        chosen: list[int] = []
        while at is not None:
            chosen.append(at)
            at = before[at]
        return self._with_what_fits(chosen[::-1], chains, settings)

    def _with_what_fits(self, chosen: Sequence[int], chains: Sequence[Chain], settings: Settings) -> set[int]:
        """What contradicts nothing that is believed before and after it is believed too."""
        found: list[int] = []
        for number in range(self.first, chosen[-1] + 1):
            following = chosen[bisect_left(chosen, number)]
            follows = not found or drivable(chains[found[-1]].last, chains[number].first, settings)
            if number == following or (follows and drivable(chains[number].last, chains[following].first, settings)):
                found.append(number)
        return set(found)


def _explains_s(before: Chain, chain: Chain, settings: Settings) -> float:
    """What a chain explains that comes after another: its time, less what the way to it usually takes, so that farther
    away it has to last longer; and of the gap before it no more than a tunnel takes.

    A false chain and an honest one that both follow on the same one are told apart by nothing else: either may be the
    one that goes on.
    """
    unseen_s = way_m(before.last, chain.first) / settings.travel_mps
    return min(chain.from_s - before.to_s, settings.dark_inside_s) + max(0.0, chain.lasts_s - unseen_s)


def _legs(chains: Sequence[Chain], settings: Settings) -> list[tuple[int, int]]:
    """First and last index of chains each of which can be driven to from the one before."""
    starts = [i + 1 for i, (a, b) in enumerate(pairwise(chains)) if not drivable(a.last, b.first, settings)]
    return list(zip([0, *starts], [*(start - 1 for start in starts), len(chains) - 1], strict=True)) if chains else []


def _anchors(chains: Sequence[Chain], leg: tuple[int, int], settings: Settings) -> Iterator[int]:
    """Those of a leg before and after which, themselves counted, it lasts long enough to be believed for it."""
    from_s, to_s = chains[leg[0]].from_s, chains[leg[1]].to_s
    for number in range(leg[0], leg[1] + 1):
        chain = chains[number]
        if chain.to_s - from_s >= settings.cluster_s and to_s - chain.from_s >= settings.cluster_s:
            yield number


def _disputes(chains: Sequence[Chain], settings: Settings) -> Iterator[_Dispute]:
    """From what is believed for sure before legs that cannot be driven to, to what is after them."""
    legs = _legs(chains, settings)
    start, is_sure, open_legs = 0, False, 0
    for leg in legs if len(legs) > 1 else ():
        anchors = list(_anchors(chains, leg, settings))
        if anchors:
            if open_legs:
                yield _Dispute(start, anchors[0], is_sure, True)
            start, is_sure, open_legs = anchors[-1], True, 0
        open_legs += 1
    if open_legs > 1:
        yield _Dispute(start, len(chains) - 1, is_sure, False)
