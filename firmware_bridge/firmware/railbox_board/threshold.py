"""A value over its threshold, told once until it has clearly gone under again. Pure."""


class Threshold:
    """Rises at `high` held for `hold_ms`, falls below `low` (which is below `high`)."""

    def __init__(self, hold_ms: int) -> None:
        self.over = False
        self._hold_ms = hold_ms
        self._since_ms: "int | None" = None

    def risen(self, value: int, low: int, high: int, now_ms: int) -> "int | None":
        """Take a value; return since when it has been over, once for each time it is, else None."""
        if value < low:
            self.over = False
        if value < high or self.over:
            self._since_ms = None
            return None
        if self._since_ms is None:
            self._since_ms = now_ms
        if now_ms - self._since_ms < self._hold_ms:
            return None
        self.over = True
        return self._since_ms
