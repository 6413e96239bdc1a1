"""Routes of a unit's series: its track, what its sensors said, what happened to it."""

from collections.abc import Iterable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from railbox_server.api import fewer, stretches
from railbox_server.api.answers import PagedSeries
from railbox_server.api.examples import CHANNEL, UnitPath
from railbox_server.api.fewer import Integers
from railbox_server.api.models.series import Events, Readings, Track
from railbox_server.api.problems import Problem
from railbox_server.api.services import ApiStore, Services
from railbox_server.api.windows import Window
from railbox_server.fleet import Assignment, Span
from railbox_server.store.pieces import pieces, rows_before, time_at
from railbox_server.store.values import Row, StoredEvent, StoredReading, TrackPoint
from railbox_telemetry import iso
from railbox_telemetry.tables import CHANNEL_BY_NAME, CHANNELS, event_name
from railbox_telemetry.values import DEGREE_E5

MaxPoints = Annotated[
    int | None,
    Query(ge=2, le=100_000, description="Instead of pages: the whole time in about so many points that show its shape"),
]
_PIECE: Final = 200_000
"""Rows held at once while a long series is read to be thinned."""
_TIME = TrackPoint._fields.index("time_s")
Found = tuple[str, Sequence[int]]
"""A device and a knot of it, whose values are TrackPoint's."""
Doubtful = frozenset[tuple[str, int, int]]
"""(device, epoch, time_s) of what is not trusted."""


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["units"])
    store = services.store

    @router.get("/units/{unit}/track", response_model=Track)
    def track(
        request: Request, wish: PagedSeries, unit: UnitPath, span: Window, max_points: MaxPoints = None
    ) -> Response:
        """Where the unit was, in order of time: in pages, or thinned to `max_points`, which keeps both ends of the
        time and of every gap, and exceeds the number only for gaps."""
        name, assignments = services.unit(unit)
        doubtful = doubtful_of(store, name)
        if max_points is None:
            page = stretches.page(partial(_points, store), _found_time, assignments, span, wish.limit, wish.after)
            found, after = page.items, page.after
        else:
            found, after = _thinned(store, assignments, span, max_points, doubtful), None
        return wish.give("points", track_rows(found, doubtful), after, {"unit": name})

    @router.get("/units/{unit}/readings", response_model=Readings)
    def readings(
        wish: PagedSeries,
        unit: UnitPath,
        span: Window,
        channel: Annotated[str | None, Query(description="Not given: all", examples=[CHANNEL])] = None,
        max_points: MaxPoints = None,
    ) -> Response:
        """What sensors measured, in order of time: one channel or all of them; `max_points` is of each channel of each
        device, and keeps extremes."""
        name, assignments = services.unit(unit)
        number = None if channel is None else _channel(channel)
        if max_points is None:
            read = partial(_readings, store, number)
            page = stretches.page(read, _reading_time, assignments, span, wish.limit, wish.after)
            found, after = page.items, page.after
        else:
            found, after = _thinned_readings(store, number, assignments, span, max_points), None
        return wish.give("readings", map(_reading_row, found), after, {"unit": name})

    @router.get("/units/{unit}/events", response_model=Events)
    def events(wish: PagedSeries, unit: UnitPath, span: Window) -> Response:
        """Doors, shocks and what trackers noticed, in order of time."""
        name, assignments = services.unit(unit)

        def read(item: Assignment, part: Span, limit: int) -> Sequence[StoredEvent]:
            return store.events(item.device, part, limit, oldest=True)

        page = stretches.page(read, lambda event: event.time_s, assignments, span, wish.limit, wish.after)
        return wish.give("events", map(_event_row, page.items), page.after, {"unit": name})

    _ = (track, readings, events)
    return router


def doubtful_of(store: ApiStore, unit: str) -> Doubtful:
    return frozenset((item.device, item.epoch, item.time_s) for item in store.untrusted(unit))


