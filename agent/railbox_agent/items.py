"""What the pipeline makes of bytes, and the sender keeps: the union of everything that can go into a batch.

Values only. A Fix is shown and counted; of positions only the knots of reports are sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from railbox_telemetry.values import NOTHING, BootClock, Event, Fix, Knot, Reading, UndatedEvent


@dataclass(frozen=True, slots=True)
class Report:
    """What thinning wants sent now: the knots since the last report, in time order, and the state at the last of them.

    `time_s`: when it was due. `state`: by scalar bit, in wire units (see `railbox_telemetry.tables`).
    """

    time_s: int
    knots: tuple[Knot, ...]
    state: Mapping[int, int] = field(default_factory=lambda: NOTHING)


Item = Fix | Report | Reading | Event | UndatedEvent | BootClock
