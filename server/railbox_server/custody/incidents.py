"""What happened to a unit: shocks, open doors, light, tilt, each with its time, and how often by the board's counters.

Events can be lost on the way from the board; its counters only grow, so they tell how many there were.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from railbox_server.custody.model import DeviceLog, Incident, Point, Span, Tally
from railbox_server.custody.spans import doubt
from railbox_server.journey.model import Step
from railbox_telemetry.tables import CHANNEL_BY_NAME, EVENT_BY_NAME

SHOCK: Final = "shock"
DOOR: Final = "door_opened"
CLOSED: Final = EVENT_BY_NAME["door_closed"].code
SCALES: Final = {SHOCK: CHANNEL_BY_NAME["shock_peak_g"].scale, "light_breach": 1.0, "tilt": 1.0, DOOR: None}
"""Event -> what its value is to be multiplied with; None: it has no value."""
KIND_BY_CODE: Final = {EVENT_BY_NAME[name].code: name for name in SCALES}
COUNTERS: Final = {SHOCK: CHANNEL_BY_NAME["shock_count"].bit, DOOR: CHANNEL_BY_NAME["door_count"].bit}

DOOR_CODES: Final = frozenset({EVENT_BY_NAME[DOOR].code, CLOSED})
Where = Callable[[int], Point | None]
"""Where a unit was at a time."""
Found = tuple[int, str, float | None, int | None]
"""Time, kind, value, when it ended."""


def nowhere(time_s: int) -> Point | None:
    """Nobody knows."""
    _ = time_s


class Ground:
    """Where a unit was when: the path, asked by time."""

    def __init__(self, path: Sequence[Step]) -> None:
        self._path = path
        self._ends_s = [step.end.time_s for step in path]

    def at(self, time_s: int) -> Point | None:
        """On the straight line of a continuous step; None in the dark, before and after."""
        number = bisect_left(self._ends_s, time_s)
        if number == len(self._path):
            return None
        (start_s, lat, lon, _), (end_s, end_lat, end_lon, _), continuous = self._path[number]
        if time_s == end_s:
            return end_lat, end_lon
        if not continuous or not start_s <= time_s < end_s:
            return None
        part = (time_s - start_s) / (end_s - start_s)
        turn_deg = (end_lon - lon + 180) % 360 - 180
        return lat + part * (end_lat - lat), (lon + part * turn_deg + 180) % 360 - 180


def happened(log: DeviceLog) -> list[Found]:
    """A device's incidents in time order, each once; a door's end is when it was closed next."""
    events = sorted({(event.time_s, event.code, event.value) for event in log.events})
    found: list[Found] = []
    for number, (time_s, code, value) in enumerate(events):
        kind = KIND_BY_CODE.get(code)
        if kind is not None:
            scale = SCALES[kind]
            ended_s = _closed_s(events[number + 1 :]) if kind == DOOR else None
            found.append((time_s, kind, None if scale is None else round(value * scale, 3), ended_s))
    return found


def _closed_s(later: Iterable[tuple[int, int, int]]) -> int | None:
    """When the door was closed; None where it is open, or the closing was lost before it was opened again."""
    opened = EVENT_BY_NAME[DOOR].code
    return next((time_s if code == CLOSED else None for time_s, code, _ in later if code in (CLOSED, opened)), None)


def within(
    found: Sequence[Found], device: str, span: Span, from_s: float, to_s: float, where: Where
) -> Iterator[Incident]:
    """Those of one device from `from_s` to before `to_s`."""
    first = bisect_left(found, from_s, key=lambda item: item[0])
    for time_s, kind, value, ended_s in found[first:]:
        if time_s >= to_s:
            return
        yield Incident(kind, time_s, device, value, ended_s, doubt(span, time_s), where(time_s))


def increments(log: DeviceLog, kind: str) -> list[tuple[int, int]]:
    """(time, how many more) by the board's counter, in time order; it begins anew when the board does."""
    channel = COUNTERS[kind]
    counts = sorted({(reading.time_s, reading.value) for reading in log.readings if reading.channel == channel})
    return [(time_s, count - before if count >= before else count) for (_, before), (time_s, count) in pairwise(counts)]


def tally(seen: Sequence[int], counted: Sequence[Sequence[tuple[int, int]]], from_s: float, to_s: float) -> Tally:
    """Two devices feel the same shock: the one that felt most tells. `seen` and `counted` are by device."""
    own = [[more for time_s, more in device if from_s <= time_s < to_s] for device in counted]
    return Tally(max(seen, default=0), max((sum(each) for each in own if each), default=None))
