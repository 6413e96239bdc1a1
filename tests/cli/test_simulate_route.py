"""The way through a corridor's places, and where it lies inside zones."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from railbox.simulate import lines, passages, sphere
from railbox.simulate.lines import Lines, LinesError
from railbox.simulate.motion import Builder, Motion, Pull, Section
from railbox.simulate.passages import Zone
from railbox.simulate.route import Waypoint, build

A, B, C = Waypoint("a", (50.0, 10.0)), Waypoint("b", (50.0, 12.0)), Waypoint("c", (51.0, 12.0))


def test_a_route_passes_near_its_places_in_their_order() -> None:
    route = build([A, B, C], Lines())
    assert list(route.waypoints_m) == sorted(route.waypoints_m)
    for place, chainage_m in zip((A, B, C), route.waypoints_m, strict=True):
        assert sphere.distance_m(route.point(chainage_m), place.point) < 800


def test_a_route_has_no_sharp_bend() -> None:
    route = build([A, B, C], Lines())
    courses = [route.locate(chainage_m)[1] for chainage_m in range(0, int(route.length_m), 250)]
    turns = [abs((after - before + 180) % 360 - 180) for before, after in pairwise(courses)]
    assert max(turns) < 30


def test_a_route_is_the_same_every_time() -> None:
    assert build([A, B, C], Lines()) == build([A, B, C], Lines())


def test_real_curvature_is_taken_from_a_line_that_passes_both_places_whichever_way_it_runs() -> None:
    bow = [(50.0 + 0.3 * (1 - (step / 10 - 1) ** 2), 10.0 + step / 10) for step in range(21)]
    for line in (bow, bow[::-1]):
        route = build([A, B], Lines([line]))
        middle = route.point(route.length_m / 2)
        assert sphere.distance_m(middle, (50.3, 11.0)) < 1_500


def test_a_line_that_passes_only_one_place_is_not_followed() -> None:
    stray = [(50.0, 10.0), (55.0, 20.0)]
    assert Lines([stray]).portion(A.point, B.point) is None


def test_lines_are_read_from_geojson(tmp_path: Path) -> None:
    file = tmp_path / "lines.geojson"
    feature = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[10.0, 50.0], [12.0, 50.0]]}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert lines.read(file).portion(A.point, B.point) == [(50.0, 10.0), (50.0, 12.0)]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"features": []}', '{"features": [{"geometry": {"type": "LineString"}}]}']
)
def test_a_file_without_lines_is_named_with_the_reason(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lines.geojson"
    file.write_text(text)
    with pytest.raises(LinesError, match=r"lines\.geojson"):
        lines.read(file)


def test_a_zone_on_the_way_holds_its_diameter_of_the_route() -> None:
    route = build([A, B], Lines([[(50.0, 10.0), (50.0, 12.0)]]))
    ((from_m, to_m),) = passages.spans_inside(route, Zone((50.0, 11.0), 3_000.0))
    assert to_m - from_m == pytest.approx(6_000, abs=1)
    assert sphere.distance_m(route.point(from_m), (50.0, 11.0)) == pytest.approx(3_000, abs=0.1)


def test_a_zone_at_the_end_of_the_way_has_no_bound_there() -> None:
    route = build([A, B], Lines())
    assert passages.spans_inside(route, Zone(A.point, 3_000.0))[0][0] == float("-inf")
    assert passages.spans_inside(route, Zone(B.point, 3_000.0))[-1][1] == float("inf")


def test_a_polygon_holds_what_is_inside_its_corners() -> None:
    square = ((49.9, 10.9), (50.1, 10.9), (50.1, 11.1), (49.9, 11.1))
    zone = Zone((50.0, 11.0), 20_000.0, square)
    route = build([A, B], Lines([[(50.0, 10.0), (50.0, 12.0)]]))
    ((from_m, to_m),) = passages.spans_inside(route, zone)
    assert route.point(from_m)[1] == pytest.approx(10.9, abs=1e-6)
    assert route.point(to_m)[1] == pytest.approx(11.1, abs=1e-6)


def test_every_passage_of_a_mark_is_found_with_its_direction() -> None:
    builder = Builder(0.0, 0.0)
    pull = Pull(0.1, 0.1)
    builder.run([Section(1_000.0, 10.0)], pull)
    builder.run([Section(400.0, 5.0)], pull, direction=-1)
    builder.run([Section(500.0, 5.0)], pull)
    found = passages.passages(Motion(builder.phases), [800.0, 50.0, 2_000.0], float("inf"))
    assert [(one.chainage_m, one.onwards) for one in found] == [
        (50.0, True),
        (800.0, True),
        (800.0, False),
        (800.0, True),
    ]
    for one in found:
        phase = Motion(builder.phases).phase_at(one.time_s)
        assert phase.chainage_m(one.time_s) == pytest.approx(one.chainage_m, abs=0.01)
