"""The log stays readable: each complaint of each thing once a period, and none hides another."""

import logging

from railbox_agent.log_limit import MAX_REMEMBERED, VARIETY, RateLimit


class Log:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.limit = RateLimit(60, lambda: self.now_s)

    def say(self, text: str, *args: object) -> str | None:
        """What is logged of it."""
        record = logging.LogRecord("x", logging.WARNING, "", 0, text, args, None)
        return record.getMessage() if self.limit.filter(record) else None


def test_the_same_complaint_is_logged_once_a_minute_and_counted() -> None:
    log = Log()
    assert [log.say("bad %s", "a"), log.say("bad %s", "a"), log.say("worse %s", "a")] == ["bad a", None, "worse a"]
    log.now_s = 61.0
    assert log.say("bad %s", "a") == "bad a (1 more like this before)"
    assert log.say("bad %s", "a") is None


def test_one_ports_line_hides_no_other_ports_nor_another_state_of_the_same() -> None:
    log = Log()
    assert log.say("port %s: %s", "gnss", "open") == "port gnss: open"
    assert log.say("port %s: %s", "board", "open") == "port board: open"
    assert log.say("port %s: %s", "gnss", "lost") == "port gnss: lost"
    assert log.say("port %s: %s", "gnss", "open") is None


def test_numbers_make_no_difference_for_they_count_and_measure() -> None:
    log = Log()
    assert log.say("%s: %d bytes are none", "topic", 7) == "topic: 7 bytes are none"
    assert log.say("%s: %d bytes are none", "topic", 8) is None
    assert log.say("%s: %d bytes are none", "other", 8) == "other: 8 bytes are none"


def test_what_varies_without_end_is_one_complaint() -> None:
    log = Log()
    told = [log.say("bad line %r", f"line {number}") for number in range(1_000)]
    assert len([text for text in told if text]) == VARIETY + 1
    log.now_s = 61.0
    assert log.say("bad line %r", "line 0") == "bad line 'line 0'"


def test_it_remembers_no_more_than_it_has_to() -> None:
    log = Log()
    for number in range(3 * MAX_REMEMBERED):
        text = f"text {number}"
        assert log.say(text) == text
        log.say(text)
    assert log.say("text 0") == "text 0"
    assert len(log.limit.__dict__["_told_s"]) <= MAX_REMEMBERED + 1
    assert len(log.limit.__dict__["_withheld"]) <= MAX_REMEMBERED + 1
