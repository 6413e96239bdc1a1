"""What the pipeline makes of bytes, and the sender keeps: the union of everything that can go into a batch.

Values only. A Fix is shown and counted; of positions only knots are sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from railbox_telemetry.values import NOTHING, BootClock, Event, Fix, Knot, Reading, UndatedEvent


@dataclass(frozen=True, slots=True)
class KnotItem:
    """A knot, and the state at it by scalar bit, in wire units (see `railbox_telemetry.tables`)."""

    knot: Knot
    state: Mapping[int, int] = field(default_factory=lambda: NOTHING)


Item = Fix | KnotItem | Reading | Event | UndatedEvent | BootClock
