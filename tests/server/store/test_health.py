"""Damaged files: found at a start, set aside, and what can be read of them goes on."""

import random
import sqlite3
from pathlib import Path

import pytest

from railbox_server.fleet import ALWAYS, Assignment
from railbox_server.store.health import check, mend, set_aside
from railbox_server.store.interface import StoreError
from railbox_server.store.sqlite import FILE, SqliteStore
from railbox_server.store.values import Group, Outbox, Quarantined, Reason
from support.batches import DEVICE, EPOCH, payload
from support.stored import RECEIVED_MS, contents, journey

BATCHES = 500
PAGE = 4096
WHOLE_S = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a store of two devices, closed."""
    store = SqliteStore(tmp_path)
    for device in (DEVICE, "TRK2"):
        store.assign(Assignment(device, f"U-{device}"), 0)
        store.write(journey(device, BATCHES))
    store.write(Group(quarantined=(Quarantined(DEVICE, Reason.UNDECODABLE, "why", b"\xff", RECEIVED_MS),)))
    store.close()
    return tmp_path


def overwrite(file: Path, pages: list[int]) -> None:
    with file.open("r+b") as raw:
        for page in pages:
            raw.seek(page * PAGE)
            raw.write(random.Random(page).randbytes(PAGE))


def pages_of(file: Path, table: str) -> list[int]:
    """Leaf pages of a table, counted from 0."""
    db = sqlite3.connect(file)
    found = db.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path", (table,))
    pages = [row[0] - 1 for row in found]
    db.close()
    return pages


def test_a_sound_file_is_left_as_it_is(folder: Path) -> None:
    before = (folder / FILE).read_bytes()
    assert mend(folder / FILE, WHOLE_S).damage is None
    assert (folder / FILE).read_bytes() == before
    assert mend(folder / "nothing.db", WHOLE_S).set_aside is None


def test_looking_through_a_file_ends_in_time(folder: Path) -> None:
    assert check(folder / FILE, 0.0) == (False, None)
    assert check(folder / FILE, None) == (True, None)


def test_of_a_damaged_table_the_rest_goes_on_and_the_ledger_says_what_was_lost(folder: Path) -> None:
    batches = pages_of(folder / FILE, "batches")
    overwrite(folder / FILE, batches[len(batches) // 4 : len(batches) // 4 + 2])
    found = mend(folder / FILE, WHOLE_S)
    assert found.damage is not None
    assert found.set_aside is not None
    assert set_aside(folder / FILE) == [found.set_aside]
    assert 0 < found.salvaged.lost_batches < BATCHES // 2
    assert found.salvaged.damaged_tables == ("batches",)
    store = SqliteStore(folder)
    ledger = store.ledger(Outbox(DEVICE, EPOCH))
    assert sum(item.last - item.first + 1 for item in ledger.missing()) == found.salvaged.lost_batches
    assert all(
        (store.payload(Outbox(DEVICE, EPOCH), seq) is None) == (seq not in ledger.stored) for seq in (1, 200, 800)
    )
    assert len(store.ledger(Outbox("TRK2", EPOCH)).stored) == BATCHES
    assert [len(store.points(device, ALWAYS)) for device in (DEVICE, "TRK2")] == [3 * BATCHES] * 2
    assert len(store.assignments()) == len(store.known_devices()) == 2
    assert len(store.quarantined()) == 1
    store.close()
    assert mend(folder / FILE, WHOLE_S).damage is None


def test_damaged_rows_are_made_again_from_their_batches(folder: Path) -> None:
    before = contents(folder)
    overwrite(folder / FILE, [pages_of(folder / FILE, table)[1] for table in ("knots", "readings")])
    found = mend(folder / FILE, WHOLE_S)
    assert found.salvaged.lost_batches == 0
    assert set(found.salvaged.damaged_tables) == {"knots", "readings"}
    assert contents(folder) == before


def test_a_lost_ledger_is_made_again_from_what_is_there(folder: Path) -> None:
    overwrite(folder / FILE, pages_of(folder / FILE, "seq_ranges"))
    mend(folder / FILE, WHOLE_S)
    store = SqliteStore(folder)
    assert len(store.ledger(Outbox(DEVICE, EPOCH)).stored) == BATCHES
    store.close()


@pytest.mark.parametrize("pages", [[0], [0, 1, 2]])
def test_a_file_that_says_nothing_any_more_is_set_aside_and_a_new_one_begins(folder: Path, pages: list[int]) -> None:
    overwrite(folder / FILE, pages)
    found = mend(folder / FILE, WHOLE_S)
    assert found.set_aside is not None
    assert found.salvaged.rows == 0
    store = SqliteStore(folder)
    store.write(Group(journey(DEVICE, 1).batches))
    assert store.payload(Outbox(DEVICE, EPOCH), 1) is not None
    store.close()


def test_a_file_cut_short_keeps_what_is_before_the_cut(folder: Path) -> None:
    with (folder / FILE).open("r+b") as raw:
        raw.truncate((folder / FILE).stat().st_size // PAGE // 2 * PAGE)
    found = mend(folder / FILE, WHOLE_S)
    assert found.set_aside is not None
    assert found.salvaged.rows > 0
    SqliteStore(folder).close()


def test_damage_met_in_use_is_looked_for_in_all_of_the_file_at_the_next_start(folder: Path) -> None:
    overwrite(folder / FILE, pages_of(folder / FILE, "batches"))
    store = SqliteStore(folder)
    with pytest.raises(StoreError):
        store.payload(Outbox(DEVICE, EPOCH), 1)
    store.close()
    assert mend(folder / FILE, 0.0).set_aside is not None


def test_a_start_that_was_cut_off_while_mending_is_finished(folder: Path) -> None:
    overwrite(folder / FILE, [pages_of(folder / FILE, "knots")[1]])
    mend(folder / FILE, WHOLE_S)
    (folder / FILE).rename(folder / f"{FILE}.salvaged")
    assert mend(folder / FILE, WHOLE_S).damage is None
    store = SqliteStore(folder)
    assert len(store.points(DEVICE, ALWAYS)) == 3 * BATCHES
    store.close()


def test_what_was_sent_again_fills_what_was_lost(folder: Path) -> None:
    overwrite(folder / FILE, [pages_of(folder / FILE, "batches")[1]])
    assert mend(folder / FILE, WHOLE_S).salvaged.lost_batches > 0
    store = SqliteStore(folder)
    store.write(journey(DEVICE, BATCHES))
    assert store.ledger(Outbox(DEVICE, EPOCH)).missing() == ()
    assert store.payload(Outbox(DEVICE, EPOCH), 5) == payload(5, *journey(DEVICE, 5).batches[4].batch.sections)
    store.close()
