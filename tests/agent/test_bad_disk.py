"""A disk that is full, read-only, damaged or gone: counted, said in one line that helps, and the tracker goes on."""

import logging
import os
import subprocess
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from railbox_agent.mqtt import Acknowledged, Connected, Message, UplinkEvent
from railbox_agent.outbox import GIVE_UP_MS, MEMORY_BYTES, PENDING_BYTES, Outbox
from railbox_agent.packing import Packer, Parcel
from railbox_agent.sender import Sender, SenderSettings
from railbox_telemetry.counters import COUNTED
from railbox_telemetry.values import Event, Events, UnknownSection
from railbox_telemetry.wire import decode

MB = 1_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A file system of 1 MB of its own, that can be filled and made read-only; root is stopped by nothing less."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root, and not in every container, may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def routine(size: int = 100) -> Parcel:
    return Parcel((UnknownSection(99, bytes(size)),), urgent=False, time_s=1_790_000_000)


def event(time_s: int = 1_790_000_000) -> Parcel:
    return Parcel((Events((Event(time_s, 1),)),), urgent=True, time_s=time_s)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    end = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while os.write(end, bytes(4_096)):
            continue
    os.close(end)
    return ballast


def held(outbox: Outbox) -> list[int]:
    return [seq for seq, _ in outbox.restore()]


def test_while_the_disk_is_full_the_newest_waits_in_memory_and_what_is_dropped_is_told(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(disk, 64 * MB)
    ballast = fill(disk)
    outbox.put(event())
    for at_ms in range(60):
        outbox.put(routine(30_000))
        outbox.commit(at_ms)
    assert outbox.size_bytes <= PENDING_BYTES + 40_000
    dropped = outbox.counters["batches_evicted"]
    assert dropped > 20
    assert outbox.counters["outbox_write_failed"] > 30
    assert f"cannot write in {disk}: database or disk is full; the newest 1000 kB wait in memory" in caplog.text
    assert "is dropped: the disk takes nothing" in caplog.text
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
    outbox.put(event())
    stored = outbox.commit(100).stored
    assert stored[0] == 1, "events go last"
    assert len(stored) == 62 - dropped
    told = decode(outbox.payload(stored[-1]) or b"").sections
    assert len(told) == 2, "the batches that were dropped are told"


class Line:
    """A broker that takes all there is."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self._coming: list[UplinkEvent] = [Connected("MQTT 5")]

    def publish(self, message: Message) -> bool:
        self.sent.append(message)
        self._coming.append(Acknowledged(message))
        return True

    def events(self, wait_s: float = 0.0) -> list[UplinkEvent]:
        coming, self._coming = self._coming, []
        return coming


def test_a_read_only_disk_does_not_keep_a_tracker_from_starting_and_sending(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    outbox, line = Outbox(disk / "outbox", 64 * MB), Line()
    sender = Sender(SenderSettings("TRK1", 1), Packer(1), outbox, line)
    assert "Read-only file system; until the next start the newest 4 MB are kept in memory" in caplog.text
    assert "free or replace the disk" in caplog.text
    sender.take([Event(1_790_000_000, 1)])
    sender.step()
    sender.step()
    assert [message.seq for message in line.sent if message.seq] == [1]
    assert sender.all_counters()["outbox_in_memory"] == 1
    for _ in range(200):
        outbox.put(routine(30_000))
    outbox.commit(0)
    assert outbox.size_bytes <= MEMORY_BYTES
    assert held(outbox)[-1] == 201
    assert outbox.counters["batches_evicted"] >= 200 - MEMORY_BYTES // 30_000


def test_a_disk_that_becomes_read_only_is_given_up_and_all_goes_on_in_memory(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now_ms = 0
    outbox, line = Outbox(disk, 64 * MB), Line()
    sender = Sender(SenderSettings("TRK1", 1), Packer(1), outbox, line, now_ms=lambda: now_ms)
    subprocess.run(["mount", "-o", "remount,ro,size=4k", str(disk)], check=False)
    outbox._database.execute("PRAGMA query_only=1")  # pyright: ignore[reportPrivateUsage] - open files stay writable
    epoch = outbox.epoch
    sender.take([Event(1_790_000_000, 1)])
    sender.step()
    assert [message.seq for message in line.sent if message.seq] == []
    assert "attempt to write a readonly database; the newest 1000 kB wait in memory" in caplog.text
    now_ms = GIVE_UP_MS + 10_000
    sender.step()
    sender.step()
    assert outbox.epoch != epoch
    (batch,) = [decode(message.payload) for message in line.sent if message.seq]
    assert (batch.epoch, batch.sections) == (outbox.epoch, event().sections)
    assert "until the next start the newest 4 MB are kept in memory" in caplog.text


def test_a_full_disk_by_the_databases_own_limit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The same without a disk of its own, so that it is tested everywhere."""
    outbox = Outbox(tmp_path, 64 * MB)
    database = outbox._database  # pyright: ignore[reportPrivateUsage] - its size is bounded
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count={pages}")
    outbox.put(routine(30_000))
    assert outbox.commit(0).stored == ()
    assert outbox.counters["outbox_write_failed"] == 1
    assert f"cannot write in {tmp_path}: database or disk is full" in caplog.text
    database.execute(f"PRAGMA max_page_count={pages + 1_000}")
    assert outbox.commit(5_000).stored == (1,)
    assert "works again" in caplog.text


def test_a_damaged_outbox_is_counted_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "outbox.db").write_bytes(b"garbage" * 1_000)
    with caplog.at_level(logging.ERROR):
        outbox = Outbox(tmp_path, MB)
    outbox.put(event())
    assert outbox.commit(0).stored == (1,)
    assert outbox.counters["outbox_set_aside"] == 1
    assert f"outbox: damaged, set aside as {tmp_path}/outbox.damaged-1.db" in caplog.text


def test_each_of_these_counters_says_what_to_do() -> None:
    for name in ("outbox_write_failed", "outbox_in_memory", "outbox_set_aside", "batches_evicted"):
        assert COUNTED[name].todo
