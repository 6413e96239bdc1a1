"""Every case of `cases/`, on CPython and on real MicroPython: the same files, so the same behaviour."""

import ast
import functools
import subprocess
import tempfile
from pathlib import Path

import pytest

from firmware_bridge.board import PYTHONS

CASES = Path(__file__).parent / "cases"
HELPERS = {"run_cases.py", "rigged.py"}
HEAP = "8M"  # the cases keep all that was said; what the firmware itself needs is tested with its build


def cases_in(file: Path) -> list[str]:
    functions = [node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [name for name in functions if name.startswith("case_")]


ALL = [(file.name, name) for file in sorted(CASES.glob("*.py")) if file.name not in HELPERS for name in cases_in(file)]


@functools.cache
def outcomes(python: str, file: str) -> dict[str, str]:
    """Run all cases of a file in one process, and return what it said of each."""
    options = ["-X", f"heapsize={HEAP}"] if python == "micropython" else []
    with tempfile.TemporaryDirectory(prefix="railbox-cases-") as flash:
        done = subprocess.run(
            [PYTHONS[python], *options, str(CASES / "run_cases.py"), file],
            cwd=flash,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    said: dict[str, str] = {}
    for line in done.stdout.splitlines():
        verdict, _, rest = line.partition(" ")
        name, _, trace = rest.partition(" ")
        said[name] = verdict + "".join(["\n", str(ast.literal_eval(trace))] if trace else [])
    said[""] = done.stdout[-2000:] + done.stderr[-2000:]
    return said


@pytest.mark.parametrize("python", sorted(PYTHONS))
@pytest.mark.parametrize(("file", "name"), ALL, ids=[f"{file[:-3]}:{name[5:]}" for file, name in ALL])
def test_case(python: str, file: str, name: str) -> None:
    said = outcomes(python, file)
    assert name in said, f"{file} did not run to its end on {python}: {said['']}"
    assert said[name] == "PASSED", said[name]
