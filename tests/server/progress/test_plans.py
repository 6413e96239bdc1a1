"""What an operator plans is what progress is told: which way, since when, until where."""

import pytest

from railbox_server.geo import corridors
from railbox_server.geo.way import Way
from railbox_server.progress.derive import derive
from railbox_server.progress.follow import follow
from railbox_server.progress.plans import PlannedJourney, Plans, faults, plan_on, planned
from railbox_telemetry import iso
from railbox_telemetry.settings import SettingsError, parse, render
from support.made import T0_S, corridor, journey, path, place, point_at, two_countries

UNIT = "CSQU3054383"
WAY = Way(two_countries())


def plans(text: str) -> Plans:
    return parse(text, Plans, "journeys.toml")


@pytest.mark.parametrize(
    ("origin", "destination", "heading"),
    [
        ("a-yard", "b-yard", 1),
        ("b-yard", "a-yard", -1),
        (None, "end", 1),
        (None, "start", -1),
        ("end", None, -1),
        ("start", "b-yard", 1),
        (None, "b-yard", None),
        ("elsewhere", "b-yard", None),
        (None, None, None),
    ],
)
def test_origin_and_destination_tell_the_direction(
    origin: str | None, destination: str | None, heading: int | None
) -> None:
    plan = plan_on(PlannedJourney(unit=UNIT, origin=origin, destination=destination), WAY)
    assert plan.heading == heading
    assert plan.destination == destination


def test_a_destination_on_another_corridor_says_nothing() -> None:
    assert plan_on(PlannedJourney(unit=UNIT, destination="ru-khasan"), WAY).destination is None


def test_of_several_journeys_the_last_departed_counts() -> None:
    own = plans(
        """
        [[journeys]]
        unit = "CSQU 305438-3"
        departure = "2026-11-02T00:00:00Z"
        [[journeys]]
        unit = "CSQU3054383"
        departure = "2026-11-16T00:00:00Z"
        [[journeys]]
        unit = "MSKU1234565"
        """
    )
    at = [planned(own, UNIT, iso.to_s(f"2026-11-{day:02d}T12:00:00Z")) for day in (1, 2, 15, 16)]
    assert [each and each.departure for each in at] == 3 * ["2026-11-02T00:00:00Z"] + ["2026-11-16T00:00:00Z"]
    assert planned(own, "RBXU0000000", 0) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[journeys]]\ndeparture = "2026-11-02T00:00:00Z"', "journeys[0].unit: missing"),
        ('[[journeys]]\nunit = "X"\ndeparture = "soon"', "journeys[0]: "),
        ('[[journeys]]\nunit = "X"\nto = "Y"', "journeys[0].to: no such key"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_by_key(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        plans(text)
    assert told in str(error.value)


def test_names_that_no_corridor_knows_are_told() -> None:
    made = plans(
        """
        [[journeys]]
        unit = "A"
        corridor = "nowhere"
        [[journeys]]
        unit = "B"
        corridor = "pyongyang-moscow"
        destination = "pk-taftan"
        [[journeys]]
        unit = "C"
        origin = "pk-taftan"
        """
    )
    first, second = faults(made, corridors.shipped())
    assert first.startswith("journeys[0] (A): corridor 'nowhere' is not known; known are kabul-kharlachi-kohat, ")
    assert second.startswith("journeys[1] (B): destination: there is no place 'pk-taftan' in pyongyang-moscow")


def test_the_examples_of_the_table_are_sound() -> None:
    example = render(Plans(journeys=(PlannedJourney(unit=UNIT, corridor="karachi-moscow", origin="pk-karachi-city"),)))
    assert list(faults(plans(example), corridors.shipped())) == []


def test_a_unit_that_has_hardly_moved_is_forecast_by_its_plan() -> None:
    came = follow(WAY, path((0, point_at(100)), (1, point_at(110))))
    said = PlannedJourney(unit=UNIT, origin="end", destination="a-yard", departure=iso.from_s(T0_S))
    unplanned = derive(UNIT, WAY, came, journey(), T0_S)
    back = derive(UNIT, WAY, came, journey(), T0_S, plan=plan_on(said, WAY))
    assert unplanned is not None
    assert unplanned.terminal is None
    assert back is not None
    assert (back.heading, back.terminal and back.terminal.id) == (-1, "a-yard")


def test_a_corridor_without_places_has_no_direction() -> None:
    beside = Way(corridor([place("a", 0), place("b", 10)]))
    assert plan_on(PlannedJourney(unit=UNIT), beside).heading is None
