"""What travels through ingest: a message as it came, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass

from railbox_server.store.values import Reason
from railbox_telemetry.values import Batch


def _nothing() -> None:
    """There is no broker to tell."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the broker delivered. `ack` may be called from any thread, once the message is safe."""

    topic: str
    payload: bytes
    received_at_ms: int
    ack: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message goes to quarantine."""

    reason: Reason
    detail: str


@dataclass(slots=True)
class Parcel:
    """A batch on its way through the steps; a step either adds to it or ends its way."""

    device: str
    payload: bytes
    received_at_ms: int
    batch: Batch | None = None
    numbered: bool = False
    """The batch has a number that counts as committed once it is kept."""
    refusal: Refusal | None = None
    repeated: bool = False
    doubts: tuple[str, ...] = ()
    """Values left out because no sensor can give them."""
    quarantine_row: int = 0
    """Where it was in quarantine, when it is tried again from there."""

    @property
    def ended(self) -> bool:
        return self.repeated or self.refusal is not None


@dataclass(slots=True)
class Totals:
    """What became of batches since the server started, for people and metrics."""

    accepted: int = 0
    repeated: int = 0
    quarantined: int = 0
    groups: int = 0
