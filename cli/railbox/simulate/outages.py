"""When the receiver sees nothing or is deceived, and when the tracker has no coverage.

Decides spans only; what a receiver says in them is `receiver`'s. Times are seconds since the recording's start.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import cos, exp, log, pi, sin
from random import Random
from typing import Final

from railbox.simulate import sphere
from railbox.simulate.itinerary import Itinerary, Purpose, Stay
from railbox.simulate.route import Route
from railbox.simulate.services import HOUR_S
from railbox.simulate.sphere import Point

COLD_START_S: Final = 40.0
UPLINK_DOWN_FIRST_S: Final = {"pyongyang-moscow": 48 * HOUR_S}
"""Corridors whose service begins without roaming coverage: for how long after departure."""
UPLINK_GAP_EVERY_S: Final = 60 * HOUR_S
UPLINK_GAP_H: Final = (0.5, 9.0)


@dataclass(frozen=True, slots=True)
class Rates:
    """How hard a journey is on the receiver."""

    tunnel_every_m: float
    tunnel_s: tuple[float, float]
    jamming_chance: float
    """At each border yard."""
    jamming_s: tuple[float, float]
    spoofing_share: float
    """Of the jammed times, those with false positions instead of none."""
    blackout_chance: float
    """At each stay in a border yard: dark, and so long that the yard or all of the border may be missed."""
    blackout_s: tuple[float, float] | None = None
    """How long; None: from before the yard until after it was left."""


LEVELS: Final = {
    "none": Rates(float("inf"), (0, 0), 0.0, (0, 0), 0.0, 0.0),
    "usual": Rates(150_000.0, (40.0, 420.0), 0.5, (600.0, 3 * HOUR_S), 0.4, 0.0),
    "harsh": Rates(60_000.0, (40.0, 900.0), 0.9, (600.0, 8 * HOUR_S), 0.5, 0.25),
    "severe": Rates(100_000.0, (40.0, 900.0), 0.7, (600.0, 8 * HOUR_S), 0.5, 0.3, (HOUR_S, 120 * HOUR_S)),
}
UNDECEIVED_S: Final = 9 * HOUR_S
"""Around false positions nothing else is dark, so that what was seen before and after outlasts them: of two places
that a unit cannot both have been at, that of the longer time is believed (docs/border-engine.md)."""


@dataclass(frozen=True, slots=True)
class Outage:
    """No fix from `start_s` until `end_s`, or positions around a false one."""

    start_s: float
    end_s: float
    false_point: Point | None = None


def of_receiver(itinerary: Itinerary, route: Route, rates: Rates, rng: Random) -> list[Outage]:
    """In time order and apart, from the cold start on."""
    found = [Outage(0.0, COLD_START_S)] if rates.tunnel_every_m < float("inf") else []
    found += _tunnels(itinerary, rates, rng)
    for stay in itinerary.stays:
        if Purpose.BORDER in stay.purposes:
            found += _at_border(stay, route, rates, rng)
    return apart(found)


def apart(outages: Iterable[Outage]) -> list[Outage]:
    """In time order. What begins within another is left out, and what is dark around false positions."""
    inorder = sorted(outages, key=lambda outage: (outage.start_s, outage.end_s))
    false = _kept([outage for outage in inorder if outage.false_point])
    dark = [
        outage for outage in inorder if not outage.false_point and not any(_is_near(outage, each) for each in false)
    ]
    return sorted([*false, *_kept(dark)], key=lambda outage: outage.start_s)


def undeceived(outages: Iterable[Outage], cuts_s: Sequence[float]) -> list[Outage]:
    """False positions near a time at which what was seen is cut anyway are none at all."""
    return [
        replace(each, false_point=None) if any(_is_near(each, Outage(at_s, at_s)) for at_s in cuts_s) else each
        for each in outages
    ]


def _kept(inorder: Sequence[Outage]) -> list[Outage]:
    kept: list[Outage] = []
    for outage in inorder:
        if not kept or outage.start_s > kept[-1].end_s:
            kept.append(outage)
    return kept


def _is_near(a: Outage, b: Outage) -> bool:
    return a.start_s < b.end_s + UNDECEIVED_S and b.start_s < a.end_s + UNDECEIVED_S


def _tunnels(itinerary: Itinerary, rates: Rates, rng: Random) -> list[Outage]:
    """Tunnels, cuttings and roofs, met by distance: their time is passed moving."""
    found: list[Outage] = []
    until_m = rng.expovariate(1 / rates.tunnel_every_m) if rates.tunnel_every_m < float("inf") else float("inf")
    for phase in itinerary.motion.phases:
        moved_m = abs(phase.chainage_m(phase.end_s) - phase.from_m)
        if until_m < moved_m:
            start_s = phase.start_s + phase.duration_s * until_m / moved_m
            found.append(Outage(start_s, start_s + rng.uniform(*rates.tunnel_s)))
            until_m = moved_m + rng.expovariate(1 / rates.tunnel_every_m)
        until_m -= moved_m
    return found


def _at_border(stay: Stay, route: Route, rates: Rates, rng: Random) -> list[Outage]:
    if rng.random() < rates.blackout_chance:
        if rates.blackout_s is not None:
            length_s = exp(rng.uniform(*map(log, rates.blackout_s)))
            start_s = rng.uniform(stay.start_s - length_s, stay.end_s)
            return [Outage(start_s, start_s + length_s)]
        return [Outage(stay.start_s - rng.uniform(0.3, 3.0) * HOUR_S, stay.end_s + rng.uniform(0.3, 3.0) * HOUR_S)]
    if rng.random() >= rates.jamming_chance:
        return []
    start_s = stay.start_s + stay.duration_s * rng.uniform(-0.1, 1.0)
    end_s = start_s + rng.uniform(*rates.jamming_s)
    false_point = _far_off(route.point(stay.chainage_m), rng) if rng.random() < rates.spoofing_share else None
    return [Outage(start_s, end_s, false_point)]


def _far_off(point: Point, rng: Random) -> Point:
    """Spoofers send receivers to some airport."""
    away_m, angle = rng.uniform(60_000.0, 350_000.0), rng.uniform(0.0, 2 * pi)
    return sphere.shifted(point, away_m * cos(angle), away_m * sin(angle))


def of_uplink(corridor: str, itinerary: Itinerary, length_s: int, rng: Random) -> tuple[tuple[int, int], ...]:
    """Whole seconds, in order and apart, within the recording."""
    found: list[tuple[float, float]] = []
    if corridor in UPLINK_DOWN_FIRST_S:
        found.append((0.0, itinerary.departed_s + UPLINK_DOWN_FIRST_S[corridor]))
    at_s = max([itinerary.departed_s, *(end_s for _, end_s in found)])
    while (at_s := at_s + rng.expovariate(1 / UPLINK_GAP_EVERY_S)) < min(itinerary.arrived_s, length_s):
        end_s = at_s + rng.uniform(*UPLINK_GAP_H) * HOUR_S
        found.append((at_s, end_s))
        at_s = end_s + 60.0
    return whole_seconds(found, length_s)


def whole_seconds(spans_s: Sequence[tuple[float, float]], length_s: int) -> tuple[tuple[int, int], ...]:
    cut = [(int(start_s), min(int(end_s) + 1, length_s)) for start_s, end_s in spans_s]
    return tuple((start_s, end_s) for start_s, end_s in cut if start_s < end_s)
