"""`railbox store`, `railbox gaps` and `railbox quarantine` on a data folder."""

import fcntl
import json
from pathlib import Path

import pytest

from railbox_server import gaps, quarantine
from railbox_server.configuration.registry import Registry
from railbox_server.fleet import ALWAYS
from railbox_server.ledger import Ledger
from railbox_server.store import command
from railbox_server.store.opening import note
from railbox_server.store.settings import InfluxSettings, StoreSettings
from railbox_server.store.sqlite import FILE, SqliteStore
from railbox_server.store.values import Group, Outbox, Quarantined, Reason
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import SeqRange
from support.batches import DEVICE, EPOCH, payload
from support.stored import RECEIVED_MS, journey

OUTBOX = Outbox(DEVICE, EPOCH)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    store = SqliteStore(tmp_path / "data")
    store.register(DEVICE, 0)
    store.write(journey(DEVICE, 20))
    store.close()
    return tmp_path / "data"


def test_a_backup_is_restored_by_command(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = str(tmp_path / "copy.db")
    Registry(data).close()
    assert command.main(["backup", copy, "--data", str(data)]) == 0
    assert command.main(["restore", copy, "--data", str(tmp_path / "new")]) == 0
    assert "20 batches" in capsys.readouterr().out
    assert (tmp_path / "new" / "configuration.db").is_file()
    store = SqliteStore(tmp_path / "new")
    assert len(store.points(DEVICE, ALWAYS)) == 60
    store.close()


def test_a_rebuild_needs_a_store_that_no_server_uses(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (data / command.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert command.main(["rebuild", "--data", str(data)]) == 1
        assert "stop it first" in capsys.readouterr().err
    assert command.main(["rebuild", "--data", str(data)]) == 0
    assert capsys.readouterr().out.startswith("20 batches")


def test_a_check_says_what_is_wrong_and_what_to_do(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["check", "--data", str(data)]) == 0
    (data / f"{FILE}.damaged-x").touch()
    with (data / FILE).open("r+b") as raw:
        raw.seek(5 * 4096)
        raw.write(b"\xff" * 40_000)
    assert command.main(["check", "--data", str(data)]) == 1
    said = capsys.readouterr().out
    assert "is sound" in said
    assert "set aside earlier" in said
    assert "start the server" in said


def test_nothing_is_made_where_there_is_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = str(tmp_path / "nowhere")
    for run, words in (
        (command.main, ["backup", str(tmp_path / "copy.db")]),
        (command.main, ["check"]),
        (command.main, ["rebuild"]),
        (gaps.main, []),
        (quarantine.main, ["list"]),
        (quarantine.main, ["replay"]),
    ):
        assert run([*words, "--data", nowhere]) == 1
        assert "no store" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_that_nothing_is_missing_is_said_and_is_the_exit_code(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gaps.main(["--data", str(data)]) == 0
    assert capsys.readouterr().out.endswith("in all: 20 arrived, 0 missing, 0 quarantined, 0 discarded\n")


def test_what_is_missing_is_told_by_number_and_since_when(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(data)
    late = journey(DEVICE, 30).batches[-1]
    ledger = Ledger(SeqSet([SeqRange(30, 30)]), SeqSet([SeqRange(22, 23)]), SeqSet([SeqRange(25, 25)]))
    store.write(Group((late,), ledgers={OUTBOX: ledger}))
    store.close()
    assert gaps.main([DEVICE, "--data", str(data), "--json"]) == 1
    row = json.loads(capsys.readouterr().out)
    assert row["missing"] == [[21, 21], [24, 24], [26, 29]]
    assert (row["quarantined"], row["discarded"]) == ([[22, 23]], [[25, 25]])
    assert row["missing_since"] == "2026-10-27T11:20:30Z"
    assert gaps.main(["--data", str(data)]) == 1
    assert "21 24 26-29" in capsys.readouterr().out
    assert gaps.main(["NOBODY", "--data", str(data)]) == 0


def test_what_is_in_quarantine_is_listed_and_tried_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(data)
    items = (
        Quarantined(DEVICE, Reason.UNDECODABLE, "an older release", payload(21), RECEIVED_MS),
        Quarantined(DEVICE, Reason.IMPLAUSIBLE, "why", b"\xff", RECEIVED_MS, EPOCH, 22),
    )
    store.write(Group(quarantined=items))
    assert quarantine.main(["list", "--reason", "undecodable", "--data", str(data), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["detail"] == "an older release"
    assert quarantine.main(["replay", "--data", str(data)]) == 0
    assert capsys.readouterr().out == "1 batches came out of quarantine\n"
    assert store.payload(OUTBOX, 21) == payload(21)
    assert [item.reason for item in store.quarantined()] == [Reason.IMPLAUSIBLE]
    assert store.restored_version() == 1
    store.close()


def test_commands_open_the_store_that_the_server_was_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = StoreSettings(kind="influxdb", influxdb=InfluxSettings(url="http://127.0.0.1:9", timeout_s=1.0))
    note(data, settings)
    assert gaps.main(["--data", str(data)]) == 0
    assert command.main(["rebuild", "--data", str(data)]) == 0
    store = SqliteStore(data)
    assert store.points(DEVICE, ALWAYS) == []
    store.close()
