"""Routes of borders and corridors: the board, all visits and crossings, the corridors' own files."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse

from railbox_server.api.models.borders import Board, Corridors
from railbox_server.api.models.journeys import Crossings, Visits
from railbox_server.api.services import Services
from railbox_server.board import board_rows
from railbox_server.geo.model import Corridor
from railbox_server.store.values import Row
from railbox_telemetry import iso

RECENT: Final = 5
"""Crossings that are over, shown with each border."""


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["borders"])
    store = services.store

    @router.get("/board", response_model=Board)
    def board() -> Row:
        """At each border: who stands where, since when, how long between which bounds, and whether that is too long."""
        rows = board_rows(
            services.corridors,
            store.visits(open_only=True),
            store.crossings(open_only=True),
            lambda border: store.recent_crossings(border, RECENT),
        )
        return {"now": iso.from_s(services.clock.now_s()), "borders": rows}

    @router.get("/visits", response_model=Visits)
    def visits(open: bool = False) -> Row:  # noqa: A002 - the name of the query parameter
        """The visits of all units, or those that last."""
        return {"visits": store.visits(open_only=open)}

    @router.get("/crossings", response_model=Crossings)
    def crossings(open: bool = False) -> Row:  # noqa: A002 - as above
        """The crossings of all units, or those that last."""
        return {"crossings": store.crossings(open_only=open)}

    @router.get("/corridors", response_model=Corridors)
    def corridors() -> Row:
        """The corridors that the server knows."""
        return {"corridors": [_corridor_row(corridor) for corridor in services.corridors]}

    @router.get("/corridors/{name}", response_class=FileResponse)
    def corridor(name: str) -> FileResponse:
        """A corridor's GeoJSON: places, borders and legs."""
        return FileResponse(services.corridor_file(name), media_type="application/geo+json")

    _ = (board, visits, crossings, corridors, corridor)
    return router


def _corridor_row(corridor: Corridor) -> Row:
    on_line = [place for place in corridor.places if place.km is not None]
    return {
        "name": corridor.name,
        "title": corridor.title,
        "km": max((place.km or 0.0 for place in on_line), default=0.0),
        "countries": list(dict.fromkeys(place.country for place in on_line)),
    }
