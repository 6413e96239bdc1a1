"""What is done to every batch before it is stored, in order: STEPS reads like the table of contents of ingest.

Pure but for the books, which answer what is known already. After these come the steps of a whole group (worker.py):
store, acknowledge, engine, committed, live.
"""

from collections.abc import Callable
from typing import Final, Protocol

from railbox_server.ingest.limits import believed, implausible, numbers_fit
from railbox_server.ingest.parcel import Parcel, Refusal
from railbox_server.ledger import Ledger
from railbox_server.store.values import Outbox, Reason
from railbox_telemetry import wire


class Books(Protocol):
    """What is known of devices and numbers."""

    def is_known(self, device: str) -> bool: ...

    def ledger(self, outbox: Outbox) -> Ledger: ...

    def payload(self, outbox: Outbox, seq: int) -> bytes | None:
        """The bytes stored under this number, or None when they are gone."""
        ...


def decode(parcel: Parcel, books: Books) -> None:
    try:
        parcel.batch = wire.decode(parcel.payload)
    except wire.WireError as error:
        # Bytes that are no batch have no number either: were one believed, a truncated copy could make a tracker
        # delete what never arrived.
        parcel.refusal = Refusal(Reason.UNDECODABLE, str(error))


def validate(parcel: Parcel, books: Books) -> None:
    assert parcel.batch is not None
    parcel.numbered = numbers_fit(parcel.batch)
    if not parcel.numbered:
        parcel.refusal = Refusal(Reason.IMPLAUSIBLE, f"epoch {parcel.batch.epoch}, seq {parcel.batch.seq}")
    elif why := implausible(parcel.batch):
        parcel.refusal = Refusal(Reason.IMPLAUSIBLE, why)
    else:
        parcel.batch, parcel.doubts = believed(parcel.batch)


def identify(parcel: Parcel, books: Books) -> None:
    if not books.is_known(parcel.device):
        parcel.refusal = Refusal(Reason.UNKNOWN_DEVICE, f"device {parcel.device} is not registered")


def deduplicate(parcel: Parcel, books: Books) -> None:
    """The same bytes again are a repetition. Other bytes under a number that is taken are somebody else's, for example
    a tracker set up from a copy of another one's disk."""
    assert parcel.batch is not None
    outbox, seq = Outbox(parcel.device, parcel.batch.epoch), parcel.batch.seq
    if seq not in books.ledger(outbox).stored:
        return
    if books.payload(outbox, seq) in (parcel.payload, None):
        parcel.repeated = True
    else:
        parcel.refusal = Refusal(Reason.NUMBER_TAKEN, f"seq {seq} is stored already, with other contents")


Step = Callable[[Parcel, Books], None]
STEPS: Final[tuple[Step, ...]] = (decode, validate, identify, deduplicate)


def pass_through(parcel: Parcel, books: Books) -> None:
    """All the steps, or up to the one that ends the parcel's way."""
    for step in STEPS:
        step(parcel, books)
        if parcel.ended:
            return
