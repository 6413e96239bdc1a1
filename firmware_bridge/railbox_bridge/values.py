"""What the host's end of the link tells its caller. Times are milliseconds of the host's own (monotonic) clock."""

from railbox_bridge.value import Value


class BoardSample(Value):
    """One sample: (channel, value) pairs of known channels within their bounds; counts since the board's boot."""

    def __init__(
        self, host_ms: int, boot_id: int, readings: "tuple[tuple[int, int], ...]", door_count: int, shock_count: int
    ) -> None:
        self.host_ms = host_ms
        self.boot_id = boot_id
        self.readings = readings
        self.door_count = door_count
        self.shock_count = shock_count


class BoardEvent(Value):
    """Something that began at `host_ms`; each (boot_id, index) is told once, in order."""

    def __init__(self, host_ms: int, boot_id: int, index: int, code: int, value: int, *, lasted_ms: int = 0) -> None:
        self.host_ms = host_ms
        self.boot_id = boot_id
        self.index = index
        self.code = code
        self.value = value
        self.lasted_ms = lasted_ms


class Rebooted(Value):
    """The board started anew: its counts and event indices begin at 0 again."""

    def __init__(self, boot_id: int, previous_boot_id: int) -> None:
        self.boot_id = boot_id
        self.previous_boot_id = previous_boot_id


class Gap(Value):
    """`frames` that the board sent never came. Nothing but their measurements is lost."""

    def __init__(self, frames: int) -> None:
        self.frames = frames


class EventsLost(Value):
    """`count` events left the board's ring before they could be read again."""

    def __init__(self, count: int) -> None:
        self.count = count


class Answered(Value):
    """The board answered command `id`: `result` by the table in `commands`, `value` where one was asked for."""

    def __init__(self, id: int, result: int, value: int) -> None:
        self.id = id
        self.result = result
        self.value = value


class Unanswered(Value):
    """Command `id` was given up after all its tries: whether the board did it is not known."""

    def __init__(self, id: int) -> None:
        self.id = id


class Trouble(Value):
    """Something a person should know of; `counter` names what counts it in the link's counters, `detail` says more."""

    def __init__(self, counter: str, detail: str) -> None:
        self.counter = counter
        self.detail = detail
