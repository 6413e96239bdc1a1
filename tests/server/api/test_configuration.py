"""The addresses of remote configuration, and `railbox device configure|configuration` over them."""

import json
from pathlib import Path
from typing import Any

import pytest

from railbox_server import devices
from railbox_server.api.models.configuration import ConfigurationDetail, ConfigurationRow, ConfigurationRows
from railbox_server.asking import Asker
from railbox_server.errors import ServerError
from railbox_server.ingest.parcel import Message
from railbox_server.store.interface import Store
from railbox_telemetry import iso
from railbox_telemetry.remote_messages import Result, State, decode_configuration, encode_result
from railbox_telemetry.topics import Leaf, Topic
from support.server_rig import Rig

NOW_S = 1_795_000_000
ONE = "/api/devices/TRK1/configuration"
SETTINGS = {"thinning": {"deadline_s": 300}}


@pytest.fixture
def rig(store: Store, tmp_path: Path) -> Rig:
    for device in ("TRK1", "TRK2"):
        store.register(device, NOW_S * 1000)
    return Rig(store, NOW_S, tmp_path)


def ask(rig: Rig, method: str, path: str, body: object = None, status: int = 200) -> Any:
    answer = rig.api.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def say(rig: Rig, result: Result, device: str = "TRK1") -> None:
    message = Message(str(Topic(device, Leaf.RESULT)), encode_result(result), (NOW_S + 60) * 1000)
    assert rig.configurations.takes(message)
    rig.configurations.turn(0.01)


def test_a_device_of_which_nothing_was_wanted_says_what_can_be_set(rig: Rig) -> None:
    row = ask(rig, "GET", ONE)
    ConfigurationDetail.model_validate(row)
    assert (row["wanted"], row["in_force"], row["earlier"]) == (None, None, [])
    keys = {key["key"]: key for key in row["keys"]}
    assert keys["thinning.deadline_s"]["type"] == "an integer from 0 to 86400"
    assert (keys["thinning.deadline_s"]["default"], keys["thresholds[].channel"]["default"]) == (58, None)
    assert not {"uplink.url", "uplink.cert_file", "device"} & keys.keys()


def test_what_is_put_is_pending_and_sent_and_then_what_the_tracker_says(rig: Rig) -> None:
    row = ask(rig, "PUT", ONE, {"settings": SETTINGS})
    ConfigurationRow.model_validate(row)
    wanted = {"version": NOW_S, "settings": SETTINGS, "wanted_at": iso.from_s(NOW_S)}
    assert row["wanted"] == {**wanted, "state": "pending", "reason": None, "reported_at": None}
    ((_, payload),) = rig.published
    assert decode_configuration(payload).version == NOW_S
    say(rig, Result(NOW_S, State.REVERTED, "the broker was out of reach"))
    row = ask(rig, "GET", ONE)
    assert row["wanted"]["state"] == "reverted"
    assert row["wanted"]["reason"] == "the broker was out of reach"
    assert row["wanted"]["reported_at"] == row["heard_at"] == iso.from_s(NOW_S + 60)


def test_what_was_wanted_before_is_shown(rig: Rig) -> None:
    for settings in (SETTINGS, {}):
        ask(rig, "PUT", ONE, {"settings": settings})
    row = ask(rig, "GET", ONE)
    assert row["wanted"]["settings"] == {}
    assert [earlier["settings"] for earlier in row["earlier"]] == [SETTINGS]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"thinning": {"deadline": 1}}, "settings: thinning.deadline: no such key; did you mean deadline_s?"),
        ({"uplink": {"url": "mqtt://x"}}, "settings: uplink.url: only the tracker's own file can set it"),
        (
            {"thinning": {"deadline_s": "soon"}},
            'thinning.deadline_s: expected an integer from 0 to 86400, found "soon"',
        ),
        ({"x": "y" * 10_000}, "bytes are over 8192"),
    ],
)
def test_what_a_tracker_would_refuse_is_a_problem_and_not_sent(rig: Rig, settings: object, says: str) -> None:
    for path in (ONE, "/api/configurations"):
        problem = ask(rig, "PUT", path, {"settings": settings, "devices": ["TRK1"]}, 422)
        assert says in problem["detail"]
    assert rig.published == []
    assert ask(rig, "GET", ONE)["wanted"] is None


def test_what_is_no_settings_at_all_is_a_problem(rig: Rig) -> None:
    for body in ("null", "[]", "{}", '{"settings":[]}', '{"settings":null}'):
        ask(rig, "PUT", ONE, json.loads(body), 422)
    for body in ('{"settings":{}}', '{"settings":{},"devices":[]}', '{"settings":{},"devices":"TRK1"}'):
        ask(rig, "PUT", "/api/configurations", json.loads(body), 422)


def test_an_unknown_device_is_a_problem_and_of_several_none_is_set_then(rig: Rig) -> None:
    says = "no device 'TRK9'; GET /api/devices lists them"
    assert ask(rig, "GET", "/api/devices/TRK9/configuration", status=404)["detail"] == says
    assert ask(rig, "PUT", "/api/devices/TRK9/configuration", {"settings": {}}, 404)["detail"] == says
    body = {"devices": ["TRK1", "TRK9"], "settings": SETTINGS}
    assert ask(rig, "PUT", "/api/configurations", body, 404)["detail"] == says
    assert rig.published == []
    ask(rig, "GET", "/api/devices/TRK.1/configuration", status=422)


