"""Everything that batches say can be made again from their wire bytes."""

from pathlib import Path

from railbox_server.ledger import Ledger
from railbox_server.store.sqlite import SqliteStore
from railbox_server.store.values import Group, Outbox
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import BootClock, Discarded, SeqRange, Undated, UndatedEvent
from support.batches import DEVICE, EPOCH, START_S, door, payload, positions, temperatures
from support.stored import contents, group_of, journey, stored

OUTBOX = Outbox(DEVICE, EPOCH)
ALL_SECTIONS = (
    positions([1, 2], {0: 12, 1: 359, 2: 7, 3: 9, 4: 1, 5: -35}),
    temperatures([START_S, START_S + 9], [10, 11]),
    door(START_S),
    Undated(9, (UndatedEvent(4, 1), UndatedEvent(4, 1))),
    BootClock(9, START_S),
    Discarded((SeqRange(900, 903),)),
)


def filled(folder: Path) -> SqliteStore:
    store = SqliteStore(folder)
    for device in (DEVICE, "TRK2", "TRK3"):
        store.write(journey(device, 200))
    store.write(group_of([stored(payload(1000, *ALL_SECTIONS)), stored(payload(1, epoch=9))]))
    return store


def test_what_was_derived_of_batches_is_the_same_when_it_is_made_again(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = contents(tmp_path, "meta")
    seen: list[int] = []
    assert store.rebuild(seen.append) == 602
    assert sum(seen) == 602
    assert contents(tmp_path, "meta") == before
    store.close()


def test_damage_by_hand_is_gone_after_it(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = contents(tmp_path, "meta")
    with store.database.writing() as db:
        db.execute("UPDATE knots SET lat_e5 = 0 WHERE outbox_id = 1")
        db.execute("DELETE FROM readings WHERE device_id = 2")
        db.execute("INSERT INTO readings VALUES (77, 1, 1, 1)")
        db.execute("DELETE FROM boxes")
        db.execute("DELETE FROM seq_ranges")
    store.rebuild(lambda count: None)
    assert contents(tmp_path, "meta") == before
    store.close()


def test_numbers_in_quarantine_stay_so(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.write(Group(ledgers={OUTBOX: Ledger(SeqSet(), SeqSet([SeqRange(500, 510)]))}))
    store.rebuild(lambda count: None)
    assert store.ledger(OUTBOX).quarantined.ranges == (SeqRange(500, 510),)
    store.close()


def test_a_running_server_hears_of_it(tmp_path: Path) -> None:
    store = filled(tmp_path)
    version = store.restored_version()
    store.rebuild(lambda count: None)
    assert store.restored_version() > version
    store.close()
