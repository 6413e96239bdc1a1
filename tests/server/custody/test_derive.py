from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.custody.derive import derive
from railbox_server.custody.incidents import Ground
from railbox_server.custody.model import Custody, DeviceLog, Limit, Settings
from railbox_server.custody.report import custody_row
from railbox_server.custody.spans import spans
from railbox_server.journey.model import Visit
from railbox_telemetry.tables import CHANNEL_BY_NAME, EVENT_BY_NAME
from railbox_telemetry.values import Event, Reading
from support.made import HOUR_S, T0_S, path, place, point_at, visit

A, B, C = place("a", 100), place("b", 300), place("c", 305)
VISITS = [visit(A, 2, 5), visit(B, 10, 12)]
NOW_S = T0_S + 20 * HOUR_S


def time_s(hours: float) -> int:
    return T0_S + round(hours * HOUR_S)


def reading(hours: float, name: str, value: float) -> Reading:
    channel = CHANNEL_BY_NAME[name]
    return Reading(time_s(hours), channel.bit, channel.to_wire(value))


def event(hours: float, name: str, value: int = 0) -> Event:
    return Event(time_s(hours), EVENT_BY_NAME[name].code, value)


def told(
    readings: list[Reading] | None = None,
    events: list[Event] | None = None,
    visits: list[Visit] | None = None,
    settings: Settings | None = None,
) -> dict[str, Custody]:
    """By place, or `from-to` of a leg."""
    log = DeviceLog("D", readings or [], events or [])
    found = derive(spans("U", VISITS if visits is None else visits), [log], NOW_S, settings=settings or Settings())
    return {_name(custody): custody for custody in found}


def _name(custody: Custody) -> str:
    span = custody.span
    return span.visit.place.id if span.visit else f"{span.from_place}-{span.to_place}"


def test_a_journey_falls_into_visits_and_the_legs_between_them() -> None:
    assert list(told()) == ["None-a", "a", "a-b", "b", "b-None"]


def test_who_was_inside_already_has_no_leg_before_and_who_is_inside_still_none_after() -> None:
    inside = [visit(A, 2, 5, already_inside=True), visit(B, 10, None)]
    assert list(told(visits=inside)) == ["a", "a-b", "b"]


def test_a_journey_without_visits_is_one_leg() -> None:
    assert list(told(visits=[])) == ["None-None"]


def test_a_visit_within_a_visit_ends_no_leg() -> None:
    nested = [visit(B, 10, 20), visit(C, 12, 14), visit(A, 30, 31)]
    assert list(told(visits=nested)) == ["None-b", "b", "c", "b-a", "a", "a-None"]


def test_legs_lie_where_no_visit_is() -> None:
    overlapping = [visit(B, 10, 20), visit(C, 15, 25)]
    (leg,) = [span for span in spans("U", overlapping) if span.from_place and span.to_place is None]
    assert (leg.from_place, leg.start) == ("c", overlapping[1].exited)


def test_heat_has_a_place_and_a_time() -> None:
    warm = [reading(h / 2, "temp_c", 42.0 if 10.5 <= h / 2 <= 11.5 else 20.0) for h in range(40)]
    found = told(warm, settings=Settings(limits=(Limit("temp_c", high=40.0),)))
    at_b = found["b"].conditions["temp_c"]
    assert (at_b.low, at_b.high, at_b.known_s, at_b.unknown_s) == (20.0, 42.0, 2 * HOUR_S, 0)
    assert at_b.over_s == pytest.approx(HOUR_S + 2 * HOUR_S / 2 * 2 / 22, abs=1)
    assert at_b.under_s is None
    on_leg = found["a-b"].conditions["temp_c"]
    assert (on_leg.low, on_leg.mean, on_leg.high, on_leg.over_s) == (20.0, 20.0, 20.0, 0)


def test_hours_without_readings_are_unknown_not_fine() -> None:
    found = told([reading(h, "temp_c", 20.0) for h in (5, 6, 9, 10)])
    leg = found["a-b"].conditions["temp_c"]
    assert (leg.known_s, leg.unknown_s) == (2 * HOUR_S, 3 * HOUR_S)
    assert "temp_c" not in found["b-None"].conditions


