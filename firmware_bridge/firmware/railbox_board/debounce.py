"""A contact that bounces made into one that does not. Pure: levels and times in, changes out."""


class Debounce:
    """A change counts once the new level has lasted `settle_ms`; it then happened at its first edge."""

    def __init__(self, level: int, settle_ms: int) -> None:
        self.level = level
        self.settle_ms = settle_ms
        self._began_ms: "int | None" = None  # first edge of what may become a change
        self._steady_ms = 0  # since when the new level has been seen without a break

    @property
    def unsettled(self) -> bool:
        return self._began_ms is not None

    def edge(self, at_ms: int) -> None:
        """Note that the contact moved at `at_ms`, however briefly."""
        if self._began_ms is None:
            self._began_ms = at_ms
        self._steady_ms = at_ms

    def settle(self, level: int, now_ms: int) -> "int | None":
        """Take the level seen at `now_ms`; return when it changed, once it has, else None."""
        if self._began_ms is None:
            if level == self.level:
                return None
            self.edge(now_ms)
        if now_ms - self._steady_ms < self.settle_ms:
            return None
        began_ms = self._began_ms
        self._began_ms = None
        if level == self.level:
            return None
        self.level = level
        return began_ms
