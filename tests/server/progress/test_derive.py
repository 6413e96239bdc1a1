from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.geo import corridors
from railbox_server.geo.model import Leg, TimetableStop
from railbox_server.geo.way import Way
from railbox_server.journey.model import Journey
from railbox_server.progress.derive import derive
from railbox_server.progress.experience import NO_EXPERIENCE, Experience
from railbox_server.progress.follow import START, Followed, follow
from railbox_server.progress.model import Plan, Progress
from railbox_server.progress.report import progress_row
from support.made import (
    DAY_S,
    HOUR_S,
    T0_S,
    Point,
    corridor,
    crossing,
    journey,
    path,
    place,
    point_at,
    two_countries,
    visit,
)

CORRIDOR = two_countries()
WAY = Way(CORRIDOR)
BORDER = CORRIDOR.borders[0]
Stops = list[tuple[float, Point]]


def seen(
    *stops: tuple[float, Point],
    done: Journey | None = None,
    way: Way = WAY,
    silent_h: float = 0,
    experience: Experience = NO_EXPERIENCE,
    plan: Plan | None = None,
) -> Progress:
    now_s = T0_S + round((stops[-1][0] + silent_h) * HOUR_S)
    came = follow(way, path(*stops))
    found = derive("U", way, came, done or journey(), now_s, experience, plan or Plan())
    assert found is not None
    return found


def hours_until(time_s: int, from_h: float) -> float:
    return (time_s - T0_S) / HOUR_S - from_h


def test_without_a_trusted_position_there_is_no_progress() -> None:
    assert derive("U", WAY, Followed(START), journey(), T0_S) is None


def test_a_unit_on_its_way_knows_the_next_border_and_the_terminal() -> None:
    found = seen((0, point_at(100)), (4, point_at(200)))
    assert (found.corridor, found.heading, found.mode, found.standing_at) == ("made", 1, "rail", None)
    assert found.km == pytest.approx(200, abs=0.1)
    assert found.next_border is not None
    assert found.terminal is not None
    assert (found.next_border.id, found.next_border.km) == ("a-b", pytest.approx(490))
    assert found.next_border.distance_km == pytest.approx(290, abs=0.2)
    assert (found.terminal.id, found.terminal.distance_km) == ("end", pytest.approx(800, abs=0.2))


def test_on_published_figures_alone_the_border_is_reached_at_29_kmh() -> None:
    found = seen((0, point_at(100)), (4, point_at(204)))
    assert found.next_border is not None
    eta = found.next_border.eta
    assert eta is not None
    assert eta.observations == 0
    assert hours_until(eta.p50_s, 4) == pytest.approx(286 / 28.6, rel=0.02)
    assert hours_until(eta.p90_s, 4) == pytest.approx(286 / 17.9, rel=0.02)


def test_the_terminal_is_the_wait_at_the_border_and_the_rest_of_the_way_later() -> None:
    found = seen((0, point_at(100)), (4, point_at(204)))
    assert found.terminal is not None
    eta = found.terminal.eta
    assert eta is not None
    mean_h = (286 + 490) / 28.6 + 24
    assert mean_h < hours_until(eta.p50_s, 4) < mean_h + 8
    assert eta.p50_s < eta.p90_s


def test_what_the_fleet_measured_moves_the_forecast() -> None:
    quick = Experience({("a-b", "AA"): (2.0 * HOUR_S,) * 50}, {"rail": (HOUR_S / 60,) * 50})
    found = seen((0, point_at(100)), (4, point_at(204)), experience=quick)
    assert found.terminal is not None
    eta = found.terminal.eta
    assert eta is not None
    assert eta.observations == 100
    assert hours_until(eta.p50_s, 4) == pytest.approx((286 + 490) / 60 + 2, rel=0.05)


def test_the_other_way_everything_is_the_other_way_round() -> None:
    found = seen((0, point_at(900)), (4, point_at(800)))
    assert found.heading == -1
    assert found.next_border is not None
    assert found.terminal is not None
    assert (found.next_border.km, found.terminal.id) == (pytest.approx(510), "start")
    assert found.next_border.distance_km == pytest.approx(290, abs=0.2)


