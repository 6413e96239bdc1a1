"""Custody as JSON rows: what the API and exports show."""

from typing import Any

from railbox_server.custody.model import Condition, Custody, Incident, Tally
from railbox_server.journey.report import bounds_row
from railbox_telemetry.iso import from_s

Row = dict[str, Any]


def custody_row(custody: Custody) -> Row:
    """`kind` is visit (of `place`) or leg (`from_place` to `to_place`, null where the journey begins or goes on)."""
    span = custody.span
    return {
        "type": "custody",
        "unit": span.unit,
        "kind": "leg" if span.visit is None else "visit",
        "place": span.visit.place.id if span.visit else None,
        "place_name": span.visit.place.name if span.visit else None,
        "country": span.visit.place.country if span.visit else None,
        "from_place": span.from_place,
        "to_place": span.to_place,
        "start": bounds_row(span.start),
        "end": bounds_row(span.end),
        "conditions": {name: _condition_row(condition) for name, condition in custody.conditions.items()},
        "shocks": _tally_row(custody.shocks) | {"worst_g": custody.worst_shock_g},
        "doors": _tally_row(custody.doors),
        "incidents": [_incident_row(incident) for incident in custody.incidents],
    }


def _condition_row(condition: Condition) -> Row:
    return {
        "min": round(condition.low, 2),
        "mean": round(condition.mean, 2),
        "max": round(condition.high, 2),
        "known_s": condition.known_s,
        "unknown_s": condition.unknown_s,
        "over_s": condition.over_s,
        "under_s": condition.under_s,
    }


def _tally_row(tally: Tally) -> Row:
    return {"times": tally.times, "seen": tally.seen, "counted": tally.counted}


def _incident_row(incident: Incident) -> Row:
    lat, lon = incident.at or (None, None)
    return {
        "event": incident.kind,
        "time": from_s(incident.time_s),
        "device": incident.device,
        "value": incident.value,
        "ended": None if incident.ended_s is None else from_s(incident.ended_s),
        "doubt": incident.doubt,
        "lat": None if lat is None else round(lat, 5),
        "lon": None if lon is None else round(lon, 5),
    }
