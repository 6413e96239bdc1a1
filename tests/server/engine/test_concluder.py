"""Custody and trips are concluded next to what changed, and come to what all at once would have come to."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest

from railbox_server.fleet import Assignment
from railbox_server.store.interface import Store
from railbox_server.store.values import Row
from railbox_telemetry.tables import CHANNEL_BY_NAME, EVENT_BY_NAME
from railbox_telemetry.values import Batch, Event, Events, Knot, Positions, ReadingRow, Readings, Section
from support.server_rig import Rig
from support.trips import END_S, HOUR_S, START_S, drawn, knots

UNIT = "CSQU3054383"
BACK = [
    (0.0, 29.6, 60.6),
    (10.0, 29.6, 60.6),
    (16.0, 28.97255, 61.55693),
    (40.0, 28.97255, 61.55693),
    (44.0, 28.9, 62.6),
]
LAST_S = END_S + 44 * HOUR_S
CHANNELS = ("temp_c", "humidity_pct", "shock_peak_g", "shock_count", "door_count")
EVENTS = ("shock", "door_opened", "door_closed", "tilt")


def there_and_back() -> list[Knot]:
    return [*knots(), *drawn(BACK, END_S)]


def said(chance: Random) -> list[Batch]:
    """A journey's batches: positions, now and then readings that are hours apart, and what happened."""
    path = there_and_back()
    counts: dict[str, int] = dict.fromkeys(CHANNELS, 0)
    found: list[Batch] = []
    for at in range(0, len(path), 4):
        some = path[at : at + 4]
        sections: list[Section] = [Positions(tuple(some))]
        if chance.random() < 0.3:
            sections.append(_readings(some[-1].time_s, chance, counts))
        if chance.random() < 0.2:
            sections.append(Events((Event(some[0].time_s + 7, EVENT_BY_NAME[chance.choice(EVENTS)].code, 30),)))
        found.append(Batch(7, len(found) + 1, tuple(sections)))
    return found


def concluded(rig: Rig) -> tuple[Sequence[Row], Sequence[Row], Row | None]:
    rig.settle()
    return rig.store.custody(UNIT), rig.store.trips(), rig.store.progress(UNIT)


@pytest.mark.parametrize("seed", range(3))
def test_whenever_something_is_heard_it_comes_to_the_same(
    store_in: Callable[[str], Store], tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    sent = said(chance)
    whole, mixed = (_rig(store_in(name), tmp_path) for name in ("whole", "mixed"))
    whole.receive("TRK1", sent)
    chance.shuffle(sent)
    while sent:
        mixed.receive("TRK1", [sent.pop() for _ in range(min(len(sent), chance.randint(1, 25)))])
        if chance.random() < 0.5:
            mixed.settle()
    assert concluded(mixed) == concluded(whole)


def test_the_first_reading_of_all_may_come_late(store_in: Callable[[str], Store], tmp_path: Path) -> None:
    early, late = (_temperature_at(hour, seq) for seq, hour in enumerate((10, 40), 1))
    assert _in_order(store_in("a"), tmp_path, [late, early]) == _in_order(store_in("b"), tmp_path, [early, late])


def test_a_door_is_closed_however_much_happened_since_it_was_opened(
    store_in: Callable[[str], Store], tmp_path: Path
) -> None:
    opened, closed, shock = (EVENT_BY_NAME[name].code for name in ("door_opened", "door_closed", "shock"))
    shocks = [Event(START_S + 11 * HOUR_S + n * 1_000, shock, 30) for n in range(200)]
    happened = [Event(START_S + 10 * HOUR_S, opened), *shocks, Event(START_S + 70 * HOUR_S, closed)]
    sent = [Batch(8, seq, (Events((event,)),)) for seq, event in enumerate(happened, 1)]
    custody = _in_order(store_in("data"), tmp_path, sent)
    assert len([each for row in custody for each in row["incidents"] if each["ended"] is not None]) == 1


def test_each_way_along_the_corridor_is_a_trip_of_its_own(store: Store, tmp_path: Path) -> None:
    rig = _rig(store, tmp_path)
    rig.receive("TRK1", said(Random(1)))
    custody, (there, back), progress = concluded(rig)
    assert progress is not None
    assert progress["heading"] == "backward"
    assert there["from_s"] == pytest.approx(START_S, abs=HOUR_S)
    assert there["to_s"] == pytest.approx(END_S, abs=HOUR_S)
    assert back["from_s"] == pytest.approx(END_S + 10 * HOUR_S, abs=HOUR_S)
    assert back["to_s"] == pytest.approx(LAST_S, abs=HOUR_S)
    assert [len(trip["borders_s"]) for trip in (there, back)] == [1, 1]
    assert all(trip["measured"]["waits_s"] for trip in (there, back))
    assert all(stop["to"] > custody[1]["end"]["latest"] for stop in progress["stops"])


def test_forecasts_know_after_a_restart_what_the_fleet_has_measured(store: Store, tmp_path: Path) -> None:
    first = _rig(store, tmp_path)
    first.receive("TRK1", said(Random(1)))
    first.settle()
    store.assign(Assignment("TRK2", "MSKU1234565"), 0)
    second = Rig(store, LAST_S + 60, tmp_path)
    second.receive("TRK2", [Batch(3, 1, (Positions(tuple(knots(until_h=2))),))])
    second.settle()
    (row,) = store.unit_rows("MSKU1234565")
    assert row["progress"]["terminal"]["eta"]["observations"] > 0


def _rig(store: Store, page: Path) -> Rig:
    store.assign(Assignment("TRK1", UNIT), 0)
    return Rig(store, LAST_S + 60, page)


def _in_order(store: Store, page: Path, sent: Sequence[Batch]) -> Sequence[Row]:
    """Custody when these came after a journey's knots, the last of them after the rest was concluded."""
    rig = _rig(store, page)
    path = knots()
    rig.receive("TRK1", [Batch(7, at + 1, (Positions(tuple(path[at : at + 4])),)) for at in range(0, len(path), 4)])
    for some in (sent[:-1], sent[-1:]):
        rig.receive("TRK1", some)
        rig.settle()
    return rig.store.custody(UNIT)


def _temperature_at(hour: int, seq: int) -> Batch:
    time_s = START_S + hour * HOUR_S
    return Batch(8, seq, (Readings((CHANNEL_BY_NAME["temp_c"].bit,), (ReadingRow(time_s, (215,)),)),))


def _readings(time_s: int, chance: Random, counts: dict[str, int]) -> Readings:
    """Of some channels; counters only grow."""
    names = [name for name in CHANNELS if chance.random() < 0.6] or ["temp_c"]
    values: list[int] = []
    for name in names:
        counts[name] += chance.randint(0, 3)
        values.append(counts[name] if name.endswith("_count") else chance.randint(50, 300))
    columns = sorted(zip((CHANNEL_BY_NAME[name].bit for name in names), values, strict=True))
    return Readings(tuple(bit for bit, _ in columns), (ReadingRow(time_s, tuple(value for _, value in columns)),))
