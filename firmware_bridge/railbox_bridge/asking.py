"""What the host asks until it is answered: commands, one at a time, and pings, several at once.

Knows when to ask again and when to give up; nothing of frames. All times are host milliseconds.
"""

from railbox_bridge.messages import Ack, Command, TimePing

COMMAND_RETRY_MS = 500
COMMAND_TRIES = 20  # 10 s: a board may be restarting
COMMANDS_MAX = 16
# (ping period, until so many are answered): soon good to a few ms, then good for as long as the drift stays.
PING_PACE_MS = ((250, 16), (2000, 128))
STEADY_PING_MS = 5000
PINGS_OPEN_MAX = 8


class Timer:
    """Is ready at once, then every `period_ms`."""

    def __init__(self, period_ms: int) -> None:
        self.period_ms = period_ms
        self._next_ms: "int | None" = None

    def ready(self, now_ms: int) -> bool:
        """Say whether the period is over, and begin the next if so."""
        if self._next_ms is not None and now_ms < self._next_ms:
            return False
        self._next_ms = now_ms + self.period_ms
        return True

    def reset(self) -> None:
        """Be ready at once."""
        self._next_ms = None


class CommandQueue:
    """Commands in the order given: the first is repeated until it is answered or has had all its tries."""

    def __init__(self) -> None:
        self._waiting: "list[Command]" = []
        self._id = 0
        self._tries = 0
        self._retry = Timer(COMMAND_RETRY_MS)

    def add(self, code: int, argument: int, value: int) -> "int | None":
        """Queue a command and return its id, or None while COMMANDS_MAX wait already."""
        if len(self._waiting) >= COMMANDS_MAX:
            return None
        self._id = self._id % 0xFFFF + 1
        self._waiting.append(Command(self._id, code, argument, value))
        return self._id

    @property
    def current(self) -> "Command | None":
        return self._waiting[0] if self._waiting else None

    def due(self, now_ms: int) -> "Command | None":
        """Return the command to send now, if any."""
        if not self._waiting or self._tries >= COMMAND_TRIES or not self._retry.ready(now_ms):
            return None
        self._tries += 1
        return self._waiting[0]

    def given_up(self, now_ms: int) -> "int | None":
        """Return, once, the id of a command whose last try went unanswered."""
        if not self._waiting or self._tries < COMMAND_TRIES or not self._retry.ready(now_ms):
            return None
        return self._done()

    def answered(self, ack: Ack) -> bool:
        """Say whether `ack` answers the command under way; the next one may go then."""
        if not self._waiting or self._waiting[0].id != ack.id:
            return False
        self._done()
        return True

    def _done(self) -> int:
        self._tries = 0
        self._retry.reset()
        return self._waiting.pop(0).id


class Pinger:
    """Pings often until the clock is known, then just often enough to keep it."""

    def __init__(self) -> None:
        self._timer = Timer(PING_PACE_MS[0][0])
        self._open: "dict[int, int]" = {}  # id: host ms when asked
        self._id = 0
        self._answers = 0

    def due(self, now_ms: int) -> "TimePing | None":
        """Return the ping to send now, if any."""
        if not self._timer.ready(now_ms):
            return None
        self._id = (self._id + 1) & 0xFFFF
        self._open[self._id] = now_ms
        self._open.pop((self._id - PINGS_OPEN_MAX) & 0xFFFF, None)
        return TimePing(self._id)

    def asked_ms(self, id: int) -> "int | None":
        """Return when ping `id` was asked, once: a second answer to it is not believed."""
        asked_ms = self._open.pop(id, None)
        if asked_ms is not None:
            self._answers += 1
            self._timer.period_ms = self._period_ms()
        return asked_ms

    def _period_ms(self) -> int:
        for period_ms, answers in PING_PACE_MS:
            if self._answers < answers:
                return period_ms
        return STEADY_PING_MS
