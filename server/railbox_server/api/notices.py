"""Routes of telling: what was told and what became of it, the webhook's state and test, and EPCIS of it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from starlette.responses import StreamingResponse

from railbox_server.api.answers import JSON, Paged, answer
from railbox_server.api.models import notices as models
from railbox_server.api.problems import Problem
from railbox_server.api.services import Services
from railbox_server.api.windows import window
from railbox_server.exports.epcis import KINDS, epcis_document, ground_of
from railbox_server.fleet import Span
from railbox_server.store.values import Row
from railbox_server.telling.ledger import WAITING, Asked
from railbox_server.telling.model import Kind
from railbox_server.telling.payload import payload
from railbox_server.telling.room import Telling
from railbox_server.telling.rows import Posted
from railbox_server.telling.webhook import Webhook
from railbox_telemetry import iso


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["notices"])
    ground = ground_of(services.corridors)

    @router.get("/notices", response_model=models.Notices)
    def notices(
        wish: Paged,
        unit: str | None = None,
        kinds: Annotated[list[Kind], Query(alias="kind", description="Of these kinds; none: of all")] = [],  # noqa: B006 - FastAPI copies it
        delivery: models.Delivery | None = None,
        standing: Annotated[bool, Query(description="Only what nobody revised or retracted since")] = False,
    ) -> Response:
        """What was told, the newest first: as it was posted, and what became of that."""
        before = {} if wish.after is None else {"before": int(wish.after[0])}
        ledger = _telling(services).ledger
        found = ledger.notices(Asked(unit, tuple(kinds), delivery, standing, limit=wish.limit + 1, **before))
        shown = found[: wish.limit]
        return wish.give("notices", map(_row, shown), (shown[-1].number,) if len(found) > len(shown) else None)

    @router.get("/webhook", response_model=models.TellingRow)
    def webhook() -> Response:
        """How the webhook fares: what waits, what it last answered, what was refused or dropped."""
        return answer(_telling(services).state())

    @router.post("/webhook/test", response_model=models.Tested)
    def test() -> Row:
        """Posts a signed test message now, and says what the receiver answered."""
        return _webhook(services).test()

    @router.post("/webhook/resume", response_model=models.Resumed)
    def resume() -> Row:
        """Posts at once what rests after failures, what was refused, and what waits since the receiver said 410."""
        return {"refused": _webhook(services).resume()}

    @router.get("/exports/epcis", response_model=models.EpcisDocument, response_class=StreamingResponse)
    def epcis(
        span: Annotated[Span, Depends(window)],
        units: Annotated[list[str], Query(alias="unit", description="Of these units; none: of all")] = [],  # noqa: B006 - FastAPI copies it
    ) -> StreamingResponse:
        """EPCIS 2.0 of the visits and crossings of a time: events, and declarations of those that proved wrong."""
        names = [services.unit(unit)[0] for unit in units]
        told = _telling(services).ledger.told_of(KINDS, names, span)
        pieces = epcis_document(told, ground, services.clock.now_s(), span)
        return StreamingResponse(pieces, media_type=JSON)

    _ = (notices, webhook, test, resume, epcis)
    return router


def _telling(services: Services) -> Telling:
    if services.telling is None:
        raise Problem(HTTPStatus.NOT_FOUND, "this server tells nothing: its notices are kept by `railbox server`")
    return services.telling


def _webhook(services: Services) -> Webhook:
    found = _telling(services).webhook
    if found is None:
        raise Problem(HTTPStatus.CONFLICT, "no webhook is set: give url and secret_file in [webhook] of the settings")
    return found


def _row(posted: Posted) -> Row:
    rests = posted.delivery == WAITING and posted.next_at_ms > 0
    return {
        **payload(posted.notice),
        "delivery": {
            "state": posted.delivery,
            "attempts": posted.attempts,
            "next_at": iso.from_ms(posted.next_at_ms) if rests else None,
            "answer": posted.answer,
        },
    }
