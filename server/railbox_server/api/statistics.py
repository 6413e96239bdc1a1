"""The route of statistics: dwells by border and direction, and the corridor indicators, of all that was derived.

Reckoned when somebody asks and the rows are others than last time.
"""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from railbox_server.api.answers import tagged
from railbox_server.api.models.statistics import Statistics
from railbox_server.api.services import ApiStore, Services
from railbox_server.geo.model import Corridor
from railbox_server.journey.reading import crossing_of
from railbox_server.statistics.borders import statistics as statistics_of
from railbox_server.statistics.indicators import indicators
from railbox_server.statistics.reading import trip_of
from railbox_server.statistics.report import indicators_row, published_rows, statistics_row
from railbox_server.store.values import Row


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["borders"])
    kept: dict[int, bytes] = {}
    """The last answer, by version of the rows."""

    @router.get("/statistics", response_model=Statistics)
    def statistics(request: Request) -> Response:
        """How long borders took, by direction and month, between which bounds, and the corridor indicators."""
        version = services.store.statistics_version()
        answer = kept.get(version)
        if answer is None:
            answer = to_json(statistics_answer(services.store, services.corridors))
            kept.clear()
            kept[version] = answer
        return tagged(request, answer)

    _ = statistics
    return router


def statistics_answer(store: ApiStore, corridors: Sequence[Corridor]) -> Row:
    borders = {border.id: border for corridor in corridors for border in corridor.borders}
    # A border that is no more is in no row once the unit is judged again.
    crossings = [
        crossing_of(row, borders) for row in store.crossings() if row["border"] is None or row["border"] in borders
    ]
    return {
        **statistics_row(statistics_of(crossings)),
        "indicators": [indicators_row(each) for each in indicators(map(trip_of, store.trips()))],
        "published": published_rows(),
    }