def test_several_devices_are_set_alike(rig: Rig) -> None:
    body = {"devices": ["TRK2", "TRK1", "TRK2"], "settings": SETTINGS}
    rows = ask(rig, "PUT", "/api/configurations", body)
    ConfigurationRows.model_validate(rows)
    assert [row["device"] for row in rows["configurations"]] == ["TRK2", "TRK1"]
    assert len(rig.published) == 2
    listed = ask(rig, "GET", "/api/configurations")
    assert [row["device"] for row in listed["configurations"]] == ["TRK1", "TRK2"]
    page = ask(rig, "GET", "/api/configurations?limit=1")
    rest = ask(rig, "GET", f"/api/configurations?cursor={page['next']}")
    assert [row["device"] for row in rest["configurations"]] == ["TRK2"]


def test_garbage_that_reached_the_tracker_is_shown(rig: Rig) -> None:
    ask(rig, "PUT", ONE, {"settings": SETTINGS})
    say(rig, Result(None, State.REFUSED, "not JSON"))
    row = ask(rig, "GET", ONE)
    assert (row["unreadable"], row["wanted"]["state"]) == ("not JSON", "pending")


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def command(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A rig that `railbox device` asks instead of a server of its own."""

    def asked(_: Asker, path: str, body: object = None, method: str | None = None) -> Any:
        answer = rig.api.request(method or ("POST" if body else "GET"), path, json=body)
        if not answer.is_success:
            raise ServerError(answer.json()["detail"])
        return answer.json()

    monkeypatch.setattr(Asker, "ask", asked)
    return rig


def wanted(rig: Rig, device: str = "TRK1") -> object:
    return ask(rig, "GET", f"/api/devices/{device}/configuration")["wanted"]["settings"]


def test_keys_are_added_to_what_was_wanted_and_taken_out_of_it(
    command: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert devices.main(["configure", "TRK1", "thinning.deadline_s=300", "log_level=debug"]) == 0
    assert wanted(command) == {"thinning": {"deadline_s": 300}, "log_level": "debug"}
    assert devices.main(["configure", "TRK1", "thinning.deadline_s=", "readings.interval_s=60"]) == 0
    assert wanted(command) == {"log_level": "debug", "readings": {"interval_s": 60}}
    out = capsys.readouterr().out
    assert f"TRK1: version {NOW_S} of {iso.from_s(NOW_S)} is pending: the tracker has not answered yet\n" in out
    assert '  log_level = "debug"\n' in out
    bound = 'thresholds=[{channel = "temp_c", above = 8.0, hysteresis = 0.5}]'
    assert devices.main(["configure", "TRK1", bound]) == 0
    assert devices.main(["configure", "TRK1", "--clear"]) == 0
    assert wanted(command) == {}


def test_a_file_is_all_that_is_wanted(command: Rig, tmp_path: Path) -> None:
    file = tmp_path / "satellite.toml"
    file.write_text("[thinning]\ndeadline_s = 900\n")
    assert devices.main(["configure", "TRK1", "log_level=debug"]) == 0
    assert devices.main(["configure", "TRK1,TRK2", str(file)]) == 0
    assert wanted(command) == wanted(command, "TRK2") == {"thinning": {"deadline_s": 900}}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give one FILE.toml, or KEY=VALUE once or more, or --clear"),
        (["a.toml", "b=1"], "give one FILE.toml"),
        (["b=1", "--clear"], "give one FILE.toml"),
        (["none.toml"], "none.toml: cannot be read"),
        (["log_level=debug", "log_level.x=1"], "log_level.x: log_level is no table"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_exit_code_2(
    command: Rig, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert devices.main(["configure", "TRK1", *words]) == 2
    assert says in capsys.readouterr().err
    assert command.published == []


def test_what_the_server_refuses_is_one_line_and_exit_code_1(command: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert devices.main(["configure", "TRK1", "uplink.url=mqtt://x"]) == 1
    says = "railbox device: settings: uplink.url: only the tracker's own file can set it\n"
    assert capsys.readouterr().err == says
    assert command.published == []


def test_it_is_shown_how_a_tracker_stands(command: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert devices.main(["configuration", "TRK1"]) == 0
    assert devices.main(["configure", "TRK1", "log_level=debug"]) == 0
    say(command, Result(NOW_S, State.REFUSED, "no room"))
    assert devices.main(["configuration", "TRK1", "--keys"]) == 0
    out = capsys.readouterr().out
    assert "TRK1: nothing was ever to be set; its own file alone holds\n" in out
    assert "is refused: no room\n" in out
    assert f"  there holds its own file alone, it said at {iso.from_s(NOW_S + 60)}\n" in out
    assert "thinning.deadline_s  (an integer from 0 to 86400, default 58)\n    Dead reckoning: and is told" in out
    assert devices.main(["configuration", "TRK1", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["wanted"]["state"], "keys" in shown) == ("refused", False)
    assert devices.main(["configuration", "TRK1", "--json", "--keys"]) == 0
    assert json.loads(capsys.readouterr().out)["keys"]


def test_all_trackers_are_shown_that_were_ever_to_be_set(command: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert devices.main(["configuration"]) == 0
    assert "no tracker was ever to be set" in capsys.readouterr().out
    assert devices.main(["configure", "TRK1,TRK2", "log_level=debug"]) == 0
    assert devices.main(["configuration", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [row["device"] for row in rows] == ["TRK1", "TRK2"]
