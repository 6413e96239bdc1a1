"""What is particular to SQLite: schema versions, files that are none of ours, and several processes on one file."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from railbox_server.fleet import ALWAYS, Assignment
from railbox_server.store.database import Database
from railbox_server.store.interface import StoreError
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.sqlite import FILE, SqliteStore
from railbox_server.store.sqlite_writes import ledger_rows
from railbox_server.store.state import pack_state, unpack_state
from railbox_server.store.values import Box, Group, Outbox, Point, Status, StoredReading, Untrusted
from railbox_telemetry.tables import STATE
from railbox_telemetry.values import SeqRange
from support.batches import DEVICE, EPOCH, START_S, payload
from support.stored import FIRST, SECOND, THIRD, journey, old_file

REGISTER = """
import sys
from pathlib import Path
from railbox_server.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
for number in range(200):
    store.register(f"{sys.argv[2]}-{number}", 0)
"""


def test_the_schema_has_a_version(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    database = sqlite3.connect(tmp_path / FILE)
    assert database.execute("PRAGMA user_version").fetchone() == (len(SCRIPTS),)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


def test_only_a_store_of_an_older_version_is_said_to_be_brought_to_the_newest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    SqliteStore(tmp_path / "new").close()
    assert not caplog.messages
    (tmp_path / "old").mkdir()
    old_file(tmp_path / "old", FIRST)
    SqliteStore(tmp_path / "old").close()
    assert f"bringing schema {FIRST} to {FIRST + 1}" in caplog.text


@pytest.mark.parametrize("version", [FIRST, SECOND, THIRD])
def test_a_store_of_an_older_version_keeps_all_it_has_and_learns_the_rest(tmp_path: Path, version: int) -> None:
    old_file(tmp_path, version)
    store = SqliteStore(tmp_path)
    first, last = store.points(DEVICE, ALWAYS)
    assert first == Point(DEVICE, EPOCH, 5, START_S, 2_500_000, 6_700_000, 0, START_S + 60, None, None, None)
    assert last == Point(
        DEVICE, EPOCH, 5, START_S + 20_000, -3_300_000, -7_000_000, 300, START_S + 19_999, 0, 359, 10_000
    )
    assert store.points_in_box(Box(2_400_000, 6_600_000, 2_600_000, 6_800_000), ALWAYS, 10).items == (first,)
    assert [knot.accuracy_m for knot in store.seen_knots(DEVICE, ALWAYS)[EPOCH]] == [None, 10_000]
    assert store.readings(DEVICE, ALWAYS, 0, 10) == [StoredReading(DEVICE, START_S, 0, -35)]
    assert [event.time_s for event in store.events(DEVICE, ALWAYS, 10)] == [START_S, START_S + 12]
    assert (store.known_devices(), store.assignments()) == ({DEVICE}, [Assignment(DEVICE, "U1")])
    assert store.payload(Outbox(DEVICE, EPOCH), 5) == payload(5)
    ledger = store.ledger(Outbox(DEVICE, EPOCH))
    assert (ledger.missing(), len(ledger.discarded)) == ((SeqRange(1, 1), SeqRange(4, 4)), 2)
    assert [item.payload for item in store.quarantined()] == [b"\xff\xfe"]
    assert store.statuses() == [Status(DEVICE, 5, True, {})]
    (visit,), (crossing,) = store.visits(), store.crossings()
    assert (store.unit_rows(), visit["id"], crossing["id"]) == ([{"unit": "U1"}], "a", "b")
    assert store.untrusted("U1") == [Untrusted(DEVICE, EPOCH, START_S, "jump")]
    assert [row["place"] for row in store.custody("U1")] == (["a"] if version >= SECOND else [])
    assert [row["from_s"] for row in store.trips()] == ([5] if version >= SECOND else [])
    assert store.progress("U1") == ({"km": 1} if version >= SECOND else None)
    store.close()


@pytest.mark.parametrize("version", [FIRST, SECOND, THIRD])
def test_a_migration_that_is_cut_off_leaves_the_store_as_it_was(tmp_path: Path, version: int) -> None:
    old_file(tmp_path, version)
    broken = (*SCRIPTS[:version], SCRIPTS[version] + "\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(StoreError, match="nowhere"):
        Database(tmp_path / FILE, broken)
    store = SqliteStore(tmp_path)
    assert len(store.points(DEVICE, ALWAYS)) == 2
    store.close()


def test_a_store_of_every_version_has_the_same_tables_as_a_new_one(tmp_path: Path) -> None:
    def tables(folder: Path) -> set[tuple[str, str]]:
        SqliteStore(folder).close()
        database = sqlite3.connect(folder / FILE)
        found = set(database.execute("SELECT type, name FROM sqlite_master"))
        database.close()
        return found

    for version in range(1, len(SCRIPTS)):
        Database(tmp_path / str(version) / FILE, SCRIPTS[:version]).close()
        assert tables(tmp_path / str(version)) == tables(tmp_path / "new")


@given(
    st.fixed_dictionaries({}, optional={quantity.bit: st.integers(quantity.low, quantity.high) for quantity in STATE})
)
def test_a_state_comes_out_as_it_was_packed(state: dict[int, int]) -> None:
    packed = pack_state(state)
    assert unpack_state(packed) == tuple(state.get(quantity.bit) for quantity in STATE)
    assert (packed or 0) < 2**63


def test_a_store_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    database = sqlite3.connect(tmp_path / FILE)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match="written by a newer railbox"):
        SqliteStore(tmp_path)


def test_a_file_that_is_no_store_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"something else" * 1000)
    with pytest.raises(StoreError, match=FILE):
        SqliteStore(tmp_path)


def test_two_processes_write_beside_each_other(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", REGISTER, str(tmp_path), name]) for name in ("A", "B")]
    store = SqliteStore(tmp_path)
    store.register(DEVICE, 0)
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(store.known_devices()) == 401
    assert store.registry_version() == 401
    store.close()


@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 12)), max_size=30))
def test_two_processes_that_write_one_ledger_take_nothing_back(writes: list[tuple[bool, bool, int]]) -> None:
    outbox = Outbox(DEVICE, EPOCH)
    with (
        TemporaryDirectory() as folder,
        closing(SqliteStore(Path(folder))) as a,
        closing(SqliteStore(Path(folder))) as b,
    ):
        ledgers = {a: a.ledger(outbox), b: b.ledger(outbox)}
        for by_a, is_stored, seq in writes:
            store = a if by_a else b
            ledger = ledgers[store]
            (ledger.stored if is_stored else ledger.quarantined).add(seq)
            if is_stored:
                ledger.quarantined.discard(seq)
            store.write(Group(ledgers={outbox: ledger}))
        found = a.ledger(outbox)
        assert set(found.stored) == {seq for _, is_stored, seq in writes if is_stored}
        assert set(found.settled()) == {seq for _, _, seq in writes}


@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 12)), min_size=1, max_size=30))
def test_a_ledger_that_one_process_writes_is_as_it_says(writes: list[tuple[bool, int]]) -> None:
    outbox = Outbox(DEVICE, EPOCH)
    with TemporaryDirectory() as folder, closing(SqliteStore(Path(folder))) as store:
        ledger = store.ledger(outbox)
        for is_stored, seq in writes:
            if is_stored:
                ledger.stored.add(seq)
                ledger.quarantined.discard(seq)
            elif seq not in ledger.stored:
                ledger.quarantined.add(seq)
            store.write(Group(ledgers={outbox: ledger}))
        assert ledger_rows(store.ledger(outbox)) == ledger_rows(ledger)


def test_on_a_full_disk_a_group_is_refused_whole_and_taken_once_there_is_room(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    group = journey(DEVICE, 2_000)
    with store.database.writing() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(StoreError, match="full"):
        store.write(group)
    assert store.points(DEVICE, ALWAYS) == []
    assert store.outboxes() == []
    with store.database.writing() as db:
        db.execute(f"PRAGMA max_page_count = {2**30}")
    store.write(group)
    assert len(store.points(DEVICE, ALWAYS)) == 6_000
    assert store.ledger(Outbox(DEVICE, EPOCH)).missing() == ()
    store.close()
