"""Both ends of the link over every kind of line: what matters arrives, once and in order."""

import random

from line_between import Exchange, Line
from railbox_bridge import commands
from railbox_bridge.frame import Frame, encode
from railbox_bridge.host_link import HostLink
from railbox_bridge.messages import LISTENS_BRIEFLY, Command, Sample
from railbox_bridge.tables import DOOR_OPENED, SHOCK

EVENTS = 60
EVENT_EVERY_MS = 500


def busy_board(exchange):
    """Something happens twice a second, a sample goes once a second, until EVENTS have happened."""
    happened = []

    def step(now_ms):
        if now_ms % EVENT_EVERY_MS == 0 and len(happened) < EVENTS:
            exchange.board.shock_count += 1
            exchange.event(SHOCK, len(happened), len(happened))
            happened.append(now_ms)
        if now_ms % 1000 == 0:
            exchange.board.sample(((0, 215),))

    exchange.run(EVENTS * EVENT_EVERY_MS + 10000, step)
    return happened


def check(exchange, tolerance_ms):
    """Every event came once, in order, at its time."""
    happened = busy_board(exchange)
    events = exchange.all("BoardEvent")
    assert [event.index for event in events] == list(range(EVENTS)), exchange.host.counters
    assert [event.value for event in events] == list(range(EVENTS))
    assert [event.lasted_ms for event in events] == list(range(EVENTS))
    # Those of the first seconds came before the clocks were compared.
    late = [abs(event.host_ms - at_ms) for event, at_ms in zip(events, happened)][10:]
    assert max(late) <= tolerance_ms, late
    assert exchange.all("EventsLost") == []
    assert exchange.all("BoardSample")[-1].shock_count == EVENTS


def case_over_a_good_line_nothing_is_missed_or_repeated():
    exchange = Exchange()
    check(exchange, 5)
    counters = exchange.host.counters
    for name in ("lost_frames", "duplicates", "stale", "bad_crc", "malformed", "reboots", "unknown_types"):
        assert counters[name] == 0, counters
    assert exchange.all("Trouble") == []


def case_one_byte_at_a_time_is_enough():
    check(Exchange(up=Line(one_byte=True), down=Line(one_byte=True)), 5)


def case_a_fifth_of_all_frames_lost_loses_no_event():
    random.seed(11)
    exchange = Exchange(up=Line(loss=0.2), down=Line(loss=0.2))
    check(exchange, 5)
    lost = exchange.host.counters["lost_frames"]
    assert lost > 10
    assert sum([gap.frames for gap in exchange.all("Gap")]) == lost


def case_delay_shifts_no_event():
    random.seed(12)
    check(Exchange(up=Line(delay_ms=40), down=Line(delay_ms=40)), 20)


def case_repeated_frames_repeat_no_event():
    random.seed(13)
    exchange = Exchange(up=Line(repeats=0.3), down=Line(repeats=0.3))
    check(exchange, 5)
    assert exchange.host.counters["duplicates"] > 10


def case_flipped_bits_are_dropped_counted_and_repaired():
    random.seed(14)
    exchange = Exchange(up=Line(flips=0.002), down=Line(flips=0.002))
    check(exchange, 5)
    assert exchange.host.counters["bad_crc"] + exchange.host.counters["bad_stuffing"] > 5


def case_everything_at_once_still_loses_no_event():
    random.seed(15)
    bad = {"loss": 0.2, "delay_ms": 20, "repeats": 0.1, "flips": 0.001, "one_byte": True}
    check(Exchange(up=Line(**bad), down=Line(**bad), drift_ppm=50), 20)


def case_ticks_that_wrap_in_the_header_shift_no_event():
    check(Exchange(board_start_ms=(1 << 32) - 15000), 5)


def case_ticks_at_the_boards_own_wrap_shift_no_event():
    check(Exchange(board_start_ms=(1 << 30) - 15000), 5)


def case_a_reboot_is_told_and_what_follows_is_heard():
    random.seed(16)
    line = {"loss": 0.2, "repeats": 0.2}
    exchange = Exchange(up=Line(**line), down=Line(**line))
    exchange.event(DOOR_OPENED)
    exchange.run(5000)
    exchange.boot()
    exchange.event(SHOCK, 7)
    began_ms = exchange.now_ms
    exchange.run(10000)
    assert [(e.previous_boot_id, e.boot_id) for e in exchange.all("Rebooted")] == [(1001, 1002)]
    assert [(e.boot_id, e.index, e.code) for e in exchange.all("BoardEvent")] == [
        (1001, 0, DOOR_OPENED),
        (1002, 0, SHOCK),
    ]
    assert abs(exchange.all("BoardEvent")[1].host_ms - began_ms) <= 20
    assert exchange.host.hello is not None
    assert exchange.host.counters["reboots"] == 1


def case_events_that_left_the_ring_are_counted_as_lost():
    exchange = Exchange()
    exchange.run(2000)
    exchange.up.loss = 1.0
    for _ in range(100):
        exchange.event(SHOCK)
        exchange.run(20)
    exchange.up.loss = 0.0
    exchange.board.sample(())
    exchange.run(5000)
    lost = sum([gone.count for gone in exchange.all("EventsLost")])
    assert lost == 100 - 64
    assert [event.index for event in exchange.all("BoardEvent")] == list(range(lost, 100))
    assert exchange.host.counters["lost_events"] == lost


def case_a_host_that_restarts_goes_on_where_it_was():
    exchange = Exchange()
    exchange.event(DOOR_OPENED)
    exchange.run(1000)
    before = exchange.host
    exchange.host = HostLink(2, known_boot_id=before.boot_id, next_event=before.next_event)
    exchange.event(SHOCK)
    exchange.run(1000)
    assert [event.index for event in exchange.all("BoardEvent")] == [0, 1]
    assert exchange.all("Rebooted") == []


