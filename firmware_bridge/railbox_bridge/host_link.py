"""The host's end of the link: what the board sends becomes values, and what it must be told becomes bytes.

Opens no port and asks no clock: `feed` takes what was read, `due` gives what is to be written, both with the host's
monotonic milliseconds, and both may be called as often or as rarely as suits.
"""

from railbox_bridge import commands, frame, messages, sequence, tables
from railbox_bridge.asking import CommandQueue, Pinger, Timer
from railbox_bridge.clock import HEADER_PERIOD_MS, BoardClock, Unwrapper
from railbox_bridge.events import EventTail
from railbox_bridge.frame import Frame, FrameReader
from railbox_bridge.messages import Ack, Events, Hello, Request, Sample, TimePong
from railbox_bridge.sequence import Sequence
from railbox_bridge.value import MessageError, Value
from railbox_bridge.values import Answered, BoardEvent, BoardSample, EventsLost, Gap, Rebooted, Trouble, Unanswered

HELLO_RETRY_MS = 1000
EVENTS_RETRY_MS = 300
BRIEF_MS = 150  # how long a board that listens briefly surely hears after it spoke
TROUBLE_PERIOD_MS = 60000  # the same trouble is told at most this often, and counted always

# Kinds of trouble besides the reader's; each is a counter.
OTHER_VERSION = "other_version"
MALFORMED = "malformed"
UNKNOWN_CHANNEL = "unknown_channel"
IMPLAUSIBLE = "implausible"

COUNTERS = (
    "frames",
    "hellos",
    "samples",
    "events",
    "reboots",
    "lost_frames",
    "lost_events",
    "duplicates",
    "stale",
    "unknown_types",
    "unanswered",
    OTHER_VERSION,
    MALFORMED,
    UNKNOWN_CHANNEL,
    IMPLAUSIBLE,
    frame.BAD_STUFFING,
    frame.BAD_CRC,
    frame.TOO_SHORT,
    frame.TOO_LONG,
)


