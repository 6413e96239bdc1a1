"""Replay: recordings, NMEA and GPX give the same items any day, as JSON lines of the documented form."""

import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from railbox_agent import replay
from railbox_agent.items import Report
from railbox_agent.recording import Chunk
from railbox_agent.thinning.interval import IntervalSettings
from railbox_telemetry.values import BootClock, Fix
from support.logs import HEADER, T0, UNIT, recording, trip_chunks
from support.nmea import gga, rmc


def nmea(path: Path, head: bytes = b"", seconds: int = 100, period_s: int = 1) -> Path:
    path.write_bytes(head + b"".join(rmc(T0 + at) + gga(T0 + at) for at in range(0, seconds, period_s)))
    return path


GPX = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="29.1" lon="61.4"><ele>847</ele><time>2026-09-21T08:30:00Z</time><sat>7</sat><hdop>1.5</hdop></trkpt>
<trkpt lat="29.2" lon="61.4"><time>2026-09-21T08:35:00Z</time></trkpt>
<trkpt lat="29.25" lon="61.4"></trkpt>
<trkpt lat="0" lon="0"><time>2026-09-21T08:36:00Z</time></trkpt>
</trkseg><trkseg>
<trkpt lat="29.4" lon="61.4"><time>2026-09-21T08:55:00.500Z</time></trkpt>
</trkseg></trk></gpx>
"""


def rows(capsys: pytest.CaptureFixture[str], *args: str) -> list[dict[str, Any]]:
    assert replay.main([*args, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def of(kind: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["type"] == kind]


# Recordings


@pytest.mark.parametrize("name", ["trip.rbrec", "trip.rbrec.gz"])
def test_a_recording_gives_fixes_knots_readings_and_events(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    lines = rows(capsys, str(recording(tmp_path / name)), "--interval", "60")
    assert len(of("fix", lines)) == 110
    assert of("fix", lines)[0] == {
        "type": "fix",
        "unit": UNIT,
        "time": "2026-09-21T08:30:20Z",
        "lat": 29.102,
        "lon": 61.4,
        "speed_mps": 11.117,
        "course_deg": 0.0,
        "alt_m": 847.0,
        "sats": 9,
        "hdop": 1.1,
        "trusted": True,
    }
    assert [line["time"][11:19] for line in of("knot", lines)] == ["08:30:20", "08:31:20", "08:32:09"]
    assert of("knot", lines)[0] | {"dark_s": 0} == {
        "type": "knot",
        "unit": UNIT,
        "time": "2026-09-21T08:30:20Z",
        "lat": 29.102,
        "lon": 61.4,
        "dark_s": 0,
    }
    temps = [(line["time"][11:19], line["value"]) for line in of("reading", lines) if line["channel"] == "temp_c"]
    assert temps == [("08:30:04", 20.5), ("08:31:04", 24.0), ("08:32:04", 25.0)]
    assert of("event", lines) == [
        {"type": "event", "unit": UNIT, "time": "2026-09-21T08:30:02Z", "event": "door_opened", "value": 0}
    ]


def test_untrusted_fixes_carry_their_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.nmea"
    path.write_bytes(rmc(T0) + rmc(T0 + 1) + gga(T0 + 1, hdop=50) + rmc(T0 + 2))
    assert [line.get("reason") for line in of("fix", rows(capsys, str(path)))] == [None, "hdop", None]


def test_events_that_were_never_dated_come_last_with_no_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recording(tmp_path / "trip", [chunk for chunk in trip_chunks() if chunk.port == "board"])
    lines = rows(capsys, str(path))
    assert [(line["event"], line["time"]) for line in of("event", lines)] == [("door_opened", None)]


def test_a_recording_without_a_receiver_is_dated_by_its_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chunks = [chunk for chunk in trip_chunks() if chunk.port == "board"]
    lines = rows(capsys, str(recording(tmp_path / "trip", chunks, replace(HEADER, ports={"board": "board"}))))
    assert of("event", lines)[0]["time"] == "2026-09-21T08:30:02Z"


def test_rollover_is_put_right_by_the_recordings_own_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = [Chunk("gnss", at * 1_000_000, rmc(T0 + at - 1024 * 7 * 86_400)) for at in range(5)]
    lines = rows(capsys, str(recording(tmp_path / "trip", old)))
    assert of("fix", lines)[0]["time"] == "2026-09-21T08:30:00Z"


def test_damaged_lines_are_counted_and_the_rest_is_played(tmp_path: Path) -> None:
    path = recording(tmp_path / "trip")
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*whole[:40], b"garbage\n", *whole[40:]]))
    log = replay.load(path)
    assert sum(isinstance(item, Fix) for item in log.items) == 110
    assert log.counters["damaged_lines"] == 1


def test_the_unit_given_overrules_the_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = rows(capsys, str(recording(tmp_path / "trip")), "--unit", "other")
    assert {line["unit"] for line in lines} == {"other"}


def test_steps_tell_what_became_known_when(tmp_path: Path) -> None:
    log = replay.load(recording(tmp_path / "trip", None, replace(HEADER, uplink_down=((60, 90),), device="trk-1")))
    assert (log.header.device, log.header.uplink_down) == ("trk-1", ((60, 90),))
    steps = list(log.steps)
    assert [step.at_s for step in steps] == sorted(step.at_s for step in steps)
    assert all(step.items for step in steps)
    clock = next(step for step in steps if any(isinstance(item, BootClock) for item in step.items))
    assert 22 <= clock.at_s <= 25


# NMEA


@pytest.mark.parametrize("zipped", [False, True])
def test_plain_nmea_is_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str], zipped: bool) -> None:
    path = nmea(tmp_path / "drive")
    if zipped:
        path.write_bytes(gzip.compress(path.read_bytes()))
    lines = rows(capsys, str(path), "--interval", "60")
    assert len(of("fix", lines)) == 100
    assert [line["time"][11:19] for line in of("knot", lines)] == ["08:30:00", "08:31:00", "08:31:39"]
    assert {line["unit"] for line in lines} == {None}


def test_the_date_in_its_head_is_the_pivot_of_plain_nmea(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = nmea(tmp_path / "drive", b"# Name: an old receiver\n# Date: 2046-05-01\n")
    assert of("fix", rows(capsys, str(path)))[0]["time"] == "2046-05-07T08:30:00Z"
    assert of("fix", rows(capsys, str(nmea(path))))[0]["time"] == "2026-09-21T08:30:00Z"


def test_sentences_in_comments_are_no_fixes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = nmea(tmp_path / "drive", b"# " + rmc(T0 - 500))
    assert len(of("fix", rows(capsys, str(path)))) == 100


def test_slow_logs_are_not_dark_between_their_fixes(tmp_path: Path) -> None:
    path = nmea(tmp_path / "slow", seconds=600, period_s=10)
    options = replay.Options(thinning=IntervalSettings(60, 60))
    knots = [knot for item in replay.items(path, options) if isinstance(item, Report) for knot in item.knots]
    assert [knot.dark_s for knot in knots[1:]] == [0] * 10


def test_a_log_without_checksums_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bare"
    path.write_bytes(b"".join(b"%s\r\n" % line.split(b"*")[0] for line in nmea(path).read_bytes().splitlines()))
    assert replay.main([str(path), "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--no-checksum" in captured.err
    assert len(of("fix", rows(capsys, str(path), "--no-checksum"))) == 100


# GPX


def test_gpx_is_a_log_whose_steps_over_ten_minutes_are_dark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gpxpy")
    path = tmp_path / "walk.gpx"
    path.write_text(GPX)
    lines = rows(capsys, str(path))
    assert [line["time"] for line in of("fix", lines)] == [
        "2026-09-21T08:30:00Z",
        "2026-09-21T08:35:00Z",
        "2026-09-21T08:55:00.500Z",
    ]
    assert (of("fix", lines)[0]["alt_m"], of("fix", lines)[0]["sats"], of("fix", lines)[0]["hdop"]) == (847, 7, 1.5)
    assert [line["dark_s"] for line in of("knot", lines)][1:] == [0, 1201]


def test_gpx_that_is_broken_or_cannot_be_read_here_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "walk.gpx"
    path.write_text(GPX[:300])
    assert replay.main([str(path), "--json"]) == 1
    assert "walk.gpx: not GPX" in capsys.readouterr().err
    path.write_text(GPX)
    monkeypatch.setitem(sys.modules, "gpxpy", None)
    assert replay.main([str(path), "--json"]) == 1
    assert "pip install gpxpy" in capsys.readouterr().err


# The command


def test_the_same_log_gives_the_same_bytes_anywhere_any_day(tmp_path: Path) -> None:
    path = recording(tmp_path / "trip.gz")
    code = "import sys; from railbox_agent.replay import main; sys.exit(main(sys.argv[1:]))"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code, str(path), "--json"],
            check=True,
            capture_output=True,
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": locale},
        ).stdout
        for zone, seed, locale in (("UTC", "0", "C"), ("Asia/Pyongyang", "7", "C.UTF-8"))
    ]
    assert outputs[0]
    assert outputs[0] == outputs[1]


def test_without_json_a_summary_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay.main([str(recording(tmp_path / "trip"))]) == 0
    out = capsys.readouterr().out
    assert "fixes 110 (0 untrusted), 2026-09-21T08:30:20Z to 2026-09-21T08:32:09Z" in out
    assert UNIT in out


def test_speed_paces_by_the_recordings_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]

    def sleep(seconds: float) -> None:
        now_s[0] += seconds

    monkeypatch.setattr("railbox_agent.replay.time.monotonic", lambda: now_s[0])
    monkeypatch.setattr("railbox_agent.replay.time.sleep", sleep)
    steps = replay.load(recording(tmp_path / "trip")).steps
    for step in replay.paced(steps, 10.0):
        assert now_s[0] == pytest.approx(100 + step.at_s / 10)


@pytest.mark.parametrize("content", [None, b"", b"RBREC 1 {}", b"RBREC 9 {}\n"])
def test_a_log_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "log"
    if content is not None:
        path.write_bytes(content)
    assert replay.main([str(path), "--json"]) == (0 if content == b"" else 1)
    assert content == b"" or str(path) in capsys.readouterr().err


def test_a_damaged_gzip_of_nmea_plays_what_it_holds_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "drive.gz"
    path.write_bytes(gzip.compress(nmea(path, seconds=3_000).read_bytes())[:-3_000])
    assert replay.main([str(path), "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out.count('"fix"') > 100
    assert "drive.gz: damaged" in captured.err


@pytest.mark.parametrize("args", [[], ["x", "--speed", "0"], ["x", "--speed", "1", "--fast"], ["x", "--interval", "0"]])
def test_wrong_arguments_are_usage(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        replay.main(args)
    assert exit_info.value.code == 2
    assert "railbox replay" in capsys.readouterr().err
