"""Routes of boxes: who passed through a piece of the map in a time, and where exactly."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import groupby
from typing import Final

from fastapi import APIRouter, Response

from railbox_server.api.answers import Paged
from railbox_server.api.cursors import page_of
from railbox_server.api.models.series import BoxPoints, BoxUnits
from railbox_server.api.passing import Passage, in_span, passage
from railbox_server.api.problems import Problem
from railbox_server.api.series import Doubtful, doubtful_of, parted, track_rows
from railbox_server.api.services import Services
from railbox_server.api.windows import InBox, Window
from railbox_server.fleet import Assignment, Span, Units
from railbox_server.store.values import Box, Mark, Point, Row
from railbox_telemetry import iso

DAY_S: Final = 86_400
MOST_DAYS: Final = 31
MOST_KNOTS: Final = 1_000_000
"""Of a device in that time."""


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["boxes"])
    store = services.store

    @router.get("/box", response_model=BoxUnits)
    def box(wish: Paged, box: InBox, span: Window) -> Response:
        """Which units passed through the box, by their trusted fixes and the lines between them where those are known:
        in the last 24 h, or in a time of at most 31 days."""
        span = _bounded(span, services.clock.now_s())
        rows = [] if span.is_empty else _passed(services, box, span)
        return wish.page("units", page_of(rows, _by_unit, wish.limit, wish.after))

    @router.get("/box/points", response_model=BoxPoints)
    def points(wish: Paged, box: InBox, span: Window) -> Response:
        """All fixes within the box, device by device in order of time; the time is bounded as that of /api/box."""
        span = _bounded(span, services.clock.now_s())
        page = store.points_in_box(box, span, wish.limit, wish.after)
        return wish.give("points", _point_rows(services, page.items), page.after)

    _ = (box, points)
    return router


def _bounded(span: Span, now_s: int) -> Span:
    """The time asked for, the last day where none is; raises Problem when it is too long to look through."""
    to_s = now_s + 1 if span.to_s is None else span.to_s
    from_s = to_s - DAY_S if span.from_s is None else span.from_s
    if to_s - from_s > MOST_DAYS * DAY_S:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{Span(from_s, to_s)} is over {MOST_DAYS} days: ask for them one after the other",
        )
    return Span(from_s, to_s)


def _passed(services: Services, box: Box, span: Span) -> list[Row]:
    store, by_device = services.store, _by_device(services.units())
    found: dict[Assignment, Passage] = {}
    doubts: dict[str, Doubtful] = {}
    assert span.from_s is not None
    assert span.to_s is not None
    for device, near in store.spans_near(box, span.from_s, span.to_s):
        columns = store.track_columns(device, near, MOST_KNOTS)
        for item in by_device.get(device, ()):
            if (time_s := in_span(span, item.span)) is None:
                continue
            if item.unit not in doubts:
                doubts[item.unit] = doubtful_of(store, item.unit)
            believed, _ = parted(device, columns, doubts[item.unit])
            if (passed := passage(believed, box, *time_s, services.silence_s)) is not None:
                found[item] = passed.joined(found.get(item))
    return [_passage_row(item, passed) for item, passed in found.items()]


def _passage_row(item: Assignment, passed: Passage) -> Row:
    first, last = iso.from_s(passed.first_s), iso.from_s(passed.last_s)
    return {"unit": item.unit, "device": item.device, "first": first, "last": last, "points": passed.knots}


def _point_rows(services: Services, points: Iterable[Point]) -> Iterator[Row]:
    by_device = _by_device(services.units())
    doubts: dict[str | None, Doubtful] = {None: frozenset()}

    def unit_of(point: Point) -> str | None:
        return next((item.unit for item in by_device.get(point.device, ()) if point.time_s in item.span), None)

    for unit, run in groupby(points, unit_of):
        if unit is not None and unit not in doubts:
            doubts[unit] = doubtful_of(services.store, unit)
        found = ((at.device, (at.epoch, at.time_s, at.lat_e5, at.lon_e5, at.dark_s)) for at in run)
        yield from ({"unit": unit, **row} for row in track_rows(found, doubts[unit]))


def _by_device(units: Units) -> dict[str, list[Assignment]]:
    found: dict[str, list[Assignment]] = {}
    for items in units.values():
        for item in items:
            found.setdefault(item.device, []).append(item)
    return found


def _by_unit(row: Row) -> Mark:
    return row["unit"], row["device"], row["first"]
