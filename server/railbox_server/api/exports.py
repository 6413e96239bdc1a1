"""Routes of exports: the rows of the API as files, streamed."""

from http import HTTPStatus
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import StreamingResponse

from railbox_server.api.problems import Problem
from railbox_server.api.services import Services
from railbox_server.api.windows import window
from railbox_server.exports.columns import TABLES
from railbox_server.exports.reading import Wanted, read
from railbox_server.exports.shapes import spots_of
from railbox_server.exports.writing import ExportError, format_of
from railbox_server.fleet import Span

TableName = Literal["track", "readings", "events", "visits", "crossings", "custody"]
FormatName = Literal["csv", "geojson", "gpx", "parquet"]


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["exports"])
    spots = spots_of(services.corridors)

    @router.get("/exports/{table}", response_class=StreamingResponse)
    def export(
        table: TableName,
        span: Annotated[Span, Depends(window)],
        units: Annotated[list[str], Query(alias="unit", description="Of these units; none: of all")] = [],  # noqa: B006 - FastAPI copies it
        kind: Annotated[FormatName, Query(alias="format")] = "csv",
    ) -> StreamingResponse:
        """Tracks, readings, events, visits, crossings or custody as a file: CSV, GeoJSON, GPX or Parquet."""
        try:
            form = format_of(table, kind)
            wanted = Wanted(dict(map(services.unit, units)) or services.units(), span)
            pieces = form.write(TABLES[table], read(services.store, table, wanted), spots)
            # The first piece is made before the answer begins, so that what cannot be made is told as an error.
            first = next(pieces, b"")
        except ExportError as error:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        name = f"attachment; filename=railbox-{table}.{kind}"
        return StreamingResponse(
            chain((first,), pieces), media_type=form.media_type, headers={"Content-Disposition": name}
        )

    _ = export
    return router
