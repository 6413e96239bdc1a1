"""What time it is in a replay, and how often the same trouble is told."""

from railbox_server.clock import RealClock, ReplayClock
from railbox_server.complaints import MAX_PLACES, Complaints


def test_a_replays_clock_is_the_newest_fix_that_is_not_from_the_future() -> None:
    clock = ReplayClock(lambda: 10_000)
    assert clock.now_s() == 10_000
    for seen_s, now_s in ((500, 500), (400, 500), (10_301, 500), (10_300, 10_300)):
        clock.saw(seen_s)
        assert clock.now_s() == now_s


def test_the_real_clock_does_not_listen_to_fixes() -> None:
    clock = RealClock(lambda: 10_000)
    clock.saw(20_000)
    assert clock.now_s() == 10_000


def test_a_complaint_is_told_once_and_counted_always() -> None:
    complaints = Complaints(quiet_s=600)
    told = [complaints.note("bad_status", "TRK1", "why", now_s) for now_s in (0, 1, 599, 600, 1000)]
    assert [line is not None for line in told] == [True, False, False, True, False]
    assert told[3] == "TRK1: bad status: why (2 more since the last such line)"
    assert complaints.note("bad_status", "TRK2", "why", 1) == "TRK2: bad status: why"
    assert complaints.counts == {"bad_status": 6}


def test_strangers_cannot_fill_the_memory() -> None:
    complaints = Complaints()
    for number in range(MAX_PLACES + 50):
        complaints.note("unknown_device", f"S{number}", "", 0)
    assert complaints.note("unknown_device", "S0", "", 0) is not None
    assert complaints.note("unknown_device", f"S{MAX_PLACES + 49}", "", 0) is None
