"""The pipeline: bytes of both ports in, knots, readings and events out, dated by the receiver alone."""

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.board import LOST_AFTER_MS
from railbox_agent.gnss.receiver import GnssSettings
from railbox_agent.pipeline import Item, Pipeline, Report, Settings
from railbox_agent.recording import Chunk
from railbox_agent.thinning.interval import IntervalSettings
from railbox_agent.thresholds import Threshold
from railbox_bridge import tables as board_tables
from railbox_bridge.board_link import BoardLink
from railbox_bridge.version import FIRMWARE_VERSION
from railbox_telemetry.tables import (
    ACCURACY,
    COURSE,
    EVENT_BY_NAME,
    FLAG_BOARD_MISSING,
    FLAG_CLOCK_UNCERTAIN,
    FLAG_STOPPED,
    FLAGS,
    SATS,
    SPEED,
)
from railbox_telemetry.values import BootClock, Event, Fix, Knot, Reading, UndatedEvent
from support.nmea import gga, rmc

T0 = int(datetime(2026, 9, 21, 8, 30, tzinfo=UTC).timestamp())
MINUTELY = IntervalSettings(60, 60)
GNSS_ONLY = Settings(ports={"gnss": "gnss"}, thinning=MINUTELY)
BOTH = Settings(ports={"gnss": "gnss", "board": "board"}, boot_id=7, thinning=MINUTELY)


class Tracker:
    """A pipeline with a receiver and a board on its ports, whose clocks all began at once."""

    def __init__(self, settings: Settings = BOTH, board_boot_id: int = 1) -> None:
        self.pipeline = Pipeline(settings)
        self.board = BoardLink(board_boot_id, "1.0", "test")
        self.items: list[Item] = []

    def fix(self, at_s: float, lat_deg: float = 29.1, lon_deg: float = 61.4, *, hdop: float = 1.0) -> None:
        data = rmc(T0 + at_s, lat_deg, lon_deg) + gga(T0 + at_s, lat_deg, lon_deg, hdop=hdop)
        self.items += self.pipeline.feed(Chunk("gnss", round(at_s * 1e6) + 100_000, data))

    def fixes(self, first_s: int, last_s: int, step_s: int = 1) -> None:
        for at_s in range(first_s, last_s, step_s):
            self.fix(at_s)

    def sample(self, at_s: float, **values: int) -> None:
        numbers = {name: number for number, (name, *_) in board_tables.CHANNELS.items()}
        self.board.sample(tuple((numbers[name], value) for name, value in values.items()))
        self.flush(at_s)

    def event(self, at_s: float, name: str, value: int = 0) -> None:
        self.board.event(EVENT_BY_NAME[name].code, value, round(at_s * 1000))
        self.flush(at_s)

    def flush(self, at_s: float) -> None:
        data = self.board.due(round(at_s * 1000))
        self.items += self.pipeline.feed(Chunk("board", round(at_s * 1e6), data))

    def finish(self) -> list[Item]:
        self.items += self.pipeline.finish()
        return self.items


def reports(items: Iterable[Item]) -> list[Report]:
    return [item for item in items if isinstance(item, Report)]


def knots(items: Iterable[Item]) -> list[Knot]:
    return [knot for report in reports(items) for knot in report.knots]


def names(items: Iterable[Item]) -> list[str]:
    codes = {kind.code: kind.name for kind in EVENT_BY_NAME.values()}
    return [codes[item.code] for item in items if isinstance(item, Event | UndatedEvent)]


# Positions


def test_every_fix_comes_out_and_one_knot_an_interval() -> None:
    tracker = Tracker(GNSS_ONLY)
    tracker.fixes(0, 200)
    items = tracker.finish()
    assert sum(isinstance(item, Fix) for item in items) == 200
    assert [item.time_s - T0 for item in knots(items)] == [0, 60, 120, 180, 199]
    assert [item.dark_s for item in knots(items)][1:] == [0, 0, 0, 0]


