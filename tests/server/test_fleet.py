"""Assignments: which unit a device speaks for, and what contradicts what."""

import pytest

from railbox_server.engine.changes import Change, touched
from railbox_server.fleet import ALWAYS, Assignment, Span, current, start_of_new, units_of

A1 = Assignment("TRK1", "U1", Span(None, 100))
A2 = Assignment("TRK1", "U2", Span(100, None))
B = Assignment("TRK2", "U2")


def test_units_are_those_assigned_and_devices_that_never_were() -> None:
    assert units_of(["TRK1", "TRK2", "LOOSE"], [A1, A2, B]) == {
        "U1": (A1,),
        "U2": (A2, B),
        "LOOSE": (Assignment("LOOSE", "LOOSE"),),
    }


@pytest.mark.parametrize(
    ("change", "units"),
    [
        (Change("TRK1", ((10, 20),)), {"U1"}),
        (Change("TRK1", ((99, 100),)), {"U1", "U2"}),
        (Change("TRK1", ((100, 500),)), {"U2"}),
        (Change("TRK1"), {"U1", "U2"}),
        (Change("TRK2", ((10, 20),)), {"U2"}),
        (Change("NOBODY", ((10, 20),)), set[str]()),
        (Change("TRK1", ((10, 20),)).joined(Change("TRK1", ((200, 210),))), {"U1", "U2"}),
        (Change("TRK1", ((10, 20),)).joined(Change("TRK1")), {"U1", "U2"}),
    ],
)
def test_a_change_touches_the_units_of_its_time(change: Change, units: set[str]) -> None:
    assert touched([change], units_of(["TRK1", "TRK2"], [A1, A2, B])) == units


def test_spans_are_half_open() -> None:
    assert 100 not in Span(None, 100)
    assert 100 in Span(100, None)
    assert Span(None, 100).both(Span(100, None)).is_empty
    assert not Span(None, 101).both(Span(100, None)).is_empty
    assert ALWAYS.both(Span(1, 2)) == Span(1, 2)


def test_a_first_assignment_covers_everything_and_a_later_one_starts_now() -> None:
    assert start_of_new("TRK1", [], 500) is None
    assert start_of_new("TRK1", [B], 500) is None
    assert start_of_new("TRK1", [A1, B], 500) == 500


def test_the_current_assignment_is_that_of_now_else_the_latest() -> None:
    assert current([A2, A1], 50) == A1
    assert current([A1, A2], 100) == A2
    assert current([A1, Assignment("TRK1", "U3", Span(200, 300))], 400) == Assignment("TRK1", "U3", Span(200, 300))
    assert current([], 0) is None