def test_beyond_the_last_border_there_is_only_the_terminal() -> None:
    found = seen((0, point_at(520)), (4, point_at(700)))
    assert found.next_border is None
    assert found.terminal is not None


def test_who_has_not_gone_far_has_a_heading_only_by_plan() -> None:
    stops: Stops = [(0, point_at(100)), (1, point_at(110))]
    assert seen(*stops).heading is None
    assert (seen(*stops).next_border, seen(*stops).terminal) == (None, None)
    assert seen(*stops, plan=Plan(heading=-1)).terminal is not None
    assert seen((0, point_at(100)), (4, point_at(200)), plan=Plan(heading=-1)).heading == 1


def test_a_wait_at_the_border_counts_for_what_is_left_of_it() -> None:
    yard = point_at(490)
    stops: Stops = [(0, point_at(300)), (7, yard), (30, yard)]
    waiting = seen(*stops, done=journey([], [crossing(BORDER, 7, None)]))
    assert waiting.standing_at == "a-b"
    assert waiting.next_border is None
    assert waiting.terminal is not None
    assert waiting.terminal.eta is not None
    passed = seen((0, point_at(300)), (30, point_at(511)))
    assert passed.terminal is not None
    assert passed.terminal.eta is not None
    left_h = hours_until(waiting.terminal.eta.p50_s, 30) - hours_until(passed.terminal.eta.p50_s, 30)
    assert 6 < left_h < 24


def test_the_longer_it_has_waited_beyond_experience_the_longer_it_may() -> None:
    yard = point_at(490)

    def p50_h(hours: float) -> float:
        found = seen((0, point_at(300)), (7, yard), (7 + hours, yard), done=journey([], [crossing(BORDER, 7, None)]))
        assert found.terminal is not None
        assert found.terminal.eta is not None
        return hours_until(found.terminal.eta.p50_s, 7 + hours)

    assert p50_h(300) < p50_h(600) < p50_h(1_200)


def test_nobody_arrives_in_the_past() -> None:
    found = seen((0, point_at(300)), (6, point_at(489)), silent_h=100)
    assert found.next_border is not None
    assert found.next_border.eta is not None
    assert found.next_border.eta.p50_s == T0_S + 106 * HOUR_S


def test_who_is_astray_has_no_arrival_and_no_mode() -> None:
    found = seen((0, point_at(300)), (6, point_at(600)), (10, point_at(600, 200)))
    assert found.off_since_s is not None
    assert found.mode is None
    assert found.terminal is not None
    assert found.terminal.eta is None


def test_at_the_terminal_there_is_nothing_to_come() -> None:
    end = visit(CORRIDOR.places[-1], 20, None)
    found = seen((0, point_at(600)), (20, point_at(1_000)), done=journey([end]))
    assert found.terminal is not None
    assert (found.terminal.eta, round(found.terminal.distance_km)) == (None, 0)


def test_a_journey_may_end_before_the_corridor_does() -> None:
    plan = Plan(destination="b-yard")
    found = seen((0, point_at(100)), (4, point_at(200)), plan=plan)
    assert found.terminal is not None
    assert (found.terminal.id, found.terminal.distance_km) == ("b-yard", pytest.approx(500, abs=0.2))
    beyond = seen((0, point_at(700)), (4, point_at(800)), plan=plan)
    assert beyond.terminal is not None
    assert beyond.terminal.eta is None


RAIL_ROAD = corridor(
    [
        place("start", 0, roles={"terminal"}),
        place("to-road", 200, roles={"transfer"}),
        place("to-rail", 600, roles={"transfer"}),
        place("end", 1_000, roles={"terminal"}),
    ],
    legs=(Leg("rail", 0, 200), Leg("road", 200, 600), Leg("rail", 600, 1_000)),
)


