"""The rows that samples of the board become."""

from railbox_agent.sampling import ReadingRows


def test_rows_hold_the_last_values_and_the_highest_peaks() -> None:
    rows = ReadingRows(interval_s=60)
    assert rows.add(0, {0: 200, 4: 3}) == {0: 200, 4: 3}
    assert rows.add(10_000, {0: 210, 4: 900}) is None
    assert rows.add(20_000, {1: 50}) is None
    assert rows.add(60_000, {0: 220, 4: 5}) == {0: 220, 1: 50, 4: 900}
    assert rows.flush() == (60_000, {})


def test_what_no_row_has_told_yet_is_pending() -> None:
    rows = ReadingRows(interval_s=60)
    rows.add(0, {0: 200})
    assert rows.pending == {}
    rows.add(10_000, {0: 210})
    assert rows.pending == {0: 210}


def test_a_board_that_samples_every_interval_loses_no_row_to_jitter() -> None:
    rows = ReadingRows(interval_s=60)
    assert all(rows.add(at * 60_000 + jitter, {0: 1}) for at, jitter in enumerate((0, 300, -100, 200, -200)))
