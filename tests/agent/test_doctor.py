"""`railbox doctor`: what it finds of each part, what it says to do, and that it harms nothing."""

import base64
import json
import os
import pty
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.clock import ClockQuality
from railbox_agent.config import AgentConfig
from railbox_agent.doctor import broker, command, files, judge, listen, service, store
from railbox_agent.doctor.certificates import valid_until_s
from railbox_agent.doctor.facts import Heard, Port, Stored
from railbox_agent.doctor.files import User
from railbox_agent.doctor.findings import Finding, exit_code, fail, lines, ok, warn
from railbox_agent.gnss.receiver import GnssSettings
from railbox_agent.health.machine import Machine
from railbox_agent.health.snapshot import Snapshot, Vitals
from railbox_agent.mqtt import Access, Address
from railbox_agent.outbox import Outbox
from railbox_agent.packing import Parcel
from railbox_agent.ports import PortSpec
from railbox_bridge.messages import Hello
from railbox_telemetry.settings import load
from railbox_telemetry.values import Fix, Knot, Positions
from support.agents import agent, receiver, settings
from support.brokers import free_port, mosquitto, nats, wait_for
from support.certificates import certificate
from support.fake_server import FakeServer

MB = 1_000_000
NOW_S = 1_790_000_000
GNSS = Port("gnss", "/dev/ttyUSB0", "gnss")
BOARD = Port("board", "/dev/ttyACM0", "board")
FIX = Fix(NOW_S * 1000, 55.75, 37.61, sats=9)
VITALS = Vitals("TRK1", "1.0", 1, 2, outbox_cap_bytes=64 * MB)


def levels(found: Iterator[Finding] | list[Finding] | Finding) -> list[str]:
    return [one.level for one in ([found] if isinstance(found, Finding) else found)]


# --- findings --------------------------------------------------------------------------------------------------------


def test_a_finding_is_a_line_with_what_to_do_below_it() -> None:
    found = [ok("disk", "fine"), warn("clock", "old", "wait"), fail("broker", "gone", "call")]
    assert list(lines(found, colour=False)) == [
        "ok    disk         fine",
        "warn  clock        old",
        "                   -> wait",
        "fail  broker       gone",
        "                   -> call",
        "1 failure, 1 warning.",
    ]
    assert "\033[31mfail \033[0m broker" in "\n".join(lines(found, colour=True))
    assert list(lines(found[:1], colour=False))[-1] == "All is well."


def test_only_a_failure_fails() -> None:
    assert exit_code([ok("a", ""), warn("b", "", "c")]) == 0
    assert exit_code([ok("a", ""), fail("b", "", "c")]) == 1


# --- judgements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "area", "level"),
    [
        (Machine(), "disk", "warn"),
        (Machine(900 * MB, 8_000 * MB, disk_read_only=False), "disk", "ok"),
        (Machine(50 * MB, 8_000 * MB, disk_read_only=False), "disk", "warn"),
        (Machine(19 * MB, 8_000 * MB, disk_read_only=False), "disk", "fail"),
        (Machine(900 * MB, 8_000 * MB, disk_read_only=True), "disk", "fail"),
        (Machine(), "memory", "ok"),
        (Machine(mem_available_bytes=300 * MB, rss_bytes=36 * MB), "memory", "ok"),
        (Machine(mem_available_bytes=30 * MB), "memory", "warn"),
        (Machine(mem_available_bytes=300 * MB, rss_bytes=120 * MB), "memory", "warn"),
        (Machine(), "temperature", "ok"),
        (Machine(temp_c=-30.0), "temperature", "ok"),
        (Machine(temp_c=80.0), "temperature", "warn"),
        (Machine(temp_c=85.1), "temperature", "fail"),
        (Machine(), "voltage", "ok"),
        (Machine(volts_low=False, slowed=False), "voltage", "ok"),
        (Machine(volts_low=True), "voltage", "fail"),
        (Machine(volts_low=False, slowed=True), "voltage", "warn"),
    ],
)
def test_the_computer_is_judged_by_its_figures(machine: Machine, area: str, level: str) -> None:
    found = {finding.area: finding for finding in judge.machine(machine, cap_bytes=64 * MB, used_bytes=0)}
    assert found[area].level == level
    assert bool(found[area].todo) == (level != "ok")