def test_a_transfer_tells_from_what_to_what_and_how_long() -> None:
    way = Way(RAIL_ROAD)
    places = RAIL_ROAD.places
    done = journey([visit(places[1], 8, 30), visit(places[2], 50, None)])
    found = seen((0, point_at(0)), (8, point_at(200)), (30, point_at(200)), (50, point_at(600)), way=way, done=done)
    assert [(t.visit.place.id, t.from_mode, t.to_mode) for t in found.transfers] == [
        ("to-road", "rail", "road"),
        ("to-rail", "road", "rail"),
    ]
    assert found.transfers[0].visit.dwell.est_s == 22 * HOUR_S
    assert found.standing_at == "to-rail"
    back = seen((0, point_at(1_000)), (30, point_at(600)), way=way, done=journey([visit(places[2], 30, None)]))
    assert [(t.from_mode, t.to_mode) for t in back.transfers] == [("rail", "road")]


def test_road_legs_run_at_the_speed_of_the_road() -> None:
    found = seen((0, point_at(250)), (5, point_at(300)), way=Way(RAIL_ROAD), plan=Plan(destination="to-rail"))
    assert found.mode == "road"
    assert found.terminal is not None
    assert found.terminal.eta is not None
    assert hours_until(found.terminal.eta.p50_s, 5) == pytest.approx(300 / 31, rel=0.02)


TIMETABLE = (
    TimetableStop("start", None, 0, assumed=False),
    TimetableStop("a-yard", 10, 12, assumed=True),
    TimetableStop("end", 27, None, assumed=False),
)
SERVICE = Way(two_countries(timetable=TIMETABLE))
LEFT = visit(CORRIDOR.places[0], -3, 0)


@pytest.mark.parametrize(
    ("km", "hour", "late_min"),
    [
        (200, 5, 0),
        (200, 6.5, 90),
        (200, 4.5, -30),
        (400, 9.5, -30),
        (400, 11, 0),
        (400, 12.5, 30),
        (600, 17, 0),
        (600, 18, 60),
    ],
)
def test_the_deviation_is_held_against_where_it_should_be(km: float, hour: float, late_min: int) -> None:
    found = seen((0, point_at(0)), (hour, point_at(km)), way=SERVICE, done=journey([LEFT]))
    assert found.deviation is not None
    assert (found.deviation.late_min, found.deviation.assumed) == (late_min, True)


def test_a_known_departure_comes_before_a_concluded_one() -> None:
    plan = Plan(departure_s=T0_S - 2 * HOUR_S)
    found = seen((0, point_at(0)), (5, point_at(200)), way=SERVICE, done=journey([LEFT]), plan=plan)
    assert found.deviation is not None
    assert found.deviation.late_min == 120


def test_a_service_that_keeps_its_pace_arrives_about_on_time() -> None:
    found = seen((0, point_at(0)), (17, point_at(600)), way=SERVICE, done=journey([LEFT]))
    assert found.deviation is not None
    assert found.deviation.late_at_end_min is not None
    assert found.terminal is not None
    assert found.terminal.eta is not None
    assert found.deviation.late_at_end_min == round((found.terminal.eta.p50_s - T0_S) / 60 - 27 * 60)


def test_at_the_end_it_is_as_late_as_it_came_however_long_it_stands_there() -> None:
    came = visit(CORRIDOR.places[-1], 29, None)
    found = seen(
        (0, point_at(0)), (29, point_at(1_000)), (60, point_at(1_000)), way=SERVICE, done=journey([LEFT, came])
    )
    assert found.deviation is not None
    assert (found.deviation.late_min, found.deviation.late_at_end_min) == (120, 120)
    assert not found.deviation.assumed


@pytest.mark.parametrize(
    "stops", [[(0, point_at(1_000)), (5, point_at(800))], [(0, point_at(100)), (5, point_at(200))]]
)
def test_without_a_departure_or_the_other_way_there_is_no_timetable(stops: Stops) -> None:
    assert seen(*stops, way=SERVICE).deviation is None