def case_a_host_that_knows_nothing_reads_what_the_ring_still_holds():
    exchange = Exchange()
    for _ in range(80):
        exchange.event(SHOCK)
    exchange.run(2000)
    assert [event.index for event in exchange.all("BoardEvent")] == list(range(16, 80))
    assert exchange.all("EventsLost") == []


def case_a_board_that_rebooted_while_the_host_was_away_is_told():
    exchange = Exchange()
    exchange.host = HostLink(2, known_boot_id=999, next_event=40)
    exchange.event(SHOCK)
    exchange.run(1000)
    assert [told.previous_boot_id for told in exchange.all("Rebooted")] == [999]
    assert [event.index for event in exchange.all("BoardEvent")] == [0]


def case_commands_are_done_once_each_in_order_over_a_bad_line():
    random.seed(17)
    line = {"loss": 0.3, "delay_ms": 30, "repeats": 0.3}
    exchange = Exchange(up=Line(**line), down=Line(**line))
    exchange.run(1000)
    ids = [exchange.host.command(commands.SET, commands.SAMPLE_PERIOD, 1000 + n) for n in range(10)]
    exchange.run(60000)
    assert [value for _, _, value in exchange.carried_out] == [1000 + n for n in range(10)]
    assert [answer.id for answer in exchange.all("Answered")] == ids
    assert exchange.all("Unanswered") == []


def case_a_late_copy_of_an_old_command_undoes_nothing():
    exchange = Exchange()
    old = Command(1, commands.SET, commands.SAMPLE_PERIOD, 1000)
    new = Command(2, commands.SET, commands.SAMPLE_PERIOD, 2000)
    done = []
    for seq, command in enumerate((old, new, old), 1):
        done.extend(exchange.board.feed(encode(Frame(command.kind, 5, seq, 0, command.pack())), 0))
    assert done == [old, new]


def case_a_new_run_of_the_host_may_use_the_same_command_ids():
    exchange = Exchange()
    command = Command(1, commands.SAMPLE_NOW)
    done = []
    for session in (5, 6):
        done.extend(exchange.board.feed(encode(Frame(command.kind, session, 1, 0, command.pack())), 0))
    assert len(done) == 2


def case_a_command_nobody_answers_is_given_up_and_told():
    exchange = Exchange(down=Line(loss=1.0))
    exchange.run(100)
    id = exchange.host.command(commands.SAMPLE_NOW)
    exchange.run(20000)
    assert [told.id for told in exchange.all("Unanswered")] == [id]
    assert exchange.host.counters["unanswered"] == 1


def case_commands_do_not_pile_up_without_bound():
    host = HostLink(1)
    ids = [host.command(commands.SAMPLE_NOW) for _ in range(20)]
    assert ids[:16] == list(range(1, 17))
    assert ids[16:] == [None] * 4


def case_a_restart_is_answered_by_the_reboot_itself():
    exchange = Exchange()
    exchange.run(500)
    exchange.up.loss = 1.0
    id = exchange.host.command(commands.RESTART)
    exchange.run(200)
    exchange.up.loss = 0.0
    exchange.boot()
    exchange.run(1000)
    assert [(answer.id, answer.result) for answer in exchange.all("Answered")] == [(id, commands.DONE)]


def case_a_hello_that_was_lost_is_asked_for():
    exchange = Exchange(up=Line(loss=1.0))
    exchange.run(100)
    exchange.up.loss = 0.0
    exchange.run(3000)
    assert exchange.host.hello.board == "pico"
    assert exchange.host.hello.channels == ((0, 0), (1, 0))


def case_a_board_that_listens_briefly_is_only_spoken_to_after_it_spoke():
    exchange = Exchange()
    exchange.board.flags = LISTENS_BRIEFLY
    exchange.run(1000)
    exchange.host.command(commands.SAMPLE_NOW)
    # Nothing was said for long: the board sleeps.
    silent_ms = exchange.now_ms + 5000
    assert exchange.host.due(silent_ms) == b""
    said = encode(Frame(Sample.kind, 1001, 500, silent_ms, Sample(()).pack()))
    exchange.host.feed(said, silent_ms)
    assert exchange.host.due(silent_ms) != b""


def case_the_clock_is_good_to_5_ms_at_50_ppm_and_20_ms_of_jitter():
    for seed in range(2):
        random.seed(100 + seed)
        drift_ppm = 50 if seed % 2 else -50
        exchange = Exchange(up=Line(delay_ms=20), down=Line(delay_ms=20), drift_ppm=drift_ppm, keep=False)
        exchange.run(30000)
        worst_ms = 0
        for _ in range(40):
            exchange.run(10000)
            error_ms = exchange.host.clock.to_host_ms(exchange.board_ms()) - exchange.now_ms
            worst_ms = max(worst_ms, abs(error_ms))
        assert worst_ms <= 5, (seed, worst_ms)
        assert abs(exchange.host.clock.drift_ppm - drift_ppm) < 10


def case_a_command_the_board_does_not_know_is_answered_so():
    exchange = Exchange()
    exchange.run(500)
    id = exchange.host.command(222)
    exchange.run(1000)
    assert [(answer.id, answer.result) for answer in exchange.all("Answered")] == [(id, commands.UNKNOWN_COMMAND)]
    assert exchange.carried_out == []


def case_what_reaches_the_board_damaged_is_counted_in_its_hello():
    random.seed(18)
    exchange = Exchange(down=Line(flips=0.01))
    exchange.run(40000)
    assert exchange.host.hello.dropped > 3
    assert exchange.host.counters["bad_crc"] == 0
