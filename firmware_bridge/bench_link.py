"""Measures the board's link and firmware, and holds them to their figures: `scripts/bench link [--json] [--quick]`.

The figures are functions of `link_figures`, some measured on MicroPython too, and of `firmware_figures`. Exits with 1
where one does not hold.
"""

import json
import subprocess
import sys
from pathlib import Path

import firmware_figures
import link_figures

MICROPYTHON = Path(sys.executable).with_name("micropython")
HEAP = "4M"

# name: (unit, at most, how much to try, and in a quick run)
FIGURES = {
    "bytes_per_sample": ("B", None, 1, 1),
    "frames_sent_per_s": ("frames/s", None, 20_000, 500),
    "frames_read_per_s": ("frames/s", None, 20_000, 500),
    "false_accepts": ("frames", 0, 1_000_000, 2_000),
    "events_lost_at_20_percent": ("events", 0, 2_000, 50),
    "time_error_ms": ("ms, in minutes", 5, 30, 1),
    "bytes_grown": ("B, in minutes", 4_096, 1_440, 20),
    "mpy_bytes": ("B", 48 * 1024, 1, 1),
    "heap_bytes": ("B, to so many", 128 * 1024, 1_024, 131_072),
}
# The others are the same code there, only slower.
ON_MICROPYTHON = ("frames_sent_per_s", "frames_read_per_s", "bytes_grown")
OF_THE_FIRMWARE = ("mpy_bytes", "heap_bytes")


def on_cpython(name: str, size: int) -> "int | None":
    """Measure one figure here; None where it is none of CPython."""
    return None if name in OF_THE_FIRMWARE else int(getattr(link_figures, name)(size))


def on_micropython(name: str, size: int) -> "int | None":
    """Measure one figure there; None where it is not installed."""
    if name in OF_THE_FIRMWARE and MICROPYTHON.exists():
        return int(getattr(firmware_figures, name)(size))
    if name not in ON_MICROPYTHON or not MICROPYTHON.exists():
        return None
    command = [str(MICROPYTHON), "-X", f"heapsize={HEAP}", link_figures.__file__, name, str(size)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(name: str, quick: bool) -> "dict[str, object]":
    """Return one figure as a row of the table, and whether it holds."""
    unit, limit, full_size, quick_size = FIGURES[name]
    size = quick_size if quick else full_size
    here = on_cpython(name, size)
    there = on_micropython(name, size)
    holds = limit is None or max(here or 0, there or 0) <= limit
    return {"cpython": here, "micropython": there, "unit": unit, "limit": limit, "tried": size, "holds": holds}


def table_row(name: str, row: "dict[str, object]") -> str:
    here, there = ("" if row[python] is None else row[python] for python in ("cpython", "micropython"))
    limit = "" if row["limit"] is None else f"at most {row['limit']}"
    verdict = "" if row["holds"] else "  TOO MUCH"
    return f"{name:28}{here:>10}{there:>10}  {row['unit']:14} tried {row['tried']:<9} {limit}{verdict}"


def main(arguments: "list[str]") -> int:
    rows: "dict[str, dict[str, object]]" = {}
    if "--json" not in arguments:
        print(f"{'':28}{'CPython':>10}{'MicroPy.':>10}")
    for name in FIGURES:
        rows[name] = measure(name, "--quick" in arguments)
        if "--json" not in arguments:
            print(table_row(name, rows[name]), flush=True)
    if "--json" in arguments:
        print(json.dumps(rows))
    return 0 if all(row["holds"] for row in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
