"""What is known of a tracker's remote configuration. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from railbox_telemetry.remote_messages import Result


class Stand(StrEnum):
    """How far a configuration has come."""

    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`reason`, `reported_at_ms`: what the tracker said of it and when that was received; None while it is pending."""

    device: str
    version: int
    settings: Mapping[str, object]
    wanted_at_ms: int
    stand: Stand = Stand.PENDING
    reason: str | None = None
    reported_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a tracker said last, and when it first said so. `in_force`: the version that holds, None: its own file.

    `unreadable`: why what it has been sent last was no configuration at all; somebody else writes to its topic.
    """

    in_force: int | None
    received_at_ms: int
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a tracker says of a configuration, as it came."""

    device: str
    result: Result
    received_at_ms: int

    @property
    def unreadable(self) -> str | None:
        return self.result.reason if self.result.version is None else None
