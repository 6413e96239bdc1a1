"""What gpsd says of the logs in ../shared/nmea: its fixes, and where it is known to be wrong."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from railbox_agent.gnss.dates import ROLLOVER_MS
from railbox_telemetry import iso

# Where gpsd is wrong, and by how much its time is to be moved to be right.
GPSD_WRONG_MS = {
    # Recorded 2013, says 2007-12-23 itself; gpsd's fixed rollover rule makes 2027 of it.
    "tcp-torture.log": -ROLLOVER_MS,
}


@dataclass(frozen=True, slots=True)
class Known:
    """One of gpsd's fix instants, with all positions it gave for it (it repeats itself, a sentence at a time)."""

    time_ms: int
    places: tuple[tuple[float, float], ...]


def answers(path: Path, moved_ms: int = 0) -> list[Known]:
    """The timed fixes of a `.chk` file."""
    places: dict[int, list[tuple[float, float]]] = {}
    for row in _tpv_rows(path):
        if isinstance(row.get("time"), str) and "lat" in row and "lon" in row:
            time_ms = iso.to_ms(str(row["time"])) + moved_ms
            places.setdefault(time_ms, []).append((float(str(row["lat"])), float(str(row["lon"]))))
    return [Known(time_ms, tuple(there)) for time_ms, there in places.items()]


def _tpv_rows(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith('{"class":"TPV"'):
            yield json.loads(line)
