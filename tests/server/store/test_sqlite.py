"""What is particular to SQLite: schema versions, files that are none of ours, and several processes on one file."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from railbox_server.store.database import Database
from railbox_server.store.interface import StoreError
from railbox_server.store.schema import SCRIPTS
from railbox_server.store.sqlite import FILE, SqliteStore
from railbox_server.store.values import Derived
from support.batches import DEVICE

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


def test_a_store_of_the_first_version_keeps_what_it_has_and_learns_the_rest(tmp_path: Path) -> None:
    first = Database(tmp_path / FILE, SCRIPTS[:1])
    with first.writing() as db:
        db.execute("INSERT INTO devices (device, registered_at_ms) VALUES (?, 0)", (DEVICE,))
        db.execute("INSERT INTO units VALUES ('U1', ?)", ('{"unit": "U1"}',))
        db.execute("INSERT INTO visits VALUES ('U1', 0, 1, ?)", ('{"id": "a"}',))
    first.close()
    store = SqliteStore(tmp_path)
    assert store.known_devices() == {DEVICE}
    assert (store.unit_rows(), store.visits()) == ([{"unit": "U1"}], [{"id": "a"}])
    assert (store.progress("U1"), store.custody("U1"), store.statistics_version()) == (None, [], 0)
    store.put_derived(Derived("U1", {"unit": "U1"}, (), (), (), {"km": 1}, {"km": 1}, ({"place": "a"},)))
    assert (store.progress("U1"), store.custody("U1")) == ({"km": 1}, [{"place": "a"}])
    store.close()


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
