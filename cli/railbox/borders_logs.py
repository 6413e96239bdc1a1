"""Logs as the border engine's tracks: recordings, NMEA, GPX, and fixes as JSON lines in any order.

What comes out depends on what the logs say, not on the order of their lines. Reads files; concludes nothing.
"""

import json
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, Any, Final, cast

from tqdm import tqdm

from railbox_agent import logs
from railbox_agent.recording import open_log
from railbox_agent.thinning.interval import IntervalSettings
from railbox_agent.thinning.knots import dark_after_ms, knot_of, quality_of
from railbox_agent.tracks import GPX_DARK_AFTER_S
from railbox_server.journey.model import SeenKnot, Track
from railbox_telemetry import iso
from railbox_telemetry.tables import ACCURACY
from railbox_telemetry.values import Fix

STDIN: Final = "-"
EXAMPLES_NAMED: Final = 3
NO_THINNING: Final = IntervalSettings()
"""The engine is given every fix; thinning would only take its time."""
OTHER_TYPES: Final = frozenset({"knot", "reading", "event"})
# Counters of a log that say something was no use, by the last part of their names.
DROPPED: Final = frozenset(
    {"damaged_lines", "bad_checksum", "no_checksum", "malformed", "garbage_bytes", "unusable_points", "undated_epochs"}
)


class BadLineError(ValueError):
    """A JSON line that is no fix; the message says why."""


@dataclass(slots=True)
class Gathered:
    """Tracks by unit, and what a person should know of lines that were no use."""

    tracks: dict[str, dict[tuple[str, int], list[SeenKnot]]] = field(
        default_factory=dict[str, dict[tuple[str, int], list[SeenKnot]]]
    )
    notes: list[str] = field(default_factory=list[str])

    def add(self, unit: str, device: str, epoch: int, knots: Sequence[SeenKnot]) -> None:
        if knots:
            self.tracks.setdefault(unit, {}).setdefault((device, epoch), []).extend(knots)

    def of(self, unit: str) -> list[Track]:
        return [Track(device, epoch, knots) for (device, epoch), knots in sorted(self.tracks[unit].items())]

    def newest_s(self, until_s: int) -> int | None:
        """The time of the newest fix not later than `until_s`."""
        knots = chain.from_iterable(chain.from_iterable(own.values()) for own in self.tracks.values())
        return max((knot.time_s for knot in knots if knot.time_s <= until_s), default=None)


def gather(paths: Sequence[str], read_at_s: int, unit: str | None = None) -> Gathered:
    """All logs together. `unit` overrules theirs; one that says none is named after its file. Raises logs.LogError."""
    gathered = Gathered()
    lines: dict[str, list[Fix]] = {}
    for path in paths:
        if path == STDIN:
            _add_lines(lines, sys.stdin.buffer, "stdin", unit, gathered.notes)
        elif is_json_lines(path):
            with open_log(path) as file:
                _add_lines(lines, file, Path(path).name, unit, gathered.notes)
        else:
            _add_log(gathered, path, read_at_s, unit)
    for name, fixes in lines.items():
        gathered.add(name, "", 0, knots_of(fixes, dark_after_ms(period_s(fixes)), read_at_s))
    return gathered


def is_json_lines(path: str) -> bool:
    """Told by the file's beginning. Raises LogError when it cannot be read."""
    try:
        with open_log(path) as file:
            head = file.peek(4_096)
    except (OSError, EOFError) as error:
        raise logs.LogError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return any(line.lstrip().startswith(b"{") for line in head.splitlines())


# --- recordings, NMEA, GPX -------------------------------------------------------------------------------------------


def _add_log(gathered: Gathered, path: str, read_at_s: int, unit: str | None) -> None:
    log, name = logs.load(path, logs.Options(thinning=NO_THINNING)), Path(path).name
    items = tqdm(log.items, desc=name, unit=" items", leave=False, disable=not sys.stderr.isatty())
    fixes = [item for item in items if isinstance(item, Fix) and item.trusted]
    knots = knots_of(fixes, _dark_after_ms(log, fixes), read_at_s)
    gathered.add(unit or log.header.unit or name, log.header.device or name, log.boot_id, knots)
    dropped = [f"{count} {counter}" for counter, count in sorted(log.counters.items()) if _is_dropped(counter, count)]
    if dropped:
        gathered.notes.append(f"{path}: dropped {', '.join(dropped)}")
    if not fixes:
        gathered.notes.append(f"{path}: has no trusted fix")


