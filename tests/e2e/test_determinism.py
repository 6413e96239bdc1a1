"""What comes out of a recording is the same bytes in every process, whatever hash seed, time zone and locale it has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from railbox.simulate.command import main as simulate

pytestmark = pytest.mark.e2e
END = "2026-03-01T00:00:00Z"
WORLDS = (
    {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
    {"PYTHONHASHSEED": "3", "TZ": "America/St_Johns", "LC_ALL": "POSIX", "LANG": "tr_TR.UTF-8"},
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A rough journey: two trackers, boots, jamming, false positions, moves over the edges of places."""
    out = tmp_path_factory.mktemp("journey") / "trip.rbrec.gz"
    flags = ["--rough", "--outages", "harsh", "--hz", "0.0166667", "--end", END, "--days", "6"]
    assert simulate(["--corridor", "mary-torghundi-chaman-quetta", "--seed", "3", "--out", str(out), *flags]) == 0
    return sorted(out.parent.glob("*.rbrec.gz"))


def said(world: dict[str, str], *command: str) -> bytes:
    env = {**os.environ, **world}
    made = subprocess.run([sys.executable, "-m", "railbox", *command], env=env, check=True, capture_output=True)
    return made.stdout


@pytest.mark.parametrize(
    "command", [["borders", "--json", "--now", END], ["borders", "--now", END], ["replay", "--json"]]
)
def test_a_journey_gives_the_same_bytes_everywhere(logs: list[Path], command: list[str]) -> None:
    own = logs if command[0] == "borders" else logs[:1]
    texts = [said(world, *command, *map(str, own)) for world in WORLDS]
    assert len(logs) == 2
    assert len(texts[0]) > 500
    assert texts[1:] == texts[:1] * 2


def test_the_order_of_the_logs_changes_nothing(logs: list[Path]) -> None:
    command = ["borders", "--json", "--now", END]
    assert said({}, *command, *map(str, logs)) == said({}, *command, *map(str, reversed(logs)))
