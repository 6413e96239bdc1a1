"""Routes for whoever watches the server: alive, ready, and its metrics.

/healthz and /readyz ask for no token, as load balancers have none; /metrics tells of the fleet, so it does.
"""

from http import HTTPStatus

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST

from railbox_server.api.access import Gate
from railbox_server.api.answers import answer
from railbox_server.api.models.live import Health, Readiness
from railbox_server.api.services import Services


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz", response_model=Health)
    def healthz() -> Response:
        """That the server answers, and what it has not worked off yet."""
        return answer(
            {
                "status": "ok",
                "engine_pending": services.engine_pending(),
                "ingest_waiting": services.ingest_waiting(),
                "ingest": services.ingest_counters(),
            }
        )

    @router.get("/readyz", response_model=Readiness, responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Readiness}})
    def readyz() -> Response:
        """Whether everything works: the store can be written, the broker is connected, the engine runs. 503 says what
        does not."""
        parts = {name: check() for name, check in services.checks.items()}
        ready = not any(parts.values())
        response = answer({"ready": ready, "parts": {name: why or "ok" for name, why in parts.items()}})
        response.status_code = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return response

    @router.get("/metrics", response_class=Response, dependencies=[Depends(Gate(services.token))])
    def metrics() -> Response:
        """Everything that is counted, for Prometheus."""
        return Response(services.exposition(), media_type=CONTENT_TYPE_LATEST)

    _ = (healthz, readyz, metrics)
    return router