def test_the_first_knot_of_a_boot_is_dark_for_nothing_is_known_of_before() -> None:
    tracker = Tracker(GNSS_ONLY)
    tracker.fix(25)
    assert [item.dark_s for item in knots(tracker.finish())] == [25]
    tracker = Tracker(GNSS_ONLY)
    tracker.fix(0)
    assert [item.dark_s for item in knots(tracker.finish())] == [1]


def test_a_knot_is_moved_along_its_velocity_to_the_whole_second() -> None:
    pipeline = Pipeline(GNSS_ONLY)
    pipeline.feed(Chunk("gnss", 0, rmc(T0 + 0.3, 29.1, 61.4, knots=100, course=0)))
    (item,) = knots(pipeline.finish())
    assert item.time_s == T0
    assert item.lat_deg == pytest.approx(29.1 - 51.44 * 0.3 / 111_195, abs=1e-5)
    assert item.lon_e5 == 6_140_000


def test_a_knot_carries_the_state_of_its_fix() -> None:
    tracker = Tracker(GNSS_ONLY)
    tracker.fix(0, hdop=1.3)
    (item,) = reports(tracker.finish())
    assert item.state == {
        SPEED.bit: 103,
        COURSE.bit: 90,
        ACCURACY.bit: 6,
        SATS.bit: 9,
        FLAGS.bit: FLAG_CLOCK_UNCERTAIN,
    }


def test_a_standing_unit_is_flagged_and_has_no_course() -> None:
    pipeline = Pipeline(GNSS_ONLY)
    pipeline.feed(Chunk("gnss", 0, rmc(T0, knots=0.2)))
    (item,) = reports(pipeline.finish())
    assert item.state[FLAGS.bit] & FLAG_STOPPED
    assert COURSE.bit not in item.state


def test_both_ends_of_a_dark_span_are_knots() -> None:
    tracker = Tracker(GNSS_ONLY)
    tracker.fixes(0, 10)
    tracker.fixes(39, 50)
    assert [(item.time_s - T0, item.dark_s) for item in knots(tracker.finish())][1:] == [
        (9, 0),
        (39, 30),
        (49, 0),
    ]


def test_the_end_of_contact_is_a_knot_as_soon_as_it_is_dark() -> None:
    tracker = Tracker(GNSS_ONLY)
    tracker.fixes(0, 10)
    assert knots(tracker.pipeline.tick(15_000_000)) == []
    held = tracker.pipeline.held()
    assert held is not None
    assert [knot.time_s - T0 for knot in held.knots] == [9]
    assert [item.time_s - T0 for item in knots(tracker.pipeline.tick(61_000_000))] == [9]
    assert knots(tracker.pipeline.tick(65_000_000)) == []


def test_how_long_is_dark_follows_the_fix_period() -> None:
    tracker = Tracker(dataclasses.replace(GNSS_ONLY, fix_period_s=10))
    tracker.fixes(0, 300, 10)
    assert {item.dark_s for item in knots(tracker.finish())[1:]} == {0}


def test_untrusted_fixes_come_out_marked_are_never_knots_and_their_run_is_told() -> None:
    tracker = Tracker(GNSS_ONLY)
    tracker.fixes(0, 5)
    for at_s in range(5, 70):
        tracker.fix(at_s, hdop=40)
    tracker.fixes(70, 75)
    items = tracker.finish()
    assert sum(isinstance(item, Fix) and not item.trusted for item in items) == 65
    assert [(item.time_s - T0, item.dark_s) for item in knots(items)][1:] == [(4, 0), (70, 66), (74, 0)]
    told = [item for item in items if isinstance(item, Event)]
    assert names(told) == ["untrusted_first", "fix_lost", "untrusted_last", "fix_found"]
    assert [(item.time_s - T0, item.value) for item in told] == [(5, 0), (4, 0), (69, 65), (70, 66)]


