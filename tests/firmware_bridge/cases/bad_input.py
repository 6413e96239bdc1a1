"""What the host's end says of a port that does not behave: a clear report each, and the link lives."""

from railbox_bridge import frame, host_link, messages
from railbox_bridge.frame import Frame, encode
from railbox_bridge.host_link import HostLink
from railbox_bridge.messages import Events, Hello, RingEvent, Sample

BOOT = 77
REPL = (
    b'MicroPython v1.29.0 on 2026-07-05; Raspberry Pi Pico with RP2040\r\nType "help()" for more information.\r\n>>> '
)
CRASH = (
    b"Traceback (most recent call last):\r\n  File \"main.py\", line 5\r\nImportError: no module 'railbox_board'\r\n"
)


def said(message, seq, ticks_ms=0, version=frame.VERSION):
    return encode(Frame(message.kind, BOOT, seq, ticks_ms, message.pack(), version=version))


def names(values):
    return [type(value).__name__ for value in values]


def lives(host, seq=500, now_ms=99000):
    """The link still takes a sample, and tells it."""
    return readings_in(host.feed(said(Sample(((0, 215),)), seq), now_ms)) == [((0, 215),)]


def readings_in(values):
    return [value.readings for value in values if type(value).__name__ == "BoardSample"]


def trouble(values, counter):
    found = [value for value in values if type(value).__name__ == "Trouble" and value.counter == counter]
    assert len(found) == 1, values
    return found[0].detail


def case_repl_text_in_the_stream_is_shown_as_text():
    host = HostLink(1)
    values = host.feed(REPL + said(Sample(((0, 215),)), 1), 10)
    assert "MicroPython v1.29.0" in trouble(values, frame.BAD_STUFFING)
    assert names(values)[0] == "BoardSample"
    assert lives(host)


def case_a_half_flashed_board_shows_its_traceback():
    host = HostLink(1)
    values = []
    for at in range(4):
        values.extend(host.feed(CRASH + REPL, at * 1000))
    assert "firmware" in trouble(values, frame.TOO_LONG)
    assert "Traceback" in trouble(values, frame.TOO_LONG)
    assert host.last_frame_ms is None
    assert host.due(5000) != b""  # goes on asking
    assert lives(host)


def case_binary_garbage_is_shown_in_hexadecimal():
    host = HostLink(1)
    values = host.feed(b"\x00\xff\xfe\xfd\x01\x02\x80\x90\x00", 10)
    assert "ff fe fd" in trouble(values, frame.BAD_STUFFING)
    assert lives(host)


def case_another_protocol_version_is_named_and_not_read():
    host = HostLink(1)
    values = host.feed(said(Hello("9.0", "pico", ()), 1, version=2), 10)
    assert names(values) == ["Trouble"]
    assert "version 2" in trouble(values, host_link.OTHER_VERSION)
    assert host.hello is None
    assert lives(host)


def case_an_unknown_channel_is_named_and_the_others_are_kept():
    host = HostLink(1)
    values = host.feed(said(Sample(((0, 215), (99, 1), (1, 40))), 1), 10)
    assert "channel 99" in trouble(values, host_link.UNKNOWN_CHANNEL)
    assert readings_in(values) == [((0, 215), (1, 40))]
    values = host.feed(said(Hello("0.1", "pico", ((42, 0),)), 2), 100000)
    assert "channel 42" in trouble(values, host_link.UNKNOWN_CHANNEL)


def case_a_value_outside_its_channels_bounds_is_named_and_dropped():
    host = HostLink(1)
    values = host.feed(said(Sample(((0, 1300), (1, 101), (2, -1), (3, 0))), 1), 10)
    assert "temp_c reads 1300" in trouble(values, host_link.IMPLAUSIBLE)
    assert host.counters[host_link.IMPLAUSIBLE] == 3
    assert readings_in(values) == [((3, 0),)]


def case_a_short_payload_in_a_good_frame_is_named():
    host = HostLink(1)
    values = host.feed(encode(Frame(messages.SAMPLE, BOOT, 1, 0, b"\x01")), 10)
    assert "type 2" in trouble(values, host_link.MALFORMED)
    assert lives(host)


def case_an_unknown_type_is_counted_and_ignored():
    host = HostLink(1)
    assert host.feed(encode(Frame(200, BOOT, 1, 0, b"later")), 10) == []
    assert host.counters["unknown_types"] == 1
    assert lives(host)


def case_the_same_trouble_is_counted_always_and_told_once_a_minute():
    host = HostLink(1)
    told = 0
    for second in range(120):
        told += len(host.feed(b"\x00\xff\xff\x00", second * 1000))
    assert told == 2
    assert host.counters[frame.BAD_STUFFING] == 120


def case_events_that_do_not_follow_on_are_not_believed():
    host = HostLink(1)
    host.feed(said(Hello("0.1", "pico", ()), 1), 0)
    values = host.feed(said(Events((RingEvent(5, 0, 1, 0),), 0, 6), 2), 10)
    assert names(values) == []
    assert host.due(20) != b""  # asks for what is missing
    values = host.feed(said(Events(tuple([RingEvent(n, 0, 1, 0) for n in range(6)]), 0, 6), 3), 30)
    assert names(values) == ["BoardEvent"] * 6
