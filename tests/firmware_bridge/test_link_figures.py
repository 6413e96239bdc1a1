"""The link's figures hold, on a small scale; `bench_link.py` tries them in full."""

import json
import subprocess
import sys

from firmware_bridge.board import BRIDGE


def test_every_figure_that_has_a_limit_holds() -> None:
    command = [sys.executable, str(BRIDGE / "bench_link.py"), "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = json.loads(done.stdout)
    assert [name for name, row in rows.items() if not row["holds"]] == [], rows
    assert rows["bytes_per_sample"]["cpython"] <= 90
    assert done.returncode == 0
