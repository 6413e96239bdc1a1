"""What simulated ports say: sentences and frames that the tracker's own readers take."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest

from railbox.simulate import numbers, sphere
from railbox.simulate.board import Board
from railbox.simulate.itinerary import Itinerary, Planner, Purpose, Stop
from railbox.simulate.lines import Lines
from railbox.simulate.outages import Outage
from railbox.simulate.receiver import Receiver, angle, sentence
from railbox.simulate.route import Route, Waypoint, build
from railbox.simulate.services import FREIGHT
from railbox_agent.gnss.receiver import Receiver as Parser
from railbox_agent.gnss.trust import Seen
from railbox_bridge import tables
from railbox_bridge.host_link import HostLink
from railbox_bridge.values import BoardEvent, BoardSample
from railbox_telemetry import identity

START_S = 1_772_323_200  # 2026-03-01T00:00:00Z
ROUTE = build([Waypoint("south", (30.0, -0.5)), Waypoint("north", (31.0, 0.5))], Lines())
STOPS = (
    Stop(0.0, frozenset({Purpose.TERMINAL})),
    Stop(80_000.0, frozenset({Purpose.BORDER}), "a-b", "A"),
    Stop(ROUTE.length_m, frozenset({Purpose.TERMINAL})),
)
HOUR_S = 3_600


def journey(seed: int = 1) -> Itinerary:
    return Planner(FREIGHT, Random(seed), STOPS).plan(600.0)


def heard(route: Route, plan: Itinerary, outages: Sequence[Outage], length_s: int) -> list[Seen]:
    parser = Parser()
    seen: list[Seen] = []
    for time_ms, data in Receiver(route, plan.motion, outages, START_S, Random(2)).epochs(length_s, 10_000):
        seen += parser.feed(data, time_ms)
    seen += parser.finish()
    assert not parser.counters["bad_checksum"]
    return seen


def test_a_checksum_is_the_exclusive_or_of_what_it_covers() -> None:
    body = "GNRMC,120000.00,A,3000.00000,N,00000.00000,E,0.00,,010326,,,A"
    checksum = 0
    for byte in body.encode():
        checksum ^= byte
    assert sentence(body) == f"${body}*{checksum:02X}\r\n".encode()


@pytest.mark.parametrize(
    ("degrees", "digits", "sides", "text"),
    [
        (55.7741, 2, "NS", "5546.44600,N"),
        (-0.5, 3, "EW", "00030.00000,W"),
        (59.99999999, 2, "NS", "6000.00000,N"),
    ],
)
def test_an_angle_is_whole_degrees_and_minutes(degrees: float, digits: int, sides: str, text: str) -> None:
    assert angle(degrees, digits, sides) == text


def test_every_fix_is_parsed_and_within_the_noise_of_the_true_place() -> None:
    plan = journey()
    seen = heard(ROUTE, plan, (), 5 * HOUR_S)
    assert len(seen) == 5 * 360 + 1
    for one in seen:
        since_s = one.fix.fix_time_ms / 1000 - START_S
        true = ROUTE.point(plan.motion.phase_at(since_s).chainage_m(since_s))
        assert sphere.distance_m(true, (one.fix.lat_deg, one.fix.lon_deg)) < 12.0
        assert one.fix.trusted
        assert one.fix.hdop is not None
        assert one.fix.sats is not None


def test_errors_of_neighbouring_fixes_go_together() -> None:
    plan = journey()
    seen = heard(ROUTE, plan, (), 600)
    steps_m = [
        sphere.distance_m((a.fix.lat_deg, a.fix.lon_deg), (b.fix.lat_deg, b.fix.lon_deg)) for a, b in pairwise(seen)
    ]
    assert 0.0 < max(steps_m) < 6.0


def test_an_outage_is_silence_and_a_spoofed_time_is_far_off() -> None:
    plan = journey()
    outages = [Outage(1_000.0, 2_000.0), Outage(3_000.0, 3_200.0, (35.0, 5.0))]
    seen = heard(ROUTE, plan, outages, HOUR_S)
    since_s = [one.fix.fix_time_ms / 1000 - START_S for one in seen]
    assert not [time_s for time_s in since_s if 1_000 <= time_s <= 2_000]
    false = [one.fix for one, time_s in zip(seen, since_s, strict=True) if 3_000 <= time_s <= 3_200]
    assert false
    assert all(sphere.distance_m((fix.lat_deg, fix.lon_deg), (35.0, 5.0)) < 200 for fix in false)
    assert not any(fix.trusted for fix in false)


def test_the_board_says_hello_samples_and_tells_every_incident() -> None:
    plan = journey(4)
    length_s = int(plan.arrived_s)
    link = HostLink(1)
    values = [
        (time_ms, value)
        for time_ms, data in Board(ROUTE, plan, START_S, Random(5)).frames(length_s, 600)
        for value in link.feed(data, time_ms)
    ]
    samples = [value for _, value in values if isinstance(value, BoardSample)]
    events = [value for _, value in values if isinstance(value, BoardEvent)]
    assert link.hello is not None
    assert len(samples) == len(range(3, length_s, 600))
    assert len(events) == len([one for one in plan.incidents if one.time_s < length_s])
    assert samples[-1].shock_count == len([event for event in events if event.code == tables.SHOCK])
    assert samples[-1].door_count == len([event for event in events if event.code == tables.DOOR_OPENED])
    assert not link.counters["lost_frames"]
    assert not link.counters["implausible"]
    assert [time_ms for time_ms, _ in values] == sorted(time_ms for time_ms, _ in values)


@pytest.mark.parametrize("seed", range(20))
def test_numbers_have_valid_check_digits(seed: int) -> None:
    container, wagon = numbers.container(Random(seed)), numbers.wagon(Random(seed))
    assert identity.parse_unit(container).kind == "container"
    assert identity.parse_unit(wagon).kind == "wagon"
    assert identity.is_device(numbers.device(container))


def test_a_board_that_boots_begins_its_ticks_and_counters_again() -> None:
    board = Board(ROUTE, journey(), START_S, Random(5), (2.5 * HOUR_S, 6.2 * HOUR_S))
    link = HostLink(1)
    told = [(time_ms, link.feed(data, time_ms)) for time_ms, data in board.frames(8 * HOUR_S, 600)]
    samples = [value for _, values in told for value in values if isinstance(value, BoardSample)]
    assert [time_ms for time_ms, _ in told] == sorted(time_ms for time_ms, _ in told)
    assert len({sample.boot_id for sample in samples}) == 3
    assert link.counters["reboots"] == 2
