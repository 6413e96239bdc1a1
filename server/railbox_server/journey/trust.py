"""Which knots to believe: one canonical pass over a device's knots in time order.

Untrusted knots are kept and shown, and count for nothing. Jamming and spoofing are common near these borders: a
receiver leaps to an airport for an hour and comes back. So knots form chains that were seen being driven, and the
sequence of chains that explains most of the time is believed; what a leap away and back cut out is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from railbox_server.geo.earth import distance_m
from railbox_server.journey.ground import DEGREE_M
from railbox_server.journey.model import SeenKnot, Settings
from railbox_telemetry.values import DEGREE_E5

POINT_S: Final = 60
"""What a chain counts beside its duration, so that a single knot is not nothing."""
LOOK_BACK: Final = 16
"""Chains that a chain may follow on: leaps within leaps deeper than this are not unravelled."""


@dataclass(slots=True)
class _Chain:
    """Knots first..last (indices), each driven to from the one before with nothing dark between them."""

    first: int
    last: int
    explained_s: float = 0.0
    """By the best sequence of chains that ends with this one."""
    before: int | None = None


def untrusted(knots: Sequence[SeenKnot], settings: Settings) -> dict[int, str]:
    """The reason by index of each knot that is not to be believed; `knots` are one device's, in time order."""
    reasons = {i: reason for i, knot in enumerate(knots) if (reason := _by_itself(knot, settings))}
    chains = _chains(knots, [i for i in range(len(knots)) if i not in reasons], settings)
    if len(chains) > 1:
        believed = _likeliest(knots, chains, settings)
        for is_believed, group in groupby(range(len(chains)), key=believed.__contains__):
            if not is_believed:
                numbers = list(group)
                cut_out = range(chains[numbers[0]].first, chains[numbers[-1]].last + 1)
                reason = "jump" if len(cut_out) == 1 else "cluster"
                reasons |= {i: reason for i in cut_out if i not in reasons}
    return reasons


def _by_itself(knot: SeenKnot, settings: Settings) -> str | None:
    if knot.time_s > knot.received_at_s + settings.future_s:
        return "future"
    if knot.accuracy_m is not None and knot.accuracy_m > settings.worst_accuracy_m:
        return "quality"
    if knot.lat_e5 == 0 and knot.lon_e5 == 0:
        return "null island"
    if abs(knot.lat_e5) > 90 * DEGREE_E5 or abs(knot.lon_e5) > 180 * DEGREE_E5:
        return "off the earth"
    return None


def _chains(knots: Sequence[SeenKnot], indices: Sequence[int], settings: Settings) -> list[_Chain]:
    chains: list[_Chain] = []
    for i in indices:
        if chains and _is_seen_driven(knots[chains[-1].last], knots[i], settings):
            chains[-1].last = i
        else:
            chains.append(_Chain(i, i))
    return chains


def _is_seen_driven(a: SeenKnot, b: SeenKnot, settings: Settings) -> bool:
    return b.dark_s == 0 and b.time_s - a.time_s <= settings.silence_s and drivable(a, b, settings)


def drivable(a: SeenKnot, b: SeenKnot, settings: Settings) -> bool:
    """Whether a train or lorry can get from the earlier knot `a` to `b` in time, their accuracies granted."""
    reach_m = settings.max_speed_mps * (b.time_s - a.time_s)
    lat_e5, lon_e5 = abs(b.lat_e5 - a.lat_e5), abs(b.lon_e5 - a.lon_e5)
    if (lat_e5 + lon_e5) * (DEGREE_M / DEGREE_E5) <= reach_m:
        return True  # nearly always: the way around the corner is never shorter, and needs no cosine
    reach_m += settings.margin_m(a.accuracy_m) + settings.margin_m(b.accuracy_m)
    way_m = distance_m((a.lat_e5 / DEGREE_E5, a.lon_e5 / DEGREE_E5), (b.lat_e5 / DEGREE_E5, b.lon_e5 / DEGREE_E5))
    return way_m <= reach_m


def _likeliest(knots: Sequence[SeenKnot], chains: Sequence[_Chain], settings: Settings) -> set[int]:
    """The sequence of chains that explains the longest time; a leap that is believed costs `cluster_s`."""
    best = 0
    for number, chain in enumerate(chains):
        options: list[tuple[float, int | None]] = [(0.0, None)]
        for earlier in {best, *range(max(0, number - LOOK_BACK), number)} - {number}:
            end, start = knots[chains[earlier].last], knots[chain.first]
            if drivable(end, start, settings):
                options.append((chains[earlier].explained_s + start.time_s - end.time_s, earlier))
            elif earlier == best:
                options.append((chains[best].explained_s - settings.cluster_s, best))
        # On equal terms the earlier chain is followed, so that the choice is the same every time.
        before_s, chain.before = max(options, key=lambda option: (option[0], -1 if option[1] is None else -option[1]))
        chain.explained_s = before_s + knots[chain.last].time_s - knots[chain.first].time_s + POINT_S
        if chain.explained_s > chains[best].explained_s:
            best = number
    believed: set[int] = set()
    number: int | None = best
    while number is not None:
        believed.add(number)
        number = chains[number].before
    return believed
