"""The status message: what the tracker says of itself, as JSON with the keys of `telemetry.tables.STATUS_KEYS`.

Pure: everything it says is an argument.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from railbox_telemetry import iso
from railbox_telemetry.counters import counted

WILL = b'{"online":false}'
"""What the broker says for a tracker that has vanished."""


@dataclass(frozen=True, slots=True)
class Status:
    """`sent_at_s`: None while the tracker has no clock. `outbox_oldest_s`: None when the outbox is empty."""

    online: bool
    sent_at_s: int | None
    boot_id: int
    epoch: int
    outbox_batches: int
    outbox_oldest_s: int | None
    ask_committed: bool = False
    counters: Mapping[str, int] = field(default_factory=dict[str, int])
    health: Mapping[str, object] = field(default_factory=dict[str, object])
    """Keys of `telemetry.tables.HEALTH_KEYS`."""


def encode_status(status: Status) -> bytes:
    """Counters that are 0, or of what went well, are left out: they cost bytes and say nothing."""
    fields = {
        "online": status.online,
        "sent_at": None if status.sent_at_s is None else iso.from_s(status.sent_at_s),
        "version": installed_version(),
        "boot_id": status.boot_id,
        "epoch": status.epoch,
        "outbox_batches": status.outbox_batches,
        "outbox_oldest_s": status.outbox_oldest_s,
        "ask_committed": status.ask_committed,
        "counters": {
            name: count for name, count in sorted(status.counters.items()) if count and not counted(name).flow
        },
        "health": dict(status.health),
    }
    return json.dumps(fields, separators=(",", ":")).encode()


@cache
def installed_version() -> str:
    try:
        return version("railbox")
    except PackageNotFoundError:  # run from a folder, not installed
        return "unknown"
