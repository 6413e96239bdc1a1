"""Routes of boxes: who passed through a piece of the map in a time, and where exactly."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from railbox_server.api.answers import Paged, PagedSeries
from railbox_server.api.cursors import page_of
from railbox_server.api.models.series import BoxPoints, BoxUnits
from railbox_server.api.problems import Problem
from railbox_server.api.series import Doubtful, doubtful_of, track_row
from railbox_server.api.services import Services
from railbox_server.api.windows import InBox, Window
from railbox_server.fleet import Assignment, Span, Units
from railbox_server.store.values import Box, Mark, Point, Row, TrackPoint
from railbox_telemetry import iso

DAY_S: Final = 86_400
MOST_DAYS: Final = 31


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["boxes"])
    store = services.store

    @router.get("/box", response_model=BoxUnits)
    def box(wish: Paged, box: InBox, span: Window) -> Response:
        """Which units had a trusted fix within the box, in the last 24 h or in a time of at most 31 days."""
        span = _bounded(span, services.clock.now_s())
        rows = list(_passed(services, box, span))
        return wish.page("units", page_of(rows, _by_unit, wish.limit, wish.after))

    @router.get("/box/points", response_model=BoxPoints)
    def points(wish: PagedSeries, box: InBox, span: Window) -> Response:
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


def _passed(services: Services, box: Box, span: Span) -> Iterator[Row]:
    store = services.store
    by_device = _by_device(services.units())
    for device, first_s, last_s, count in store.devices_in_box(box, span):
        here = [item for item in by_device.get(device, ()) if not item.span.both(span).is_empty]
        for item in here:
            doubtful = doubtful_of(store, item.unit)
            if len(here) == 1 and item.span.both(span) == span and not doubtful:
                yield _passage(item, first_s, last_s, count)
            elif times := _trusted_times(services, item, box, span, doubtful):
                yield _passage(item, times[0], times[-1], len(times))


def _trusted_times(services: Services, item: Assignment, box: Box, span: Span, doubtful: Doubtful) -> list[int]:
    return [
        point.time_s
        for point in services.store.points(item.device, item.span.both(span))
        if (point.lat_e5, point.lon_e5) in box and (point.device, point.epoch, point.time_s) not in doubtful
    ]


def _passage(item: Assignment, first_s: int, last_s: int, count: int) -> Row:
    first, last = iso.from_s(first_s), iso.from_s(last_s)
    return {"unit": item.unit, "device": item.device, "first": first, "last": last, "points": count}


def _point_rows(services: Services, points: Iterable[Point]) -> Iterator[Row]:
    by_device = _by_device(services.units())
    doubts: dict[str, Doubtful] = {}
    for point in points:
        item = next((item for item in by_device.get(point.device, ()) if point.time_s in item.span), None)
        if item is not None and item.unit not in doubts:
            doubts[item.unit] = doubtful_of(services.store, item.unit)
        place = TrackPoint(point.epoch, point.time_s, point.lat_e5, point.lon_e5, point.dark_s)
        doubtful: Doubtful = frozenset() if item is None else doubts[item.unit]
        yield {"unit": item and item.unit, **track_row((point.device, place), doubtful)}


def _by_device(units: Units) -> dict[str, list[Assignment]]:
    found: dict[str, list[Assignment]] = {}
    for items in units.values():
        for item in items:
            found.setdefault(item.device, []).append(item)
    return found


def _by_unit(row: Row) -> Mark:
    return row["unit"], row["device"], row["first"]
