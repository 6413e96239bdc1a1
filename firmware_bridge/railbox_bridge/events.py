"""Events that survive loss: the ring the board keeps, and the host's place in it.

The host asks again for what it missed until it has it, or until the ring has forgotten it.
"""

from railbox_bridge.messages import EVENTS_PER_MESSAGE, Events, RingEvent

RING_EVENTS = 64  # what the board keeps: 64 doors and shocks within one break of the link


class EventRing:
    """The board's last RING_EVENTS events. Indices count from 0 at boot."""

    def __init__(self) -> None:
        self.next = 0
        self._events: "list[RingEvent]" = []

    @property
    def oldest(self) -> int:
        return self.next - len(self._events)

    def add(self, ticks_ms: int, code: int, value: int, lasted_ms: int) -> None:
        self._events.append(RingEvent(self.next, ticks_ms & 0xFFFFFFFF, code, value, min(lasted_ms, 0xFFFF)))
        self.next += 1
        if len(self._events) > RING_EVENTS:
            self._events.pop(0)

    def since(self, first: int) -> Events:
        """Return as many events from index `first` on as one message holds."""
        at = max(0, first - self.oldest)
        return Events(tuple(self._events[at : at + EVENTS_PER_MESSAGE]), self.oldest, self.next)


class EventTail:
    """How far the host has read a board's ring. `next` None: nothing is known yet, so the ring's oldest comes first."""

    def __init__(self, first: "int | None" = None) -> None:
        self.next = first
        self._end = 0

    @property
    def behind(self) -> bool:
        """Whether the board has events that have not come."""
        return (self.next or 0) < self._end

    def note_ring(self, oldest: int, end: int) -> None:
        """Note that the ring holds `oldest` up to, and not including, `end`."""
        if self.next is None:
            self.next = oldest
        self.note_end(end)

    def note_end(self, end: int) -> None:
        """Note that the ring goes up to, and not including, index `end`."""
        self._end = max(self._end, end)

    def take(self, message: Events) -> "tuple[list[RingEvent], int]":
        """Return the events not had before, in order and without a hole, and how many before them are gone for good."""
        self.note_ring(message.oldest_event, message.next_event)
        at = self.next or 0
        lost = max(0, message.oldest_event - at)
        at += lost
        new: "list[RingEvent]" = []
        for event in message.events:
            if event.index == at:
                new.append(event)
                at += 1
        self.next = at
        return new, lost
