"""The board's end of the link: what the host sends becomes commands, and what the board has to say becomes bytes.

Opens no port and asks no clock: `feed` takes what was read, `due` gives what is to be written. Times are the board's
own milliseconds since boot, which do not wrap.
"""

from railbox_bridge import commands, frame, messages, sequence
from railbox_bridge.events import EventRing
from railbox_bridge.frame import Frame, FrameReader
from railbox_bridge.messages import Ack, Command, Events, Hello, Request, Sample, TimePing, TimePong
from railbox_bridge.sequence import Sequence
from railbox_bridge.value import MessageError, Value

HELLO_PERIOD_MS = 30000
WAITING_MAX = 16  # messages; beyond it the oldest go, samples being repeated and events read again anyway
REPEATED_EVENTS = 4  # a new event brings its last few predecessors along, so that single losses need no asking


class BoardLink:
    """The board's one link. `boot_id` (u32) is drawn anew at each boot.

    The firmware keeps `channels` (channel: status), `flags`, `door_count` and `shock_count` up to date.
    """

    def __init__(self, boot_id: int, firmware: str, board: str) -> None:
        self.channels: "dict[int, int]" = {}
        self.flags = 0
        self.door_count = 0
        self.shock_count = 0
        self._boot_id = boot_id
        self._firmware = firmware
        self._board = board
        self._seq = 0
        self._malformed = 0
        self._ring = EventRing()
        self._reader = FrameReader()
        self._sequence = Sequence()
        self._waiting: "list[Hello | Sample | Events | Ack | TimePong]" = []
        self._events_from: "int | None" = None  # what of the ring is to be said
        self._next_hello_ms: "int | None" = None
        self._command_id: "int | None" = None  # of the latest command, answered or under way
        self._ack: "Ack | None" = None  # the answer to it

    def say_hello(self) -> None:
        """Send HELLO with the next bytes: at boot, and when the channels' status has changed."""
        self._next_hello_ms = None

    def sample(self, readings: "tuple[tuple[int, int], ...]") -> None:
        """Queue a sample of (channel, value) pairs measured now."""
        self._say(Sample(readings, self.door_count, self.shock_count, self._ring.next))

    def event(self, code: int, value: int, ticks_ms: int, lasted_ms: int = 0) -> None:
        """Keep and queue an event of the table in `tables` that began at `ticks_ms`."""
        self._ring.add(ticks_ms, code, value, lasted_ms)
        self._say_events(self._ring.next - REPEATED_EVENTS)

    def answer(self, id: int, result: int, value: int = 0) -> None:
        """Answer the command `id` that `feed` gave."""
        if id == self._command_id:
            self._ack = Ack(id, result, value)
            self._say(self._ack)

    def feed(self, data: bytes, now_ms: int) -> "list[Command]":
        """Take what the port gave and return the commands to carry out; each comes once and is to be answered."""
        given: "list[Command]" = []
        for received in self._reader.feed(data):
            message = self._parse(received)
            if isinstance(message, Command):
                if self._is_new(message):
                    given.append(message)
            elif isinstance(message, TimePing):
                self._say(TimePong(message.id, now_ms & 0xFFFFFFFF))
            elif isinstance(message, Request):
                self._repeat(message)
        return given

    def due(self, now_ms: int) -> bytes:
        """Return the bytes to write now, and the ticks in their headers are `now_ms`: write them at once."""
        if self._next_hello_ms is None or now_ms >= self._next_hello_ms:
            self._next_hello_ms = now_ms + HELLO_PERIOD_MS
            self._say(self._hello())
        if self._events_from is not None:
            self._say(self._ring.since(self._events_from))
            self._events_from = None
        out = b"".join([self._encode(message, now_ms) for message in self._waiting])
        self._waiting = []
        return out

    def _hello(self) -> Hello:
        channels = tuple([(channel, self.channels[channel]) for channel in sorted(self.channels)])
        return Hello(
            self._firmware,
            self._board,
            channels,
            oldest_event=self._ring.oldest,
            next_event=self._ring.next,
            flags=self.flags,
            dropped=self._malformed + sum(self._reader.dropped.values()),
        )

    def _say(self, message: "Hello | Sample | Events | Ack | TimePong") -> None:
        self._waiting.append(message)
        if len(self._waiting) > WAITING_MAX:
            self._waiting.pop(0)

    def _say_events(self, first: int) -> None:
        self._events_from = first if self._events_from is None else min(first, self._events_from)

    def _encode(self, message: "Hello | Sample | Events | Ack | TimePong", now_ms: int) -> bytes:
        self._seq = (self._seq + 1) & 0xFFFF
        return frame.encode(Frame(message.kind, self._boot_id, self._seq, now_ms, message.pack()))

    def _parse(self, received: Frame) -> "Value | None":
        if received.version != frame.VERSION:
            self._malformed += 1
            self.say_hello()  # its version tells the host what is wrong
            return None
        verdict = self._sequence.judge(received)
        if verdict in (sequence.STALE, sequence.DUPLICATE):
            return None
        if verdict == sequence.REBOOTED:
            self._command_id = None
        try:
            return messages.parse(received.kind, received.payload)
        except MessageError:
            self._malformed += 1
            return None

    def _is_new(self, command: Command) -> bool:
        """Say whether a command is to be done; one done already is answered again, an older one ignored."""
        if command.id == self._command_id:
            if self._ack is not None:
                self._say(self._ack)
            return False
        # An id behind the latest is a late copy: doing it now would undo what was said since.
        if self._command_id is not None and (command.id - self._command_id) & 0xFFFF >= sequence.HALF_RANGE:
            return False
        self._command_id = command.id
        self._ack = None
        if command.code not in commands.COMMANDS:
            self.answer(command.id, commands.UNKNOWN_COMMAND)
            return False
        return True

    def _repeat(self, request: Request) -> None:
        if request.what == messages.WANT_HELLO:
            self.say_hello()
        elif request.what == messages.WANT_EVENTS:
            self._say_events(request.first)
