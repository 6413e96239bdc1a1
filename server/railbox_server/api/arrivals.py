"""Routes of what arrived and what did not: gaps by number, and messages in quarantine."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from railbox_server.api.answers import Paged
from railbox_server.api.cursors import page_of
from railbox_server.api.examples import DEVICE, DevicePath
from railbox_server.api.models.devices import Admitted, Gaps
from railbox_server.api.models.devices import Quarantine as QuarantineList
from railbox_server.api.problems import Problem
from railbox_server.api.services import Services
from railbox_server.device_rows import gap_rows, quarantine_row
from railbox_server.store.values import Mark, Reason, Row
from railbox_telemetry.identity import check_device

OfDevice = Annotated[str | None, Query(description="Not given: of all", examples=[DEVICE])]

OfReason = Annotated[Reason | None, Query(description="Not given: for any")]


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["devices"])
    store = services.store

    @router.get("/quarantine", response_model=QuarantineList)
    def quarantine(wish: Paged, device: OfDevice = None) -> Response:
        """Messages that could not be believed, kept whole, in the order they came; and how many there are by device."""
        row = 0 if wish.after is None else int(wish.after[0])
        found = store.quarantined(device, wish.limit + 1, row)
        after = (found[wish.limit - 1].row_id,) if len(found) > wish.limit else None
        counts = [{"device": name, "batches": count} for name, count in store.quarantine_counts().items()]
        return wish.give("batches", map(quarantine_row, found[: wish.limit]), after, {"devices": counts})

    @router.post("/quarantine/{device}/admit", response_model=Admitted)
    def admit(device: DevicePath) -> Row:
        """Makes the device known, and ingests what quarantine has of it; what is still wrong stays there."""
        if check_device(device) not in store.quarantine_counts() and device not in store.known_devices():
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing was heard of {device!r}; GET /api/quarantine lists who was")
        return {"admitted": services.admit(device)}

    @router.post("/quarantine/replay", response_model=Admitted)
    def replay(device: OfDevice = None, reason: OfReason = None) -> Row:
        """Tries again what quarantine has, as after an upgrade that understands more; what is still wrong stays."""
        return {"admitted": services.replay(device, reason)}

    @router.get("/gaps", response_model=Gaps)
    def gaps(wish: Paged, device: OfDevice = None) -> Response:
        """By outbox: how many batches arrived, and which are missing, by number. Discarded ones the tracker dropped."""
        page = page_of(gap_rows(store.outboxes(device)), _by_outbox, wish.limit, wish.after)
        return wish.page("devices", page)

    _ = (quarantine, admit, replay, gaps)
    return router


def _by_outbox(row: Row) -> Mark:
    return row["device"], row["epoch"]
