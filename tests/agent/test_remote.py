"""Remote configuration at the tracker: tried, kept or taken back; told; and what it survives."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.config import AgentConfig
from railbox_agent.mqtt import Acknowledged, Connected, Disconnected, Message, Received, UplinkEvent
from railbox_agent.remote import kept
from railbox_agent.remote.control import RemoteControl
from railbox_agent.remote.kept import DAMAGED, NAME, KeptFile
from railbox_agent.remote.state import (
    MAX_STARTS,
    Remote,
    acknowledged,
    offered,
    refused,
    started,
    waited,
)
from railbox_telemetry.remote_keys import LOCAL_ONLY, REMOTE_KEYS
from railbox_telemetry.remote_messages import Configuration, Result, State, decode_result, encode_configuration
from railbox_telemetry.settings import keys_of, parse
from railbox_telemetry.topics import Leaf, Topic

LOCAL = parse(
    """
device = "TRK1"
ports = []
[thinning]
deadline_s = 40
[uplink]
url = "mqtt://127.0.0.1"
keepalive_s = 100
[remote]
trial_s = 60
""",
    AgentConfig,
    "agent.toml",
)
WANTED, RESULT = str(Topic("TRK1", Leaf.CONFIGURATION)), str(Topic("TRK1", Leaf.RESULT))
TRIAL_MS = 60_000


class Tracker:
    """A tracker's part of it, on a clock and a line of the test's. `room`: whether the line takes anything."""

    def __init__(self, folder: Path, local: AgentConfig = LOCAL) -> None:
        self.now_ms = 0
        self.room = True
        self.objection: str | None = None
        self.applied: list[AgentConfig] = []
        self.sent: list[Message] = []
        self.file = KeptFile(folder)
        self.control = RemoteControl(
            local,
            self.file,
            apply=self.applied.append,
            publish=self._publish,
            objection=lambda _: self.objection,
            now_ms=lambda: self.now_ms,
            utc_s=lambda: 1_750_000_000,
        )

    def _publish(self, message: Message) -> bool:
        if self.room:
            self.sent.append(message)
        return self.room

    def hear(self, *events: UplinkEvent) -> None:
        for event in events:
            self.control.on(event)
        self.control.step()

    def offer(self, version: int, **settings: object) -> None:
        self.hear(Received(WANTED, encode_configuration(Configuration(version, settings))))

    def acknowledge(self) -> None:
        self.hear(Acknowledged(self.sent[-1]))

    def wait(self, ms: int) -> None:
        self.now_ms += ms
        self.control.step()

    @property
    def told(self) -> list[tuple[int | None, str, int | None]]:
        results = [decode_result(message.payload) for message in self.sent]
        return [(result.version, result.state.value, result.in_force) for result in results]

    @property
    def deadline_s(self) -> int:
        return self.control.config.thinning.deadline_s


@pytest.fixture
def tracker(tmp_path: Path) -> Tracker:
    made = Tracker(tmp_path)
    made.hear(Connected("MQTT 5"))
    return made


def test_a_configuration_holds_at_once_and_for_good_once_the_broker_answered(tracker: Tracker) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    assert [config.thinning.deadline_s for config in tracker.applied] == [300]
    assert tracker.applied[0].uplink == LOCAL.uplink
    assert tracker.told == [(7, "applied", 7)]
    assert tracker.sent[0].retain
    tracker.acknowledge()
    tracker.wait(100 * TRIAL_MS)
    assert tracker.deadline_s == 300
    assert len(tracker.applied) == len(tracker.sent) == 1
    assert tracker.control.counters == {"configurations_applied": 1}


def test_it_is_taken_back_when_the_broker_does_not_answer_in_time_and_that_is_told_later(tracker: Tracker) -> None:
    tracker.offer(7, uplink={"keepalive_s": 600})
    tracker.hear(Disconnected("gone"))
    tracker.wait(TRIAL_MS - 1)
    assert tracker.control.config.uplink.keepalive_s == 600
    tracker.wait(1)
    assert tracker.control.config == LOCAL
    assert tracker.applied[-1] == LOCAL
    tracker.hear(Connected("MQTT 5"))
    assert tracker.told[-1] == (7, "reverted", None)
    assert decode_result(tracker.sent[-1].payload).reason == "the broker acknowledged nothing within 60 s of it"
    tracker.acknowledge()
    tracker.hear(Disconnected("gone"), Connected("MQTT 5"))
    assert len(tracker.sent) == 2
    assert tracker.control.counters == {"configurations_reverted": 1}


def test_what_was_confirmed_before_holds_again_after_a_failed_trial(tracker: Tracker) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    tracker.acknowledge()
    tracker.offer(8, thinning={"deadline_s": 900})
    tracker.hear(Disconnected("gone"))
    tracker.wait(TRIAL_MS)
    assert tracker.deadline_s == 300
    tracker.hear(Connected("MQTT 5"))
    assert tracker.told[-1] == (8, "reverted", 7)


def test_what_was_said_of_an_earlier_one_confirms_nothing(tracker: Tracker) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    late = tracker.sent[-1]
    tracker.offer(8, thinning={"deadline_s": 900})
    assert len(tracker.sent) == 1
    tracker.hear(Acknowledged(late))
    assert tracker.told == [(7, "applied", 7), (8, "applied", 8)]
    tracker.wait(TRIAL_MS)
    assert tracker.deadline_s == 40
    assert tracker.told[-1] == (8, "reverted", None)


def test_an_acknowledgement_after_it_was_taken_back_does_not_bring_it_again(tracker: Tracker) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    late = tracker.sent[-1]
    tracker.wait(TRIAL_MS)
    tracker.hear(Acknowledged(late))
    assert tracker.deadline_s == 40
    assert tracker.told[-1] == (7, "reverted", None)


def test_it_is_told_again_on_every_connection_until_the_broker_has_it(tracker: Tracker) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    tracker.hear(Disconnected("gone"), Connected("MQTT 5"))
    assert tracker.told == [(7, "applied", 7)] * 2
    tracker.acknowledge()
    tracker.hear(Disconnected("gone"), Connected("MQTT 5"))
    assert len(tracker.sent) == 2


def test_a_full_line_is_tried_again(tracker: Tracker) -> None:
    tracker.room = False
    tracker.offer(7, thinning={"deadline_s": 300})
    assert tracker.sent == []
    tracker.room = True
    tracker.wait(1)
    assert tracker.told == [(7, "applied", 7)]


@pytest.mark.parametrize("version", [1, 6, 7])
def test_an_older_or_equal_one_is_ignored_quietly(tracker: Tracker, version: int) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    tracker.acknowledge()
    tracker.offer(version, thinning={"deadline_s": 900})
    tracker.hear(Received(WANTED, b'{"version":%d,"settings":{"uplink":{"url":1}}}' % version))
    assert (tracker.deadline_s, len(tracker.sent), len(tracker.applied)) == (300, 1, 1)


def test_one_that_was_refused_or_taken_back_does_not_come_again_with_the_next_connection(tracker: Tracker) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    tracker.wait(TRIAL_MS)
    tracker.acknowledge()
    tracker.offer(7, thinning={"deadline_s": 300})
    assert tracker.deadline_s == 40
    assert len(tracker.applied) == 2


def test_an_empty_configuration_gives_back_the_trackers_own_settings(tracker: Tracker) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    tracker.acknowledge()
    tracker.offer(8)
    assert tracker.control.config == LOCAL
    assert tracker.told[-1] == (8, "applied", 8)


def test_a_bad_one_is_refused_whole_with_the_reason(tracker: Tracker, caplog: pytest.LogCaptureFixture) -> None:
    body = {"version": 7, "settings": {"thinning": {"deadline_s": 300}, "uplink": {"url": "mqtt://elsewhere"}}}
    tracker.hear(Received(WANTED, json.dumps(body).encode()))
    assert tracker.applied == []
    assert tracker.told == [(7, "refused", None)]
    reason = "settings: uplink.url: only the tracker's own file can set it"
    assert decode_result(tracker.sent[0].payload).reason == reason
    assert f"configuration 7: refused, and what held holds on: {reason}" in caplog.text
    assert tracker.control.counters == {"configurations_refused": 1}


def test_what_the_tracker_cannot_do_just_now_is_refused(tracker: Tracker) -> None:
    tracker.objection = "outbox.cap_mb: 12.0 MB wait for the server, and this would discard some of them"
    tracker.offer(7, outbox={"cap_mb": 1})
    assert tracker.applied == []
    assert decode_result(tracker.sent[0].payload).reason == tracker.objection


def test_retained_garbage_is_told_and_counted_once_however_often_it_comes(tracker: Tracker) -> None:
    for _ in range(3):
        tracker.hear(Received(WANTED, b"\x00garbage"), Disconnected("gone"), Connected("MQTT 5"))
        tracker.acknowledge()
    assert tracker.told == [(None, "refused", None)]
    assert tracker.control.counters == {"configurations_refused": 1}
    tracker.offer(1, thinning={"deadline_s": 300})
    assert tracker.deadline_s == 300


def test_garbage_during_a_trial_does_not_end_it(tracker: Tracker) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    applied = tracker.sent[-1]
    tracker.hear(Received(WANTED, b"garbage"), Acknowledged(applied))
    tracker.acknowledge()
    tracker.wait(TRIAL_MS)
    assert tracker.deadline_s == 300
    assert tracker.told == [(7, "applied", 7), (None, "refused", 7)]


def test_a_retained_message_that_was_deleted_says_nothing(tracker: Tracker) -> None:
    tracker.hear(Received(WANTED, b""))
    assert (tracker.sent, tracker.control.counters) == ([], {})


def test_a_tracker_that_is_not_to_heed_it_does_not_even_listen(tmp_path: Path) -> None:
    assert Tracker(tmp_path).control.subscriptions == (WANTED,)
    deaf = replace(LOCAL, remote=replace(LOCAL.remote, enabled=False))
    assert Tracker(tmp_path, deaf).control.subscriptions == ()


# --- restarts --------------------------------------------------------------------------------------------------------


def test_what_was_confirmed_survives_a_restart(tracker: Tracker, tmp_path: Path) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    tracker.acknowledge()
    again = Tracker(tmp_path)
    again.hear(Connected("MQTT 5"))
    again.offer(7, thinning={"deadline_s": 300})
    assert (again.deadline_s, again.control.version) == (300, 7)
    assert (again.applied, again.sent) == ([], [])


def test_a_trial_goes_on_after_a_power_cut_and_is_confirmed(tracker: Tracker, tmp_path: Path) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    again = Tracker(tmp_path)
    assert again.deadline_s == 300
    again.hear(Connected("MQTT 5"))
    assert again.told == [(7, "applied", 7)]
    again.acknowledge()
    again.wait(TRIAL_MS)
    assert Tracker(tmp_path).deadline_s == 300


def test_a_trial_that_a_power_cut_interrupted_is_still_taken_back(tracker: Tracker, tmp_path: Path) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    again = Tracker(tmp_path)
    again.wait(TRIAL_MS)
    assert again.deadline_s == 40
    third = Tracker(tmp_path)
    third.hear(Connected("MQTT 5"))
    assert third.deadline_s == 40
    assert third.told == [(7, "reverted", None)]


def test_one_under_which_the_tracker_ends_again_and_again_is_taken_back(tracker: Tracker, tmp_path: Path) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    for _ in range(MAX_STARTS):
        assert Tracker(tmp_path).deadline_s == 300
    last = Tracker(tmp_path)
    assert last.deadline_s == 40
    last.hear(Connected("MQTT 5"))
    reason = decode_result(last.sent[0].payload).reason
    assert reason == f"the tracker started {MAX_STARTS + 1} times while trying it"


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, b"[]", b'{"schema":1}', b'{"schema":2}'])
def test_a_damaged_file_is_set_aside_and_the_trackers_own_settings_count(
    tracker: Tracker, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    tracker.acknowledge()
    (tmp_path / NAME).write_bytes(damage)
    again = Tracker(tmp_path)
    assert again.control.config == LOCAL
    assert (tmp_path / DAMAGED).read_bytes() == damage
    assert again.control.counters == {"remote_set_aside": 1}
    assert "the tracker's own settings count" in caplog.text
    again.hear(Connected("MQTT 5"))
    again.offer(7, thinning={"deadline_s": 300})
    assert again.deadline_s == 300


def test_a_file_cut_off_anywhere_is_damaged_and_never_more(tracker: Tracker, tmp_path: Path) -> None:
    tracker.offer(7, thinning={"deadline_s": 300})
    whole = (tmp_path / NAME).read_bytes()
    for end in range(len(whole)):
        (tmp_path / NAME).write_bytes(whole[:end])
        assert Tracker(tmp_path).control.config == LOCAL


class Choosy(AgentConfig):
    """A tracker whose own settings do not go with every configuration."""

    def __post_init__(self) -> None:
        if self.thinning.deadline_s > 100:
            raise ValueError("thinning.deadline_s: more than 100 does not go with this tracker's file")


CHOOSY = Choosy(device="TRK1", ports=(), uplink=LOCAL.uplink)


def test_what_does_not_go_with_the_trackers_own_file_is_refused(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path, CHOOSY)
    tracker.hear(Connected("MQTT 5"))
    tracker.offer(7, thinning={"deadline_s": 300})
    assert tracker.told == [(7, "refused", None)]
    assert "does not go with this tracker's file" in str(decode_result(tracker.sent[0].payload).reason)


def test_what_does_not_go_with_a_file_that_changed_since_is_taken_back(tracker: Tracker, tmp_path: Path) -> None:
    tracker.offer(7, thinning={"deadline_s": 90})
    tracker.acknowledge()
    tracker.offer(8, thinning={"deadline_s": 300})
    tracker.acknowledge()
    again = Tracker(tmp_path, CHOOSY)
    assert again.control.config == CHOOSY
    again.hear(Connected("MQTT 5"))
    assert again.told == [(8, "reverted", None)]


def test_a_disk_that_takes_nothing_keeps_it_until_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    tracker = Tracker(blocked)
    tracker.hear(Connected("MQTT 5"))
    tracker.offer(7, thinning={"deadline_s": 300})
    assert tracker.deadline_s == 300
    assert tracker.control.counters["remote_not_kept"] == 1
    assert "cannot be written" in caplog.text


# --- the state alone -------------------------------------------------------------------------------------------------

versions = st.integers(1, 5)
happenings = st.lists(
    st.tuples(st.sampled_from(["offer", "refuse", "garbage", "ack", "wait", "start"]), versions, st.integers(0, 50)),
    max_size=30,
)


def played(steps: Sequence[tuple[str, int, int]]) -> list[Remote]:
    """The states that a history of happenings goes through, each newer one offered as the control would."""
    remote, now_ms, states = Remote(), 0, [Remote()]
    for what, version, ms in steps:
        now_ms += ms
        match what:
            case "offer" if version > remote.newest:
                remote = offered(remote, Configuration(version, {}), now_ms + 60)
            case "refuse" if version > remote.newest:
                remote = refused(remote, version, "bad")
            case "garbage":
                remote = refused(remote, None, "garbage")
            case "ack" if remote.untold:
                remote = acknowledged(remote, remote.untold)
            case "wait":
                remote = waited(remote, now_ms, 60)
            case "start":
                remote = started(kept.decode(kept.encode(remote)), now_ms + 60)
            case _:
                continue
        states.append(remote)
    return states


@given(happenings)
def test_whatever_happens_versions_only_rise_and_what_is_confirmed_was_acknowledged(
    steps: list[tuple[str, int, int]],
) -> None:
    states = played(steps)
    for before, after in pairwise(states):
        assert after.newest >= before.newest
        if after.confirmed != before.confirmed and after.confirmed:
            assert before.trial
            assert after.confirmed == before.trial.wanted
            assert after.trial is None
        if before.trial and not after.trial:
            reverted = after.verdict and after.verdict.state is State.REVERTED
            assert reverted or after.confirmed == before.trial.wanted


@given(happenings)
def test_every_trial_ends(steps: list[tuple[str, int, int]]) -> None:
    remote = played(steps)[-1]
    ended = waited(remote, 10**9, 60)
    assert ended.trial is None
    assert ended.in_force == remote.confirmed


@given(happenings)
def test_a_state_reads_back_from_its_file(steps: list[tuple[str, int, int]]) -> None:
    remote = played(steps)[-1]
    again = kept.decode(kept.encode(remote))
    assert replace(again, trial=None) == replace(remote, trial=None)
    assert (again.trial and again.trial.wanted) == (remote.trial and remote.trial.wanted)


def test_nothing_is_told_twice_of_one_verdict() -> None:
    remote = refused(Remote(), 3, "bad")
    assert remote.untold == Result(3, State.REFUSED, "bad")
    assert acknowledged(remote, Result(3, State.REFUSED, "bad")).untold is None


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_setting_of_the_tracker_is_said_to_be_remote_or_local() -> None:
    remote = {key.name for key in REMOTE_KEYS}
    for key in keys_of(AgentConfig):
        name = key.name.replace("[]", "")
        is_local = any(name == local or name.startswith(f"{local}.") for local in LOCAL_ONLY)
        assert is_local != (key.name in remote), f"{key.name}: put it in remote_keys, or in its LOCAL_ONLY"


def test_a_remote_key_expects_what_the_trackers_file_does() -> None:
    own = {key.name: key for key in keys_of(AgentConfig)}
    assert all(own[key.name] == key for key in REMOTE_KEYS)
