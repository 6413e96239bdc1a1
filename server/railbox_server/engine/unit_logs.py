"""What a unit's devices said, as far as custody asks for it: read from the store a span of time at a time."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from railbox_server.custody.derive import channels_heard
from railbox_server.custody.incidents import COUNTERS, DOOR_CODES
from railbox_server.custody.model import DeviceLog, Settings
from railbox_server.fleet import Assignment, Span
from railbox_server.store.interface import JourneyStore
from railbox_server.store.values import StoredReading, TimeSpan
from railbox_telemetry.values import Event, Reading

ALL: Final = 2**62
NEVER: Final = Span(0, 0)
DOORS_LOOKED_THROUGH: Final = 100
"""So many events at a time are looked through for when a door was opened."""


class UnitLogs:
    def __init__(
        self, store: JourneyStore, assignments: Sequence[Assignment], settings: Settings, until_s: int
    ) -> None:
        self._store = store
        self._assigned = [(item.device, item.span.both(Span(None, until_s))) for item in assignments]
        self._channels = channels_heard(settings)
        self._gap_s = settings.gap_s

    def first_s(self) -> float | None:
        """When the first reading of all came."""
        times = [
            item.time_s
            for device, span in self._assigned
            for channel in self._channels
            for item in self._store.readings(device, span, channel, 1, oldest=True)
        ]
        return min(times, default=None)

    def reach(self, span: TimeSpan) -> TimeSpan:
        """A span of time with what its readings and events say of others: a reading tells something until the next
        one, a counter since the last one, a door's closing since it was opened."""
        from_s, until_s = span
        is_first, later_s = True, list[int]()
        for device, own in self._assigned:
            before = own.both(_seconds((-math.inf, span[0] - 1))) if math.isfinite(span[0]) else NEVER
            after = own.both(_seconds((span[1] + 1, math.inf))) if math.isfinite(span[1]) else NEVER
            for channel in self._channels:
                earlier = [item.time_s for item in self._store.readings(device, before, channel, 1)]
                later = [item.time_s for item in self._store.readings(device, after, channel, 1, oldest=True)]
                limit_s = math.inf if channel in COUNTERS.values() else self._gap_s
                from_s = min([from_s, *(time_s for time_s in earlier if span[0] - time_s <= self._gap_s)])
                until_s = max([until_s, *(time_s for time_s in later if time_s - span[1] <= limit_s)])
                is_first &= not earlier
                later_s += later
            if any(event.code in DOOR_CODES for event in self._store.events(device, own.both(_seconds(span)), ALL)):
                from_s = min(from_s, self._last_door_s(device, before, from_s))
        # Nothing is known of the condition before the first reading of all: the next one may have been that.
        return from_s, max([until_s, *([min(later_s)] if is_first and later_s else [])])

    def _last_door_s(self, device: str, before: Span, otherwise_s: float) -> float:
        """When a door was last opened or closed."""
        while events := self._store.events(device, before, DOORS_LOOKED_THROUGH):
            doors = [event.time_s for event in events if event.code in DOOR_CODES]
            if doors:
                return doors[-1]
            first_s, last_s = events[0].time_s, events[-1].time_s
            before = before.both(Span(None, first_s + (first_s < last_s)))  # there may be more in the first second
        return otherwise_s

    def of(self, span: TimeSpan) -> list[DeviceLog]:
        """What is to be known to say something of a span of time."""
        from_s, until_s = span
        wide = _seconds((from_s - self._gap_s, until_s + self._gap_s))
        logs: list[DeviceLog] = []
        for device, own in self._assigned:
            readings = [
                Reading(item.time_s, item.channel, item.value)
                for channel in self._channels
                for item in (
                    *self._last_count(device, own, channel, from_s),
                    *self._store.readings(device, own.both(wide), channel, ALL),
                )
            ]
            later = own.both(_seconds((from_s, math.inf)))
            events = [Event(item.time_s, item.code, item.value) for item in self._store.events(device, later, ALL)]
            logs.append(DeviceLog(device, readings, events))
        return logs

    def _last_count(self, device: str, own: Span, channel: int, time_s: float) -> Iterable[StoredReading]:
        """What a counter showed before."""
        if channel not in COUNTERS.values() or not math.isfinite(time_s):
            return ()
        return self._store.readings(device, own.both(_seconds((-math.inf, time_s - self._gap_s))), channel, 1)


def _seconds(span: TimeSpan) -> Span:
    from_s, until_s = (math.floor(time_s) if math.isfinite(time_s) else None for time_s in span)
    return Span(from_s, None if until_s is None else until_s + 1)
