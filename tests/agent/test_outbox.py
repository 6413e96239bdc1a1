"""The outbox: nothing that a commit returned is lost, no number comes twice, and what has to go is told."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from railbox_agent.outbox import GROUP_BYTES, LAZY, Outbox
from railbox_agent.outbox_file import KEEP_SET_ASIDE, OutboxInUseError
from railbox_agent.packing import Parcel
from railbox_telemetry.values import Discarded, Event, Events, Knot, Positions, SeqRange, UnknownSection
from railbox_telemetry.wire import decode

MB = 1_000_000


def routine(time_s: int = 1_750_000_000, knots: int = 1) -> Parcel:
    return Parcel((Positions(tuple(Knot(time_s + i, 1, 2) for i in range(knots))),), urgent=False, time_s=time_s)


def event(time_s: int = 1_750_000_000) -> Parcel:
    return Parcel((Events((Event(time_s, 1),)),), urgent=True, time_s=time_s)


def held(outbox: Outbox) -> list[int]:
    return [seq for seq, _ in outbox.restore()]


def discarded(outbox: Outbox, seq: int) -> tuple[SeqRange, ...]:
    payload = outbox.payload(seq)
    assert payload is not None
    return tuple(
        item for section in decode(payload).sections if isinstance(section, Discarded) for item in section.ranges
    )


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path, MB)


def test_a_commit_says_what_may_be_sent_and_it_is_there_after_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, MB)
    outbox.put(routine())
    outbox.put(event())
    assert held(outbox) == []
    assert outbox.commit(0).stored == (1, 2)
    epoch, payload = outbox.epoch, outbox.payload(2)
    outbox.close()
    again = Outbox(tmp_path, MB)
    assert (again.epoch, held(again), again.payload(2), len(again)) == (epoch, [1, 2], payload, 2)


def test_a_payload_carries_its_epoch_and_number(outbox: Outbox) -> None:
    outbox.put(routine())
    outbox.commit(0)
    payload = outbox.payload(1)
    assert payload is not None
    batch = decode(payload)
    assert (batch.epoch, batch.seq, batch.sections) == (outbox.epoch, 1, routine().sections)


def test_numbers_are_never_reused_also_when_the_outbox_was_empty_in_between(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, MB)
    outbox.put(routine())
    outbox.commit(0)
    outbox.delete([1])
    outbox.commit(1)
    assert len(outbox) == 0
    outbox.close()
    again = Outbox(tmp_path, MB)
    again.put(routine())
    assert again.commit(0).stored == (2,)


def test_writes_are_grouped_a_complete_batch_is_prompt_and_an_event_is_written_at_once(outbox: Outbox) -> None:
    outbox.commit(0)
    assert not outbox.due(4_999, collected=True)
    assert outbox.due(5_000, collected=True)
    outbox.put(routine())
    assert not outbox.due(999, collected=False)
    assert outbox.due(1_000, collected=False)
    outbox.put(event())
    assert outbox.due(1, collected=False)


def test_much_is_written_at_once(outbox: Outbox) -> None:
    outbox.commit(0)
    while not outbox.due(1, collected=False):
        outbox.put(routine(knots=1_000))
    assert len(outbox) in range(GROUP_BYTES // 4_000 // 2, GROUP_BYTES // 3_000 + 2)


def test_cleaning_up_alone_can_wait(outbox: Outbox) -> None:
    outbox.put(routine())
    outbox.commit(0)
    outbox.delete([1])
    assert not outbox.due(5_000, collected=False)
    assert outbox.due(5_000 * LAZY, collected=False)
    assert outbox.due(5_000, collected=True)


def test_what_is_being_collected_survives_and_is_complete_after_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, MB)
    assert outbox.commit(0, draft=routine(knots=1)).stored == ()
    assert outbox.commit(1, draft=routine(knots=2)).stored == ()
    assert held(outbox) == []
    outbox.close()
    again = Outbox(tmp_path, MB)
    assert held(again) == [1]
    payload = again.payload(1)
    assert payload is not None
    assert decode(payload).sections == routine(knots=2).sections


def test_a_number_that_the_server_has_is_skipped_by_what_is_being_collected_too(outbox: Outbox) -> None:
    outbox.commit(0, draft=routine(knots=1))
    assert outbox.skip(7)
    assert not outbox.skip(7)
    outbox.put(routine(knots=2))
    assert outbox.commit(1).stored == (8,)
    assert len(outbox) == 1


def test_a_batch_keeps_the_number_it_was_collected_under(outbox: Outbox) -> None:
    outbox.commit(0, draft=routine(knots=1))
    outbox.put(routine(knots=2))
    outbox.put(routine(knots=3))
    assert outbox.commit(1).stored == (1, 2)
    assert len(outbox) == 2


def test_how_often_a_batch_was_sent_is_kept(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, MB)
    outbox.put(routine())
    outbox.commit(0)
    outbox.sent(1, 3)
    outbox.commit(1)
    outbox.close()
    assert list(Outbox(tmp_path, MB).restore()) == [(1, 3)]


def test_notes_survive_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, MB)
    assert outbox.recall("board") is None
    outbox.remember("board", "7")
    outbox.commit(0)
    outbox.close()
    again = Outbox(tmp_path, MB)
    assert again.recall("board") == "7"
    assert not again.due(0, collected=False)


def test_what_waits_longest_is_told_also_behind_a_batch_that_has_no_time_yet(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, MB)
    assert outbox.oldest_time_s is None
    outbox.put(Parcel((Events((Event(5, 1),)),), urgent=True, time_s=None))
    outbox.put(routine(1_750_000_000))
    outbox.put(routine(1_750_000_060))
    outbox.commit(0)
    assert outbox.oldest_time_s == 1_750_000_000


def test_over_the_cap_the_oldest_routine_goes_first_and_events_last(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, 40_000)
    outbox.put(event())
    for _ in range(30):
        outbox.put(routine(knots=1_000))
    changes = outbox.commit(0)
    left = held(outbox)
    assert left[0] == 1
    assert left[1:] == list(range(left[1], 32))
    assert set(changes.evicted) == set(range(2, left[1]))
    assert set(changes.stored) == set(left)
    assert outbox.counters["batches_evicted"] == len(changes.evicted)
    for _ in range(2_000):
        outbox.put(event())
    outbox.commit(1)
    assert all(seq == 1 or seq > 31 for seq in held(outbox))


def test_what_had_to_go_is_told_to_the_server_in_the_next_batch(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, 20_000)
    for _ in range(10):
        outbox.put(routine(knots=1_000))
    gone = sorted(outbox.commit(0).evicted)
    assert gone == list(range(1, gone[-1] + 1))
    outbox.put(routine())
    outbox.commit(1)
    assert discarded(outbox, 11) == (SeqRange(1, gone[-1]),)
    outbox.put(routine())
    outbox.commit(2)
    assert discarded(outbox, 12) == ()


def test_what_is_yet_to_be_told_survives_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, 20_000)
    for _ in range(10):
        outbox.put(routine(knots=1_000))
    gone = outbox.commit(0).evicted
    outbox.close()
    again = Outbox(tmp_path, 20_000)
    again.put(routine())
    again.commit(0)
    assert discarded(again, 11) == (SeqRange(1, max(gone)),)


def test_when_the_batch_that_tells_has_to_go_too_the_next_one_tells_all(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, 20_000)
    for at_ms in range(40):
        outbox.put(routine(knots=1_000))
        outbox.commit(at_ms)
    outbox.put(event())
    outbox.commit(99)
    told = {
        seq
        for held_seq in held(outbox)
        for item in discarded(outbox, held_seq)
        for seq in range(item.first, item.last + 1)
    }
    assert told | set(held(outbox)) == set(range(1, 42))


def test_the_file_stays_near_the_cap(tmp_path: Path) -> None:
    cap = 500_000
    outbox = Outbox(tmp_path, cap)
    for at_ms in range(60):
        for _ in range(300):
            outbox.put(routine())
        outbox.commit(at_ms)
    assert (tmp_path / "outbox.db").stat().st_size < 1.3 * cap
    assert (tmp_path / "outbox.db-wal").stat().st_size < 2 * MB


def test_a_second_process_on_the_same_outbox_is_refused(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, MB)
    with pytest.raises(OutboxInUseError, match="another railbox process"):
        Outbox(tmp_path, MB)
    outbox.close()


# --- damage ----------------------------------------------------------------------------------------------------------


def filled(folder: Path, batches: int) -> int:
    """An outbox on disk, closed; returns its epoch."""
    outbox = Outbox(folder, 10 * MB)
    for i in range(batches):
        outbox.put(routine(1_750_000_000 + i))
    outbox.commit(0)
    outbox.close()
    return outbox.epoch


def test_a_file_that_is_no_outbox_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"garbage" * 1000)
    outbox = Outbox(tmp_path, MB)
    assert outbox.counters["outbox_set_aside"] == 1
    assert (tmp_path / "outbox.damaged-1.db").read_bytes() == b"garbage" * 1000
    outbox.put(routine())
    assert outbox.commit(0).stored == (1,)


def test_of_a_damaged_file_what_can_be_read_goes_on_in_a_new_epoch(tmp_path: Path) -> None:
    old = filled(tmp_path, 2_000)
    path = tmp_path / "outbox.db"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(data)
    outbox = Outbox(tmp_path, 10 * MB)
    assert outbox.epoch != old
    assert 1_500 < outbox.counters["outbox_salvaged"] == len(outbox) < 2_000
    assert len({str(decode(outbox.payload(seq) or b"").sections) for seq in held(outbox)}) == len(outbox)


def test_only_the_newest_set_aside_files_are_kept(tmp_path: Path) -> None:
    for _ in range(KEEP_SET_ASIDE + 2):
        (tmp_path / "outbox.db").write_bytes(b"garbage" * 1000)
        Outbox(tmp_path, MB).close()
    names = sorted(path.name for path in tmp_path.glob("outbox.damaged-*"))
    assert names == [f"outbox.damaged-{number}.db" for number in (3, 4, 5)]


def test_damage_that_shows_while_running_costs_nothing_that_is_pending(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, 10 * MB)
    for _ in range(1_000):  # 3 MB: more than the 2 MB that SQLite has in memory
        outbox.put(Parcel((UnknownSection(99, bytes(3_000)),), urgent=False))
    outbox.commit(0)
    outbox.close()
    outbox = Outbox(tmp_path, 10 * MB)
    epoch = outbox.epoch
    with (tmp_path / "outbox.db").open("r+b") as file:
        file.seek(400 * 4096)
        file.write(os.urandom(100 * 4096))
    outbox.put(event())
    for seq in range(1, 1_000):
        outbox.payload(seq)
    assert outbox.due(0, collected=False)
    outbox.commit(0)
    assert outbox.epoch != epoch
    batches = [decode(outbox.payload(seq) or b"") for seq in held(outbox)]
    assert len(batches) > 300
    assert batches[-1].sections == event().sections
    assert all(batch.epoch == outbox.epoch for batch in batches)


def test_a_folder_that_cannot_be_written_leaves_an_outbox_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outbox = Outbox(tmp_path / "file" / "outbox", MB)
    assert outbox.counters["outbox_in_memory"] == 1
    outbox.put(routine())
    assert outbox.commit(0).stored == (1,)


def test_while_the_disk_takes_nothing_all_is_kept_for_later(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox.commit(0)
    full = sqlite3.OperationalError("database or disk is full")
    monkeypatch.setattr(outbox, "_database", Broken(full))
    outbox.put(event())
    assert outbox.commit(1).stored == ()
    assert not outbox.due(2, collected=False)
    assert outbox.due(5_001, collected=False)
    monkeypatch.undo()
    assert outbox.commit(5_001).stored == (1,)
    assert outbox.counters["outbox_write_failed"] == 1


class Broken:
    def __init__(self, error: sqlite3.Error) -> None:
        self._error = error

    def __enter__(self) -> "Broken":
        raise self._error

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize("seed", range(8))
def test_a_write_ahead_log_cut_anywhere_leaves_a_beginning_of_what_was_stored(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    outbox = Outbox(tmp_path, MB)
    for at_ms in range(20):
        outbox.put(event(1_750_000_000 + at_ms))
        outbox.commit(at_ms)
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / "outbox.db").write_bytes((tmp_path / "outbox.db").read_bytes())
    log = (tmp_path / "outbox.db-wal").read_bytes()
    (cut / "outbox.db-wal").write_bytes(log[: dice.randrange(len(log))])
    outbox.close()
    again = Outbox(cut, MB)
    left = held(again)
    assert left == list(range(1, len(left) + 1))
    again.put(event())
    assert again.commit(0).stored == (len(left) + 1,)


WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from railbox_agent.outbox import Outbox
    from railbox_agent.packing import Parcel
    from railbox_telemetry.values import Event, Events, Knot, Positions

    outbox = Outbox(Path(sys.argv[1]), 50_000_000, commit_ms=20)
    print("epoch", outbox.epoch, flush=True)
    for at_ms in range(1_000_000):
        sections = Events((Event(at_ms, 1),)) if at_ms % 7 == 0 else Positions((Knot(at_ms, 1, 2),))
        outbox.put(Parcel((sections,), at_ms % 7 == 0))
        if outbox.due(at_ms, False):
            for seq in outbox.commit(at_ms).stored:
                print(seq, flush=True)
""")


def test_killed_at_any_moment_it_holds_everything_that_it_said_it_stored(tmp_path: Path) -> None:
    dice, said, epochs = random.Random(1), list[int](), set[str]()
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            epochs.add(writer.stdout.readline())
            time.sleep(dice.uniform(0, 0.15))  # how long it gets to write is the point: any length is as good
            os.kill(writer.pid, signal.SIGKILL)
            said += [int(line) for line in writer.stdout if line.endswith("\n")]
    assert len(epochs) == 1
    assert len(said) == len(set(said)), "a number was given out twice"
    outbox = Outbox(tmp_path, 50 * MB)
    assert set(said) <= set(held(outbox))
    assert outbox.counters["outbox_set_aside"] == 0
    for seq in held(outbox):
        assert decode(outbox.payload(seq) or b"").seq == seq
