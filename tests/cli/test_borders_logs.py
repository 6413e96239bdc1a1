"""Fixes as knots: what counts as dark, and that order does not matter."""

import random

import pytest

from railbox.borders_logs import BadLineError, knots_of, parse_line, period_s
from railbox_telemetry.values import Fix

START_MS = 1_772_323_200_000
READ_AT_S = 1_800_000_000


def fix(after_s: float, lat_deg: float = 34.0, hdop: float | None = 1.0) -> Fix:
    return Fix(START_MS + round(after_s * 1000), lat_deg, 70.0, hdop=hdop)


def test_a_step_longer_than_the_log_allows_was_dark() -> None:
    knots = knots_of([fix(0), fix(10), fix(40), fix(71)], 30_000, READ_AT_S)
    assert [knot.dark_s for knot in knots] == [0, 0, 0, 31]


def test_knots_do_not_depend_on_the_order_or_number_of_the_same_fixes() -> None:
    fixes = [fix(10 * count, 34 + count / 1000) for count in range(200)]
    told = knots_of(fixes, 30_000, READ_AT_S)
    mixed = random.Random(1).sample(fixes * 2, 400)
    assert knots_of(mixed, 30_000, READ_AT_S) == told
    assert period_s(mixed) == 10.0


def test_of_two_fixes_in_a_second_one_is_taken_whichever_came_first() -> None:
    pair = [fix(10, 34.1), fix(10, 34.2)]
    assert knots_of(pair, 30_000, READ_AT_S) == knots_of(pair[::-1], 30_000, READ_AT_S)
    assert len(knots_of(pair, 30_000, READ_AT_S)) == 1


def test_too_few_fixes_to_tell_a_period_are_taken_as_one_a_second() -> None:
    assert period_s([]) == 1.0
    assert period_s([fix(5)]) == 1.0


def test_a_line_of_another_kind_is_no_fix_and_no_garbage() -> None:
    assert parse_line(b'{"type":"reading","unit":"U","time":"2026-03-01T00:00:00Z"}') is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"3", "no JSON object"),
        (b'{"type":"fix","time":5,"lat":1,"lon":1}', "time 5"),
        (b'{"type":"fix","time":"2026-03-01T00:00:00Z","lon":1}', "lat None"),
        (b'{"type":"fix","time":"2026-03-01T00:00:00Z","lat":1,"lon":180.5}', "lon 180.5"),
        (b'{"type":"fix","time":"2026-03-01T00:00:00Z","lat":1,"lon":1,"hdop":"good"}', "hdop 'good'"),
        (b'{"type":"fix","time":"0000-00-00T00:00:00Z","lat":1,"lon":1}', "time"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(line: bytes, reason: str) -> None:
    with pytest.raises(BadLineError, match=reason):
        parse_line(line)
