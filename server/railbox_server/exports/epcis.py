"""EPCIS 2.0 (GS1, ISO/IEC 19987) of what was told of visits and crossings: an ObjectEvent each, corrections included.

Pure. A visit is an `arriving` event, and a `departing` one once it is over; a crossing is one `transporting` event once
it is over. Events are never changed: when late data changes what was told, the event is repeated with an error
declaration that names its replacement, or none when nothing of it was true.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid5
from zoneinfo import ZoneInfo

from railbox_server.fleet import Span
from railbox_server.geo.model import Border, Corridor, Place
from railbox_server.telling.model import Fact, Kind, Notice
from railbox_server.telling.payload import NAMES
from railbox_telemetry import iso
from railbox_telemetry.identity import IdentityError, parse_unit

Row = dict[str, Any]

CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
OWN: Final = "urn:x-railbox:vocab:"
"""What `railbox:` stands for: the fields of the API, which EPCIS has no words for."""
LOCATION: Final = "urn:x-railbox:loc:"
KINDS: Final = (Kind.VISIT, Kind.CROSSING)

MEASURED: Final = {"temp_c": ("Temperature", "CEL"), "humidity_pct": ("RelativeHumidity", "P1")}
"""Channel of the condition -> measurement type of the GS1 Web Vocabulary, unit code of UN/ECE Recommendation 20."""
ACCELERATION: Final = ("Acceleration", "K40")  # standard acceleration of free fall
COUNT: Final = ("Count", "C62")  # one
TIME: Final = ("Time", "SEC")

_BOUNDS: Final = ("entered", "exited", "arrived", "left", "crossed", "reached", "departed")
_OWN_FIELDS: Final = (
    "dwell_min_s", "dwell_est_s", "dwell_max_s", "already_inside", "border", "border_name", "candidates", "corridor",
    "from_side", "to_side", "gauge_change", "returned", "place", "place_name", "country",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the places and borders of all corridors are."""

    places: Mapping[str, Place]
    borders: Mapping[str, Border]


def ground_of(corridors: Iterable[Corridor]) -> Ground:
    known = list(corridors)
    return Ground(
        {place.id: place for corridor in known for place in corridor.places},
        {border.id: border for corridor in known for border in corridor.borders},
    )


def epcis_document(notices: Iterable[Notice], ground: Ground, created_at_s: int, window: Span) -> Iterator[bytes]:
    """An EPCISDocument as JSON, piece by piece. `window`: of the events' times; `notices`: all that was told of KINDS
    about it, each story's in order and whole (NoticeLedger.told_of). The same ones give the same events and ids."""
    nothing: list[Row] = []
    head = {
        "@context": [CONTEXT, {"railbox": OWN}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": iso.from_s(created_at_s),
        "epcisBody": {"eventList": nothing},
    }
    before, _, after = json.dumps(head).rpartition("[]")
    yield f"{before}[".encode()
    for nth, event in enumerate(epcis_events(notices, ground, window)):
        yield (",\n" if nth else "\n").encode() + json.dumps(event, ensure_ascii=False).encode()
    yield f"\n]{after}\n".encode()


def epcis_events(notices: Iterable[Notice], ground: Ground, window: Span) -> Iterator[Row]:
    """In the order they were told in; a declaration follows the event that replaces it."""
    said: dict[tuple[str, str], Row] = {}
    for notice in notices:
        now = dict(_steps(notice, ground)) if notice.stands else {}
        for step in ("arriving", "departing", "transporting"):
            before, after = said.pop((notice.story, step), None), now.get(step)
            if after is not None and before is not None and _content(before) == _content(after):
                after = before
            if after is not None:
                said[notice.story, step] = after
            if after is not before:
                yield from _within(window, after)
                yield from _within(window, before and _error(before, after, notice.told_at_s))


def _within(window: Span, event: Row | None) -> Iterator[Row]:
    if event is not None and iso.to_s(event["eventTime"]) in window:
        yield event


def _error(event: Row, instead: Row | None, told_at_s: int) -> Row:
    """The event once more, declared an error."""
    declared: Row = {
        "declarationTime": iso.from_s(told_at_s),
        "reason": "did_not_occur" if instead is None else "incorrect_data",
    }
    if instead is not None:
        declared["correctiveEventIDs"] = [instead["eventID"]]
    return {**event, "recordTime": iso.from_s(told_at_s), "errorDeclaration": declared}


def _content(event: Row) -> Row:
    return {name: value for name, value in event.items() if name not in ("eventID", "recordTime")}


# --- one event -------------------------------------------------------------------------------------------------------


def _steps(notice: Notice, ground: Ground) -> Iterator[tuple[str, Row]]:
    """(business step, event) of all that a notice tells."""
    body = notice.fact.body
    if notice.fact.kind is Kind.VISIT:
        yield "arriving", _event(notice, "arriving", body["entered"], ("entered",), ground)
        if body["exited"] is not None:
            yield "departing", _event(notice, "departing", body["exited"], _BOUNDS, ground)
    elif notice.fact.kind is Kind.CROSSING and body["departed"] is not None:
        yield "transporting", _event(notice, "transporting", body["crossed"] or body["departed"], _BOUNDS, ground)


def _event(notice: Notice, step: str, moment: Row, bounds: Iterable[str], ground: Ground) -> Row:
    fact, body = notice.fact, notice.fact.body
    time_s = iso.to_s(moment["est"] or moment["latest"] or moment["earliest"])
    sensed = [] if step == "arriving" else [element for span in body["condition"] for element in _sensed(span)]
    own = _OWN_FIELDS if step != "arriving" else ("place", "place_name", "country", "already_inside")
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:{uuid5(NAMES, f'{notice.story} {notice.revision} {step}')}",
        "eventTime": iso.from_s(time_s),
        "eventTimeZoneOffset": _offset(fact, ground, time_s),
        "recordTime": iso.from_s(notice.told_at_s),
        "epcList": [unit_uri(fact.unit)],
        "action": "OBSERVE",
        "bizStep": step,
        "disposition": "in_progress" if step == "arriving" else "in_transit",
        **_where(fact, step, ground),
        **({"sensorElementList": sensed} if sensed else {}),
        **{f"railbox:{name}": body[name] for name in (*own, *bounds) if body.get(name) is not None},
    }


