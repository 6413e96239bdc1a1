"""What the trackers of a simulated journey deliver: a knot a minute, with noise up to the margin, in batches.

Straight from the true path, without serial lines and thinning, so that a thousand journeys take minutes. Some batches
are lost for ever; when the others arrive is drawn too, many of them days late.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import cos, pi, sin
from random import Random

from railbox.simulate import sphere
from railbox.simulate.fleet import Journey, draws
from railbox.simulate.outages import Outage, apart
from railbox.simulate.trackers import Tracker
from railbox_server.journey.model import SeenKnot, Track
from railbox_telemetry.values import DEGREE_E5, SeqRange

PERIOD_S = 60
DARK_AFTER_S = 3 * PERIOD_S
ACCURACY_M = 12
NOISE_M = 14.0
NOISE_MAX_M = 39.0
"""The margin of a knot is 40 m: 25 m of thinning and 15 m of the receiver. A metre is left for rounding to 1e-5°."""
A_BATCH = 10
LOST_SHARE = 0.002
EPOCHS = (7, 3)
LATE_SHARE = 0.3
LATE_S = (3_600.0, 5 * 86_400.0)
USUAL_S = (2.0, 40.0)
AGAIN_SHARE = 0.05


@dataclass(frozen=True)
class Batch:
    """Consecutive knots of one outbox as they arrive; the same batch may arrive again."""

    device: str
    epoch: int
    seq: int
    knots: Sequence[SeenKnot]
    received_at_s: int


def tracks(journey: Journey) -> list[Track]:
    """What there is in the end, each knot as received when it first came."""
    rng = draws(journey.wish, journey.number, "delivered")
    return [_track(journey, tracker, epoch, rng) for tracker, epoch in zip(journey.trackers, EPOCHS, strict=False)]


def arrivals(found: Sequence[Track], rng: Random) -> list[Batch]:
    """Every batch in order of its arrival: most within a minute, a third hours or days late, some of them twice."""
    batches = [
        Batch(track.device, track.epoch, seq, knots, knots[0].received_at_s)
        for track in found
        for seq, knots in _by_seq(track.knots)
    ]
    again = [replace(batch, received_at_s=batch.received_at_s + rng.randrange(86_400)) for batch in batches]
    return sorted(
        [*batches, *(batch for batch in again if rng.random() < AGAIN_SHARE)], key=lambda batch: batch.received_at_s
    )


def in_any_order(found: Sequence[Track], rng: Random) -> list[Track]:
    """The same tracks with their knots shuffled, and some of them there twice, received later."""
    mixed: list[Track] = []
    for track in found:
        again = [k._replace(received_at_s=k.received_at_s + 60) for k in track.knots if rng.random() < AGAIN_SHARE]
        knots = [*track.knots, *again]
        rng.shuffle(knots)
        mixed.append(replace(track, knots=knots))
    rng.shuffle(mixed)
    return mixed


def _track(journey: Journey, tracker: Tracker, epoch: int, rng: Random) -> Track:
    dark = apart([*journey.outages(), *tracker.cold_starts(), *(Outage(*boot) for boot in tracker.boots)])
    knots = list(_knots(journey, tracker, dark, rng))
    last = knots[-1].seq if knots else 0
    lost = {seq for seq in range(2, last) if rng.random() < LOST_SHARE}
    received = {seq: _delay_s(rng) for seq in range(last + 1)}
    kept = [
        knot._replace(received_at_s=knot.received_at_s + received[knot.seq]) for knot in knots if knot.seq not in lost
    ]
    return Track(tracker.device, epoch, kept, tuple(SeqRange(seq, seq) for seq in sorted(lost)))


def _delay_s(rng: Random) -> int:
    return round(rng.uniform(*(LATE_S if rng.random() < LATE_SHARE else USUAL_S)))


def _knots(journey: Journey, tracker: Tracker, dark: Sequence[Outage], rng: Random) -> Iterator[SeenKnot]:
    times_s = range(tracker.from_s, tracker.to_s + 1, PERIOD_S)
    starts_s = [outage.start_s for outage in dark]
    before_s: int | None = None
    seq, group = 0, -1
    standing_m, point = -1.0, (0.0, 0.0)
    for number, (since_s, phase) in enumerate(zip(times_s, journey.itinerary.motion.follow(times_s), strict=True)):
        at = bisect_right(starts_s, since_s) - 1
        outage = dark[at] if at >= 0 and since_s <= dark[at].end_s else None
        if outage is not None and outage.false_point is None:
            continue
        chainage_m = phase.chainage_m(since_s)
        if chainage_m != standing_m:
            standing_m, point = chainage_m, journey.route.point(chainage_m)
        lat_deg, lon_deg = _noisy(point if outage is None or outage.false_point is None else outage.false_point, rng)
        time_s = journey.started_at_s + since_s
        gap_s = 0 if before_s is None else time_s - before_s
        before_s = time_s
        if number // A_BATCH != group:
            seq, group = seq + 1, number // A_BATCH
        yield SeenKnot(
            time_s=time_s,
            lat_e5=round(lat_deg * DEGREE_E5),
            lon_e5=round(lon_deg * DEGREE_E5),
            dark_s=gap_s if gap_s > DARK_AFTER_S else 0,
            accuracy_m=ACCURACY_M,
            seq=seq,
            received_at_s=journey.started_at_s + tracker.from_s + (group + 1) * A_BATCH * PERIOD_S,
        )


def _noisy(point: sphere.Point, rng: Random) -> sphere.Point:
    off_m, angle = min(abs(rng.gauss(0.0, NOISE_M)), NOISE_MAX_M), rng.uniform(0.0, 2 * pi)
    return sphere.shifted(point, off_m * cos(angle), off_m * sin(angle))


def _by_seq(knots: Sequence[SeenKnot]) -> Iterator[tuple[int, Sequence[SeenKnot]]]:
    first = 0
    while first < len(knots):
        last = bisect_right(knots, knots[first].seq, key=lambda knot: knot.seq)
        yield knots[first].seq, knots[first:last]
        first = last


def trusted(found: Sequence[Track], doubtful: Sequence[tuple[str, int, int]]) -> list[SeenKnot]:
    """What is left of the knots in order of time."""
    bad = set(doubtful)
    kept = [k for track in found for k in track.knots if (track.device, track.epoch, k.time_s) not in bad]
    return sorted(kept, key=lambda knot: knot.time_s)


def during(knots: Sequence[SeenKnot], from_s: float, to_s: float) -> Sequence[SeenKnot]:
    """Those in a time span, of knots in order of time."""
    first = bisect_left(knots, from_s, key=lambda knot: knot.time_s)
    return knots[first : bisect_right(knots, to_s, key=lambda knot: knot.time_s)]
