"""Messages: there and back, cut short, grown, and with numbers that do not fit."""

import random

from railbox_bridge import messages
from railbox_bridge.messages import (
    Ack,
    Command,
    Events,
    Hello,
    Request,
    RingEvent,
    Sample,
    TimePing,
    TimePong,
    parse,
)
from railbox_bridge.value import MessageError

EXAMPLES = (
    Hello("0.1.0", "pico", ((0, 0), (11, 3)), oldest_event=3, next_event=9, flags=1, dropped=70000),
    Hello("", "", ()),
    Sample(((0, -400), (5, 200000)), 0xFFFFFFFF, 2, 3),
    Sample(()),
    Events((RingEvent(4, 0xFFFFFFFF, 3, -1, 40), RingEvent(5, 0, 255, 0x7FFFFFFF, 0xFFFF)), 4, 6),
    Events((), 0, 0),
    Command(65535, 255, 255, -0x80000000),
    Ack(1, 3, -5),
    TimePing(77),
    TimePong(77, 0xFFFFFFFF),
    Request(2, 123456),
)


def fails(call):
    try:
        call()
    except MessageError:
        return True
    return False


def case_every_message_comes_back_as_it_was():
    for message in EXAMPLES:
        assert parse(message.kind, message.pack()) == message, message


def case_a_payload_cut_short_is_refused_everywhere():
    for message in EXAMPLES:
        payload = message.pack()
        for size in range(len(payload)):
            assert fails(lambda kind=message.kind, cut=payload[:size]: parse(kind, cut)), (message, size)


def case_a_payload_may_grow_at_the_end():
    for message in EXAMPLES:
        assert parse(message.kind, message.pack() + b"later version") == message


def case_an_unknown_type_is_nothing():
    assert parse(99, b"whatever") is None


def case_random_payloads_are_read_or_refused_and_nothing_else():
    random.seed(4)
    for _ in range(500):
        payload = bytes([random.randrange(256) for _ in range(random.randrange(60))])
        for kind in messages.TYPES:
            try:
                parse(kind, payload)
            except MessageError:
                continue


def case_a_number_that_does_not_fit_is_refused_not_cut():
    assert fails(Sample(((0, 1 << 31),)).pack)
    assert fails(Sample(((256, 0),)).pack)
    assert fails(TimePing(70000).pack)
    assert fails(Ack(-1, 0).pack)
    assert fails(Hello("x" * 25, "pico", ()).pack)


def case_the_fullest_messages_fit_a_frame():
    full_events = tuple([RingEvent(n, n, 3, n, n) for n in range(messages.EVENTS_PER_MESSAGE)])
    full_readings = tuple([(n, n) for n in range(messages.READINGS_PER_MESSAGE)])
    for message in (Events(full_events, 0, 99), Sample(full_readings)):
        assert len(message.pack()) <= 234
        assert parse(message.kind, message.pack()) == message


def case_a_name_with_control_characters_is_made_harmless():
    payload = Hello("0.1", "pico", ()).pack().replace(b"pico", b"\x1b[2J")
    hello = parse(messages.HELLO, payload)
    assert hello.board == "?[2J"