def test_humidity_is_told_beside_temperature_and_other_channels_when_asked() -> None:
    readings = [reading(h, name, 50) for h in (2, 3) for name in ("humidity_pct", "supply_v")]
    assert list(told(readings)["a"].conditions) == ["humidity_pct"]
    assert list(told(readings, settings=Settings(channels=("supply_v",)))["a"].conditions) == ["supply_v"]


def test_a_shock_has_a_place_a_time_and_a_peak() -> None:
    found = told(events=[event(11, "shock", 850), event(7, "shock", 420)])
    (shock,) = found["b"].incidents
    assert (shock.kind, shock.time_s, shock.value, shock.doubt) == ("shock", time_s(11), 8.5, None)
    assert (found["b"].shocks.times, found["b"].worst_shock_g) == (1, 8.5)
    assert found["a-b"].worst_shock_g == 4.2
    assert (found["a"].shocks.times, found["a"].worst_shock_g) == (0, None)


def test_a_door_has_an_opening_and_a_closing() -> None:
    events = [event(3, "door_opened"), event(3.5, "door_closed"), event(4, "door_opened"), event(4.1, "door_opened")]
    first, lost, still = told(events=events)["a"].incidents
    assert (first.kind, first.value, first.ended_s) == ("door_opened", None, time_s(3.5))
    assert (lost.ended_s, still.ended_s) == (None, None)


@pytest.mark.parametrize(
    ("hours", "where", "doubt"),
    [(1.95, "None-a", "after"), (2.05, "a", "before"), (3, "a", None), (4.95, "a", "after"), (5.05, "a-b", "before")],
)
def test_near_the_bounds_of_a_visit_it_is_in_doubt_where_it_happened(hours: float, where: str, doubt: str) -> None:
    found = told(events=[event(hours, "shock", 500)], visits=[visit(A, 2, 5, give_s=600), visit(B, 10, 12)])
    assert [(name, each.doubt) for name, custody in found.items() for each in custody.incidents] == [(where, doubt)]


def test_the_boards_counter_tells_of_shocks_whose_events_were_lost() -> None:
    counts = [reading(h, "shock_count", n) for h, n in ((0, 7), (3, 8), (11, 11))]
    found = told(counts, [event(3, "shock", 500)])
    assert (found["a"].shocks.seen, found["a"].shocks.counted, found["a"].shocks.times) == (1, 1, 1)
    assert (found["b"].shocks.seen, found["b"].shocks.counted, found["b"].shocks.times) == (0, 3, 3)
    assert found["a-b"].shocks.counted is None


def test_a_counter_that_begins_anew_has_counted_what_it_shows() -> None:
    counts = [reading(h, "door_count", n) for h, n in ((0, 7), (3, 2))]
    assert told(counts)["a"].doors.counted == 2


def test_the_highest_peak_of_the_readings_counts_too() -> None:
    assert told([reading(3, "shock_peak_g", 6.0), reading(4, "shock_peak_g", 0.0)])["a"].worst_shock_g == 6.0


def test_two_devices_on_a_unit_are_heard_together_and_count_a_shock_once() -> None:
    logs = [
        DeviceLog("D1", [reading(2, "temp_c", 10.0), reading(3, "temp_c", 10.0)], [event(3, "shock", 500)]),
        DeviceLog("D2", [reading(2, "temp_c", 30.0), reading(3, "temp_c", 30.0)], [event(3, "shock", 510)]),
    ]
    custody = next(each for each in derive(spans("U", VISITS), logs, NOW_S) if each.span.visit is VISITS[0])
    temp = custody.conditions["temp_c"]
    assert (temp.low, temp.mean, temp.high, temp.known_s) == (10.0, 20.0, 30.0, HOUR_S)
    assert (custody.shocks.times, len(custody.incidents), custody.worst_shock_g) == (1, 2, 5.1)


