"""What is let go after its time, and what stays known of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from railbox_server.fleet import ALWAYS, Assignment
from railbox_server.store.retention import DAY_S, STEP_ROWS, Keeper, hold_quarantine, let_go
from railbox_server.store.settings import RetentionSettings
from railbox_server.store.sqlite import SqliteStore
from railbox_server.store.values import DerivedChange, Group, Outbox, Quarantined, Reason, Status
from railbox_telemetry import iso
from railbox_telemetry.values import SeqRange
from support.batches import DEVICE, EPOCH, PERIOD_S, START_S, door, payload
from support.brokers import wait_for
from support.stored import RECEIVED_MS, group_of, journey, numbers, stored

OUTBOX = Outbox(DEVICE, EPOCH)
BATCHES = 1_500
HALF_S = START_S + 3 * BATCHES // 2 * PERIOD_S


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path)
    opened.write(journey(DEVICE, BATCHES))
    yield opened
    opened.close()


def gone(store: SqliteStore, settings: RetentionSettings, now_s: float) -> Counter[str]:
    counts: Counter[str] = Counter()
    for kind, count in let_go(store.database, settings, now_s):
        assert count <= STEP_ROWS
        counts[kind] += count
    return counts


def test_all_is_kept_unless_told_otherwise(store: SqliteStore) -> None:
    assert gone(store, RetentionSettings(), 2**33) == {}


def test_wire_bytes_go_and_their_numbers_stay_stored(store: SqliteStore) -> None:
    middle_s = RECEIVED_MS // 1000 + BATCHES // 2
    assert gone(store, RetentionSettings(batches_days=1), middle_s + DAY_S) == {"batches": BATCHES // 2 - 1}
    assert (store.payload(OUTBOX, 1), store.payload(OUTBOX, BATCHES) is None) == (None, False)
    ledger = store.ledger(OUTBOX)
    assert (ledger.stored.ranges, ledger.missing()) == ((SeqRange(1, BATCHES),), ())
    assert len(store.points(DEVICE, ALWAYS)) == 3 * BATCHES
    points = store.points(DEVICE, ALWAYS)
    store.rebuild(lambda count: None)
    assert store.points(DEVICE, ALWAYS) == points
    assert numbers(store.ledger(OUTBOX)) == numbers(ledger)


@pytest.mark.parametrize("kind", ["knots", "readings", "events"])
def test_each_kind_goes_by_its_own_time(store: SqliteStore, kind: str) -> None:
    store.write(group_of([stored(payload(9_000, door(START_S), door(HALF_S)))]))

    def counted() -> dict[str, int]:
        return {
            "knots": len(store.points(DEVICE, ALWAYS)),
            "readings": len(store.readings(DEVICE, ALWAYS, None, 10_000)),
            "events": len(store.events(DEVICE, ALWAYS, 10_000)),
        }

    before = counted()
    found = gone(store, RetentionSettings(**{f"{kind}_days": 30}), HALF_S + 30 * DAY_S)
    after = counted()
    assert found[kind] == before[kind] - after[kind] > 0
    assert after[kind] > 0
    assert {name: after[name] for name in before if name != kind} == {
        name: before[name] for name in before if name != kind
    }
    assert all(point.time_s >= HALF_S for point in store.points(DEVICE, ALWAYS)) == (kind == "knots")
    assert len(store.ledger(OUTBOX).stored) == BATCHES + 1


@pytest.mark.parametrize("kind", ["visit", "crossing"])
def test_knots_of_a_stay_go_with_all_of_it_or_not_at_all(store: SqliteStore, kind: str) -> None:
    """Else it would lose its beginning, and be told anew as another one."""
    store.assign(Assignment(DEVICE, "U1"), 0)
    start_s, end_s = HALF_S - DAY_S // 2, HALF_S + DAY_S // 2
    start = {"earliest": iso.from_s(start_s), "est": iso.from_s(start_s + 60), "latest": iso.from_s(start_s + 120)}
    over = {"earliest": None, "est": iso.from_s(end_s), "latest": iso.from_s(end_s + 60)}
    row = {"id": "ab" * 8, "border": "x", "entered": start, "exited": over, "arrived": start, "departed": over}
    rows = {"visits": (row,), "crossings": ()} if kind == "visit" else {"visits": (), "crossings": (row,)}
    store.change_derived([DerivedChange("U1", visits=rows["visits"], crossings=rows["crossings"])])
    first_s = store.points(DEVICE, ALWAYS)[0].time_s
    gone(store, RetentionSettings(knots_days=30), HALF_S + 30 * DAY_S)
    assert store.points(DEVICE, ALWAYS)[0].time_s == max(first_s, start_s - DAY_S)
    gone(store, RetentionSettings(knots_days=30), end_s + 1000 + 30 * DAY_S)
    assert store.points(DEVICE, ALWAYS)[0].time_s >= end_s


def test_statuses_and_quarantine_go_by_when_they_were_received(store: SqliteStore) -> None:
    for number, name in enumerate(("OLD", "NEW")):
        at_ms = RECEIVED_MS + number * DAY_S * 2000
        store.write(
            Group(
                quarantined=(Quarantined(name, Reason.UNDECODABLE, "why", b"\xff", at_ms),),
                statuses=(Status(name, at_ms, True, {}),),
            )
        )
    settings = RetentionSettings(statuses_days=1, quarantine_days=1)
    assert gone(store, settings, RECEIVED_MS / 1000 + 2 * DAY_S) == {"quarantine": 1, "statuses": 1}
    assert [status.device for status in store.statuses()] == ["NEW"]
    assert store.quarantine_counts() == {"NEW": 1}


def test_quarantine_over_its_limit_loses_the_oldest_of_who_sent_most(store: SqliteStore) -> None:
    def keep(device: str, count: int) -> None:
        items = (
            Quarantined(device, Reason.UNKNOWN_DEVICE, "why", number.to_bytes(4) + bytes(99_996), number, EPOCH, number)
            for number in range(1, count + 1)
        )
        store.write(Group(quarantined=tuple(items)))

    keep("LOUD", 15)
    keep("QUIET", 2)
    settings = RetentionSettings(quarantine_mb=1)
    assert sum(count for _, count in hold_quarantine(store.database, settings)) == 7
    assert store.quarantine_counts() == {"LOUD": 8, "QUIET": 2}
    assert store.quarantined("LOUD")[0].seq == 8
    assert list(hold_quarantine(store.database, settings)) == []
    assert list(hold_quarantine(store.database, RetentionSettings(quarantine_mb=0))) == []


def test_a_keeper_works_while_the_store_is_written(store: SqliteStore) -> None:
    now_s = RECEIVED_MS / 1000 + BATCHES + 2 * DAY_S
    keeper = Keeper(store.database, RetentionSettings(batches_days=1), lambda: now_s)
    keeper.start()
    try:
        for seq in range(BATCHES + 1, BATCHES + 50):
            store.write(group_of([stored(payload(seq), received_at_ms=round(now_s * 1000))]))
        wait_for(lambda: keeper.gone["batches"] == BATCHES, "all old batches to be gone")
    finally:
        keeper.stop()
    assert store.ledger(OUTBOX).missing() == ()
    assert store.payload(OUTBOX, BATCHES + 49) is not None
