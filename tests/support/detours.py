"""A journey whose middle may arrive late: 8 h at Taftan, 2 h at Mirjaveh, 50 h beside the line, on past Zahedan.

Without its middle it may have stood at Taftan for 60 h, where the limit is 48 h. Coordinates: see support/trips.py.
"""

from railbox_telemetry.values import Batch, Event, Events, Positions, Section
from support.trips import HOUR_S, START_S, drawn

# Hours since the start, latitude, longitude.
STOPS = (
    (0.0, 28.82577, 62.74574),
    (4.0, 28.97255, 61.55693),
    (12.0, 28.97255, 61.55693),
    (12.5, 29.02209, 61.45198),
    (14.5, 29.02209, 61.45198),
    (15.0, 29.15000, 61.25000),
    (65.0, 29.15000, 61.25000),
    (68.0, 29.60000, 60.60000),
)
MIDDLE_H = (5.0, 64.0)
END_S = START_S + round(STOPS[-1][0] * HOUR_S)


def batches(start_s: int = START_S, epoch: int = 7) -> list[Batch]:
    """Six knots a batch, with speed, course, accuracy and temperature at the last; a door opened at Taftan, a shock
    in the siding."""
    path = drawn(STOPS, start_s)
    state = {0: 111, 1: 290, 2: 9, 5: 215}
    made: list[Batch] = []
    for seq, at in enumerate(range(0, len(path), 6), 1):
        some = tuple(path[at : at + 6])
        sections: list[Section] = [Positions(some, state)]
        for hour, events in ((9.0, (Event(0, 1), Event(600, 2))), (40.0, (Event(0, 3, 420),))):
            time_s = start_s + round(hour * HOUR_S)
            if some[0].time_s <= time_s <= some[-1].time_s:
                sections.append(Events(tuple(Event(time_s + each.time_s, each.code, each.value) for each in events)))
        made.append(Batch(epoch, seq, tuple(sections)))
    return made


def is_middle(batch: Batch, start_s: int = START_S) -> bool:
    """Whether it is of those that may come late."""
    first = next(section.knots[0] for section in batch.sections if isinstance(section, Positions))
    low, high = (start_s + round(hour * HOUR_S) for hour in MIDDLE_H)
    return low <= first.time_s < high