class HostLink:
    """One board on one port. `session_id` (u32) must differ between runs of the host: the board tells them apart by it.

    `known_boot_id` and `next_event`, kept from an earlier run's `boot_id` and `next_event`, keep events from being told
    twice over a restart of the host.
    """

    def __init__(self, session_id: int, known_boot_id: "int | None" = None, next_event: int = 0) -> None:
        self.clock = BoardClock()
        self.hello: "Hello | None" = None
        self.counters: "dict[str, int]" = dict.fromkeys(COUNTERS, 0)
        self.last_frame_ms: "int | None" = None  # host ms; a port silent for long is to be opened anew
        self._session_id = session_id
        self._seq = 0
        self._known_boot_id = known_boot_id
        self._reader = FrameReader()
        self._sequence = Sequence()
        self._ticks = Unwrapper(HEADER_PERIOD_MS)
        self._tail = EventTail(None if known_boot_id is None else next_event)
        self._commands = CommandQueue()
        self._pinger = Pinger()
        self._hello_timer = Timer(HELLO_RETRY_MS)
        self._events_timer = Timer(EVENTS_RETRY_MS)
        self._told_ms: "dict[str, int]" = {}

    @property
    def boot_id(self) -> "int | None":
        """The board's present run, None before its first frame."""
        return self._sequence.boot_id

    @property
    def next_event(self) -> int:
        """The index up to which this run's events have been told."""
        return self._tail.next or 0

    def command(self, code: int, argument: int = 0, value: int = 0) -> "int | None":
        """Queue a command of the table in `commands` and return its id, or None while too many wait.

        It ends in one Answered or Unanswered with that id.
        """
        return self._commands.add(code, argument, value)

    def feed(self, data: bytes, now_ms: int) -> "list[Value]":
        """Take what the port gave (may be nothing) and return what it means, in order: see `values`, and Hello."""
        values: "list[Value]" = []
        for received in self._reader.feed(data):
            self._take(received, now_ms, values)
        self._report_dropped(now_ms, values)
        given_up = self._commands.given_up(now_ms)
        if given_up is not None:
            self.counters["unanswered"] += 1
            values.append(Unanswered(given_up))
        return values

    def due(self, now_ms: int) -> bytes:
        """Return the bytes to write to the port now; often none."""
        if self.last_frame_ms is None:
            return self._encode(Request(messages.WANT_HELLO), now_ms) if self._hello_timer.ready(now_ms) else b""
        if self._asleep(now_ms):
            return b""
        out = b""
        if self.hello is None and self._hello_timer.ready(now_ms):
            out += self._encode(Request(messages.WANT_HELLO), now_ms)
        if self._tail.behind and self._events_timer.ready(now_ms):
            out += self._encode(Request(messages.WANT_EVENTS, self.next_event), now_ms)
        for message in (self._commands.due(now_ms), self._pinger.due(now_ms)):
            if message is not None:
                out += self._encode(message, now_ms)
        return out

    def _asleep(self, now_ms: int) -> bool:
        brief = self.hello is not None and self.hello.flags & messages.LISTENS_BRIEFLY
        return bool(brief) and now_ms - (self.last_frame_ms or 0) > BRIEF_MS

    def _encode(self, message: "messages.Command | messages.TimePing | Request", now_ms: int) -> bytes:
        self._seq = (self._seq + 1) & 0xFFFF
        return frame.encode(Frame(message.kind, self._session_id, self._seq, now_ms, message.pack()))

    def _take(self, received: Frame, now_ms: int, values: "list[Value]") -> None:
        if received.version != frame.VERSION:
            detail = "the board speaks version " + str(received.version) + ", this host " + str(frame.VERSION)
            self._trouble(OTHER_VERSION, detail + ": flash the firmware that came with this host", now_ms, values)
            return
        self.counters["frames"] += 1
        self.last_frame_ms = now_ms
        if not self._in_sequence(received, values):
            return
        board_ms = self._ticks.extend(received.ticks_ms)
        self.clock.arrival(board_ms, now_ms)
        try:
            message = messages.parse(received.kind, received.payload)
        except MessageError as error:
            self._trouble(MALFORMED, "message of type " + str(received.kind) + ": " + str(error), now_ms, values)
            return
        self._dispatch(message, board_ms, now_ms, values)

    def _in_sequence(self, received: Frame, values: "list[Value]") -> bool:
        verdict = self._sequence.judge(received)
        self.counters["lost_frames"] = self._sequence.lost
        if verdict in (sequence.STALE, sequence.DUPLICATE):
            self.counters["stale" if verdict == sequence.STALE else "duplicates"] += 1
            return False
        if self._sequence.gap:
            values.append(Gap(self._sequence.gap))
        if verdict in (sequence.REBOOTED, sequence.FIRST):
            self._begin_run(received.boot_id, values)
        return True

    def _begin_run(self, boot_id: int, values: "list[Value]") -> None:
        known = self._known_boot_id
        self._known_boot_id = boot_id
        if known is None or known == boot_id:
            return
        self.counters["reboots"] += 1
        values.append(Rebooted(boot_id, known))
        self.hello = None
        self.clock = BoardClock()
        self._ticks = Unwrapper(HEADER_PERIOD_MS)
        self._tail = EventTail(0)
        self._pinger = Pinger()
        under_way = self._commands.current
        if under_way is not None and under_way.code == commands.RESTART:
            # The answer may have been lost with the old run: what was asked for has happened.
            self._answer(Ack(under_way.id, commands.DONE), values)

    def _dispatch(self, message: "Value | None", board_ms: int, now_ms: int, values: "list[Value]") -> None:
        if isinstance(message, Sample):
            self._sample(message, board_ms, now_ms, values)
        elif isinstance(message, Events):
            self._events(message, values)
        elif isinstance(message, TimePong):
            self._pong(message, board_ms, now_ms)
        elif isinstance(message, Ack):
            self._answer(message, values)
        elif isinstance(message, Hello):
            self._hello(message, now_ms, values)
        else:
            self.counters["unknown_types"] += 1

    def _hello(self, hello: Hello, now_ms: int, values: "list[Value]") -> None:
        self.counters["hellos"] += 1
        self.hello = hello
        self._tail.note_ring(hello.oldest_event, hello.next_event)
        for channel, _ in hello.channels:
            if channel not in tables.CHANNELS:
                self._trouble(UNKNOWN_CHANNEL, "HELLO names channel " + str(channel), now_ms, values)
        values.append(hello)

    def _sample(self, sample: Sample, board_ms: int, now_ms: int, values: "list[Value]") -> None:
        self.counters["samples"] += 1
        self._tail.note_end(sample.next_event)
        readings: "list[tuple[int, int]]" = []
        for channel, value in sample.readings:
            if channel not in tables.CHANNELS:
                self._trouble(UNKNOWN_CHANNEL, "a sample has channel " + str(channel), now_ms, values)
            elif not tables.plausible(channel, value):
                detail = tables.CHANNELS[channel][0] + " reads " + str(value) + " (" + tables.CHANNELS[channel][1] + ")"
                self._trouble(IMPLAUSIBLE, detail, now_ms, values)
            else:
                readings.append((channel, value))
        host_ms = self.clock.to_host_ms(board_ms)
        boot_id = self.boot_id or 0
        values.append(BoardSample(host_ms, boot_id, tuple(readings), sample.door_count, sample.shock_count))

    def _events(self, message: Events, values: "list[Value]") -> None:
        new, lost = self._tail.take(message)
        if lost:
            self.counters["lost_events"] += lost
            values.append(EventsLost(lost))
        for event in new:
            self.counters["events"] += 1
            host_ms = self.clock.to_host_ms(self._ticks.extend(event.ticks_ms))
            told = BoardEvent(
                host_ms, self.boot_id or 0, event.index, event.code, event.value, lasted_ms=event.lasted_ms
            )
            values.append(told)
        if new:
            self._events_timer.reset()

    def _pong(self, pong: TimePong, board_ms: int, now_ms: int) -> None:
        asked_ms = self._pinger.asked_ms(pong.id)
        if asked_ms is not None:
            self.clock.round_trip(asked_ms, self._ticks.extend(pong.received_ticks_ms), board_ms, now_ms)

    def _answer(self, ack: Ack, values: "list[Value]") -> None:
        if self._commands.answered(ack):
            values.append(Answered(ack.id, ack.result, ack.value))

    def _report_dropped(self, now_ms: int, values: "list[Value]") -> None:
        for reason, count in self._reader.dropped.items():
            if count != self.counters[reason]:
                self.counters[reason] = count - 1
                self._trouble(reason, describe(self._reader.excerpt), now_ms, values)

    def _trouble(self, counter: str, detail: str, now_ms: int, values: "list[Value]") -> None:
        self.counters[counter] += 1
        told_ms = self._told_ms.get(counter)
        if told_ms is None or now_ms - told_ms >= TROUBLE_PERIOD_MS:
            self._told_ms[counter] = now_ms
            values.append(Trouble(counter, detail))


def describe(dropped: bytes) -> str:
    """Say what kind of bytes were dropped: text on the line is a REPL or a crash, and worth reading."""
    text = "".join([chr(byte) if 32 <= byte < 127 else " " for byte in dropped])
    letters = len([byte for byte in dropped if 32 <= byte < 127])
    if dropped and letters * 10 >= len(dropped) * 8:
        return 'text instead of frames (is the firmware flashed and running?): "' + text.strip() + '"'
    return "not a frame: " + " ".join(["%02x" % byte for byte in dropped[:16]])