def test_the_direct_carriage_is_held_against_its_published_eight_days() -> None:
    shipped = corridors.find("pyongyang-moscow")
    way = Way(shipped)
    omsk = next(place for place in shipped.places if place.id == "ru-omsk")
    before = next(place for place in shipped.places if place.id == "ru-novosibirsk-glavny")
    found = derive(
        "U",
        way,
        follow(way, path((130, (before.lat_deg, before.lon_deg)), (150, (omsk.lat_deg, omsk.lon_deg)))),
        journey(),
        T0_S + 150 * HOUR_S,
        plan=Plan(departure_s=T0_S),
    )
    assert found is not None
    assert found.deviation is not None
    assert found.deviation.late_min == pytest.approx((150 - 141.91) * 60, abs=1)
    assert found.terminal is not None
    assert found.terminal.eta is not None
    assert found.terminal.id == "ru-moscow-yaroslavsky"
    assert T0_S + 8 * DAY_S - 8 * HOUR_S < found.terminal.eta.p50_s < T0_S + 8 * DAY_S + 12 * HOUR_S


def test_the_row_says_all_of_it_in_iso_times() -> None:
    row = progress_row(seen((0, point_at(0)), (17, point_at(600)), way=SERVICE, done=journey([LEFT])))
    assert row["type"] == "progress"
    assert (row["unit"], row["corridor"], row["time"]) == ("U", "made", "2026-10-27T00:33:20Z")
    assert (row["km"], row["heading"], row["mode"], row["off_since"]) == (600.0, "forward", "rail", None)
    assert row["next_border"] is None
    assert set(row["terminal"]["eta"]) == {"p50", "p90", "observations"}
    assert row["timetable"]["late_min"] == 0


def test_the_row_of_a_troubled_journey_has_its_excursion_stop_and_transfer() -> None:
    way = Way(RAIL_ROAD)
    done = journey([visit(RAIL_ROAD.places[1], 8, 30)])
    row = progress_row(
        seen((0, point_at(0)), (8, point_at(200)), (30, point_at(200)), (40, point_at(300, 300)), way=way, done=done)
    )
    assert row["off_since"] == row["excursions"][0]["from"]
    assert row["excursions"][0]["to"] is None
    assert [stop["way_km"] for stop in row["stops"]] == [pytest.approx(200, abs=0.3)]
    assert row["transfers"][0]["dwell_est_s"] == 22 * HOUR_S
    assert row["terminal"]["eta"] is None


@given(
    st.floats(0, 900),
    st.sampled_from([1, -1]),
    st.lists(st.floats(0.1, 300), max_size=5),
    st.lists(st.floats(20, 400), max_size=5),
    st.floats(0, 200),
)
def test_forecasts_are_ordered_and_never_in_the_past(
    km: float, heading: int, waits_h: list[float], paces: list[float], silent_h: float
) -> None:
    measured = Experience(
        {("a-b", side): tuple(sorted(wait * HOUR_S for wait in waits_h)) for side in ("AA", "BB")},
        {"rail": tuple(sorted(paces))},
    )
    start = point_at(km if heading > 0 else km + 100)
    stops: Stops = [(0, start), (5, point_at(km + 50))]
    found = seen(*stops, silent_h=silent_h, experience=measured)
    assert found.heading == heading
    assert found.terminal is not None
    assert found.terminal.eta is not None
    now_s = T0_S + round((5 + silent_h) * HOUR_S)
    assert now_s <= found.terminal.eta.p50_s <= found.terminal.eta.p90_s
    if found.next_border is not None:
        assert found.next_border.eta is not None
        assert now_s <= found.next_border.eta.p50_s <= found.next_border.eta.p90_s
        assert found.next_border.eta.p50_s <= found.terminal.eta.p50_s
        assert found.next_border.eta.p90_s <= found.terminal.eta.p90_s


@given(st.floats(0, 480), st.floats(0, 480))
def test_who_is_nearer_arrives_earlier(a_km: float, b_km: float) -> None:
    def p90_s(km: float) -> int:
        trace = follow(WAY, path((0, point_at(100)), (4, point_at(200)))).trace
        assert trace.mark is not None
        there = replace(trace, mark=trace.mark._replace(way_km=km))
        found = derive("U", WAY, Followed(there), journey(), T0_S)
        assert found is not None
        assert found.terminal is not None
        assert found.terminal.eta is not None
        return found.terminal.eta.p90_s

    assert p90_s(max(a_km, b_km)) <= p90_s(min(a_km, b_km)) + 1