@pytest.mark.parametrize(
    ("quality", "level", "says"),
    [
        (ClockQuality(), "warn", "no receiver has told the time yet"),
        (ClockQuality(known=True), "ok", "known"),
        (ClockQuality(known=True, age_s=3), "ok", "by the receiver, 3 s ago; may be 0.0 s off"),
        (ClockQuality(known=True, age_s=7_300), "ok", "by the receiver, 2.0 h ago; may be 1.5 s off"),
        (ClockQuality(known=True, age_s=200_000), "warn", "by the receiver, 2.3 days ago; may be 40.0 s off"),
    ],
)
def test_the_clock_is_as_good_as_the_receivers_last_word_is_young(quality: ClockQuality, level: str, says: str) -> None:
    found = judge.clock(quality)
    assert (found.level, found.says[: len(says)]) == (level, says)


@pytest.mark.parametrize(
    ("host_s", "fix", "level"),
    [(NOW_S, FIX, "ok"), (NOW_S, None, "ok"), (0, FIX, "warn"), (NOW_S + 3_600, FIX, "warn"), (2**33, FIX, "warn")],
)
def test_the_computers_own_clock_is_held_against_the_floor_and_the_receiver(
    host_s: int, fix: Fix | None, level: str
) -> None:
    assert judge.host_clock(host_s, floor_s=1_767_225_600, fix=fix).level == level


@pytest.mark.parametrize(
    ("batches", "used_mb", "oldest_s", "connected", "level"),
    [
        (0, 0, None, True, "ok"),
        (4_000, 3, 86_400, False, "ok"),
        (4_000, 3, 86_400, True, "warn"),
        (60_000, 60, None, False, "warn"),
    ],
)
def test_the_outbox_worries_when_it_fills_or_does_not_empty(
    batches: int, used_mb: int, oldest_s: int | None, connected: bool, level: str
) -> None:
    assert judge.outbox(batches, used_mb * MB, 64 * MB, oldest_s, connected=connected).level == level


def heard(port: Port, received: int = 1_000, state: str = "open", **more: object) -> list[Finding]:
    counters: dict[str, int] = more.pop("counters", {})  # pyright: ignore[reportAssignmentType] - the tests' own
    found = Heard(port, state, None, received, counters, **more)  # pyright: ignore[reportArgumentType] - likewise
    return list(judge.heard(found, 12, ["/dev/ttyUSB7"]))


def test_a_port_that_is_not_there_is_told_with_those_that_are() -> None:
    (found,) = heard(GNSS, 0, "cannot be opened: [Errno 2] No such file or directory: '/dev/ttyUSB0'")
    assert (found.level, found.says) == ("fail", "/dev/ttyUSB0 is not there")
    assert found.todo.endswith("there is /dev/ttyUSB7")


@pytest.mark.parametrize(
    ("state", "todo"),
    [
        ("cannot be opened: [Errno 13] Permission denied", "dialout"),
        ("cannot be opened: [Errno 11] Could not exclusively lock port", "fuser"),
        ("cannot be opened: [Errno 5] Input/output error", "plug"),
        ("open", "switched on"),
    ],
)
def test_a_port_that_says_nothing_is_told_with_what_to_look_at(state: str, todo: str) -> None:
    (found,) = heard(GNSS, 0, state)
    assert found.level == "fail"
    assert todo in found.todo