def test_a_wrong_date_dates_no_event() -> None:
    tracker = Tracker(GNSS_ONLY)
    tracker.fixes(0, 5)
    tracker.items += tracker.pipeline.feed(Chunk("gnss", 5_100_000, rmc(T0 + 3 * 365 * 86_400)))
    tracker.fixes(6, 8)
    told = [item for item in tracker.finish() if isinstance(item, Event)]
    assert [(item.time_s - T0) for item in told] == [5, 5]


# The boot's clock


def test_utc_is_known_only_when_several_fixes_agree() -> None:
    tracker = Tracker(GNSS_ONLY)
    tracker.fixes(0, 3)
    assert not any(isinstance(item, BootClock) for item in tracker.items)
    tracker.fixes(3, 6)
    assert [item for item in tracker.finish() if isinstance(item, BootClock)] == [BootClock(0, T0)]


def test_events_before_utc_come_undated_and_the_clock_that_dates_them_follows() -> None:
    tracker = Tracker()
    tracker.event(2.0, "door_opened")
    tracker.fixes(10, 16)
    tracker.event(20.0, "door_closed")
    items = [item for item in tracker.finish() if isinstance(item, Event | UndatedEvent | BootClock)]
    assert items[:3] == [
        UndatedEvent(2, EVENT_BY_NAME["door_opened"].code),
        BootClock(7, T0),
        Event(T0 + 19, EVENT_BY_NAME["door_closed"].code),
    ]


def test_readings_before_utc_are_kept_and_dated_when_it_is_known() -> None:
    tracker = Tracker()
    tracker.sample(1.0, temp_c=215)
    tracker.sample(70.0, temp_c=220)
    assert not any(isinstance(item, Reading) for item in tracker.items)
    tracker.fixes(100, 106)
    temps = [item for item in tracker.finish() if isinstance(item, Reading) and item.channel == board_tables.TEMP]
    # The fix is heard 0.1 s after its second, so the clock is that much late.
    assert [(item.time_s - T0, item.value) for item in temps] == [(0, 215), (69, 220)]


def test_a_log_without_a_receiver_is_dated_by_what_the_caller_knows() -> None:
    tracker = Tracker(dataclasses.replace(BOTH, ports={"board": "board"}, utc_offset_ms=T0 * 1000))
    tracker.sample(5.0, temp_c=215)
    assert Reading(T0 + 5, board_tables.TEMP, 215) in tracker.finish()


def test_rollovers_are_put_right_by_the_pivot() -> None:
    settings = dataclasses.replace(GNSS_ONLY, gnss=GnssSettings(pivot_ms=(T0 + 1024 * 7 * 86_400) * 1000))
    tracker = Tracker(settings)
    tracker.fixes(0, 5)
    assert knots(tracker.finish())[0].time_s == T0 + 1024 * 7 * 86_400


# The board


def test_samples_become_one_row_an_interval() -> None:
    tracker = Tracker()
    tracker.fixes(0, 5)
    for at_s in range(10, 140, 10):
        tracker.sample(float(at_s), temp_c=200 + at_s, shock_peak_g=500 if at_s == 30 else 5)
    readings = [item for item in tracker.finish() if isinstance(item, Reading)]
    temps = [(item.time_s - T0, item.value) for item in readings if item.channel == board_tables.TEMP]
    assert temps == [(9, 210), (69, 245), (129, 305)], "the mean since the row before"
    shocks = [item.value for item in readings if item.channel == board_tables.SHOCK_PEAK]
    assert shocks == [5, 500, 5], "the peak between two rows is not lost"


def test_counts_of_doors_and_shocks_are_readings_when_they_change() -> None:
    tracker = Tracker()
    tracker.fixes(0, 5)
    for at_s in range(10, 200, 60):
        tracker.board.door_count = 2 if at_s > 100 else 1
        tracker.sample(float(at_s), temp_c=200)
    doors = [
        item.value for item in tracker.finish() if isinstance(item, Reading) and item.channel == board_tables.DOOR_COUNT
    ]
    assert doors == [1, 2]


