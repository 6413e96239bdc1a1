"""Configurations on their way to trackers, and what comes back."""

import sqlite3
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from railbox_server.configuration.model import Stand
from railbox_server.configuration.registry import FILE, Registry
from railbox_server.configuration.room import ConfigurationError, Configurations
from railbox_server.ingest.parcel import Message
from railbox_server.store.database import Database
from railbox_telemetry.remote_messages import Result, State, decode_configuration, encode_result
from railbox_telemetry.topics import Leaf, Topic
from support.brokers import wait_for

NOW_MS = 1_795_000_000_000
SETTINGS = {"thinning": {"deadline_s": 300}}


class Room:
    """Configurations with a broker that is there or not."""

    def __init__(self, folder: Path) -> None:
        self.there = True
        self.published: list[tuple[str, bytes]] = []
        self.acknowledged = 0
        self.registry = Registry(folder)
        self.configurations = Configurations(self.registry, self._publish, lambda: NOW_MS)

    def _publish(self, topic: str, payload: bytes) -> bool:
        if self.there:
            self.published.append((topic, payload))
        return self.there

    def say(self, payload: bytes, topic: str = str(Topic("TRK1", Leaf.RESULT))) -> bool:
        is_taken = self.configurations.takes(Message(topic, payload, NOW_MS, self.acknowledge))
        self.configurations.turn(0.01)
        return is_taken

    def acknowledge(self) -> None:
        self.acknowledged += 1

    @property
    def stand(self) -> Stand:
        wanted = self.configurations.known("TRK1").wanted
        assert wanted is not None
        return wanted.stand


def count_commits(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each from now on."""
    counted: list[None] = []
    writing = Database.writing

    def counting(database: Database) -> AbstractContextManager[sqlite3.Connection]:
        counted.append(None)
        return writing(database)

    monkeypatch.setattr(Database, "writing", counting)
    return counted


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_what_is_wanted_is_published_at_once_as_the_tracker_reads_it(room: Room) -> None:
    room.configurations.want(["TRK1"], SETTINGS)
    ((topic, payload),) = room.published
    assert topic == str(Topic("TRK1", Leaf.CONFIGURATION))
    assert decode_configuration(payload).settings == SETTINGS
    assert room.stand is Stand.PENDING


def test_what_a_tracker_would_refuse_is_never_sent_and_changes_nothing(room: Room) -> None:
    with pytest.raises(ConfigurationError, match=r"uplink\.url: only the tracker's own file can set it"):
        room.configurations.want(["TRK1"], {"uplink": {"url": "mqtt://elsewhere"}})
    assert room.published == []
    assert room.configurations.known("TRK1").wanted is None


def test_while_nothing_was_heard_of_it_it_is_published_again_whenever_the_broker_is_back(room: Room) -> None:
    room.there = False
    room.configurations.want(["TRK1", "TRK2"], SETTINGS)
    room.configurations.connected()
    room.there = True
    room.configurations.connected()
    assert len(room.published) == 2
    version = decode_configuration(room.published[0][1]).version
    assert room.say(encode_result(Result(version, State.APPLIED, None, version)))
    room.configurations.connected()
    assert [topic for topic, _ in room.published[2:]] == [str(Topic("TRK2", Leaf.CONFIGURATION))]
    assert (room.stand, room.acknowledged) == (Stand.APPLIED, 1)


def test_of_two_wishes_at_once_the_newer_is_what_the_broker_keeps(room: Room) -> None:
    def slowly(topic: str, payload: bytes) -> bool:
        if not second.ident:
            second.start()
            second.join(0.2)  # it must not come in between, so this ends by itself
        room.published.append((topic, payload))
        return True

    room.configurations = Configurations(room.registry, slowly, lambda: NOW_MS)
    second = threading.Thread(target=room.configurations.want, args=(["TRK1"], {"log_level": "debug"}))
    room.configurations.want(["TRK1"], SETTINGS)
    second.join()
    versions = [decode_configuration(payload).version for _, payload in room.published]
    assert versions == sorted(versions)
    assert len(versions) == 2


def test_other_topics_are_left_to_others(room: Room) -> None:
    for leaf in Leaf:
        assert room.say(b"", str(Topic("TRK1", leaf))) == (leaf is Leaf.RESULT)
    assert not room.say(b"{}", "rb/1/99/TRK1/r")
    assert not room.say(b"{}", "somewhere/r")


@pytest.mark.parametrize(
    ("payload", "counted"),
    [
        (b"\x00", "bad_result"),
        (b'{"state":"done"}', "bad_result"),
        (b"x" * 100_000, "bad_result"),
        (encode_result(Result(7, State.APPLIED, None, 7)), "result_of_nothing"),
    ],
)
def test_a_result_that_is_no_use_is_counted_said_and_gone(
    room: Room, caplog: pytest.LogCaptureFixture, payload: bytes, counted: str
) -> None:
    for _ in range(3):
        assert room.say(payload)
    assert room.configurations.complaints.counts == {counted: 3}
    assert (len(caplog.messages), room.acknowledged) == (1, 3)


def test_many_results_at_once_are_kept_together_and_each_is_acknowledged(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [f"TRK{number}" for number in range(300)]
    room.configurations.want(devices, SETTINGS)
    version = decode_configuration(room.published[0][1]).version
    commits = count_commits(monkeypatch)
    for device in devices:
        result = encode_result(Result(version, State.APPLIED, None, version))
        assert room.configurations.takes(Message(str(Topic(device, Leaf.RESULT)), result, NOW_MS, room.acknowledge))
    room.configurations.start()
    wait_for(lambda: room.acknowledged == 300, "all of them to be acknowledged")
    room.configurations.stop()
    assert room.registry.pending() == []
    assert len(commits) <= 2


def test_one_that_cannot_be_kept_holds_up_no_other(room: Room) -> None:
    room.configurations.want(["TRK1", "TRK2"], SETTINGS)
    version = decode_configuration(room.published[0][1]).version
    odd = encode_result(Result(version, State.REFUSED, "\ud800", version))
    good = encode_result(Result(version, State.APPLIED, None, version))
    for device, result in (("TRK1", odd), ("TRK2", good)):
        room.configurations.takes(Message(str(Topic(device, Leaf.RESULT)), result, NOW_MS, room.acknowledge))
    room.configurations.turn(0.01)
    assert room.acknowledged == 2
    assert room.configurations.counters == {"bad_result": 1}
    assert [wanted.device for wanted in room.registry.pending()] == ["TRK1"]


def test_garbage_in_place_of_a_configuration_is_told(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    room.configurations.want(["TRK1"], SETTINGS)
    room.say(encode_result(Result(None, State.REFUSED, "not JSON: oops")))
    heard = room.configurations.known("TRK1").heard
    assert heard is not None
    assert heard.unreadable == "not JSON: oops"
    assert "what it was sent is none: not JSON: oops" in caplog.text


def test_a_result_that_cannot_be_kept_stays_with_the_broker(room: Room, tmp_path: Path) -> None:
    room.configurations.want(["TRK1"], SETTINGS)
    version = decode_configuration(room.published[0][1]).version
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("DROP TABLE heard")
    database.close()
    assert room.say(encode_result(Result(version, State.APPLIED, None, version)))
    assert room.acknowledged == 0
    newest = room.registry.newest("TRK1")
    assert newest is not None
    assert newest.stand is Stand.PENDING
