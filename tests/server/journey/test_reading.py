"""Visits and crossings come back from their rows as they were."""

import json

import pytest

from railbox_server.journey.model import Bounds, Crossing, Dwell, Visit
from railbox_server.journey.reading import crossing_of, visit_of
from railbox_server.journey.report import crossing_row, visit_row
from support.made import HOUR_S, T0_S, border, crossing, place, visit

BORDER, PLACE = border("a-b", 500), place("a", 100)


@pytest.mark.parametrize(
    "seen",
    [
        crossing(BORDER, 0, 10),
        crossing(BORDER, 0, 10, give_s=HOUR_S, from_side="BB", returned=True),
        crossing(BORDER, 0, None, dwell=Dwell(90 * HOUR_S, 95 * HOUR_S, None), no_contact_since_s=T0_S),
        crossing(None, 0, 10, candidates=("a-b", "b-c"), arrived=Bounds(None, T0_S, T0_S)),
    ],
)
def test_a_crossing_comes_back_from_its_row(seen: Crossing) -> None:
    row = json.loads(json.dumps(crossing_row(seen)))
    assert crossing_of(row, {BORDER.id: BORDER}) == seen


@pytest.mark.parametrize(
    "seen",
    [
        visit(PLACE, 0, 10, give_s=HOUR_S),
        visit(PLACE, 0, None, already_inside=True, entered=Bounds(None, T0_S, T0_S), no_contact_since_s=T0_S),
    ],
)
def test_a_visit_comes_back_from_its_row(seen: Visit) -> None:
    assert visit_of(json.loads(json.dumps(visit_row(seen))), {PLACE.id: PLACE}) == seen