def test_a_lost_event_is_asked_for_again() -> None:
    tracker = Tracker()
    tracker.fixes(0, 5)
    tracker.sample(5.0, temp_c=200)
    for at_s in (6, 7, 8, 9, 10, 11):
        tracker.board.event(EVENT_BY_NAME["shock"].code, at_s, at_s * 1000)
        tracker.board.due(at_s * 1000)  # lost on the way
    tracker.sample(12.0, temp_c=200)
    asked = tracker.pipeline.outgoing("board")
    tracker.board.feed(asked, 12_100)
    tracker.flush(12.1)
    values = [item.value for item in tracker.finish() if isinstance(item, Event)]
    assert values == [6, 7, 8, 9, 10, 11]
    assert tracker.pipeline.counters["board.lost_frames"] == 6


def test_a_missing_board_is_told_flagged_and_survived() -> None:
    tracker = Tracker()
    silent_s = LOST_AFTER_MS // 1000 + 65
    tracker.fixes(0, silent_s)
    assert "board_lost" in names(tracker.items)
    assert reports(tracker.items)[-1].state[FLAGS.bit] & FLAG_BOARD_MISSING
    tracker.sample(float(silent_s), temp_c=1)
    tracker.fixes(silent_s + 1, silent_s + 70)
    assert names(tracker.finish()) == ["board_lost", "board_found"]
    assert FLAGS.bit not in reports(tracker.items)[-1].state


def test_a_reboot_of_the_board_is_told_and_counted() -> None:
    tracker = Tracker()
    tracker.fixes(0, 5)
    tracker.sample(6.0, temp_c=200)
    tracker.board = BoardLink(2, "1.0", "test")
    tracker.sample(8.0, temp_c=201)
    assert names(tracker.finish()) == ["board_rebooted"]
    assert tracker.pipeline.counters["board.reboots"] == 1


def test_events_told_before_a_restart_of_the_host_are_not_told_again() -> None:
    tracker = Tracker()
    tracker.fixes(0, 5)
    tracker.event(6.0, "door_opened")
    memory = tracker.pipeline.boards
    after = Tracker(dataclasses.replace(BOTH, known_boards=memory))
    after.board = tracker.board
    after.fixes(0, 5)
    after.event(9.0, "door_closed")
    assert names(after.finish()) == ["door_closed"]


def thresholds_told(items: Iterable[Item]) -> list[tuple[int, str, int]]:
    codes = {EVENT_BY_NAME[name].code: name for name in ("threshold_exceeded", "threshold_cleared")}
    return [
        (item.time_s - T0, codes[item.code], item.value)
        for item in items
        if isinstance(item, Event) and item.code in codes
    ]


def test_a_crossed_threshold_is_an_event_at_once_with_the_reading_that_crossed_it() -> None:
    tracker = Tracker(dataclasses.replace(BOTH, thresholds=(Threshold(board_tables.TEMP, above=80, hysteresis=5),)))
    tracker.fixes(0, 5)
    tracker.sample(10.0, temp_c=70)
    before = len(tracker.items)
    tracker.sample(20.0, temp_c=81)
    assert thresholds_told(tracker.items) == [(19, "threshold_exceeded", board_tables.TEMP)]
    assert Reading(T0 + 19, board_tables.TEMP, 81) in tracker.items
    assert reports(tracker.items[before:]), "the place goes along"
    tracker.sample(30.0, temp_c=79)
    tracker.sample(40.0, temp_c=75)
    assert thresholds_told(tracker.items)[1:] == [(39, "threshold_cleared", board_tables.TEMP)]


def test_a_threshold_told_before_a_restart_of_the_host_is_told_again_only_when_cleared() -> None:
    settings = dataclasses.replace(BOTH, thresholds=(Threshold(board_tables.TEMP, above=80),))
    tracker = Tracker(settings)
    tracker.fixes(0, 5)
    tracker.sample(6.0, temp_c=90)
    silent = Tracker(dataclasses.replace(settings, known_boards=tracker.pipeline.boards))
    assert silent.pipeline.boards == tracker.pipeline.boards, "a board that says nothing is not forgotten"
    after = Tracker(dataclasses.replace(settings, known_boards=silent.pipeline.boards))
    after.board = tracker.board
    after.fixes(0, 5)
    after.sample(7.0, temp_c=91)
    after.sample(8.0, temp_c=80)
    assert [name for _, name, _ in thresholds_told(after.finish())] == ["threshold_cleared"]


