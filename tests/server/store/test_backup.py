"""Copies of a store in use, and what they bring back."""

import sqlite3
import threading
from pathlib import Path

import pytest

from railbox_server.fleet import ALWAYS, Assignment
from railbox_server.ingest.books import StoreBooks
from railbox_server.ledger import Ledger
from railbox_server.store.backup import backup
from railbox_server.store.interface import StoreError
from railbox_server.store.restore import restore
from railbox_server.store.retention import DAY_S, let_go
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.settings import RetentionSettings
from railbox_server.store.sqlite import FILE, SqliteStore
from railbox_server.store.values import Group, Outbox, Quarantined, Reason, Status
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import BootClock, SeqRange, Undated, UndatedEvent
from support.batches import DEVICE, EPOCH, door, payload
from support.stored import RECEIVED_MS, contents, group_of, journey, numbers, old_file, stored

OUTBOX = Outbox(DEVICE, EPOCH)
COUNTERS = ("meta", "sqlite_stat1")


def filled(folder: Path) -> SqliteStore:
    """With a row of everything."""
    store = SqliteStore(folder)
    store.assign(Assignment(DEVICE, "U1"), 5)
    store.write(journey(DEVICE, 300))
    store.write(
        group_of(
            [
                stored(
                    payload(
                        301, door(5_000_000_000 // 3), Undated(9, (UndatedEvent(1, 2),)), BootClock(9, 1_793_000_000)
                    )
                )
            ]
        )
    )
    store.write(Group(ledgers={OUTBOX: Ledger(SeqSet(), SeqSet([SeqRange(305, 306)]), SeqSet([SeqRange(303, 303)]))}))
    store.write(Group((), (Quarantined(DEVICE, Reason.IMPLAUSIBLE, "why", b"\xff", RECEIVED_MS, EPOCH, 305),)))
    store.write(Group(statuses=(Status(DEVICE, RECEIVED_MS, True, {"online": True}),)))
    return store


def test_a_backup_is_the_store_at_one_moment_while_it_is_written(tmp_path: Path) -> None:
    store = filled(tmp_path / "data")
    stop = threading.Event()

    def write_on() -> None:
        seq = 1000
        while not stop.is_set():
            store.write(group_of([stored(payload(seq)), stored(payload(seq + 1))]))
            seq += 2

    steps: list[tuple[int, int]] = []
    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for _ in range(3):
            backup(tmp_path / "data" / FILE, tmp_path / "copy.db", lambda done, whole: steps.append((done, whole)))
    finally:
        stop.set()
        writer.join()
    copy = SqliteStore(tmp_path, "copy.db")
    ledger = copy.ledger(OUTBOX)
    assert [copy.payload(OUTBOX, seq) is not None for seq in ledger.stored] == [True] * len(ledger.stored)
    assert len(ledger.stored) % 2 == 1
    assert len(copy.points(DEVICE, ALWAYS)) == 3 * (len(ledger.stored) - 1)
    assert steps[-1][0] == steps[-1][1] > 0
    copy.close()
    store.close()


def test_a_backup_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    filled(tmp_path / "data").close()
    backup(tmp_path / "data" / FILE, tmp_path / "copy.db")
    before = (tmp_path / "copy.db").read_bytes()
    with pytest.raises(StoreError, match="nowhere"):
        backup(tmp_path / "nowhere" / FILE, tmp_path / "copy.db")
    with pytest.raises(StoreError):
        backup(tmp_path / "data" / FILE, tmp_path / "no folder" / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data"]


def test_a_restore_into_an_empty_folder_gives_the_same_store(tmp_path: Path) -> None:
    store = filled(tmp_path / "data")
    backup(tmp_path / "data" / FILE, tmp_path / "copy.db")
    store.close()
    new = SqliteStore(tmp_path / "new")
    done = restore(tmp_path / "copy.db", new, tmp_path / "new")
    new.close()
    assert (done.batches, done.quarantined, done.conflicts) == (301, 1, 0)
    assert contents(tmp_path / "new", *COUNTERS) == contents(tmp_path / "data", *COUNTERS)


def test_a_restore_adds_to_a_store_in_use_and_takes_nothing_away(tmp_path: Path) -> None:
    filled(tmp_path / "data").close()
    backup(tmp_path / "data" / FILE, tmp_path / "copy.db")
    running = SqliteStore(tmp_path / "running")
    running.assign(Assignment(DEVICE, "U2"), 5)
    running.write(journey("TRK9", 3))
    running.write(group_of(stored(payload(seq)) for seq in (400, 401)))
    books = StoreBooks(running)
    books.refresh()
    assert books.ledger(OUTBOX).stored.ranges == (SeqRange(400, 401),)
    done = restore(tmp_path / "copy.db", running, tmp_path / "running")
    assert done.conflicts == 1
    assert books.restored()
    assert books.ledger(OUTBOX).stored.ranges == (SeqRange(1, 301), SeqRange(400, 401))
    assert running.ledger(OUTBOX).missing() == (SeqRange(302, 302), SeqRange(304, 304), SeqRange(307, 399))
    assert len(running.points(DEVICE, ALWAYS)) == 906
    assert len(running.points("TRK9", ALWAYS)) == 9
    again = restore(tmp_path / "copy.db", running, tmp_path / "running")
    assert (again.batches, again.rows) == (0, 0)
    running.close()


def test_numbers_that_ingest_writes_during_a_restore_stay_settled(tmp_path: Path) -> None:
    """Ingest's ledger was read before the restore, and is written after it."""
    store = SqliteStore(tmp_path)
    own = Ledger(SeqSet([SeqRange(5, 6)]))
    store.write(Group(ledgers={OUTBOX: Ledger(SeqSet([SeqRange(1, 3)]), SeqSet([SeqRange(6, 7)]))}))
    store.write(Group(ledgers={OUTBOX: own}))
    ledger = store.ledger(OUTBOX)
    assert (ledger.stored.ranges, ledger.quarantined.ranges) == ((SeqRange(1, 3), SeqRange(5, 6)), (SeqRange(7, 7),))
    store.close()


def test_what_retention_left_of_a_batch_is_restored_too(tmp_path: Path) -> None:
    store = filled(tmp_path / "data")
    for _ in let_go(store.database, RetentionSettings(batches_days=1), RECEIVED_MS / 1000 + 100 + DAY_S):
        pass
    backup(tmp_path / "data" / FILE, tmp_path / "copy.db")
    new = SqliteStore(tmp_path / "new")
    new.write(journey("TRK9", 3))
    done = restore(tmp_path / "copy.db", new, tmp_path / "new")
    assert done.rows > 300
    assert new.points(DEVICE, ALWAYS) == store.points(DEVICE, ALWAYS)
    assert new.readings(DEVICE, ALWAYS, None, 1000) == store.readings(DEVICE, ALWAYS, None, 1000)
    assert new.events(DEVICE, ALWAYS, 10) == store.events(DEVICE, ALWAYS, 10)
    assert numbers(new.ledger(OUTBOX)) == numbers(store.ledger(OUTBOX))
    assert new.payload(OUTBOX, 1) is None
    assert new.rebuild(lambda count: None) == store.rebuild(lambda count: None) + 3
    assert new.points(DEVICE, ALWAYS) == store.points(DEVICE, ALWAYS)
    new.close()
    store.close()


@pytest.mark.parametrize("name", ["nothing.db", "text.db"])
def test_a_file_that_is_no_store_is_told_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.db").write_text("no database" * 1000)
    store = SqliteStore(tmp_path)
    with pytest.raises(StoreError, match=name):
        restore(tmp_path / name, store, tmp_path)
    store.close()


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "data").close()
    backup(tmp_path / "data" / FILE, tmp_path / "copy.db")
    db = sqlite3.connect(tmp_path / "copy.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    store = SqliteStore(tmp_path)
    with pytest.raises(StoreError, match="schema 99"):
        restore(tmp_path / "copy.db", store, tmp_path)
    store.close()


@pytest.mark.parametrize("version", range(1, len(SCRIPTS)))
def test_a_backup_of_an_older_version_is_brought_up_and_stays_as_it_is(tmp_path: Path, version: int) -> None:
    old_file(tmp_path / "old", version)
    copy = tmp_path / "copy.db"
    backup(tmp_path / "old" / FILE, copy)
    before = copy.read_bytes()
    store = SqliteStore(tmp_path / "new")
    done = restore(copy, store, tmp_path / "new")
    assert (done.batches, done.quarantined) == (1, 1)
    assert store.payload(OUTBOX, 5) == payload(5)
    assert store.ledger(OUTBOX).quarantined.ranges == (SeqRange(6, 6),)
    assert copy.read_bytes() == before
    assert not (tmp_path / "new" / "restoring.db").exists()
    store.close()


def test_what_can_be_read_of_a_file_that_was_set_aside_is_brought_back(tmp_path: Path) -> None:
    filled(tmp_path).close()
    aside = tmp_path / f"{FILE}.damaged-x"
    (tmp_path / FILE).rename(aside)
    with aside.open("r+b") as raw:
        raw.seek(25 * 4096)
        raw.write(b"\xff" * 4096)
    store = SqliteStore(tmp_path)
    store.write(group_of([stored(payload(400))]))
    done = restore(aside, store, tmp_path)
    assert 100 < done.batches <= 301
    ledger = store.ledger(OUTBOX)
    kept = {seq for seq in range(1, 401) if store.payload(OUTBOX, seq) is not None}
    assert set(ledger.stored) == kept
    store.close()