def test_a_receiver_is_judged_by_what_it_says() -> None:
    assert levels(heard(GNSS, counters={"malformed": 12})) == ["fail"]
    assert levels(heard(GNSS, counters={"sentences": 30})) == ["ok", "warn"]
    assert levels(heard(GNSS, counters={"sentences": 30}, fix=FIX)) == ["ok", "ok"]
    found = heard(GNSS, counters={"sentences": 30}, fix=replace(FIX, trusted=False, reason="hdop"))
    assert levels(found) == ["ok", "warn"]
    assert found[1].says.endswith("9 satellites: not trusted (hdop)")


def test_a_board_is_judged_by_its_hello() -> None:
    (found,) = heard(BOARD, hello=Hello("0.3.0", "pico", ()))
    assert (found.level, found.says) == ("ok", "pico, firmware 0.3.0")
    assert levels(heard(BOARD, counters={"frames": 2})) == ["ok"]
    assert levels(heard(BOARD, counters={"bad_crc": 2})) == ["fail"]


def test_a_running_agent_is_judged_by_what_it_says_of_itself() -> None:
    counters = {"gnss.sentences": 900, "gnss.bad_checksum": 500, "gnss.garbage_bytes": 3, "outbox_set_aside": 1}
    vitals = replace(VITALS, trouble="refused", ports={"gnss": "open", "board": "stalled"}, fix_s=5, counters=counters)
    assert levels(judge.agent(Snapshot(vitals, Machine(), overdue=("uplink",)))) == ["ok", "fail", "fail"]
    assert levels(judge.open_ports(vitals, [GNSS, BOARD], [])) == ["ok", "fail", "ok"]
    assert levels(judge.open_ports(replace(vitals, counters={}), [GNSS], [])) == ["fail", "ok"]
    assert levels(judge.open_ports(replace(vitals, fix_s=5_000), [GNSS], [])) == ["ok", "warn"]
    assert levels(judge.open_ports(vitals, [Port("new", "/dev/x", "board")], [])) == ["fail"]
    assert [(one.level, one.says.split(" ")[0]) for one in judge.counts(counters)] == [
        ("warn", "gnss.bad_checksum"),
        ("ok", "gnss.garbage_bytes"),
        ("warn", "outbox_set_aside"),
    ]
    assert levels(judge.low_spells(2)) == ["warn"]
    assert levels(judge.low_spells(0)) == []


# --- the outbox ------------------------------------------------------------------------------------------------------


def filled(folder: Path) -> Outbox:
    outbox = Outbox(folder, MB)
    for number in range(3):
        outbox.put(Parcel((Positions((Knot(NOW_S + number, 1, 2),)),), urgent=False, time_s=NOW_S + number))
    outbox.remember("port_rates", '{"/dev/ttyUSB0": 38400}')
    outbox.commit(0)
    return outbox


def test_an_outbox_that_nobody_holds_is_read_and_not_touched(tmp_path: Path) -> None:
    outbox = filled(tmp_path)
    assert store.look(tmp_path) == Stored(exists=True, in_use=True)
    outbox.close()
    before = (tmp_path / "outbox.db").read_bytes()
    found = store.look(tmp_path)
    assert (found.batches, found.oldest_time_s, found.rates) == (3, NOW_S, {"/dev/ttyUSB0": 38_400})
    assert (tmp_path / "outbox.db").read_bytes() == before
    (finding,) = judge.stored(found, MB, NOW_S + 600)
    assert finding == ok("outbox", f"3 batches wait, the oldest 10 min old; {found.used_bytes / MB:.1f} of 1 MB")
    again = Outbox(tmp_path, MB)
    assert len(again) == 3
    again.close()


def test_an_outbox_after_a_power_cut_is_read_with_its_log_and_lost_nothing(tmp_path: Path) -> None:
    outbox = filled(tmp_path / "live")
    (tmp_path / "cut").mkdir()
    for path in (tmp_path / "live").glob("outbox.db*"):  # what is on the disk while it is open is what a cut leaves
        (tmp_path / "cut" / path.name).write_bytes(path.read_bytes())
    outbox.close()
    assert store.look(tmp_path / "cut").batches == 3
    again = Outbox(tmp_path / "cut", MB)
    assert len(again) == 3
    again.close()


