"""Time windows of requests: `from` and `to` as ISO 8601 with a zone."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Query

from railbox_server.api.problems import Problem
from railbox_server.fleet import Span
from railbox_telemetry import iso

_EXAMPLE = "2026-11-22T08:30:00Z"


def window(
    start: Annotated[str | None, Query(alias="from", description="Not earlier than this", examples=[_EXAMPLE])] = None,
    end: Annotated[str | None, Query(alias="to", description="Earlier than this", examples=[_EXAMPLE])] = None,
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
        detail = f"{name} = {text!r}: expected an ISO 8601 time with zone, like {_EXAMPLE}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from error