def unit_uri(unit: str) -> str:
    """A container's EPC (GS1 EPC Tag Data Standard, BIC); what has none gets a private name."""
    try:
        known = parse_unit(unit)
    except IdentityError:
        return f"urn:x-railbox:obj:device:{quote(unit)}"
    return f"urn:epc:id:bic:{known.number}" if known.kind == "container" else f"urn:x-railbox:obj:wagon:{known.number}"


def place_uri(place: Place) -> str:
    """By UN/LOCODE where it has one."""
    return f"{LOCATION}unlocode:{place.unlocode}" if place.unlocode else f"{LOCATION}place:{quote(place.id)}"


def _where(fact: Fact, step: str, ground: Ground) -> Row:
    """Where it was read, and, until it leaves, where the unit is. A border is a point on the line, not a location."""
    body = fact.body
    if fact.kind is Kind.CROSSING:
        border = ground.borders.get(body["border"] or "")
        if border is not None:
            return {"readPoint": {"id": _geo(border.lat_deg, border.lon_deg)}}
        return {"readPoint": {"id": f"{LOCATION}border:{quote(body['border'] or '|'.join(body['candidates']))}"}}
    place = ground.places.get(body["place"])
    uri = f"{LOCATION}place:{quote(body['place'])}" if place is None else place_uri(place)
    read = {"readPoint": {"id": uri if place is None else _geo(place.lat_deg, place.lon_deg)}}
    return {**read, "bizLocation": {"id": uri}} if step == "arriving" else read


def _geo(lat_deg: float, lon_deg: float) -> str:
    """RFC 5870."""
    return f"geo:{lat_deg:.5f},{lon_deg:.5f}"


def _offset(fact: Fact, ground: Ground, time_s: int) -> str:
    """Of the place's clocks then; where its zone is not known, that of UTC."""
    place = ground.places.get(fact.body.get("place") or "")
    if place is None or place.tz is None:
        return "+00:00"
    minutes = (datetime.fromtimestamp(time_s, ZoneInfo(place.tz)).utcoffset() or timedelta()) // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


# --- condition -------------------------------------------------------------------------------------------------------


def _sensed(span: Mapping[str, Any]) -> Iterator[Row]:
    """A span of custody as one sensorElement, if anything was measured in it."""
    reports = list(_reports(span))
    if not reports:
        return
    times = {
        name: bounds["est"] or bounds["latest"]
        for name, bounds in (("startTime", span["start"]), ("endTime", span["end"]))
        if bounds is not None
    }
    yield {**({"sensorMetadata": times} if times else {}), "sensorReport": reports}


def _reports(span: Mapping[str, Any]) -> Iterator[Row]:
    for channel, condition in span["conditions"].items():
        measured = _measured(*MEASURED.get(channel, (f"{OWN}{channel}", None)), channel)
        yield {**measured, "minValue": condition["min"], "meanValue": condition["mean"], "maxValue": condition["max"]}
        for name in ("over_s", "under_s"):
            if condition[name] is not None:
                yield {**_measured(*TIME, f"{channel}_{name}"), "value": condition[name]}
    if span["shocks"]["worst_g"] is not None:
        yield {**_measured(*ACCELERATION, "shock_peak_g"), "maxValue": span["shocks"]["worst_g"]}
    for name in ("shocks", "doors"):
        if span["conditions"] or span[name]["times"]:
            yield {**_measured(*COUNT, name), "value": span[name]["times"]}


def _measured(kind: str, uom: str | None, channel: str) -> Row:
    return {"type": kind, **({} if uom is None else {"uom": uom}), "railbox:channel": channel}
