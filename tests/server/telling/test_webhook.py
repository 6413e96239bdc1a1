import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import standardwebhooks

from railbox_server.telling.delivery import LONGEST_S, Verdict, asked_s, rest_s, verdict
from railbox_server.telling.ledger import Asked, NoticeLedger
from railbox_server.telling.model import Action, Kind, Notice
from railbox_server.telling.notices import Outcome
from railbox_server.telling.payload import message_id
from railbox_server.telling.settings import WebhookSettings
from railbox_server.telling.webhook import Webhook
from support.brokers import wait_for
from support.receivers import SECRET, Answer, Receiver, Request, hang_up, receiver, say
from support.told import T0_S, stay

KINDS = frozenset({Kind.FLAG})
UNITS = ("CSQU3054383", "TOLU4734787")


@pytest.fixture
def ledger(tmp_path: Path) -> Generator[NoticeLedger]:
    made = NoticeLedger(tmp_path)
    yield made
    made.close()


def tell(
    ledger: NoticeLedger, *names: str, kind: Kind = Kind.FLAG, unit: str = UNITS[0], told_at_s: int = T0_S
) -> None:
    """A notice of a story of its own for each name."""
    for name in names:
        fact = stay(name, 0, None, kind, flag="over")
        fact = type(fact)(fact.kind, unit, fact.where, fact.start_s, fact.end_s, fact.body)
        notice = Notice(f"story-{name}", 1, Action.TOLD, fact, told_at_s)
        ledger.record([((), Outcome((), (), (notice,), None))], KINDS)


@contextmanager
def webhook(ledger: NoticeLedger, to: Receiver, **settings: object) -> Generator[Webhook]:
    chosen = {"retry_s": 0.1, "timeout_s": 2.0, "max_age_h": 24 * 365 * 100, **settings}
    made = Webhook(ledger, WebhookSettings(url=to.url, secret_file=Path("unread"), **chosen), SECRET)  # pyright: ignore[reportArgumentType] - of the types that the test gives
    made.start()
    try:
        yield made
    finally:
        made.stop()


def states(ledger: NoticeLedger) -> dict[str, str]:
    """Delivery by place."""
    return {item.notice.fact.where[0]: item.delivery for item in ledger.notices(Asked())}


def all_are(ledger: NoticeLedger, delivery: str) -> Callable[[], bool]:
    return lambda: set(states(ledger).values()) == {delivery}


def places(requests: list[Request]) -> list[str]:
    return [request.body["place"] for request in requests]


# --- what is posted --------------------------------------------------------------------------------------------------


def test_a_notice_arrives_signed_with_what_it_is_about(ledger: NoticeLedger) -> None:
    tell(ledger, "taftan")
    with receiver() as there, webhook(ledger, there):
        wait_for(all_are(ledger, "delivered"), "delivery")
    (request,) = there.got
    assert request.body == {
        "type": "flag.told",
        "notice": "story-taftan",
        "revision": 1,
        "retracts": None,
        "kind": "flag",
        "action": "told",
        "told_at": "2026-10-26T07:33:20Z",
        "unit": UNITS[0],
        "place": "taftan",
        "entered": {"est": "2026-10-26T07:33:20Z"},
        "exited": None,
        "flag": "over",
    }
    assert request.headers["content-type"] == "application/json"
    forged = Request(request.headers, request.text.replace("taftan", "chaman"))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        _ = forged.body


def test_what_is_told_while_it_runs_goes_out_at_once(ledger: NoticeLedger) -> None:
    with receiver() as there, webhook(ledger, there) as hook:
        for name in ("a", "b", "c"):
            tell(ledger, name)
            hook.wake()
        wait_for(all_are(ledger, "delivered"), "delivery")
    assert places(there.got) == ["a", "b", "c"]


def test_kinds_that_nobody_wants_are_kept_and_not_posted(ledger: NoticeLedger) -> None:
    tell(ledger, "visit", kind=Kind.VISIT)
    tell(ledger, "flag")
    with receiver() as there, webhook(ledger, there):
        wait_for(lambda: states(ledger)["flag"] == "delivered", "delivery")
    assert states(ledger) == {"visit": "kept", "flag": "delivered"}
    assert places(there.got) == ["flag"]


def test_a_test_message_tells_what_the_receiver_answered(ledger: NoticeLedger) -> None:
    with receiver(lambda number: 204 if number == 0 else 401) as there, webhook(ledger, there) as hook:
        assert hook.test() == {"delivered": True, "answer": "204 No Content"}
        assert hook.test() == {"delivered": False, "answer": "401 Unauthorized"}
    assert there.got[0].body["type"] == "test"
    with webhook(ledger, there) as hook:
        assert hook.test()["answer"].startswith("no answer: ConnectError")