def track_rows(found: Iterable[Found], doubtful: Doubtful) -> list[Row]:
    return [
        {
            "time": iso.from_s(time_s),
            "lat": lat_e5 / DEGREE_E5,
            "lon": lon_e5 / DEGREE_E5,
            "dark_s": dark_s,
            "trusted": (device, epoch, time_s) not in doubtful,
            "device": device,
        }
        for device, (epoch, time_s, lat_e5, lon_e5, dark_s) in found
    ]


def _points(store: ApiStore, item: Assignment, span: Span, limit: int) -> Iterable[Found]:
    return ((item.device, point) for point in store.track(item.device, span, limit))


def _thinned(
    store: ApiStore, assignments: Iterable[Assignment], span: Span, most: int, doubtful: Doubtful
) -> list[Found]:
    """Each device's believed and doubtful fixes apart, so that these never take the place of those."""
    series: list[tuple[str, Integers]] = []
    for item in assignments:
        read = partial(store.track_columns, item.device)
        trusted, untrusted = list[Integers](), list[Integers]()
        for piece in pieces(read, _knot_time, _knots_before, item.span.both(span), _PIECE):
            for into, knots in zip((trusted, untrusted), parted(item.device, piece, doubtful), strict=True):
                into.append(knots[fewer.of_track(knots, most)])
        series += [(item.device, np.concatenate(kept)) for kept in (trusted, untrusted)]
    shares = _shares([len(knots) for _, knots in series], most)
    found = [
        (device, row)
        for (device, knots), share in zip(series, shares, strict=True)
        for row in knots[fewer.of_track(knots, share)].tolist()
    ]
    return sorted(found, key=_found_time)


def parted(device: str, knots: Integers, doubtful: Doubtful) -> tuple[Integers, Integers]:
    if not doubtful:
        return knots, knots[:0]
    trusted = np.array([(device, epoch, time_s) not in doubtful for epoch, time_s in knots[:, :2].tolist()], bool)
    return knots[trusted], knots[~trusted]


def _shares(counts: Sequence[int], most: int) -> list[int]:
    total = sum(counts)
    return list(counts) if total <= most else [max(2, most * count // total) for count in counts]


def _readings(
    store: ApiStore, channel: int | None, item: Assignment, span: Span, limit: int
) -> Sequence[StoredReading]:
    return store.readings(item.device, span, channel, limit, oldest=True)


def _thinned_readings(
    store: ApiStore, channel: int | None, assignments: Iterable[Assignment], span: Span, most: int
) -> list[StoredReading]:
    kept: list[StoredReading] = []
    for item in assignments:
        series: dict[int, list[StoredReading]] = {}
        read = partial(_readings, store, channel, item)
        for piece in pieces(read, time_at, rows_before, item.span.both(span), _PIECE):
            for reading in piece:
                series.setdefault(reading.channel, []).append(reading)
            series = {number: _fewer_readings(rows, most) for number, rows in series.items()}
        kept += [reading for rows in series.values() for reading in rows]
    return sorted(kept, key=lambda reading: (reading.time_s, reading.channel))


def _fewer_readings(rows: list[StoredReading], most: int) -> list[StoredReading]:
    kept = fewer.of_readings([row.time_s for row in rows], [row.value for row in rows], most)
    return [rows[at] for at in kept]


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


def _event_row(event: StoredEvent) -> Row:
    return {
        "time": iso.from_s(event.time_s),
        "event": event_name(event.code),
        "value": event.value,
        "device": event.device,
    }


def _knot_time(knots: Integers, at: int) -> int:
    return int(knots[at, _TIME])


def _knots_before(knots: Integers, time_s: int) -> Integers:
    return knots[knots[:, _TIME] < time_s]


def _found_time(found: Found) -> int:
    return found[1][_TIME]


def _reading_time(reading: StoredReading) -> int:
    return reading.time_s
