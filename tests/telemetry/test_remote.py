"""Remote configuration on the wire: what may be said, how it is refused, and that hostile bytes only ever are."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_telemetry.remote_keys import LOCAL_ONLY, REMOTE_KEYS, RemoteKeys
from railbox_telemetry.remote_messages import (
    MAX_BYTES,
    Configuration,
    MessageError,
    Result,
    State,
    decode_configuration,
    decode_result,
    encode_configuration,
    encode_result,
)
from railbox_telemetry.settings import overlay
from railbox_telemetry.tables import CHANNELS, CONFIGURATION_KEYS, RESULT_KEYS

SETTINGS: Mapping[str, object] = {
    "log_level": "debug",
    "thinning": {"deadline_s": 300, "live_error_m": 100},
    "thresholds": [{"channel": "temp_c", "above": 8.0, "hysteresis": 0.5}],
    "uplink": {"keepalive_s": 600},
}


def test_a_configuration_reads_back_as_what_was_said() -> None:
    said = Configuration(7, SETTINGS)
    payload = encode_configuration(said)
    assert decode_configuration(payload) == said
    assert json.loads(payload).keys() == CONFIGURATION_KEYS.keys()
    assert len(payload) < 200


def test_a_configuration_of_nothing_is_one() -> None:
    assert decode_configuration(b'{"version":1,"settings":{}}') == Configuration(1, {})


def test_the_longest_configuration_fits() -> None:
    thresholds = [{"channel": one.name, "above": 1e5 + 0.123, "below": -1e5, "hysteresis": 0.125} for one in CHANNELS]
    tables: dict[str, dict[str, object]] = {}
    for key in REMOTE_KEYS:
        table, _, name = key.name.rpartition(".")
        if table and not table.endswith("[]"):
            tables.setdefault(table, {})[name] = key.default
    said = Configuration(2**53 - 1, {"log_level": "warning", **tables, "thresholds": thresholds})
    assert len(encode_configuration(said)) < MAX_BYTES / 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"thinning": {"deadline": 5}}, "settings: thinning.deadline: no such key; did you mean deadline_s?"),
        (
            {"thinning": {"deadline_s": 5.0}},
            "settings: thinning.deadline_s: expected an integer from 0 to 86400, found 5.0",
        ),
        ({"thinning": {"deadline_s": True}}, "thinning.deadline_s: expected an integer from 0 to 86400, found true"),
        ({"thinning": {"deadline_s": "5"}}, "thinning.deadline_s: expected an integer from 0 to 86400"),
        ({"thinning": None}, "thinning: expected a table, found null"),
        ({"outbox": {"cap_mb": 0}}, "outbox.cap_mb: expected an integer from 1 to 100000, found 0"),
        ({"log_level": "loud"}, 'log_level: expected one of "debug", "info", "warning", "error", found "loud"'),
        ({"thresholds": {"channel": "temp_c"}}, "thresholds: expected a list"),
        ({"thresholds": [{"channel": "temp_c", "hysteresis": 1}]}, "thresholds[0]: temp_c: give above, or below"),
        ({"thresholds": [{"channel": "temp_c", "above": 1, "hysteresis": 1}] * 2}, "one block a channel"),
        ({"uplink": {"url": "mqtt://elsewhere"}}, "settings: uplink.url: only the tracker's own file can set it"),
        ({"uplink": {"key_file": "x"}}, "uplink.key_file: only the tracker's own file can set it"),
        ({"device": "TRK2"}, "device: only the tracker's own file can set it"),
    ],
)
def test_what_cannot_be_set_is_refused_by_name_and_version(settings: object, says: str) -> None:
    with pytest.raises(MessageError) as raised:
        decode_configuration(json.dumps({"version": 9, "settings": settings}).encode())
    assert says in str(raised.value)
    assert raised.value.version == 9


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"\x00\xff", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"[" * 5_000, "not JSON"),
        (b'{"settings":{}}', "version: expected an integer from 1"),
        (b'{"version":0,"settings":{}}', "version: expected an integer from 1"),
        (b'{"version":true,"settings":{}}', "version: expected an integer from 1"),
        (b'{"version":1.0,"settings":{}}', "version: expected an integer from 1"),
        (b'{"version":9007199254740992,"settings":{}}', "version: expected an integer from 1"),
        (b'{"version":1}', "settings: expected an object"),
        (b'{"version":1,"settings":{},"more":1}', "more: no such key"),
        (b'{"version":1,"version":2,"settings":{}}', "a key is there twice"),
        (b'{"version":1,"settings":{"gnss":{"fix_period_s":NaN}}}', "NaN is no number"),
        (b'{"version":1,"settings":{"gnss":{"fix_period_s":1e999}}}', "fix_period_s: expected a number"),
        (b'{"version":1,"settings":{"thresholds":[{"channel":"temp_c","above":1e999,"hysteresis":0}]}}', "above"),
        (b'{"version":' + b"9" * 5_000 + b"}", "not JSON"),
        (b" " * (MAX_BYTES + 1), "are over 8192"),
    ],
)
def test_garbage_is_refused_saying_why(payload: bytes, says: str) -> None:
    with pytest.raises(MessageError, match=says):
        decode_configuration(payload)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_do_more_than_be_refused(payload: bytes) -> None:
    for decode in (decode_configuration, decode_result):
        with pytest.raises(MessageError):
            decode(payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
names = st.sampled_from([part for key in REMOTE_KEYS for part in key.name.split(".")])


@given(st.dictionaries(names, json_values | st.dictionaries(names, json_values, max_size=3), max_size=3))
def test_what_is_accepted_can_be_laid_over_any_settings(settings: dict[str, object]) -> None:
    try:
        said = decode_configuration(json.dumps({"version": 1, "settings": settings}).encode())
    except MessageError:
        return
    overlay(RemoteKeys(), said.settings, "x")


def test_a_refusal_is_one_short_line_whatever_the_keys_are_called() -> None:
    with pytest.raises(MessageError) as raised:
        decode_configuration(json.dumps({"version": 1, "settings": {"a\nb" * 1_000: 1}}).encode())
    assert len(str(raised.value)) <= 500
    assert "\n" not in str(raised.value)


def test_what_could_never_arrive_is_not_sent() -> None:
    for settings in ({"log_level": float("nan")}, {"log_level": {1}}, {"uplink": {"url": "mqtt://x"}}):
        with pytest.raises(MessageError):
            encode_configuration(Configuration(1, settings))


@pytest.mark.parametrize(
    "result",
    [
        Result(7, State.APPLIED, None, 7, 1_750_000_000),
        Result(8, State.REFUSED, "uplink.url: no", 7),
        Result(None, State.REFUSED, "not JSON"),
        Result(9, State.REVERTED, "the broker was out of reach for 300 s"),
    ],
)
def test_a_result_reads_back(result: Result) -> None:
    payload = encode_result(result)
    assert decode_result(payload) == result
    assert json.loads(payload).keys() <= RESULT_KEYS.keys()


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b'{"version":1}', "state: expected one of applied, refused, reverted"),
        (b'{"version":"1","state":"applied"}', "version: expected an integer"),
        (b'{"version":1,"state":"refused","reason":5}', "reason: expected text"),
        (b'{"version":1,"state":"applied","in_force":-1}', "in_force: expected an integer"),
        (b'{"version":1,"state":"applied","sent_at":"soon"}', "sent_at: expected an ISO 8601 time"),
        (b'{"version":1,"state":"applied","sent_at":5}', "sent_at: expected an ISO 8601 time"),
        (b'{"version":1,"state":["applied"]}', "state: expected one of"),
    ],
)
def test_a_result_that_is_none_is_refused(payload: bytes, says: str) -> None:
    with pytest.raises(MessageError, match=says):
        decode_result(payload)


def test_a_long_reason_is_cut() -> None:
    assert len(encode_result(Result(1, State.REFUSED, "x" * 10_000))) < 600


def test_what_only_the_trackers_own_file_sets_is_in_no_table_of_remote_keys() -> None:
    assert not {key.name for key in REMOTE_KEYS} & set(LOCAL_ONLY)
