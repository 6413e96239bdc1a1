"""What the demo's journeys came to, a dictionary a unit: what trackers counted beside what the server says."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from railbox.demo import api

TRACKER_COUNTS: Final = ("fixes", "knots", "readings", "events", "batches_sent", "batches_committed", "bytes_sent")
CROSSING_KEYS: Final = (
    "corridor",
    "border",
    "from_side",
    "to_side",
    "arrived",
    "crossed",
    "departed",
    "dwell_min_s",
    "dwell_est_s",
    "dwell_max_s",
    "flag",
    "certainty",
)


def summarise(base: str, sent: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`sent`: the line that each `railbox replay --to --json` ended with."""
    units = [unit_summary(api.get(base, f"/api/units/{counts['unit']}"), counts) for counts in sent]
    gaps = api.get(base, "/api/gaps")["devices"]
    return {
        "units": units,
        "batches_missing": sum(last - first + 1 for device in gaps for first, last in device["missing"]),
        "quarantined": len(api.get(base, "/api/quarantine")["batches"]),
    }


def unit_summary(unit: Mapping[str, Any], counts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "unit": counts["unit"],
        "device": counts["device"],
        **{key: counts[key] for key in TRACKER_COUNTS},
        "visits": len(unit["visits"]),
        "visits_over": sum(visit["flag"] != "none" for visit in unit["visits"]),
        "crossings": [{key: crossing[key] for key in CROSSING_KEYS} for crossing in unit["crossings"]],
    }


def lines(summary: Mapping[str, Any]) -> list[str]:
    """The same for people: a line a unit, and a line a crossing below it."""
    shown: list[str] = []
    for unit in summary["units"]:
        shown.append(
            f"{unit['unit']}: {unit['fixes']:,} fixes, {unit['knots']:,} knots, "
            f"{unit['batches_committed']:,} of {unit['batches_sent']:,} batches committed, {unit['visits']} visits"
        )
        shown += [_crossing_line(crossing) for crossing in unit["crossings"]]
    return shown


def _crossing_line(crossing: Mapping[str, Any]) -> str:
    way = f"{crossing['from_side']} to {crossing['to_side'] or '..'}"
    hours = f"{_hours(crossing['dwell_min_s'])} to {_hours(crossing['dwell_max_s'])} h"
    still = "" if crossing["departed"] else "  still there"
    return f"  {way}  {crossing['border'] or '(one of several)':<34} {hours:<18} {_flag(crossing)}{still}".rstrip()


def _hours(seconds: int | None) -> str:
    return "?" if seconds is None else f"{seconds / 3600:.1f}"


def _flag(crossing: Mapping[str, Any]) -> str:
    return "" if crossing["flag"] == "none" else f"{crossing['flag'].upper()} ({crossing['certainty']})"
