"""`railbox borders` as a person calls it: every kind of log, any order, and what it says of lines that are no use."""

import io
import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from railbox import borders
from railbox.simulate.command import main as simulate
from railbox_agent import recording
from railbox_agent.logs import load
from railbox_agent.replay import main as replay
from railbox_telemetry.values import Fix

CORRIDOR = "kabul-kharlachi-kohat"
END = "2026-03-01T00:00:00Z"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day or two by road over one border, a fix a minute, with tunnels and jamming."""
    out = tmp_path_factory.mktemp("trip") / "trip.rbrec"
    assert simulate(["--corridor", CORRIDOR, "--seed", "3", "--hz", "0.0166667", "--end", END, "--out", str(out)]) == 0
    return out


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls the command on one corridor; gives its exit code, output and errors."""

    def call(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = borders.main(["--corridor", CORRIDOR, *map(str, args)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def lines(trip: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `railbox replay --json` prints of the trip."""
    assert replay([str(trip), "--json"]) == 0
    return capsys.readouterr().out.splitlines()


def write(path: Path, some: Sequence[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in some))
    return path


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def fixes_of(path: Path) -> list[Fix]:
    return [item for item in load(path).items if isinstance(item, Fix)]


def test_a_recording_gives_its_crossing_and_visits(run: Run, trip: Path) -> None:
    code, out, _ = run(trip, "--json")
    assert code == 0
    found = rows(out)
    unit = recording.read(trip).header.unit
    assert {row["unit"] for row in found} == {unit}
    assert [row["border"] for row in found if row["type"] == "crossing"] == ["af-pk-kharlachi"]
    assert [row["place"] for row in found if row["type"] == "visit"] == ["af-kabul", "pk-kharlachi", "pk-kohat"]


def test_rows_are_sorted_by_unit_earliest_time_and_id(run: Run, trip: Path) -> None:
    found = rows(run(trip, "--json")[1])
    first = [(row["entered"] if row["type"] == "visit" else row["arrived"])["earliest"] or "" for row in found]
    assert first == sorted(first)


def test_fixes_as_json_lines_give_the_same_bytes_as_the_recording_in_any_order(
    run: Run, trip: Path, lines: list[str], tmp_path: Path
) -> None:
    told = run(trip, "--json")[1]
    for seed in range(3):
        shuffled = random.Random(seed).sample(lines, len(lines))
        assert run(write(tmp_path / f"{seed}.jsonl", shuffled), "--json")[1] == told


def test_duplicated_and_split_lines_change_nothing(run: Run, trip: Path, lines: list[str], tmp_path: Path) -> None:
    doubled = random.Random(1).sample(lines + lines[::3], len(lines + lines[::3]))
    half = len(doubled) // 2
    parts = [write(tmp_path / "a.jsonl", doubled[:half]), write(tmp_path / "b.jsonl", doubled[half:])]
    told = run(trip, "--json")[1]
    assert run(*parts, "--json")[1] == told
    assert run(*parts[::-1], "--json")[1] == told


def test_lines_are_read_from_standard_input(
    run: Run, trip: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run(trip, "--json")[1]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
    assert run("-", "--json")[1] == told


def test_one_journey_in_two_recordings_is_joined(run: Run, trip: Path, tmp_path: Path) -> None:
    whole = recording.read(trip)
    chunks = list(whole.chunks)
    middle = len(chunks) // 2
    for name, part in (("a.rbrec", chunks[:middle]), ("b.rbrec", chunks[middle:])):
        with recording.create(tmp_path / name) as file:
            writer = recording.Writer(file, whole.header)
            for chunk in part:
                writer.write(chunk)
    code, out, _ = run(tmp_path / "a.rbrec", tmp_path / "b.rbrec", "--json")
    assert code == 0
    assert [(row["type"], row.get("border"), row.get("place")) for row in rows(out)] == [
        (row["type"], row.get("border"), row.get("place")) for row in rows(run(trip, "--json")[1])
    ]


def test_plain_nmea_gives_the_same_moments_as_the_recording(run: Run, trip: Path, tmp_path: Path) -> None:
    nmea = tmp_path / "trip.nmea"
    nmea.write_bytes(b"".join(chunk.data for chunk in recording.read(trip) if chunk.port == "gnss"))
    code, out, _ = run(nmea, "--json")
    assert code == 0
    assert {row["unit"] for row in rows(out)} == {"trip.nmea"}
    told = [(row.get("entered"), row.get("crossed"), row["dwell_est_s"]) for row in rows(run(trip, "--json")[1])]
    assert [(row.get("entered"), row.get("crossed"), row["dwell_est_s"]) for row in rows(out)] == told


def test_gpx_is_read_and_its_unit_may_be_told(run: Run, trip: Path, tmp_path: Path) -> None:
    points = "".join(
        f'<trkpt lat="{fix.lat_deg}" lon="{fix.lon_deg}">'
        f"<time>{datetime.fromtimestamp(fix.fix_time_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
        for fix in fixes_of(trip)
        if fix.trusted
    )
    gpx = tmp_path / "trip.gpx"
    gpx.write_text(f'<gpx version="1.1" creator="test"><trk><trkseg>{points}</trkseg></trk></gpx>')
    code, out, _ = run(gpx, "--json", "--unit", "CSQU3054383")
    assert code == 0
    assert {row["unit"] for row in rows(out)} == {"CSQU3054383"}
    assert [row["border"] for row in rows(out) if row["type"] == "crossing"] == ["af-pk-kharlachi"]


def test_the_clock_is_the_newest_fix_unless_told(run: Run, trip: Path) -> None:
    last = rows(run(trip, "--json")[1])[-1]
    later = rows(run(trip, "--json", "--now", "2026-03-06T00:00:00Z")[1])[-1]
    assert last["exited"] is None
    assert (last["flag"], last["no_contact_since"]) == ("none", None)
    assert (later["flag"], later["certainty"], later["no_contact_since"]) == ("critical", "possible", END)


def test_people_get_a_table(run: Run, trip: Path) -> None:
    code, out, _ = run(trip)
    assert code == 0
    assert "Kharlachi" in out
    assert "crossings" in out
    assert "≤" in out


def test_garbage_lines_are_counted_and_named_and_the_rest_is_used(
    run: Run, trip: Path, lines: list[str], tmp_path: Path
) -> None:
    garbage = [
        "no json at all",
        "[1, 2]",
        '{"type":"fix","unit":"U","time":"2026-02-28T00:00:00Z","lat":91,"lon":70}',
        '{"type":"fix","unit":"U","time":"2026-02-28","lat":34,"lon":70}',
        '{"type":"fix","unit":7,"time":"2026-02-28T00:00:00Z","lat":34,"lon":70}',
        '{"type":"fix","unit":"U","time":"2026-02-28T00:00:00Z","lat":NaN,"lon":70}',
        '{"type":"fix","unit":"U","time":"2026-02-28T00:00:00Z","lat":true,"lon":70}',
        '{"type":"fix","unit":"U","time":"2026-02-28T00:00:00Z","lat":34,"lon":70,"trusted":"yes"}',
        '{"type":"wish"}',
        "[" * 100_000,
    ]
    code, out, err = run(write(tmp_path / "some.jsonl", [*lines[:5], *garbage, *lines[5:]]), "--json")
    assert code == 0
    assert out == run(trip, "--json")[1]
    assert "some.jsonl: 10 lines are no fixes: line 6: not JSON" in err
    assert err.count("\n") == 1


def test_bytes_that_are_no_text_are_garbage_too(run: Run, tmp_path: Path, lines: list[str]) -> None:
    file = tmp_path / "some.jsonl"
    file.write_bytes(lines[0].encode() + b"\n\xff\xfe{\x00\n" + "\n".join(lines[1:]).encode())
    code, _, err = run(file, "--json")
    assert code == 0
    assert "1 line is no fix: line 2" in err


def test_damaged_lines_of_a_recording_are_counted(run: Run, trip: Path, tmp_path: Path) -> None:
    content = trip.read_bytes().splitlines(keepends=True)
    damaged = tmp_path / "damaged.rbrec"
    damaged.write_bytes(b"".join([*content[:50], b"gibberish\n", *content[50:]]))
    code, out, err = run(damaged, "--json")
    assert code == 0
    assert out == run(trip, "--json")[1]
    assert "1 damaged_lines" in err


def test_untrusted_fixes_count_for_nothing(run: Run, trip: Path, lines: list[str], tmp_path: Path) -> None:
    fixes = [json.loads(line) for line in lines if '"fix"' in line]
    doubtful = [
        json.dumps({**fix, "lat": 50.0, "time": fix["time"].replace(":0", ":1"), "trusted": False}) for fix in fixes
    ]
    told = run(trip, "--json")[1]
    assert run(write(tmp_path / "some.jsonl", [*lines, *doubtful]), "--json")[1] == told


def test_a_fix_from_the_future_counts_for_nothing(run: Run, trip: Path, lines: list[str], tmp_path: Path) -> None:
    future = '{"type":"fix","unit":"%s","time":"2099-01-01T00:00:00Z","lat":34.0,"lon":70.0}'
    unit = recording.read(trip).header.unit
    told = run(trip, "--json")[1]
    assert run(write(tmp_path / "some.jsonl", [*lines, future % unit]), "--json")[1] == told


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"type":"knot"}\n', b"\x00\xff" * 5_000])
def test_a_log_without_a_fix_exits_1(run: Run, tmp_path: Path, content: bytes) -> None:
    log = tmp_path / "empty.log"
    log.write_bytes(content)
    code, out, err = run(log, "--json")
    assert (code, out) == (1, "")
    assert "no log has a trusted fix" in err


def test_a_missing_log_is_named(run: Run, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "none.rbrec")
    assert code == 1
    assert "none.rbrec" in err


def test_an_unknown_corridor_is_wrong_usage(trip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert borders.main([str(trip), "--corridor", "no-such"]) == 2
    assert "no-such" in capsys.readouterr().err


def test_without_a_corridor_named_all_that_ship_are_held_against_it(
    trip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert borders.main([str(trip), "--json"]) == 0
    found = rows(capsys.readouterr().out)
    assert [row["border"] for row in found if row["type"] == "crossing"] == ["af-pk-kharlachi"]
