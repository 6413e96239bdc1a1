"""The board's copy of the channel and event tables says what telemetry's says."""

from railbox_bridge import tables
from railbox_telemetry.tables import CHANNELS, EVENT_BY_CODE


def test_every_channel_has_telemetrys_number_name_and_bounds() -> None:
    ours = {number: (name, low, high) for number, (name, _, low, high) in tables.CHANNELS.items()}
    theirs = {channel.bit: (channel.name, channel.low, channel.high) for channel in CHANNELS}
    assert ours == theirs


def test_every_unit_is_telemetrys_scale() -> None:
    for channel in CHANNELS:
        unit = tables.CHANNELS[channel.bit][1]
        step = float(unit.split()[0]) if unit[0] == "0" and " " in unit else 1.0
        assert step == channel.scale, channel.name


def test_every_event_the_board_knows_has_telemetrys_code() -> None:
    assert {code: EVENT_BY_CODE[code].name for code in tables.EVENT_CODES} == tables.EVENT_CODES
