"""Routes of what arrived and what did not: gaps by number, and messages in quarantine."""

from collections.abc import Iterable, Sequence
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
from railbox_server.store.values import Mark, OutboxState, Quarantined, Row
from railbox_telemetry import iso
from railbox_telemetry.identity import check_device
from railbox_telemetry.values import SeqRange

OfDevice = Annotated[str | None, Query(description="Not given: of all", examples=[DEVICE])]


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
        return wish.give("batches", map(_quarantine_row, found[: wish.limit]), after, {"devices": counts})

    @router.post("/quarantine/{device}/admit", response_model=Admitted)
    def admit(device: DevicePath) -> Row:
        """Makes the device known, and ingests what quarantine has of it; what is still wrong stays there."""
        if check_device(device) not in store.quarantine_counts() and device not in store.known_devices():
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing was heard of {device!r}; GET /api/quarantine lists who was")
        return {"admitted": services.admit(device)}

    @router.get("/gaps", response_model=Gaps)
    def gaps(wish: Paged, device: OfDevice = None) -> Response:
        """By outbox: how many batches arrived, and which are missing, by number. Discarded ones the tracker dropped."""
        page = page_of(gap_rows(store.outboxes(device)), _by_outbox, wish.limit, wish.after)
        return wish.page("devices", page)

    _ = (quarantine, admit, gaps)
    return router


def gap_rows(states: Iterable[OutboxState]) -> list[Row]:
    return [_gap_row(state) for state in states]


def _gap_row(state: OutboxState) -> Row:
    ledger = state.ledger
    return {
        "device": state.outbox.device,
        "epoch": state.outbox.epoch,
        "last_received_at": iso.from_s(state.last_received_at_ms // 1000),
        "arrived": len(ledger.stored),
        "highest": ledger.highest,
        "missing": _pairs(ledger.missing()),
        "quarantined": _pairs(ledger.quarantined.ranges),
        "discarded": _pairs(ledger.discarded.ranges),
    }


def _pairs(ranges: Sequence[SeqRange]) -> list[tuple[int, int]]:
    return [(item.first, item.last) for item in ranges]


def _quarantine_row(item: Quarantined) -> Row:
    return {
        "id": item.row_id,
        "device": item.device,
        "received_at": iso.from_ms(item.received_at_ms),
        "reason": item.reason.value,
        "detail": item.detail,
        "seq": item.seq,
        "bytes": len(item.payload),
    }


def _by_outbox(row: Row) -> Mark:
    return row["device"], row["epoch"]
