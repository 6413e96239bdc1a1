"""The whole line with real parts: receiver and board behind pseudo-terminals, agent, broker, server, HTTP."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.board import simulated_board
from railbox_telemetry import iso
from railbox_telemetry.identity import container_check_digit
from support import nmea
from support.brokers import wait_for
from support.shared import shared
from support.system import Server, Tracker, running, serial_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

UNIT, OTHER_UNIT = "CSQU3054383", "TOLU4734787"
LOGS = ("bundg_zeus_9", "gpsdf", "sirfstarv-nmea", "skytraq-dgps", "ublox-8", "ublox-neo-m9n-nmea")
PLAYED_S = 25
CLOSE_DEG = 10 / 111_195


def test_a_fix_a_temperature_and_an_opened_door_come_out_of_the_api(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with running(server), serial_port() as gnss, simulated_board([(4.0, {"door": "open", "temp_c": -12.5})]) as board:
        server.assign("TRK-1", UNIT)
        tracker = Tracker(tmp_path / "agent", "TRK-1", server.broker, gnss.path, board.port_path)
        start_s = int(time.time())
        with running(tracker):
            gnss.play(nmea.rmc(start_s + i) + nmea.gga(start_s + i) for i in range(120))
            wait_for(lambda: events_of(server).get("door_opened"), "the opened door", 60)
            wait_for(lambda: -12.5 in readings_of(server, "temp_c"), "the board's temperature", 60)
            row = server.get(f"/api/units/{UNIT}")
            assert row["devices"] == ["TRK-1"]
            assert row["latest"]["lat"] == pytest.approx(29.1, abs=1e-5)
            assert row["latest"]["lon"] == pytest.approx(61.4, abs=1e-5)
            assert row["latest"]["speed_mps"] == pytest.approx(20 * 1852 / 3600, abs=0.1)
        assert abs(iso.to_s(events_of(server)["door_opened"]) - start_s) < 60


def test_garbage_on_either_port_and_foreign_payloads_cost_nothing_else(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with running(server), serial_port() as gnss, serial_port() as board:
        server.assign("TRK-1", UNIT)
        tracker = Tracker(tmp_path / "agent", "TRK-1", server.broker, gnss.path, board.path)
        stranger = Tracker(tmp_path / "stranger", "TRK-9", server.broker, gnss.path)
        start_s = int(time.time())
        board.write(b"MicroPython v1.28 on 2026-07-01\r\n>>> Traceback" + bytes(range(256)) * 8)
        with running(tracker):
            gnss.play(b"\xff\x00$GPRMC,junk*00\r\n" + nmea.rmc(start_s + i) for i in range(60))
            wait_for(lambda: len(track_of(server, UNIT)) >= 5, "fixes through the garbage", 60)
        with running(stranger):
            gnss.play(nmea.rmc(start_s + 60 + i) for i in range(60))
            wait_for(lambda: quarantined(server).get("TRK-9", 0) >= 8, "the stranger's batches in quarantine", 60)
        assert list(quarantined(server)) == ["TRK-9"]
        assert server.post("/api/quarantine/TRK-9/admit", {})["admitted"] > 0
        server.assign("TRK-9", OTHER_UNIT)
        wait_for(lambda: track_of(server, OTHER_UNIT), "the admitted batches' positions", 30)


def test_what_real_receivers_logged_arrives_where_gpsd_says_it_was(tmp_path: Path) -> None:
    files = {name: shared("nmea", f"{name}.log") for name in LOGS}
    server = Server(tmp_path)
    with ExitStack() as stack:
        stack.enter_context(running(server))
        ports = {name: stack.enter_context(serial_port()) for name in LOGS}
        for number, name in enumerate(LOGS):
            server.assign(f"TRK-{name}", container(number))
            era = min(gpsd_says(files[name].with_suffix(".log.chk")))
            tracker = Tracker(tmp_path / name, f"TRK-{name}", server.broker, ports[name].path, era=era)
            stack.enter_context(running(tracker))
        players = [ports[name].play(head(files[name])) for name in LOGS]
        for player in players:
            player.join()
        for number, name in enumerate(LOGS):
            check(server, container(number), name, gpsd_says(files[name].with_suffix(".log.chk")))


def check(server: Server, unit: str, name: str, expected: dict[str, list[tuple[float, float]]]) -> None:
    """Nearly every second that was played is there, and is where gpsd says."""
    wait_for(lambda: len(track_of(server, unit)) >= PLAYED_S - 8, f"the positions of {name}", 60)
    found = {point["time"]: point for point in track_of(server, unit)}
    checked = [time_ for time_ in found if time_ in expected]
    assert len(checked) >= PLAYED_S - 10, f"{name}: {len(checked)} of {len(found)} are in the .chk"
    for time_ in checked:
        assert any(near(found[time_], place) for place in expected[time_]), f"{name} {time_}"


# --- what the tests ask ----------------------------------------------------------------------------------------------


def events_of(server: Server) -> dict[str, str]:
    return {row["event"]: row["time"] for row in server.get(f"/api/units/{UNIT}/events")["events"]}


def quarantined(server: Server) -> dict[str, int]:
    return {row["device"]: row["batches"] for row in server.get("/api/quarantine")["devices"]}


def readings_of(server: Server, channel: str) -> list[float]:
    return [row["value"] for row in server.get(f"/api/units/{UNIT}/readings?channel={channel}")["readings"]]


def track_of(server: Server, unit: str) -> list[dict[str, Any]]:
    return server.get(f"/api/units/{unit}/track")["points"]


def container(number: int) -> str:
    """A container number with its check digit."""
    first = f"RBXU10000{number}"
    return f"{first}{container_check_digit(first)}"


def head(log: Path) -> Iterator[bytes]:
    """The first epochs of a log: a new one begins where the time in a position sentence changes."""
    said = re.compile(rb"^\$..(?:RMC|GGA|GNS|ZDA),(\d{6})")
    epoch, last, count = b"", b"", 0
    for line in log.read_bytes().splitlines(keepends=True):
        found = said.match(line)
        if found and found[1] != last:
            if last:
                yield epoch
                epoch, count = b"", count + 1
            last = found[1]
        if count == PLAYED_S:
            return
        if not line.startswith(b"#"):
            epoch += line


def gpsd_says(chk: Path) -> dict[str, list[tuple[float, float]]]:
    """gpsd's positions by whole second; it repeats some with another one."""
    places: dict[str, list[tuple[float, float]]] = {}
    for line in chk.read_text(errors="replace").splitlines():
        row: dict[str, Any] = json.loads(line) if line.startswith('{"class":"TPV"') else {}
        if row.get("mode", 0) >= 2 and "time" in row and "lat" in row:
            places.setdefault(iso.from_s(iso.to_s(row["time"])), []).append((row["lat"], row["lon"]))
    return places


def near(point: dict[str, Any], place: tuple[float, float]) -> bool:
    return abs(point["lat"] - place[0]) < CLOSE_DEG and abs(point["lon"] - place[1]) < CLOSE_DEG
