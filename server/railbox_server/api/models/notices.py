"""Notices: what was told, what became of it, and the state of the webhook."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from railbox_server.api.models.common import Listed
from railbox_server.telling.model import Kind

Delivery = Literal["kept", "waiting", "delivered", "refused", "dropped"]


class DeliveryRow(BaseModel):
    state: Delivery = Field(description="kept: not of a kind that the webhook takes")
    attempts: int
    next_at: str | None = Field(description="When it is posted again, while it waits after a failure")
    answer: str | None = Field(description="What the receiver said last, or why there was no answer")


class NoticeRow(BaseModel, extra="allow"):
    """What the webhook posts (docs/telling.md lists the fields by kind), and `delivery`."""

    type: str = Field(description="kind.action", examples=["flag.retracted"])
    notice: str = Field(description="The same over all revisions")
    revision: int
    retracts: int | None = Field(description="The revision that is taken back, or has ended")
    kind: Kind
    action: Literal["told", "revised", "retracted", "ended"]
    told_at: str
    unit: str
    delivery: DeliveryRow


class Notices(Listed):
    notices: list[NoticeRow]


class WebhookRow(BaseModel):
    to: str = Field(description="Scheme and host; the rest of the address may be a key")
    events: list[Kind]
    stopped: bool = Field(description="The receiver said 410: nothing more is posted until resumed")
    failures: int = Field(description="In a row, by now")
    resting_until: str | None
    last_answer: str | None
    last_delivered_at: str | None


class TellingRow(BaseModel):
    webhook: WebhookRow | None = Field(description="null: none is set")
    waiting: int
    oldest_waiting: str | None
    refused: int
    dropped: int
    let_go: int = Field(description="Notices that were old or too many and are not kept any more, ever")


class Tested(BaseModel):
    delivered: bool
    answer: str


class Resumed(BaseModel):
    refused: int = Field(description="Notices that had been refused, and wait again")


class EpcisDocument(BaseModel, extra="allow"):
    """EPCIS 2.0 (GS1); its own schema says more."""

    type: Literal["EPCISDocument"]
    epcisBody: dict[str, Any]  # noqa: N815 - GS1's name
