"""What a driver is: one part, its channels, and how it is started, read and watched.

A part that does not answer raises OSError, as the bus does; `station` makes a status of it and goes on.
"""


class Happening:
    """What a part saw happen: an event code and value of `railbox_bridge.tables`, when it began and how long it was."""

    def __init__(self, code: int, value: int, at_ms: int, lasted_ms: int = 0) -> None:
        self.code = code
        self.value = value
        self.at_ms = at_ms
        self.lasted_ms = lasted_ms


class Part:
    """One part. `channels` are the numbers of `railbox_bridge.tables` that it measures."""

    channels: "tuple[int, ...]" = ()

    def start(self) -> None:
        """Configure the part, also again after it failed. Raises OSError where it does not answer."""

    async def read(self) -> "list[tuple[int, int]]":
        """Return (channel, value) pairs, each in its channel's unit. Raises OSError where the part does not answer."""
        return []

    def watch(self, now_ms: int) -> "list[Happening]":
        """Return what has happened since the last call. Called every WATCH_MS of `app`; must not wait."""
        return []

    @property
    def busy(self) -> bool:
        """Whether something is going on that a nap would miss the end of."""
        return False
