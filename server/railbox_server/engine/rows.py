"""What is said of a unit as a whole: the row of /api/units, from what the journey came to.

Pure. What depends on the time of asking (age, contact) is added by `at_time`, when it is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from railbox_server.fleet import Assignment
from railbox_server.store.values import Point, Row, StoredReading
from railbox_telemetry import iso
from railbox_telemetry.identity import IdentityError, parse_unit
from railbox_telemetry.tables import CHANNELS, COURSE, SPEED
from railbox_telemetry.values import DEGREE_E5

_LEVELS: Final = ("none", "over", "critical")
_HISTORY: Final = frozenset({"type", "unit", "transfers", "excursions", "stops"})
"""Of progress: what grows with the journey, and what the unit's row says already."""


def unit_row(
    unit: str,
    devices: Sequence[str],
    last: Point | None,
    visits: Sequence[Row],
    crossings: Sequence[Row],
    condition: Iterable[StoredReading],
) -> Row:
    """`visits` and `crossings`: those that last, as journey.report gives them, by time; `last`: the newest trusted
    knot. On which corridor, and how far, `on_its_way` adds."""
    here = visits[-1] if visits else None
    flag, certainty = worst_flag([*visits, *crossings])
    return {
        "unit": unit,
        "kind": kind_of(unit),
        "devices": list(devices),
        "latest": None if last is None else _latest(last),
        "place": here and {"id": here["place"], "name": here["place_name"], "country": here["country"]},
        "since": here and (here["entered"]["est"] or here["entered"]["latest"]),
        "flag": flag,
        "certainty": certainty,
        "condition": {CHANNELS[item.channel].name: CHANNELS[item.channel].in_unit(item.value) for item in condition},
    }


def on_its_way(row: Row, progress: Row | None) -> Row:
    """The unit's row with what is true now of its progress, as progress.report gives it."""
    now = progress and {key: value for key, value in progress.items() if key not in _HISTORY}
    return {**row, "corridor": progress and progress["corridor"], "progress": now}


def at_time(row: Row, now_s: int, silence_s: float) -> Row:
    """The row as of now: how old its position is, and since when there is no contact."""
    return {
        **row,
        **contact_at_time(row["latest"], now_s, silence_s),
        "progress": progress_at_time(row.get("progress"), now_s),
    }


def contact_at_time(latest: Mapping[str, str] | None, now_s: int, silence_s: float) -> Row:
    """How old the latest position is as of now, and since when there is no contact."""
    if latest is None:
        return {"age_s": None, "no_contact_since": None}
    age_s = max(0, now_s - iso.to_s(latest["time"]))
    return {"age_s": age_s, "no_contact_since": latest["time"] if age_s > silence_s else None}


def progress_at_time(progress: Row | None, now_s: int) -> Row | None:
    """Progress as of now: what is still ahead is not reached before now, since nobody saw it."""
    if progress is None:
        return None
    return {**progress, **{key: _ahead_at_time(progress[key], now_s) for key in ("next_border", "terminal")}}


def _ahead_at_time(ahead: Row | None, now_s: int) -> Row | None:
    if ahead is None or ahead["eta"] is None:
        return ahead
    now = iso.from_s(now_s)
    eta: Row = ahead["eta"]
    return {**ahead, "eta": {**eta, "p50": max(eta["p50"], now), "p90": max(eta["p90"], now)}}


def kind_of(unit: str) -> str:
    try:
        return parse_unit(unit).kind
    except IdentityError:
        return "device"


def devices_now(assignments: Iterable[Assignment], now_s: int) -> list[str]:
    """The devices that speak for the unit now; when none does, those that last did."""
    ordered = sorted(assignments, key=lambda item: (item.span.to_s is None, item.span.to_s or 0))
    present = [item for item in ordered if now_s in item.span]
    return sorted({item.device for item in present or ordered[-1:]})


def worst_flag(rows: Iterable[Row]) -> tuple[str, str | None]:
    """The highest level, and whether it is certain for any row of that level."""
    rows = list(rows)
    level = max((row["flag"] for row in rows), key=_LEVELS.index, default="none")
    if level == "none":
        return level, None
    certain = any(row["flag"] == level and row["certainty"] == "certain" for row in rows)
    return level, "certain" if certain else "possible"


def _latest(point: Point) -> Row:
    speed, course = point.speed_dmps, point.course_deg
    return {
        "time": iso.from_s(point.time_s),
        "lat": point.lat_e5 / DEGREE_E5,
        "lon": point.lon_e5 / DEGREE_E5,
        "speed_mps": None if speed is None else SPEED.in_unit(speed),
        "course_deg": None if course is None else COURSE.in_unit(course),
        "accuracy_m": point.accuracy_m,
        "device": point.device,
        "received_at": iso.from_s(point.received_at_s),
    }
