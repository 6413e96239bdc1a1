"""What the doctor's edges find, for `judge` to judge. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from railbox_bridge.messages import Hello
from railbox_telemetry.values import Fix


@dataclass(frozen=True, slots=True)
class Port:
    """As the settings name it. `kind`: "gnss" or "board"."""

    name: str
    path: str
    kind: str

    @property
    def unit(self) -> str:
        """What its counters call what it says."""
        return "sentences" if self.kind == "gnss" else "frames"


@dataclass(frozen=True, slots=True)
class Heard:
    """Of a port that was listened to. `state`: in words. `rate`: found out, None where it was given. `counters`: of the
    receiver or of the link. `fix`: the newest, trusted if any was. `hello`: what the board said of itself."""

    port: Port
    state: str
    rate: int | None
    received_bytes: int
    counters: Mapping[str, int]
    fix: Fix | None = None
    hello: Hello | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Of the outbox. `in_use`: an agent holds it, so nothing was read. `error`: why it cannot be read. `damaged`: files
    set aside. `oldest_time_s`: of the oldest batch. `rates`: found out for receivers, by path."""

    exists: bool = False
    in_use: bool = False
    error: str | None = None
    damaged: int = 0
    batches: int = 0
    used_bytes: int = 0
    oldest_time_s: int | None = None
    rates: Mapping[str, int] = field(default_factory=dict[str, int])
