"""Routes of units: where they are, where they were, what their sensors said."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from railbox_server.api.models.custody import Custody
from railbox_server.api.models.journeys import Crossings, Visits
from railbox_server.api.models.series import Events, Readings, Track
from railbox_server.api.models.units import UnitDetail, Units
from railbox_server.api.problems import Problem
from railbox_server.api.services import Services
from railbox_server.api.windows import window
from railbox_server.fleet import Assignment, Span
from railbox_server.store.values import Row, StoredReading
from railbox_telemetry import iso
from railbox_telemetry.identity import IdentityError, parse_unit
from railbox_telemetry.tables import CHANNEL_BY_NAME, CHANNELS, event_name
from railbox_telemetry.values import DEGREE_E5

Window = Annotated[Span, Depends(window)]
Limit = Annotated[int, Query(ge=1, le=100_000, description="The newest so many")]


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["units"])
    store = services.store

    @router.get("/units", response_model=Units)
    def units() -> Row:
        """Every unit: position, age, place, flag and condition."""
        return {"units": services.rows_of()}

    @router.get("/units/{unit}", response_model=UnitDetail)
    def unit(unit: str) -> Row:
        """One unit with all its visits and crossings, transfers, excursions and stops."""
        name, _ = _find(services, unit)
        progress = store.progress(name)
        return {
            **services.rows_of([name])[0],
            "visits": store.visits(name),
            "crossings": store.crossings(name),
            **{key: progress[key] if progress else [] for key in ("transfers", "excursions", "stops")},
        }

    @router.get("/units/{unit}/track", response_model=Track)
    def track(unit: str, span: Window, max_points: Annotated[int, Query(ge=2, le=200_000)] = 10_000) -> Row:
        """Where the unit was, in order of time. Thinned evenly to `max_points`, which keeps both ends."""
        name, assignments = _find(services, unit)
        doubtful = {(item.device, item.epoch, item.time_s) for item in store.untrusted(name)}
        points = [
            {
                "time": iso.from_s(point.time_s),
                "lat": point.lat_e5 / DEGREE_E5,
                "lon": point.lon_e5 / DEGREE_E5,
                "dark_s": point.dark_s,
                "trusted": (point.device, point.epoch, point.time_s) not in doubtful,
                "device": point.device,
            }
            for item in assignments
            for point in store.points(item.device, item.span.both(span))
        ]
        return {"unit": name, "points": thinned(sorted(points, key=_by_time), max_points)}

    @router.get("/units/{unit}/readings", response_model=Readings)
    def readings(unit: str, span: Window, channel: str | None = None, limit: Limit = 10_000) -> Row:
        """What sensors measured, in order of time: one channel or all of them."""
        name, assignments = _find(services, unit)
        number = None if channel is None else _channel(channel)
        found = [
            _reading_row(reading)
            for item in assignments
            for reading in store.readings(item.device, item.span.both(span), number, limit)
        ]
        return {"unit": name, "readings": sorted(found, key=_by_time)[-limit:]}

    @router.get("/units/{unit}/events", response_model=Events)
    def events(unit: str, span: Window, limit: Limit = 10_000) -> Row:
        """Doors, shocks and what trackers noticed, in order of time."""
        name, assignments = _find(services, unit)
        found: list[Row] = [
            {
                "time": iso.from_s(event.time_s),
                "event": event_name(event.code),
                "value": event.value,
                "device": event.device,
            }
            for item in assignments
            for event in store.events(item.device, item.span.both(span), limit)
        ]
        return {"unit": name, "events": sorted(found, key=_by_time)[-limit:]}

    @router.get("/units/{unit}/visits", response_model=Visits)
    def visits(unit: str) -> Row:
        """The unit's stays at places, with bounds."""
        return {"visits": store.visits(_find(services, unit)[0])}

    @router.get("/units/{unit}/crossings", response_model=Crossings)
    def crossings(unit: str) -> Row:
        """The unit's passages of borders, with bounds and flags."""
        return {"crossings": store.crossings(_find(services, unit)[0])}

    @router.get("/units/{unit}/custody", response_model=Custody)
    def custody(unit: str) -> Row:
        """In which visit, or on which leg between two, what happened to the unit: condition, shocks, doors."""
        name, _ = _find(services, unit)
        return {"unit": name, "custody": store.custody(name)}

    _ = (units, unit, track, readings, events, visits, crossings, custody)
    return router


def thinned(rows: list[Row], most: int) -> list[Row]:
    """At most `most` of the rows, evenly, with the first and the last."""
    if len(rows) <= most:
        return rows
    return [rows[round(at * (len(rows) - 1) / (most - 1))] for at in range(most)]


def _find(services: Services, text: str) -> tuple[str, tuple[Assignment, ...]]:
    """The unit's canonical name and its devices; raises Problem where there is no such unit."""
    units = services.units()
    for name in _spellings(text):
        if name in units:
            return name, units[name]
    raise Problem(HTTPStatus.NOT_FOUND, f"no unit {text!r}; GET /api/units lists them")


def _spellings(text: str) -> Iterable[str]:
    yield text
    try:
        yield parse_unit(text).number
    except IdentityError:
        return


def _channel(name: str) -> int:
    if name not in CHANNEL_BY_NAME:
        known = ", ".join(CHANNEL_BY_NAME)
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"no channel {name!r}; there are {known}")
    return CHANNEL_BY_NAME[name].bit


def _reading_row(reading: StoredReading) -> Row:
    channel = CHANNELS[reading.channel]
    return {
        "time": iso.from_s(reading.time_s),
        "channel": channel.name,
        "value": channel.in_unit(reading.value),
        "device": reading.device,
    }


def _by_time(row: Row) -> tuple[Any, ...]:
    return row["time"], row["device"]