def test_a_damaged_and_an_absent_outbox_are_told(tmp_path: Path) -> None:
    assert store.look(tmp_path / "none") == Stored()
    assert levels(judge.stored(Stored(), MB, NOW_S)) == ["ok"]
    (tmp_path / "outbox.db").write_bytes(b"no database" * 200)
    (tmp_path / "outbox.damaged-1.db").write_bytes(b"")
    found = store.look(tmp_path)
    assert "not a database" in (found.error or "")
    assert levels(judge.stored(found, MB, NOW_S)) == ["fail", "warn"]


# --- files and service -----------------------------------------------------------------------------------------------


def status(mode: int, uid: int = 0, gid: int = 20) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))


def test_who_may_is_told_by_owner_group_and_mode() -> None:
    tracker = User("railbox", 990, frozenset({990, 20}))
    assert tracker.may(status(0o660), files.READ_WRITE)
    assert not tracker.may(status(0o640), files.READ_WRITE)
    assert not tracker.may(status(0o660, gid=5), files.READ)
    assert tracker.may(status(0o604, gid=5), files.READ)
    assert tracker.may(status(0o400, uid=990), files.READ)
    assert not tracker.may(status(0o066, uid=990), files.READ)
    assert User("root", 0, frozenset()).may(status(0), files.READ_WRITE)


