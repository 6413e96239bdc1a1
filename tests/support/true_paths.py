"""True paths by a border and what trackers see of them, as Hypothesis draws them."""

import math
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import assume
from hypothesis import strategies as st

from railbox_server.geo.model import Place
from railbox_server.journey.model import SeenKnot
from support.journeys import AA, BB, knot, network_with, place

NOISE_M = 12.0
"""With the rounding to 1e-5 degree no more than the 15 m that a receiver is granted."""
SMALL = place("small", 85, 1, radius_m=900)
NESTED = place("nested", 95, 0.5, radius_m=1_200)
TRUE_NETWORK = network_with(SMALL, NESTED)
ZONES = (AA, BB, SMALL, NESTED)
EAST_KM = {"aa": 94.0, "bb": 106.0, "small": 85.0, "nested": 95.0}
NORTH_KM = {"aa": 0.0, "bb": 0.0, "small": 1.0, "nested": 0.5}

Point = tuple[float, float, float]
"""Second since T0, km east, km north."""


@st.composite
def true_paths(draw: st.DrawFn) -> list[Point]:
    """Straight at constant speed from place to place, with stops of any length."""
    hops = draw(
        st.lists(
            st.tuples(
                st.one_of(st.floats(60, 140), st.sampled_from([85.0, 91.0, 94.0, 97.0, 99.98, 100.0, 106.0])),
                st.sampled_from([0.0, 0.0, 0.0, 1.0, -4.0]),
                st.floats(5, 90),
                st.sampled_from([0, 0, 7, 14, 25, 90, 1_000, 4_000]),
            ),
            min_size=1,
            max_size=8,
        )
    )
    path: list[Point] = [(0.0, draw(st.floats(60, 140)), 0.0)]
    for east_km, north_km, kmh, stop_min in hops:
        way_km = math.hypot(east_km - path[-1][1], north_km - path[-1][2])
        there_s = path[-1][0] + max(60.0, way_km / kmh * 3_600)
        path.append((there_s, east_km, north_km))
        if stop_min:
            path.append((there_s + stop_min * 60, east_km, north_km))
    return path


def true_place(path: Sequence[Point], time_s: float) -> tuple[float, float]:
    for a, b in pairwise(path):
        if time_s <= b[0]:
            part = max(0.0, time_s - a[0]) / (b[0] - a[0])
            return a[1] + part * (b[1] - a[1]), a[2] + part * (b[2] - a[2])
    return path[-1][1:]


def true_spans(path: Sequence[Point], zone: Place) -> list[tuple[float, float]]:
    """When the path truly is inside a circle, by the chord that each straight piece cuts."""
    east_km, north_km, radius_km = EAST_KM[zone.id], NORTH_KM[zone.id], (zone.radius_m or 0) / 1_000
    spans: list[tuple[float, float]] = []
    for a, b in pairwise(path):
        dx, dy = b[1] - a[1], b[2] - a[2]
        length = math.hypot(dx, dy)
        if length == 0.0:
            within = math.hypot(a[1] - east_km, a[2] - north_km) < radius_km
            found = [(a[0], b[0])] if within else []
        else:
            foot = ((east_km - a[1]) * dx + (north_km - a[2]) * dy) / length
            aside = math.hypot(a[1] + dx * foot / length - east_km, a[2] + dy * foot / length - north_km)
            half = math.sqrt(max(0.0, radius_km**2 - aside**2))
            first, last = max(0.0, foot - half), min(length, foot + half)
            speed = length / (b[0] - a[0])
            found = [(a[0] + first / speed, a[0] + last / speed)] if half and first < last else []
        for span in found:
            if spans and span[0] - spans[-1][1] < 1e-6:
                spans[-1] = spans[-1][0], span[1]
            else:
                spans.append(span)
    return spans


@st.composite
def seen(draw: st.DrawFn, path: Sequence[Point]) -> list[SeenKnot]:
    """The path as knots: sampled by a clock, or thinned to its vertices; blurred, and with dark spans."""
    last_s = int(path[-1][0])
    if draw(st.booleans()):
        every_s = draw(st.sampled_from([60, 97, 300, 600]))
        times_s = list(range(draw(st.integers(0, every_s)), last_s + 1, every_s))
    else:
        times_s = sorted({math.ceil(point[0]) for point in path})
    dark = draw(st.lists(st.tuples(st.integers(0, last_s), st.integers(600, 400_000)), max_size=3))
    blur = draw(st.lists(st.tuples(st.floats(0, NOISE_M), st.floats(0, 2 * math.pi)), min_size=7, max_size=7))
    found: list[SeenKnot] = []
    was_dark = False
    for number, time_s in enumerate(times_s):
        if any(first <= time_s <= first + length for first, length in dark):
            was_dark = True
            continue
        off_m, turn = blur[number % len(blur)]
        east_km, north_km = true_place(path, time_s)
        found.append(
            knot(
                time_s / 60,
                east_km + off_m * math.cos(turn) / 1_000,
                north_km + off_m * math.sin(turn) / 1_000,
                dark_s=1 if was_dark else 0,
                seq=number // 3 + 1,
            )
        )
        was_dark = False
    assume(found)
    return found


@st.composite
def seen_journeys(draw: st.DrawFn) -> tuple[list[Point], list[SeenKnot]]:
    path = draw(true_paths())
    return path, draw(seen(path))