def test_an_incident_lies_on_the_path_where_that_is_known() -> None:
    way = [*path((0, point_at(0)), (2, point_at(100))), *path((2, point_at(100)), (6, point_at(300)), dark=True)]
    ground = Ground(way)
    assert ground.at(time_s(1)) == pytest.approx(point_at(50), abs=1e-3)
    assert ground.at(time_s(2)) == pytest.approx(point_at(100))
    assert ground.at(time_s(4)) is None
    assert ground.at(time_s(6)) == pytest.approx(point_at(300))
    assert (ground.at(time_s(-1)), ground.at(time_s(7))) == (None, None)


def test_the_row_has_what_the_page_shows() -> None:
    log = DeviceLog(
        "D", [reading(h, "temp_c", 21.5) for h in (2, 3)], [event(3, "door_opened"), event(4, "door_closed")]
    )
    found = derive(spans("U", VISITS), [log], NOW_S, Ground(path((0, point_at(0)), (5, point_at(100)))).at)
    row = next(row for row in map(custody_row, found) if row["place"] == "a")
    assert (row["type"], row["kind"], row["unit"], row["start"]["est"]) == (
        "custody",
        "visit",
        "U",
        "2026-10-26T09:33:20Z",
    )
    assert row["conditions"] == {
        "temp_c": {
            "min": 21.5,
            "mean": 21.5,
            "max": 21.5,
            "known_s": 3_600,
            "unknown_s": 7_200,
            "over_s": None,
            "under_s": None,
        }
    }
    assert row["doors"] == {"times": 1, "seen": 1, "counted": None}
    assert row["incidents"] == [
        {
            "event": "door_opened",
            "time": "2026-10-26T10:33:20Z",
            "device": "D",
            "value": None,
            "ended": "2026-10-26T11:33:20Z",
            "doubt": None,
            "lat": pytest.approx(10.5396, abs=1e-3),
            "lon": 20.0,
        }
    ]


READINGS = st.lists(
    st.builds(reading, st.floats(0, 20), st.just("temp_c"), st.floats(-40, 60))
    | st.builds(reading, st.floats(0, 20), st.just("shock_count"), st.integers(0, 9)),
    max_size=30,
)
EVENTS = st.lists(
    st.builds(
        event, st.floats(0, 20), st.sampled_from(["shock", "door_opened", "door_closed", "tilt"]), st.integers(0, 900)
    ),
    max_size=15,
)


@st.composite
def stays(draw: st.DrawFn) -> list[Visit]:
    drawn = draw(st.lists(st.tuples(st.sampled_from([A, B, C]), st.floats(0, 15), st.floats(0, 6)), max_size=4))
    return [visit(where, from_h, from_h + length_h) for where, from_h, length_h in drawn]


@given(READINGS, EVENTS, stays(), st.randoms(), st.integers(0, 30))
def test_the_order_repetition_and_splitting_of_what_was_said_does_not_matter(
    readings: list[Reading], events: list[Event], visits: list[Visit], random: Random, cut: int
) -> None:
    limits = Settings(limits=(Limit("temp_c", -10.0, 30.0),))
    whole = derive(spans("U", visits), [DeviceLog("D", readings, events)], NOW_S, settings=limits)
    mixed, happenings, shuffled = [*readings, *readings[:3]], [*events, *events[:3]], list(visits)
    for each in (mixed, happenings, shuffled):
        random.shuffle(each)
    parts = [DeviceLog("D", mixed[:cut], happenings), DeviceLog("D", mixed[cut:], ())]
    assert derive(spans("U", shuffled), parts, NOW_S, settings=limits) == whole


@given(READINGS, EVENTS, stays())
def test_every_incident_is_told_of_somewhere_and_conditions_are_ordered(
    readings: list[Reading], events: list[Event], visits: list[Visit]
) -> None:
    found = derive(spans("U", visits), [DeviceLog("D", readings, events)], NOW_S)
    told_of = {(each.time_s, each.kind, each.value) for custody in found for each in custody.incidents}
    kinds = {EVENT_BY_NAME[name].code for name in ("shock", "door_opened", "tilt")}
    assert {time_s for time_s, _, _ in told_of} == {each.time_s for each in events if each.code in kinds}
    for custody in found:
        for condition in custody.conditions.values():
            assert condition.low <= condition.mean <= condition.high
            assert condition.known_s >= 0
