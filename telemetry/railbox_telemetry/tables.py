"""The numbers both ends agree on: state bits, channels, event codes, flags, keys of the JSON messages.

A number is never reused: what is withdrawn keeps its line, marked so. Adding is appending.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number on the wire: `value × scale` is in the unit that the name ends with."""

    bit: int
    name: str
    scale: float
    low: int
    high: int

    def in_unit(self, value: int) -> float | int:
        """The wire value in the unit of the name; integers stay integers."""
        return value if self.scale == 1 else round(value * self.scale, 3)

    def to_wire(self, value: float) -> int:
        return round(value / self.scale)


# Scalars of a section: the state at its last row. Channels follow at CHANNEL_SCALAR_BASE + channel number.
SPEED = Quantity(0, "speed_mps", 0.1, 0, 1_500)
COURSE = Quantity(1, "course_deg", 1, 0, 359)
ACCURACY = Quantity(2, "accuracy_m", 1, 0, 10_000)
SATS = Quantity(3, "sats", 1, 0, 255)
FLAGS = Quantity(4, "flags", 1, 0, 65_535)
STATE: Final = (SPEED, COURSE, ACCURACY, SATS, FLAGS)
CHANNEL_SCALAR_BASE: Final = 5

# Bits of the FLAGS scalar.
FLAG_STOPPED: Final = 1
FLAG_CLOCK_UNCERTAIN: Final = 2
FLAG_BOARD_MISSING: Final = 4

# The channels of readings. The first five are the condition: their last values ride along with a position, and their
# low numbers keep the mask at two bytes.
CHANNELS: Final = (
    Quantity(0, "temp_c", 0.1, -600, 1_250),
    Quantity(1, "humidity_pct", 1, 0, 100),
    Quantity(2, "battery_v", 0.01, 0, 6_000),
    Quantity(3, "door_open", 1, 0, 1),
    Quantity(4, "shock_peak_g", 0.01, 0, 40_000),
    Quantity(5, "light_lux", 1, 0, 200_000),
    Quantity(6, "supply_v", 0.01, 0, 6_000),
    Quantity(7, "tilt_deg", 1, 0, 180),
    Quantity(8, "vibration_mg", 1, 0, 20_000),
    Quantity(9, "shock_count", 1, 0, 2**32 - 1),
    Quantity(10, "door_count", 1, 0, 2**32 - 1),
    Quantity(11, "board_temp_c", 0.1, -600, 1_250),
)
CONDITION: Final = CHANNELS[:5]
CHANNEL_BY_NAME: Final = {channel.name: channel for channel in CHANNELS}


@dataclass(frozen=True, slots=True)
class EventKind:
    code: int
    name: str
    value: str
    """What the event's value means; empty: nothing."""


EVENTS: Final = (
    EventKind(1, "door_opened", ""),
    EventKind(2, "door_closed", ""),
    EventKind(3, "shock", "peak in 0.01 g"),
    EventKind(4, "light_breach", "lux"),
    EventKind(5, "tilt", "degrees"),
    EventKind(6, "fix_lost", ""),
    EventKind(7, "fix_found", "seconds without a fix"),
    EventKind(8, "untrusted_first", ""),
    EventKind(9, "untrusted_last", "fixes in the run"),
    EventKind(10, "board_lost", ""),
    EventKind(11, "board_found", ""),
    EventKind(12, "board_rebooted", ""),
    EventKind(13, "threshold_exceeded", "channel number"),
    EventKind(14, "threshold_cleared", "channel number"),
    EventKind(15, "agent_started", ""),
)
EVENT_BY_CODE: Final = {kind.code: kind for kind in EVENTS}
EVENT_BY_NAME: Final = {kind.name: kind for kind in EVENTS}

# Keys of the status message (topic `s`, JSON, retained; the last will is {"online": false}).
STATUS_KEYS: Final = {
    "online": "bool: false in the last will and after a clean stop",
    "sent_at": "ISO 8601: when the agent sent this, by its own clock; null while it has none",
    "version": "the agent's version",
    "boot_id": "number drawn when the agent started",
    "epoch": "of the outbox",
    "outbox_batches": "batches not committed yet",
    "outbox_oldest_s": "age of the oldest of them, null when empty",
    "ask_committed": "bool: true asks the server to publish committed at once",
    "counters": "object: what was skipped, dropped and retried, by name; telemetry.counters explains each",
    "health": "object: the keys of HEALTH_KEYS; what is not known is left out",
}
# Keys of its `health`: what an operator needs, and short, for every byte is paid for.
HEALTH_KEYS: Final = {
    "up_s": "since the agent started",
    "sent_kb": "kilobytes on the air since then, with all headers",
    "got_kb": "likewise received",
    "fix_s": "age of the newest trusted fix",
    "clock_s": "since a receiver last confirmed the clock; absent while there is no clock",
    "disk_mb": "free where the outbox is",
    "mem_mb": "memory that the computer has to spare",
    "rss_mb": "memory that the agent holds",
    "temp_c": "of the processor",
    "volts_low": "spells of under-voltage since the agent started, the present one too; 0 is good",
    "ports": "object: ports that are not open, name to state",
}

# Keys of a configuration (topic `c`, JSON, retained). What may stand in its settings: `remote_keys`.
CONFIGURATION_KEYS: Final = {
    "version": "integer from 1: what is not newer than the last one seen is ignored",
    "settings": "object: the keys to set, in tables as in the tracker's file; what is left out is as that file says",
}

# Keys of its result (topic `r`, JSON, retained); a key that would be null is left out.
RESULT_KEYS: Final = {
    "version": "of the configuration that this is about; absent where it could not be read",
    "state": "applied, refused (never took effect) or reverted (took effect, and was taken back)",
    "reason": "why it was refused or reverted",
    "in_force": "the version that holds now; absent: the tracker's own file alone",
    "sent_at": "ISO 8601: when the tracker sent this, by its own clock; absent while it has none",
}


def event_name(code: int) -> str:
    kind = EVENT_BY_CODE.get(code)
    return kind.name if kind else f"code_{code}"


def channel_name(number: int) -> str:
    return CHANNELS[number].name if 0 <= number < len(CHANNELS) else f"channel_{number}"
