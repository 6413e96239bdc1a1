"""How simulated units move: phases that join up, limits that hold."""

from itertools import pairwise
from random import Random

import pytest

from railbox.simulate.itinerary import Planner, Purpose, Stop
from railbox.simulate.motion import Builder, Motion, Pull, Section, boundary_speeds
from railbox.simulate.services import CARRIAGE, FREIGHT

PULL = Pull(accel_mps2=0.1, brake_mps2=0.2)
STOPS = (
    Stop(0.0, frozenset({Purpose.TERMINAL})),
    Stop(150_000.0, frozenset({Purpose.YARD})),
    Stop(400_000.0, frozenset({Purpose.BORDER}), "a-b", "A"),
    Stop(412_000.0, frozenset({Purpose.BORDER, Purpose.GAUGE_BREAK}), "a-b", "B"),
    Stop(600_000.0, frozenset({Purpose.TRANSFER}), by_rail=True),
    Stop(900_000.0, frozenset({Purpose.TERMINAL}), by_rail=False),
)


def test_a_run_ends_standing_where_its_sections_end() -> None:
    builder = Builder(100.0, 500.0)
    builder.run([Section(3_000.0, 10.0), Section(8_000.0, 20.0), Section(2_000.0, 5.0)], PULL)
    last = builder.phases[-1]
    assert builder.chainage_m == pytest.approx(13_500.0)
    assert last.velocity_mps(last.end_s) == pytest.approx(0.0, abs=1e-6)


def test_no_section_is_passed_faster_than_its_limit() -> None:
    sections = [Section(3_000.0, 10.0), Section(500.0, 20.0), Section(2_000.0, 5.0)]
    builder = Builder(0.0, 0.0)
    builder.run(sections, PULL)
    for phase in builder.phases:
        limit_mps = 10.0 if phase.from_m < 2_999 else 20.0 if phase.from_m < 3_499 else 5.0
        assert max(phase.speed_mps, phase.velocity_mps(phase.end_s)) <= limit_mps + 1e-6


def test_a_short_section_does_not_let_a_train_reach_its_limit() -> None:
    assert boundary_speeds([Section(10.0, 30.0), Section(10.0, 30.0)], PULL)[1] == pytest.approx(2**0.5)


@pytest.mark.parametrize("service", [FREIGHT, CARRIAGE])
@pytest.mark.parametrize("seed", range(5))
def test_a_journey_has_no_gap_in_time_place_or_speed(service: object, seed: int) -> None:
    assert service in (FREIGHT, CARRIAGE)
    chosen = FREIGHT if service is FREIGHT else CARRIAGE
    plan = Planner(chosen, Random(seed), STOPS).plan(3_600.0)
    for before, after in pairwise(plan.motion.phases):
        assert after.start_s == before.end_s
        assert after.from_m == pytest.approx(before.chainage_m(before.end_s), abs=0.01)
        assert after.speed_mps == pytest.approx(before.velocity_mps(before.end_s), abs=1e-6)


def test_a_journey_waits_at_both_sides_of_a_border_and_changes_from_rail_to_road() -> None:
    plan = Planner(FREIGHT, Random(3), STOPS).plan(3_600.0)
    kinds = [stay.purposes for stay in plan.stays]
    assert plan.departed_s == pytest.approx(3_600.0)
    assert frozenset({Purpose.BORDER}) in kinds
    assert frozenset({Purpose.BORDER, Purpose.GAUGE_BREAK}) in kinds
    assert frozenset({Purpose.TRANSFER}) in kinds
    assert plan.stays[-1].chainage_m == pytest.approx(900_000.0)
    assert plan.arrived_s > plan.stays[-2].end_s


def test_the_door_is_opened_and_closed_again_in_turn() -> None:
    plans = [Planner(FREIGHT, Random(seed), STOPS).plan(0.0) for seed in range(10)]
    for plan in plans:
        doors = [incident.happening for incident in plan.incidents if "door" in incident.happening]
        assert doors == ["door opened", "door closed"] * (len(doors) // 2)
    assert any(plan.incidents for plan in plans)


def test_following_a_motion_is_looking_it_up() -> None:
    motion = Planner(FREIGHT, Random(1), STOPS).plan(600.0).motion
    times_s = [float(time_s) for time_s in range(-100, 300_000, 777)]
    followed = [phase.chainage_m(time_s) for time_s, phase in zip(times_s, motion.follow(times_s), strict=True)]
    assert followed == [motion.phase_at(time_s).chainage_m(time_s) for time_s in times_s]
    assert followed[0] == 0.0


def test_before_and_after_all_phases_a_unit_stands() -> None:
    builder = Builder(10.0, 5.0)
    builder.run([Section(1_000.0, 10.0)], PULL)
    motion = Motion(builder.phases)
    assert motion.phase_at(0.0).chainage_m(0.0) == 5.0
    assert motion.phase_at(1e6).chainage_m(1e6) == pytest.approx(1_005.0)
    assert motion.phase_at(1e6).velocity_mps(1e6) == 0.0
