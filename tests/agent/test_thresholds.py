"""Thresholds on the board's channels: when they are exceeded and cleared, and how they are configured."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.config import AgentConfig
from railbox_agent.thresholds import Threshold, exceeded
from railbox_telemetry.settings import SettingsError, parse
from railbox_telemetry.tables import CHANNEL_BY_NAME

TEMP = CHANNEL_BY_NAME["temp_c"].bit
CHILLED = Threshold(TEMP, above=80, below=20, hysteresis=5)


def states(values: list[int], threshold: Threshold = CHILLED) -> list[bool]:
    now: frozenset[int] = frozenset()
    said: list[bool] = []
    for value in values:
        now = exceeded([threshold], now, {threshold.channel: value})
        said.append(threshold.channel in now)
    return said


def test_beyond_a_bound_it_is_exceeded_and_cleared_only_well_inside() -> None:
    assert states([80, 81, 80, 76, 75, 80]) == [False, True, True, True, False, False]
    assert states([20, 19, 20, 24, 25, 20]) == [False, True, True, True, False, False]


def test_a_leap_from_one_bound_to_beyond_the_other_stays_exceeded() -> None:
    assert states([90, 10, 50]) == [True, True, False]


def test_a_sample_without_the_channel_changes_nothing() -> None:
    assert exceeded([CHILLED], frozenset({TEMP}), {TEMP + 1: 0}) == {TEMP}
    assert exceeded([CHILLED], frozenset(), {TEMP + 1: 0}) == set()


def test_what_has_no_threshold_any_more_is_not_exceeded() -> None:
    assert exceeded([], frozenset({TEMP}), {TEMP: 0}) == set()


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=50), st.integers(6, 30))
def test_noise_smaller_than_the_hysteresis_never_tells_twice(noise: list[int], hysteresis: int) -> None:
    said = states([80 + value for value in noise], Threshold(TEMP, above=80, hysteresis=hysteresis))
    assert sum(before != after for before, after in pairwise([False, *said])) <= 1


# --- settings --------------------------------------------------------------------------------------------------------

AGENT = """
device = "TRK1"
[[ports]]
name = "board"
kind = "board"
path = "/dev/ttyAMA0"
[uplink]
url = "mqtt://127.0.0.1"
"""


def configured(blocks: str) -> tuple[Threshold, ...]:
    config = parse(AGENT + blocks, AgentConfig, "agent.toml")
    return tuple(threshold.in_wire_units() for threshold in config.thresholds)


def test_thresholds_are_written_in_the_channels_units() -> None:
    blocks = """
    [[thresholds]]
    channel = "temp_c"
    above = 8
    below = 2.0
    hysteresis = 0.5
    [[thresholds]]
    channel = "battery_v"
    below = 12.4
    hysteresis = 0.2
    """
    battery = Threshold(CHANNEL_BY_NAME["battery_v"].bit, None, 1240, 20)
    assert configured(blocks) == (CHILLED, battery)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ('channel = "temp"\nabove = 8\nhysteresis = 1', "thresholds[0]: channel: expected one of temp_c, humidity_pct"),
        ('channel = "temp_c"\nhysteresis = 1', "thresholds[0]: temp_c: give above, or below, or both"),
        ('channel = "temp_c"\nabove = 8', "thresholds[0].hysteresis: missing; expected a number of at least 0"),
        (
            'channel = "temp_c"\nabove = 8\nbelow = 7\nhysteresis = 1',
            "thresholds[0]: temp_c: above and below are too close",
        ),
    ],
)
def test_a_threshold_that_cannot_be_meant_is_named(block: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        configured(f"[[thresholds]]\n{block}\n")
    assert says in str(caught.value)


def test_two_thresholds_on_one_channel_are_refused() -> None:
    block = '[[thresholds]]\nchannel = "temp_c"\nabove = 8\nhysteresis = 1\n'
    with pytest.raises(SettingsError, match="thresholds: one block a channel, found temp_c, temp_c"):
        configured(block * 2)
