"""A batch changes what is known of other times than its own where it joins steps, or dates events."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from railbox_server.engine.changes import Change
from railbox_server.engine.reach import reached
from railbox_server.ledger import Ledger
from railbox_server.store.interface import Store
from railbox_server.store.values import Group, Outbox, StoredBatch
from railbox_telemetry.values import Batch, BootClock, Section, Undated, UndatedEvent
from railbox_telemetry.wire import encode
from support.batches import DEVICE, EPOCH, PERIOD_S, START_S, batch, positions, temperatures
from support.server_rig import Rig

BOOT_ID = 5
EVENTS = Undated(BOOT_ID, (UndatedEvent(10, 1, 0), UndatedEvent(70, 2, 0)))


@pytest.fixture
def receive(store: Store, tmp_path: Path) -> Callable[..., Change]:
    """Ingests a batch; returns the change that it is, with all times that it says something of."""
    rig = Rig(store, START_S + 100_000, tmp_path)
    rig.store.register(DEVICE, 0)
    rig.untold = []

    def receive(one: Batch) -> Change:
        rig.receive(DEVICE, [one])
        assert rig.untold
        (change,) = rig.untold.pop()
        return reached(change, store)

    return receive


def at(number: int) -> float:
    return float(START_S + number * PERIOD_S)


@pytest.mark.parametrize(
    ("section", "own"),
    [
        (temperatures([START_S + 50_000], [215]), (START_S + 50_000.0, START_S + 50_000.0)),
        (positions([300, 301]), (at(300), at(301))),
    ],
)
def test_a_batch_that_was_missing_joins_the_knots_around_it(
    receive: Callable[..., Change], section: Section, own: tuple[float, float]
) -> None:
    receive(batch(1, positions([1, 2])))
    assert receive(batch(3, positions([5, 6]))).spans == ((at(5), at(6)),)
    assert receive(batch(2, section)).spans == tuple(sorted([(at(2), at(5)), own]))


def test_a_batch_between_others_that_are_missing_still_joins_nothing(receive: Callable[..., Change]) -> None:
    receive(batch(1, positions([1, 2])))
    receive(batch(4, positions([5, 6])))
    assert receive(batch(2, temperatures([START_S + 50_000], [215]))).spans == ((START_S + 50_000.0,) * 2,)


def test_next_to_a_batch_that_nobody_can_read_any_more_all_may_be_another_thing(
    receive: Callable[..., Change], store: Store
) -> None:
    unread, between = batch(1), batch(2, temperatures([START_S], [215]))
    ledger = Ledger()
    ledger.stored.add(1)
    ledger.stored.add(3)
    after = batch(3)
    store.write(
        Group(
            (
                StoredBatch(DEVICE, unread, b"\xff of another version", START_S * 1000),
                StoredBatch(DEVICE, after, encode(after), START_S * 1000),
            ),
            ledgers={Outbox(DEVICE, EPOCH): ledger},
        )
    )
    assert receive(between).spans == ((-math.inf, math.inf),)


@pytest.mark.parametrize("clock_first", [True, False])
def test_a_boots_events_are_of_the_time_that_its_clock_tells(receive: Callable[..., Change], clock_first: bool) -> None:
    clock = batch(1, positions([300]), BootClock(BOOT_ID, START_S))
    events = batch(2, EVENTS)
    first, second = (clock, events) if clock_first else (events, clock)
    own = ((at(300), at(300)),)
    dated = ((START_S + 10.0, START_S + 70.0),)
    assert receive(first).spans == (own if clock_first else ())
    assert receive(second).spans == (dated if clock_first else (*dated, *own))
