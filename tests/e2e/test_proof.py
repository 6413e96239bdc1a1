"""Twenty of the journeys that `scripts/bench borders` holds the engine against by the thousand."""

import journeys
import pytest


@pytest.mark.parametrize("task", journeys.tasks(20), ids=lambda task: f"{task[0]}-{'back' if task[1] else 'there'}")
def test_every_crossing_is_found_none_invented_and_the_truth_within_bounds(task: journeys.Task) -> None:
    found = journeys.one(task)
    assert not found.missed
    assert not found.invented
    assert not found.outside
    assert not found.far
    assert not found.order
    assert found.knots > 100


def test_the_figures_come_in_rows_with_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_this_process(wanted: int, _processes: int = 1, _first_seed: int = 0) -> journeys.Held:
        total = journeys.Held()
        for task in journeys.tasks(wanted):
            total.add(journeys.one(task))
        return total

    monkeypatch.setattr(journeys, "together", in_this_process)
    rows = {row.figure: row for row in journeys.figures(1)}
    assert rows["simulated"].value == 1
    assert {row.holds for row in rows.values()} == {True, None}
    assert rows["crossings and visits missed"].at_most == 0