# --- receivers that fail ---------------------------------------------------------------------------------------------


def slow(handler: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(1.0)
    say(handler, 204)


def redirect(handler: BaseHTTPRequestHandler) -> None:
    say(handler, 307, {"location": "http://127.0.0.1:9/elsewhere"})


@pytest.mark.parametrize(
    "failure", [500, 503, 429, 401, 404, hang_up, redirect, slow], ids=lambda how: getattr(how, "__name__", str(how))
)
def test_a_failure_is_tried_again_under_the_same_id_until_it_is_taken(ledger: NoticeLedger, failure: Answer) -> None:
    tell(ledger, "a", "b")
    with receiver(lambda number: failure if number < 3 else 204) as there, webhook(ledger, there, timeout_s=0.3):
        wait_for(all_are(ledger, "delivered"), "delivery")
    assert places(there.got) == ["a", "a", "a", "a", "b"]
    assert len({request.id for request in there.got[:4]}) == 1
    assert there.got[3].id != there.got[4].id


def test_a_receiver_that_was_down_gets_everything_in_order_once_it_is_back(ledger: NoticeLedger) -> None:
    there = Receiver()
    there.start()
    there.stop()
    with webhook(ledger, there) as hook:
        tell(ledger, *map(str, range(20)))
        hook.wake()
        wait_for(lambda: hook.state()["failures"] >= 2, "failures")
        assert set(states(ledger).values()) == {"waiting"}
        assert "no answer" in hook.state()["last_answer"]
        there.start()
        wait_for(all_are(ledger, "delivered"), "delivery")
        there.stop()
        assert hook.state()["failures"] == 0
    assert places(there.got) == list(map(str, range(20)))


def test_one_unit_s_bad_luck_does_not_hold_up_the_others_nor_its_own_order(ledger: NoticeLedger) -> None:
    tell(ledger, "a1", "a2", unit=UNITS[0])
    tell(ledger, "b1", "b2", unit=UNITS[1])
    there = Receiver()
    poison = threading.Event()

    def reply(number: int) -> Answer:
        return 500 if not poison.is_set() and '"a1"' in there.got[number].text else 204

    there.answer = reply
    there.start()
    with webhook(ledger, there) as hook:
        wait_for(lambda: states(ledger)["b2"] == "delivered", "the other unit's")
        assert (states(ledger)["a1"], states(ledger)["a2"]) == ("waiting", "waiting")
        poison.set()
        # More than once: an attempt that failed just before may postpone it after the first.
        wait_for(lambda: hook.resume() == 0 and all_are(ledger, "delivered")(), "delivery")
    there.stop()
    taken = list(dict.fromkeys(places(there.got)))
    assert taken.index("a1") < taken.index("a2")


def test_what_is_refused_is_kept_shown_and_posted_again_on_demand(ledger: NoticeLedger) -> None:
    tell(ledger, "a", "b")
    with receiver(lambda number: 422 if number == 0 else 204) as there, webhook(ledger, there) as hook:
        wait_for(lambda: states(ledger) == {"a": "refused", "b": "delivered"}, "a refusal")
        (refused,) = ledger.notices(Asked(delivery="refused"))
        assert (refused.answer or "").startswith("422 Unprocessable")
        assert hook.resume() == 1
        wait_for(all_are(ledger, "delivered"), "delivery")
    assert places(there.got) == ["a", "b", "a"]


def test_gone_stops_the_posting_over_restarts_until_it_is_resumed(ledger: NoticeLedger) -> None:
    tell(ledger, "a", "b")
    with receiver(lambda number: 410 if number == 0 else 204) as there:
        with webhook(ledger, there) as hook:
            wait_for(lambda: hook.state()["stopped"], "the stop")
        with webhook(ledger, there) as hook:
            assert hook.turn() > 1
            assert hook.state()["stopped"]
            assert states(ledger) == {"a": "waiting", "b": "waiting"}
            hook.resume()
            wait_for(all_are(ledger, "delivered"), "delivery")
    assert places(there.got) == ["a", "a", "b"]


def test_another_address_has_its_own_chance(ledger: NoticeLedger) -> None:
    tell(ledger, "a")
    with receiver(lambda _: 410) as gone, webhook(ledger, gone) as hook:
        wait_for(lambda: hook.state()["stopped"], "the stop")
    with receiver() as there, webhook(ledger, there):
        wait_for(all_are(ledger, "delivered"), "delivery")


def test_the_queue_is_bounded_and_says_what_it_dropped(ledger: NoticeLedger) -> None:
    there = Receiver()
    there.start()
    there.stop()
    tell(ledger, *map(str, range(10)))
    with webhook(ledger, there, max_waiting=4):
        wait_for(lambda: ledger.waiting()[0] == 4, "the drop")
    assert [place for place, state in states(ledger).items() if state == "dropped"] == ["5", "4", "3", "2", "1", "0"]
    assert ledger.undelivered() == {"refused": 0, "dropped": 6}


def test_what_waited_too_long_is_dropped(ledger: NoticeLedger) -> None:
    there = Receiver()
    there.start()
    there.stop()
    tell(ledger, "old", told_at_s=T0_S)
    tell(ledger, "new", told_at_s=4_000_000_000)
    with webhook(ledger, there, max_age_h=1):
        wait_for(lambda: states(ledger)["old"] == "dropped", "the drop")
    assert states(ledger)["new"] == "waiting"


def test_neither_address_nor_secret_is_logged(ledger: NoticeLedger, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tell(ledger, "a")
    with receiver(lambda number: (500, 410)[min(number, 1)]) as there, webhook(ledger, there) as hook:
        wait_for(lambda: hook.state()["stopped"], "the stop")
        assert "confidential" not in str(hook.state())
    assert "500" in caplog.text
    assert "confidential" not in caplog.text
    assert SECRET.removeprefix("whsec_") not in caplog.text


# --- kill -9 ---------------------------------------------------------------------------------------------------------

POSTER = """
import sys, time
from pathlib import Path
from railbox_server.telling.ledger import NoticeLedger
from railbox_server.telling.settings import WebhookSettings
from railbox_server.telling.webhook import Webhook
settings = WebhookSettings(url=sys.argv[2], secret_file=Path("unread"), retry_s=0.1, max_age_h=10**6)
Webhook(NoticeLedger(Path(sys.argv[1])), settings, sys.argv[3]).start()
time.sleep(60)
"""


def test_killed_between_queue_and_answer_everything_arrives_at_least_once(ledger: NoticeLedger, tmp_path: Path) -> None:
    """The poster is killed while the receiver holds its 3rd and its 8th request, before either was answered."""
    running: list[subprocess.Popen[bytes]] = []

    def kill(handler: BaseHTTPRequestHandler) -> None:
        running[-1].send_signal(signal.SIGKILL)
        running[-1].wait()
        hang_up(handler)

    tell(ledger, *map(str, range(10)))
    with receiver(lambda number: kill if number in (2, 7) else 204) as there:
        try:
            while ledger.waiting()[0]:
                running.append(subprocess.Popen([sys.executable, "-c", POSTER, str(tmp_path), there.url, SECRET]))
                wait_for(lambda: running[-1].poll() is not None or not ledger.waiting()[0], "a kill, or the end", 30)
        finally:
            for process in running:
                process.kill()
                process.wait()
    assert len(running) == 3
    assert list(dict.fromkeys(places(there.got))) == list(map(str, range(10)))
    assert set(states(ledger).values()) == {"delivered"}
    twice = [request.id for request in there.got if places(there.got).count(request.body["place"]) > 1]
    assert len(twice) == 4
    assert len(set(twice)) == 2


# --- decisions -------------------------------------------------------------------------------------------------------


def test_every_answer_means_something() -> None:
    assert {verdict(status) for status in (200, 201, 204, 299)} == {Verdict.DELIVERED}
    assert {verdict(status) for status in (301, 308, 401, 403, 404, 408, 429, 500, 503, 999)} == {Verdict.AGAIN}
    assert {verdict(status) for status in (400, 413, 422)} == {Verdict.REFUSED}
    assert verdict(410) is Verdict.GONE


def test_rests_double_spread_and_end_at_a_quarter_of_an_hour() -> None:
    assert [rest_s(failures, 5.0, 1.0) for failures in (1, 2, 3, 4)] == [5.0, 10.0, 20.0, 40.0]
    assert rest_s(3, 5.0, 0.0) == 10.0
    assert rest_s(10_000, 5.0, 1.0) == LONGEST_S
    assert rest_s(1, 5.0, 0.5, asked_s("120")) == 120.0
    assert rest_s(1, 5.0, 0.5, asked_s("9" * 400)) == LONGEST_S
    assert asked_s("Wed, 21 Oct 2026 07:28:00 GMT") is None
    assert asked_s(None) is None


def test_every_notice_has_an_id_of_its_own() -> None:
    ids = {message_id(story, revision) for story in ("a", "b") for revision in (1, 2)}
    assert len(ids) == 4
    assert message_id("a", 1) in ids
