"""Limits of the condition as an operator writes them."""

import pytest

from railbox_server.custody.model import Limit
from railbox_server.custody.settings import CustodySettings
from railbox_telemetry.settings import SettingsError, parse


def settings(text: str) -> CustodySettings:
    return parse(text, CustodySettings, "server.toml")


def test_a_limited_channel_is_told_of_too() -> None:
    found = settings('[[limits]]\nchannel = "tilt_deg"\nhigh = 30\n').for_engine()
    assert found.channels == ("temp_c", "humidity_pct", "tilt_deg")
    assert found.limits == (Limit("tilt_deg", None, 30.0),)
    assert found.gap_s == 7_200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('channels = ["colour"]', "no channel 'colour'; there are temp_c"),
        ('[[limits]]\nchannel = "heat"\nhigh = 1', "limits[0]: no channel 'heat'"),
        ('[[limits]]\nchannel = "temp_c"', "limits[0]: temp_c: expected low, high or both"),
        ('[[limits]]\nchannel = "temp_c"\nlow = 8\nhigh = 2', "low 8 is not below high 2"),
        ('[[limits]]\nchannel = "temp_c"\nlow = 1\n' * 2, "limits: temp_c has several"),
        ("gap_s = 0", "gap_s: expected"),
    ],
)
def test_what_cannot_be_is_told_by_key(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings(text)
    assert told in str(error.value)
