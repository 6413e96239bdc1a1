"""Routes of borders and corridors: the board, all visits and crossings, the corridors' own files."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from railbox_server.api.answers import Paged, seldom, tagged
from railbox_server.api.cursors import page_of
from railbox_server.api.examples import CorridorPath
from railbox_server.api.models.borders import Board, Corridors
from railbox_server.api.models.journeys import Crossings, Visits
from railbox_server.api.services import Services
from railbox_server.board import board_rows
from railbox_server.geo.model import Corridor
from railbox_server.store.values import Row
from railbox_telemetry import iso

RECENT: Final = 5
"""Crossings that are over, shown with each border."""
GEOJSON: Final = "application/geo+json"

Open = Annotated[bool, Query(alias="open", description="Only those that last")]


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["borders"])
    store = services.store

    @router.get("/board", response_model=Board)
    def board(request: Request) -> Response:
        """At each border: who stands where, since when, how long between which bounds, and whether that is too long."""
        rows = board_rows(
            services.corridors,
            store.visits(open_only=True),
            store.crossings(open_only=True),
            lambda border: store.recent_crossings(border, RECENT),
        )
        return seldom(request, {"now": iso.from_s(services.clock.now_s()), "borders": rows})

    @router.get("/visits", response_model=Visits)
    def visits(wish: Paged, open_only: Open = False) -> Response:
        """The visits of all units, by unit and time."""
        return wish.page("visits", store.visit_page(None, wish.limit, wish.after, open_only=open_only))

    @router.get("/crossings", response_model=Crossings)
    def crossings(wish: Paged, open_only: Open = False) -> Response:
        """The crossings of all units, by unit and time."""
        return wish.page("crossings", store.crossing_page(None, wish.limit, wish.after, open_only=open_only))

    @router.get("/corridors", response_model=Corridors)
    def corridors(wish: Paged) -> Response:
        """The corridors that the server knows."""
        rows = [_corridor_row(corridor) for corridor in services.corridors]
        return wish.page("corridors", page_of(rows, lambda row: (row["name"],), wish.limit, wish.after))

    @router.get("/corridors/{name}", response_class=Response, responses={200: {"content": {GEOJSON: {}}}})
    def corridor(request: Request, name: CorridorPath) -> Response:
        """A corridor's GeoJSON: places, borders and legs."""
        return tagged(request, services.corridor_file(name).read_bytes(), GEOJSON)

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
