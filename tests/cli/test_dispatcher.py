"""The `railbox` command finds, loads and names its commands."""

import subprocess
import sys

import pytest

from railbox.__main__ import COMMANDS, Command, main


def test_help_lists_every_command_and_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {command.name}" in shown for command in COMMANDS)


def test_no_command_and_an_unknown_one_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["fly"]) == 2
    assert "'fly'" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS, ids=[command.name for command in COMMANDS])
def test_each_command_explains_itself_with_an_example(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main([command.name, "--help"])
    assert done.value.code == 0
    shown = capsys.readouterr().out
    assert f"railbox {command.name}" in shown
    assert "xample" in shown


def test_a_tracker_loads_nothing_of_the_server() -> None:
    probe = (
        "import sys\n"
        "from railbox.__main__ import main\n"
        "try: main(['agent', '--help'])\n"
        "except SystemExit: pass\n"
        "foreign = [m for m in sys.modules if m.split('.')[0] in ('railbox_server', 'fastapi', 'shapely', 'numpy')]\n"
        "sys.exit(f'loaded {foreign}' if foreign else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
