"""The rows that samples of the board become."""

from railbox_agent.readings import KEPT, ReadingRows
from railbox_telemetry.tables import CHANNEL_BY_NAME, CHANNELS


def test_it_is_said_of_every_channel_what_a_row_keeps_of_it() -> None:
    assert set(KEPT) == {channel.name for channel in CHANNELS}


def test_a_row_keeps_means_extremes_and_last_values_by_the_kind_of_the_channel() -> None:
    samples = {
        "temp_c": (-200, -205, -210, -205),
        "battery_v": (1290, 1180, 1285, 1180),
        "light_lux": (0, 900, 1, 900),
        "shock_peak_g": (3, 800, 5, 800),
        "door_open": (0, 1, 0, 0),
        "door_count": (1, 2, 3, 3),
    }
    rows = ReadingRows(interval_s=60)
    rows.add(-60_000, {})
    for at_s in range(3):
        rows.add(at_s * 1000 - 60_000, {CHANNEL_BY_NAME[name].bit: values[at_s] for name, values in samples.items()})
    assert rows.flush()[1] == {CHANNEL_BY_NAME[name].bit: values[3] for name, values in samples.items()}


def test_a_row_is_due_after_the_interval_and_holds_for_its_newest_sample() -> None:
    rows = ReadingRows(interval_s=60)
    assert rows.add(0, {0: 200, 4: 3}) == {0: 200, 4: 3}
    assert rows.add(10_000, {0: 210, 4: 900}) is None
    assert rows.add(20_000, {1: 50}) is None
    assert rows.add(60_000, {0: 220, 4: 5}) == {0: 215, 1: 50, 4: 900}
    assert rows.flush() == (60_000, {})


def test_what_holds_now_and_no_row_has_told_is_pending() -> None:
    rows = ReadingRows(interval_s=60)
    rows.add(0, {0: 200, 4: 3})
    assert rows.pending == {}
    rows.add(10_000, {0: 210, 4: 900})
    rows.add(20_000, {0: 230, 4: 5})
    assert rows.pending == {0: 230, 4: 900}, "not the mean, which is of the past"


def test_a_board_that_samples_every_interval_loses_no_row_to_jitter() -> None:
    rows = ReadingRows(interval_s=60)
    assert all(rows.add(at * 60_000 + jitter, {0: 1}) for at, jitter in enumerate((0, 300, -100, 200, -200)))
