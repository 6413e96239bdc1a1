"""Time windows and boxes of requests: `from` and `to` as ISO 8601 with a zone, `bbox` in degrees."""

import math
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Query

from railbox_server.api import examples
from railbox_server.api.problems import Problem
from railbox_server.fleet import Span
from railbox_server.store.values import Box
from railbox_telemetry import iso
from railbox_telemetry.values import DEGREE_E5

_ORDER: Final = "west,south,east,north"


# async: see answers.py.
async def window(
    start: Annotated[
        str | None, Query(alias="from", description="Not earlier than this", examples=[examples.FROM])
    ] = None,
    end: Annotated[str | None, Query(alias="to", description="Earlier than this", examples=[examples.TO])] = None,
) -> Span:
    """From `from` on, up to and without `to`; raises Problem when they are no times, or reversed."""
    span = Span(time_of("from", start), time_of("to", end))
    if span.from_s is not None and span.to_s is not None and span.from_s > span.to_s:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"from {start} is after to {end}: exchange them")
    return span


def time_of(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        return iso.to_s(text.replace(" ", "+") if "T" in text else text)
    except (ValueError, OverflowError) as error:
        detail = f"{name} = {text!r}: expected an ISO 8601 time with zone, like {examples.FROM}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from error


async def box(
    bbox: Annotated[
        str,
        Query(description=f"{_ORDER} in degrees; west > east: over the antimeridian", examples=[examples.BBOX]),
    ],
) -> Box:
    """Raises Problem when it is none."""
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError as error:
        raise _no_box(bbox, "expected four numbers") from error
    if not all(map(math.isfinite, (west, south, east, north))):
        raise _no_box(bbox, "expected four finite numbers")
    if abs(south) > 90 or abs(north) > 90 or abs(west) > 180 or abs(east) > 180:
        raise _no_box(bbox, "beyond 90 degrees of latitude or 180 of longitude")
    if south > north:
        raise _no_box(bbox, "south is north of north: exchange them")
    return Box(_e5(south), _e5(west), _e5(north), _e5(east))


def _no_box(bbox: str, why: str) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, f"bbox = {bbox!r}: {why}; it is {_ORDER}, in degrees, like {examples.BBOX}"
    )


def _e5(degrees: float) -> int:
    return round(degrees * DEGREE_E5)


Window = Annotated[Span, Depends(window)]
InBox = Annotated[Box, Depends(box)]
