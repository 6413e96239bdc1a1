"""`railbox simulate` as a person calls it: files, flags, refusals, and the same bytes every time."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from railbox.simulate.command import main
from railbox_agent import recording
from railbox_agent.logs import load
from railbox_telemetry import identity, iso
from railbox_telemetry.values import Event, Fix, Reading

END = "2026-03-01T00:00:00Z"
SLOW = ["--hz", "0.0166667", "--end", END]


def simulate(out: Path, *flags: str, corridor: str = "kabul-kharlachi-kohat", seed: int = 1) -> int:
    return main(["--corridor", corridor, "--seed", str(seed), "--out", str(out), *SLOW, *flags])


def truth_of(path: Path) -> dict[str, Any]:
    return json.loads(Path(f"{path}.truth.json").read_text())


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_recording_ends_when_it_is_told_to_and_has_its_truth_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "trip.rbrec"
    assert simulate(out) == 0
    header, truth = recording.read(out).header, truth_of(out)
    fixes = [item for item in load(out).items if isinstance(item, Fix)]
    assert iso.from_ms(fixes[-1].fix_time_ms) == END
    assert truth["ended_at"] == END
    assert iso.to_ms(truth["started_at"]) == header.started_at_ms
    assert (truth["unit"], truth["device"], truth["corridor"]) == (header.unit, header.device, "kabul-kharlachi-kohat")
    assert identity.parse_unit(truth["unit"]).kind == "container"
    assert identity.is_device(truth["device"])


def test_a_recording_carries_what_the_board_measured_and_noticed(tmp_path: Path) -> None:
    out = tmp_path / "trip.rbrec"
    simulate(out, corridor="karachi-moscow-incheh-borun")
    log = load(out)
    items = list(log.items)
    temps = [item for item in items if isinstance(item, Reading) and item.channel == 0]
    assert len(temps) > 100
    assert {item.code for item in items if isinstance(item, Event)} >= {1, 2, 3}
    assert not [name for name in log.counters if "bad_" in name or "malformed" in name]


def test_the_same_seed_end_and_flags_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    made: list[dict[str, bytes]] = []
    for hash_seed in ("1", "2"):
        folder = tmp_path / hash_seed
        folder.mkdir()
        flags = ["--corridor", "pyongyang-moscow", "--seed", "5", "--units", "2", "--days", "1.5", *SLOW]
        command = [sys.executable, "-m", "railbox", "simulate", *flags, "--out", str(folder / "run.rbrec.gz")]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
        made.append(bytes_of(folder))
    assert made[0] == made[1]
    assert list(made[0]) == [
        "run-1.rbrec.gz",
        "run-1.rbrec.gz.truth.json",
        "run-2.rbrec.gz",
        "run-2.rbrec.gz.truth.json",
    ]


def test_another_seed_gives_another_journey_of_another_unit(tmp_path: Path) -> None:
    simulate(tmp_path / "a.rbrec", seed=1)
    simulate(tmp_path / "b.rbrec", seed=2)
    a, b = truth_of(tmp_path / "a.rbrec"), truth_of(tmp_path / "b.rbrec")
    assert a["unit"] != b["unit"]
    assert a["rows"] != b["rows"]


def test_the_rate_of_fixes_does_not_change_the_journey(tmp_path: Path) -> None:
    for hz in ("0.01", "0.1"):
        flags = ["--hz", hz, "--end", END, "--seed", "3", "--corridor", "kabul-kharlachi-kohat"]
        assert main([*flags, "--out", str(tmp_path / f"{hz}.rbrec")]) == 0
    assert truth_of(tmp_path / "0.01.rbrec")["rows"] == truth_of(tmp_path / "0.1.rbrec")["rows"]


def test_units_share_start_and_end_and_leave_one_after_the_other(tmp_path: Path) -> None:
    assert simulate(tmp_path / "run.rbrec", "--units", "3", "--days", "5") == 0
    truths = [truth_of(tmp_path / f"run-{number}.rbrec") for number in (1, 2, 3)]
    assert {(truth["started_at"], truth["ended_at"]) for truth in truths} == {("2026-02-24T00:00:00Z", END)}
    departed = [truth["rows"][0]["exited"] for truth in truths]
    assert departed == sorted(departed)
    assert len({truth["unit"] for truth in truths}) == 3
    assert all(truth["rows"][0]["already_inside"] for truth in truths)
    assert truths[0]["rows"][-1]["place"] == "pk-kohat"
    assert truths[0]["rows"][-1]["exited"] is None


def test_a_unit_that_has_not_left_waits_in_its_terminal(tmp_path: Path) -> None:
    assert simulate(tmp_path / "run.rbrec", "--units", "4", "--days", "1") == 0
    rows = truth_of(tmp_path / "run-4.rbrec")["rows"]
    assert [(row["place"], row["exited"], row["dwell_s"]) for row in rows] == [("af-kabul", None, 86_400)]


def test_the_direct_carriage_is_a_wagon_without_coverage_for_its_first_two_days(tmp_path: Path) -> None:
    simulate(tmp_path / "run.rbrec", "--days", "4", corridor="pyongyang-moscow")
    header = recording.read(tmp_path / "run.rbrec").header
    departed_s = iso.to_s(truth_of(tmp_path / "run.rbrec")["rows"][0]["exited"]) - header.started_at_ms // 1000
    assert header.unit is not None
    assert identity.parse_unit(header.unit).kind == "wagon"
    start_s, end_s = header.uplink_down[0]
    assert start_s == 0
    assert abs(end_s - departed_s - 2 * 86_400) < 900


def test_the_way_back_crosses_the_same_border_from_the_other_side(tmp_path: Path) -> None:
    simulate(tmp_path / "back.rbrec", "--reverse")
    rows = truth_of(tmp_path / "back.rbrec")["rows"]
    crossings = [(row["border"], row["from_side"], row["to_side"]) for row in rows if row["type"] == "crossing"]
    assert crossings == [("af-pk-kharlachi", "PK", "AF")]
    assert rows[0]["place"] == "pk-kohat"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--corridor", "no-such"], "karachi-moscow"),
        (["--end", "yesterday"], "yesterday"),
        (["--end", "2026-03-01T00:00:00"], "zone"),
        (["--hz", "0"], "--hz"),
        (["--days", "-1"], "--days"),
        (["--units", "0"], "--units"),
        (["--lines", "no-such.geojson"], "no-such.geojson"),
    ],
)
def test_wrong_usage_is_told_in_a_line_and_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], told: str
) -> None:
    try:
        code: object = simulate(tmp_path / "x.rbrec", *flags)
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(tmp_path / "none" / "x.rbrec") == 1
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_every_file_that_was_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(tmp_path / "trip.rbrec", "--days", "1") == 0
    recorded, true = capsys.readouterr().out.splitlines()
    truth = truth_of(tmp_path / "trip.rbrec")
    assert recorded == f"{tmp_path}/trip.rbrec: {truth['unit']} by {truth['device']}, 1.0 days"
    assert true.startswith(f"{tmp_path}/trip.rbrec.truth.json: the truth, crossings ")


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "examples:" in capsys.readouterr().out


def test_a_rough_journey_has_a_recording_for_each_of_its_trackers(tmp_path: Path) -> None:
    out = tmp_path / "trip.rbrec.gz"
    assert simulate(out, "--rough", corridor="karachi-moscow-incheh-borun") == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "trip-b.rbrec.gz",
        "trip.rbrec.gz",
        "trip.rbrec.gz.truth.json",
    ]
    first, second = load(out), load(tmp_path / "trip-b.rbrec.gz")
    fixes = [[item for item in log.items if isinstance(item, Fix)] for log in (first, second)]
    assert first.header.unit == second.header.unit
    assert first.header.device != second.header.device
    assert identity.is_device(second.header.device or "")
    assert fixes[0][-1].fix_time_ms < iso.to_ms(END)
    assert iso.from_ms(fixes[1][-1].fix_time_ms) == END
    assert fixes[1][0].fix_time_ms >= second.header.started_at_ms
    for log in (first, second):
        assert not [name for name in log.counters if "bad_" in name or "malformed" in name]