def test_files_that_the_service_cannot_use_and_secrets_that_all_can_read_are_told(tmp_path: Path) -> None:
    for name, mode in (("agent.toml", 0o600), ("password", 0o644), ("tty", 0o600)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    more = f'username = "T"\npassword_file = "{tmp_path}/password"\nca_file = "{tmp_path}/ca.pem"'
    path = settings(tmp_path, str(tmp_path / "tty"), "mqtt://127.0.0.1", more)
    path.chmod(0o600)
    (tmp_path / "outbox").mkdir(mode=0o700)
    config, stranger = load(path, AgentConfig), User("railbox", 4_242, frozenset({4_242}))
    found = list(files.look(config, path, stranger, NOW_S))
    assert [(one.level, one.says.split(":")[0]) for one in found] == [
        ("fail", "the settings"),
        ("warn", "uplink.password_file"),
        ("fail", "uplink.ca_file"),
        ("fail", "outbox.folder"),
        ("fail", "port gnss"),
    ]
    assert found[0].todo == f"chgrp railbox {path}; chmod 640 {path}"
    (tmp_path / "ca.pem").write_text("x")
    (tmp_path / "password").chmod(0o640)
    assert levels(files.look(config, path, User("root", 0, frozenset()), NOW_S)) == ["ok"]


def test_the_end_of_our_certificate_is_told_in_time(tmp_path: Path) -> None:
    certificate(tmp_path, "TRK1", days=100)
    pem = (tmp_path / "TRK1.pem").read_text()
    end_s = valid_until_s(pem)
    assert end_s is not None
    more = f'cert_file = "{tmp_path}/TRK1.pem"\nkey_file = "{tmp_path}/TRK1.key"'
    path = settings(tmp_path, "gpsd://127.0.0.1", "mqtts://127.0.0.1", more)
    config, root = load(path, AgentConfig), User("root", 0, frozenset())
    for now_s, says in ((end_s - 31 * 86_400, "may read"), (end_s - 86_400, "ends in 24"), (end_s + 60, "ended 60 s")):
        (found,) = files.look(config, path, root, now_s)
        assert says in found.says
    (tmp_path / "TRK1.pem").write_text("nonsense")
    assert levels(files.look(config, path, root, NOW_S)) == ["warn"]


@given(st.binary(max_size=400), st.integers(0, 600))
def test_no_certificate_upsets_it(data: bytes, cut: int) -> None:
    for der in (data, b"\x30\x82" + data, data[:cut]):
        body = base64.b64encode(der).decode()
        valid_until_s(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    assert valid_until_s(data.decode("latin-1")) is None


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"LoadState": "not-found"}, ["ok"]),
        ({"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}, ["ok"]),
        (
            {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "disabled", "WatchdogUSec": "0"},
            ["ok", "warn", "warn"],
        ),
        ({"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "NRestarts": "3"}, ["warn"]),
        ({"LoadState": "loaded", "ActiveState": "failed", "UnitFileState": "enabled", "Result": "watchdog"}, ["fail"]),
        ({}, ["ok"]),
    ],
)
def test_the_service_is_judged_by_what_systemctl_shows(shown: dict[str, str], expected: list[str]) -> None:
    assert levels(service.judge(shown)) == expected


def test_where_systemd_does_not_run_nothing_is_asked_of_it(tmp_path: Path) -> None:
    assert levels(service.look(tmp_path)) == ["ok"]


# --- ports -----------------------------------------------------------------------------------------------------------


def test_ports_are_listened_to_as_the_agent_would_and_only_as_long_as_it_takes() -> None:
    with receiver() as talker:
        spec = PortSpec("gnss", talker.path, "gnss")
        (found,) = listen.listen([spec], GnssSettings(), 60, {talker.path: 9_600})
    assert found.fix is not None
    assert found.fix.trusted
    assert found.rate == 9_600
    assert levels(judge.heard(found, 60, [])) == ["ok", "ok"]


def test_a_silent_and_an_absent_port_are_heard_as_such(tmp_path: Path) -> None:
    main, sub = pty.openpty()
    specs = [PortSpec("gnss", os.ttyname(sub), "gnss"), PortSpec("board", str(tmp_path / "none"), "board")]
    seen: list[float] = []
    silent, absent = listen.listen(specs, GnssSettings(), 0.5, {}, seen.append)
    os.close(main)
    os.close(sub)
    assert levels(judge.heard(silent, 0.5, [])) == ["fail"]
    assert "not a byte" in next(judge.heard(silent, 0.5, [])).says
    assert "is not there" in next(judge.heard(absent, 0.5, [])).says
    assert seen


# --- the broker ------------------------------------------------------------------------------------------------------


def looked(access: Access, *, agent_runs: bool = False) -> list[tuple[str, str]]:
    return [(one.level, one.says) for one in broker.look(access, NOW_S, agent_runs=agent_runs)]


def test_a_broker_that_lets_us_in_is_told_by_its_protocol(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as there:
        address = Address("127.0.0.1", there.port)
        assert looked(Access(address, "TRK1")) == [
            ("ok", f"{address} answers (without TLS)"),
            ("ok", "the broker lets us in, by MQTT 5"),
        ]
        assert looked(Access(address, "TRK1"), agent_runs=True) == [("ok", f"{address} answers (without TLS)")]


def test_an_older_broker_is_told_by_its_protocol(tmp_path: Path) -> None:
    with nats(tmp_path) as there:
        found = looked(Access(Address("127.0.0.1", there.port), "TRK1"))
        assert found[-1] == ("ok", "the broker lets us in, by MQTT 3.1.1")


def test_a_broker_that_is_not_there_or_has_no_name_is_told() -> None:
    ((level, says),) = looked(Access(Address("127.0.0.1", free_port()), "TRK1"))
    assert (level, "refuses connections" in says) == ("fail", True)
    assert levels(list(broker.look(Access(Address("no.such.invalid", 1), "T"), NOW_S, agent_runs=False))) == ["fail"]


def test_a_broker_that_refuses_us_says_why(tmp_path: Path) -> None:
    with mosquitto(tmp_path, None, "allow_anonymous false") as there:
        found = looked(Access(Address("127.0.0.1", there.port), "TRK1"))
    assert found[-1] == ("fail", "refused: Not authorized")


def test_a_broker_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        found = looked(Access(Address("127.0.0.1", mute.getsockname()[1]), "TRK1"))
    assert found[-1] == ("fail", "it does not answer CONNECT")


def test_tls_is_judged_by_its_certificates(tmp_path: Path) -> None:
    for name, *signed_by in (("ca",), ("broker", "ca"), ("stranger",)):
        certificate(tmp_path, name, *signed_by)
    secured = [f"cafile {tmp_path}/ca.pem", f"certfile {tmp_path}/broker.pem", f"keyfile {tmp_path}/broker.key"]
    with mosquitto(tmp_path, None, *secured, "allow_anonymous true") as there:
        address = Address("127.0.0.1", there.port, tls=True)
        own = Access(address, "TRK1", ca_file=tmp_path / "ca.pem")
        end_s = valid_until_s((tmp_path / "broker.pem").read_text()) or 0
        found = list(broker.look(own, end_s - 86_400, agent_runs=False))
        assert levels(found) == ["warn", "ok"]
        assert "its certificate ends in 24.0 h" in found[0].says
        assert levels(list(broker.look(own, end_s - 90 * 86_400, agent_runs=False))) == ["ok", "ok"]
        for wrong, says in (
            (replace(own, ca_file=tmp_path / "stranger.pem"), "self-signed certificate in certificate chain"),
            (replace(own, ca_file=tmp_path / "none.pem"), "No such file"),
            (replace(own, cert_file=tmp_path / "ca.pem", key_file=tmp_path / "stranger.key"), "KEY_VALUES_MISMATCH"),
        ):
            ((level, said),) = looked(wrong)
            assert (level, says in said) == ("fail", True), said
        assert (
            levels(list(broker.look(replace(own, address=replace(address, tls=False)), NOW_S, agent_runs=False)))[-1]
            == "fail"
        )


# --- the command -----------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], config: Path, *more: str) -> tuple[int, dict[str, str]]:
    """Its exit code, and the level of each area; the worst where there are several."""
    code = command.main(["--config", str(config), "--json", *more])
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] == (code == 0)
    worst: dict[str, str] = {}
    for finding in said["findings"]:
        rank = ("ok", "warn", "fail").index
        worst[finding["area"]] = max(worst.get(finding["area"], "ok"), finding["level"], key=rank)
    return code, worst


def test_settings_that_cannot_be_used_are_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--config", str(tmp_path / "none.toml")]) == 2
    assert "fail  settings" in capsys.readouterr().out


def test_it_looks_at_everything_before_the_agent_runs_and_asks_it_when_it_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with mosquitto(tmp_path) as there, FakeServer(there.port) as server, receiver() as talker:
        sock = tmp_path / "agent.sock"
        config = settings(tmp_path, talker.path, there.url, f'[health]\nsocket = "{sock}"')
        code, found = run(capsys, config, "--seconds", "20")
        assert code == 0
        assert found["agent"] == "warn"
        assert {found[area] for area in ("settings", "port gnss", "position", "login", "outbox")} == {"ok"}
        with agent(config, tmp_path / "log") as process:
            wait_for(lambda: server.batches, "batches")
            wait_for(lambda: run(capsys, config)[1].get("position") == "ok", "a position in the agent's snapshot", 30)
            code, found = run(capsys, config)
            assert code == 0
            assert {found[area] for area in ("agent", "port gnss", "login", "broker", "outbox", "clock")} == {"ok"}
            assert server.statuses[-1]["online"] is True
            code, found = run(capsys, config, "--socket", str(tmp_path / "elsewhere.sock"))
            assert found["agent"] == "warn"
            assert "port gnss" not in found
            assert all(status["online"] for status in server.statuses), "the doctor cut the agent off"
            process.kill()
