"""Fewer points of long series show the same shape, and never hide a gap."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.api import stretches
from railbox_server.api.fewer import of_readings, of_track
from railbox_server.fleet import Assignment, Span
from railbox_server.store.values import TrackPoint

STEPS = st.tuples(
    st.integers(0, 900), st.integers(-500, 500), st.integers(-500, 500), st.sampled_from((0, 0, 0, 0, 700))
)


def path(steps: Sequence[tuple[int, int, int, int]], epoch_from: int = 10**9) -> list[TrackPoint]:
    points: list[TrackPoint] = []
    time_s, lat_e5, lon_e5 = 0, 2_500_000, 6_700_000
    for nth, (dt, north, east, dark_s) in enumerate(steps):
        time_s, lat_e5, lon_e5 = time_s + dt, lat_e5 + north, lon_e5 + east
        points.append(TrackPoint(1 if nth < epoch_from else 2, time_s, lat_e5, lon_e5, dark_s))
    return points


@given(st.lists(STEPS, min_size=1, max_size=120), st.integers(2, 60), st.integers(0, 130))
def test_a_thinned_track_keeps_its_ends_and_both_sides_of_every_gap(
    steps: list[tuple[int, int, int, int]], most: int, epoch_from: int
) -> None:
    points = path(steps, epoch_from)
    kept = of_track(np.array(points), most).tolist()
    assert kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (0, len(points) - 1)
    gaps = [at for at in range(1, len(points)) if points[at].dark_s or points[at].epoch != points[at - 1].epoch]
    sides = {0, len(points) - 1, *gaps, *(at - 1 for at in gaps)}
    assert sides <= set(kept)
    assert len(kept) <= max(most, len(sides))


def test_a_short_track_stays_as_it_is() -> None:
    points = path([(60, 1, 1, 0)] * 20)
    assert of_track(np.array(points), 20).tolist() == list(range(20))


def test_turns_are_kept_before_straight_runs() -> None:
    corner = path([(60, 100, 0, 0)] * 40 + [(60, 0, 100, 0)] * 40)
    kept = of_track(np.array(corner), 5).tolist()
    assert min(abs(at - 39) for at in kept) <= 1
    assert len(kept) <= 5


@given(st.lists(st.integers(-400, 400), min_size=1, max_size=300), st.integers(2, 50))
def test_thinned_readings_are_some_of_them_with_both_ends(values: list[int], most: int) -> None:
    times = list(range(0, 60 * len(values), 60))
    kept = list(of_readings(times, values, most))
    assert kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    assert len(kept) <= max(most, 2)


def test_a_peak_of_readings_is_kept() -> None:
    values = [200 + (at % 3) for at in range(5_000)]
    values[2_345] = 650
    assert 2_345 in of_readings(list(range(5_000)), values, 40)


ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 99)), max_size=40)


@given(ROWS, ROWS, st.integers(1, 9))
def test_pages_of_two_devices_hold_every_row_once_in_order(
    one: list[tuple[int, int]], two: list[tuple[int, int]], limit: int
) -> None:
    rows = {"A": sorted(one), "B": sorted(two)}

    def read(item: Assignment, span: Span, most: int) -> list[tuple[int, int]]:
        return [row for row in rows[item.device] if row[0] in span][:most]

    found: list[tuple[int, int]] = []
    after = None
    while True:
        page = stretches.page(
            read, lambda row: row[0], [Assignment("A", "U"), Assignment("B", "U")], Span(2, 11), limit, after
        )
        found += page.items
        assert len(page.items) <= limit
        if page.after is None:
            break
        after = page.after
    wanted = [row for device in ("A", "B") for row in rows[device] if 2 <= row[0] < 11]
    assert found == sorted(wanted, key=lambda row: row[0])
