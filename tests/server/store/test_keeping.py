"""The server's store as a whole: mended when it is opened, cared for while it is open, told to the other processes."""

from pathlib import Path

import pytest

from railbox_server.fleet import ALWAYS
from railbox_server.store.influx.store import InfluxStore
from railbox_server.store.interface import StoreError
from railbox_server.store.keeping import DAMAGED, Keeping
from railbox_server.store.opening import NOTE, noted, open_store, token_of
from railbox_server.store.settings import InfluxSettings, RetentionSettings, StoreSettings
from railbox_server.store.sqlite import FILE, SqliteStore
from support.batches import DEVICE, payload
from support.brokers import wait_for
from support.stored import group_of, journey, stored


def test_a_damaged_store_is_mended_said_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = SqliteStore(tmp_path)
    store.write(journey(DEVICE, 300))
    store.close()
    with (tmp_path / FILE).open("r+b") as raw:
        raw.seek(20 * 4096)
        raw.write(b"\xff" * 8192)
    keeping = Keeping(tmp_path, StoreSettings())
    keeping.start()
    try:
        assert keeping.condition.damage is not None
        assert keeping.counters[DAMAGED] == 1
        assert "is damaged" in caplog.text
        assert "railbox gaps" in caplog.text
        keeping.store.write(journey(DEVICE, 300))
        assert len(keeping.store.points(DEVICE, ALWAYS)) == 900
        assert keeping.store.ledger(stored(payload(1)).outbox).missing() == ()
    finally:
        keeping.stop()
        keeping.close()
    again = Keeping(tmp_path, StoreSettings())
    assert (again.condition.damage, again.counters[DAMAGED]) == (None, 1)
    again.close()


def test_what_is_over_its_time_goes_while_the_server_runs(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, StoreSettings(retention=RetentionSettings(batches_days=1)))
    keeping.store.write(group_of([stored(payload(1), received_at_ms=0)]))
    keeping.start()
    try:
        wait_for(lambda: keeping.counters.get("let_go_batches") == 1, "the batch to be let go")
    finally:
        keeping.stop()
        keeping.close()


def test_the_server_tells_other_processes_which_store_it_has(tmp_path: Path, influx_settings: InfluxSettings) -> None:
    token = tmp_path / "token"
    token.write_text("user:password\n")
    settings = StoreSettings(kind="influxdb", influxdb=InfluxSettings(url=influx_settings.url, token_file=token))
    keeping = Keeping(tmp_path, settings)
    other = open_store(tmp_path)
    assert isinstance(other, InfluxStore)
    assert noted(tmp_path).influxdb == settings.influxdb
    assert token_of(noted(tmp_path).influxdb) == "user:password"
    assert "password" not in (tmp_path / NOTE).read_text()
    other.close()
    keeping.close()


def test_without_a_server_a_folder_has_a_store_of_its_own(tmp_path: Path) -> None:
    other = open_store(tmp_path)
    assert isinstance(other, SqliteStore)
    other.close()
    (tmp_path / NOTE).write_text('{"kind": 5}')
    with pytest.raises(StoreError, match=NOTE):
        open_store(tmp_path)


def test_a_copy_is_delivered_while_sqlite_answers(tmp_path: Path, influx_settings: InfluxSettings) -> None:
    keeping = Keeping(tmp_path, StoreSettings(kind="both", influxdb=influx_settings))
    keeping.start()
    try:
        keeping.store.write(journey(DEVICE, 20))
        assert len(keeping.store.points(DEVICE, ALWAYS)) == 60
        wait_for(lambda: keeping.counters.get("delivered") == 20, "the copy")
        assert keeping.counters["spool"] == 0
    finally:
        keeping.stop()
        keeping.close()