def test_what_hello_says_is_wrong_is_told_once() -> None:
    tracker = Tracker()
    tracker.board = BoardLink(1, "0.0.9", "pico")
    tracker.board.channels = {board_tables.TEMP: board_tables.MISSING, board_tables.TILT: board_tables.OK, 77: 9}
    for at_s in range(0, 120, 30):
        tracker.flush(float(at_s))
    told = {trouble.counter: trouble.detail for trouble in tracker.pipeline.troubles()}
    assert told["old_firmware"].startswith(f"the board runs 0.0.9, this agent carries {FIRMWARE_VERSION}")
    assert told["channels_not_ok"] == "temp_c is missing, channel_77 is 9"
    assert told["unknown_channel"] == "HELLO names channel 77"
    assert tracker.pipeline.counters["board.old_firmware"] == 1
    tracker.board.channels[board_tables.TEMP] = board_tables.OK
    tracker.flush(150.0)
    tracker.board.channels[board_tables.TEMP] = board_tables.FAILING
    tracker.flush(180.0)
    assert "temp_c is failing, channel_77 is 9" in [one.detail for one in tracker.pipeline.troubles()]


# Bad input


def test_garbage_on_either_port_is_counted_told_once_and_loses_nothing_else() -> None:
    tracker = Tracker()
    tracker.fixes(0, 5)
    for _ in range(50):
        tracker.items += tracker.pipeline.feed(Chunk("board", 5_200_000, b"Traceback: boom\r\n\x00"))
        tracker.items += tracker.pipeline.feed(Chunk("gnss", 5_200_000, b"\xff\xfe$GPRMC,1\r\n"))
    tracker.sample(6.0, temp_c=200)
    tracker.fixes(7, 10)
    told = tracker.pipeline.troubles()
    assert [(one.port, one.counter) for one in told] == [
        ("gnss", "garbage_bytes"),
        ("gnss", "no_checksum"),
        *[(one.port, one.counter) for one in told if one.port == "board"],
    ]
    assert len([one for one in told if one.port == "board"]) >= 1
    assert "Traceback" in "".join(one.detail for one in told)
    assert tracker.pipeline.troubles() == []
    items = tracker.finish()
    assert sum(isinstance(item, Fix) for item in items) == 8
    assert any(isinstance(item, Reading) for item in items)
    assert tracker.pipeline.counters["gnss.no_checksum"] == 50


def test_a_port_that_is_not_configured_is_counted() -> None:
    pipeline = Pipeline(GNSS_ONLY)
    assert pipeline.feed(Chunk("radar", 0, rmc(T0))) == []
    assert pipeline.counters["unknown_port_chunks"] == 1


def test_the_same_chunks_give_the_same_items() -> None:
    def run() -> list[Item]:
        tracker = Tracker()
        tracker.event(1.0, "door_opened")
        tracker.fixes(0, 100)
        tracker.sample(101.0, temp_c=200)
        return tracker.finish()

    assert run() == run()


@given(st.lists(st.tuples(st.sampled_from(["gnss", "board"]), st.integers(0, 10**9), st.binary(max_size=60))))
def test_no_bytes_on_any_port_at_any_time_crash_it(chunks: list[tuple[str, int, bytes]]) -> None:
    pipeline = Pipeline(BOTH)
    for port, mono_us, data in chunks:
        for item in pipeline.feed(Chunk(port, mono_us, data)):
            assert not isinstance(item, Fix) or (item.lat_deg, item.lon_deg) != (0, 0)
        pipeline.outgoing("board")
    pipeline.finish()
    pipeline.troubles()
