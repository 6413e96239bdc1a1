"""Times as text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_telemetry import iso

FIRST_S, LAST_S = -62_135_596_800, 253_402_300_799
"""The years 1 and 9999."""


@given(st.integers(FIRST_S, LAST_S))
def test_a_second_is_the_same_text_by_either_way_and_comes_back(time_s: int) -> None:
    text = iso.from_s(time_s)
    assert text == iso.from_ms(time_s * 1000)
    assert (iso.to_s(text), iso.to_ms(text)) == (time_s, time_s * 1000)


@given(st.integers(FIRST_S * 1000, LAST_S * 1000))
def test_a_millisecond_comes_back_and_its_second_is_rounded_down(time_ms: int) -> None:
    text = iso.from_ms(time_ms)
    assert (iso.to_ms(text), iso.to_s(text)) == (time_ms, time_ms // 1000)


def test_days_begin_and_end_where_they_should() -> None:
    assert iso.from_s(0) == "1970-01-01T00:00:00Z"
    assert iso.from_s(951_782_399) == "2000-02-28T23:59:59Z"
    assert iso.from_s(951_782_400) == "2000-02-29T00:00:00Z"
    assert iso.from_s(LAST_S) == "9999-12-31T23:59:59Z"
    assert iso.from_s(-1) == "1969-12-31T23:59:59Z"


def test_an_offset_is_honoured_and_no_zone_refused() -> None:
    assert iso.to_s("2026-11-22T13:30:00+05:00") == iso.to_s("2026-11-22T08:30:00Z")
    assert iso.to_ms("1969-12-31T23:59:59.999999Z") == -1
    with pytest.raises(ValueError, match="no zone"):
        iso.to_s("2026-11-22T08:30:00")


def test_a_year_that_text_cannot_say_is_an_error() -> None:
    for time_s in (FIRST_S - 1, LAST_S + 1):
        with pytest.raises(OverflowError):
            iso.from_s(time_s)
