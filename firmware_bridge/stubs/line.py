"""The simulated board's serial line: a file descriptor that never blocks, as a UART never does.

The descriptor is the controlling end of a pseudo-terminal, opened non-blocking by whoever starts the board.
"""

import select

CHUNK = 1024


class Line:
    """Bytes to and from the host. What the host does not take in time is gone, as on a wire."""

    def __init__(self, descriptor: int) -> None:
        self._file = open(descriptor, "r+b", buffering=0)  # noqa: SIM115 - open as long as the board is
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN | select.POLLOUT)
        self._received = b""

    def waiting(self) -> int:
        """Return how many bytes have come."""
        if self._events() & select.POLLIN:
            self._received += self._file.read(CHUNK) or b""
        return len(self._received)

    def read(self, size=None):
        """Return what has come, at most `size` bytes, or None."""
        if not self.waiting():
            return None
        size = len(self._received) if size is None else size
        data = self._received[:size]
        self._received = self._received[size:]
        return data

    def write(self, data: bytes) -> int:
        if not self._events() & select.POLLOUT:
            return 0
        return self._file.write(data) or 0

    def _events(self) -> int:
        events = 0
        for entry in self._poll.poll(0):
            events |= entry[1]
        return events