def _is_dropped(counter: str, count: int) -> bool:
    return count > 0 and counter.rpartition(".")[2] in DROPPED


def _dark_after_ms(log: logs.Log, fixes: Sequence[Fix]) -> int:
    if log.kind == "gpx":
        return GPX_DARK_AFTER_S * 1000
    return dark_after_ms(log.header.fix_period_s if log.kind == "recording" else period_s(fixes))


def period_s(fixes: Iterable[Fix]) -> float:
    """How often fixes come: the median step, whatever order they are in; a second when there are too few to tell."""
    times_ms = sorted({fix.fix_time_ms for fix in fixes})
    steps_ms = [after - before for before, after in pairwise(times_ms)]
    return statistics.median_low(steps_ms) / 1000 if steps_ms else 1.0


def knots_of(fixes: Iterable[Fix], dark_ms: int, read_at_s: int) -> list[SeenKnot]:
    """Every trusted fix as a knot, one a second; a step of over `dark_ms` was dark."""
    knots: list[SeenKnot] = []
    before_ms: int | None = None
    for fix in sorted(fixes, key=lambda fix: (fix.fix_time_ms, fix.lat_deg, fix.lon_deg)):
        knot = knot_of(fix)
        if knots and knot.time_s <= knots[-1].time_s:
            continue
        gap_ms = 0 if before_ms is None else fix.fix_time_ms - before_ms
        is_dark, before_ms = gap_ms > dark_ms, fix.fix_time_ms
        knots.append(
            SeenKnot(
                time_s=knot.time_s,
                lat_e5=knot.lat_e5,
                lon_e5=knot.lon_e5,
                dark_s=max(1, round(gap_ms / 1000)) if is_dark else 0,
                accuracy_m=quality_of(fix).get(ACCURACY.bit),
                seq=len(knots),
                received_at_s=read_at_s,
            )
        )
    return knots


# --- JSON lines ------------------------------------------------------------------------------------------------------


def _add_lines(fixes: dict[str, list[Fix]], file: IO[bytes], name: str, unit: str | None, notes: list[str]) -> None:
    bad: list[str] = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            said = parse_line(line)
        except BadLineError as error:
            bad.append(f"line {number}: {error}")
            continue
        if said is not None and said[1].trusted:
            fixes.setdefault(unit or said[0] or name, []).append(said[1])
    if bad:
        more = "; …" if len(bad) > EXAMPLES_NAMED else ""
        what = "1 line is no fix" if len(bad) == 1 else f"{len(bad)} lines are no fixes"
        notes.append(f"{name}: {what}: {'; '.join(bad[:EXAMPLES_NAMED])}{more}")


def parse_line(line: bytes) -> tuple[str | None, Fix] | None:
    """The unit and the fix that a line is; None for a line of another known type. Raises BadLineError."""
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLineError("not JSON") from None
    if not isinstance(value, dict):
        raise BadLineError("no JSON object")
    said = cast("dict[str, Any]", value)
    if said.get("type") in OTHER_TYPES:
        return None
    if said.get("type") != "fix":
        raise BadLineError(f"type {said.get('type')!r} is none of fix, knot, reading, event")
    if not isinstance(said.get("trusted", True), bool):
        raise BadLineError("trusted is neither true nor false")
    return _text(said, "unit"), Fix(
        fix_time_ms=_time_ms(said),
        lat_deg=_number(said, "lat", 90.0),
        lon_deg=_number(said, "lon", 180.0),
        speed_mps=_maybe(said, "speed_mps"),
        course_deg=_maybe(said, "course_deg"),
        hdop=_maybe(said, "hdop"),
        trusted=said.get("trusted", True),
    )


def _text(said: Mapping[str, Any], key: str) -> str | None:
    value = said.get(key)
    if value is not None and not isinstance(value, str):
        raise BadLineError(f"{key} is no text")
    return value or None


def _time_ms(said: Mapping[str, Any]) -> int:
    try:
        return iso.to_ms(said["time"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise BadLineError(f"time {said.get('time')!r} is no ISO 8601 time with a zone") from None


def _number(said: Mapping[str, Any], key: str, most: float) -> float:
    value = said.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise BadLineError(f"{key} {value!r} is no number from -{most:.0f} to {most:.0f}")
    return float(value)


def _maybe(said: Mapping[str, Any], key: str) -> float | None:
    return None if said.get(key) is None else _number(said, key, 1e6)
