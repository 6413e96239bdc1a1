"""What a connection costs on the air: a TCP relay that counts, and the arithmetic of the headers that it cannot see.

The bytes are those of real sockets, in both directions: MQTT and TLS, handshakes and all. Headers of TCP and IP are
reckoned: what one side sends until the other answers goes in segments of SEGMENT_BYTES, each with HEADER_BYTES; the
last of an exchange is acknowledged by one empty segment more, for nobody has anything to say after it; a connection
begins with three. Without losses and repeats, so favourable, and to all alike.
"""

import math
import socket
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass

HEADER_BYTES = 52
"""IPv4 (20), TCP (20) and the timestamps that Linux puts into every segment (12)."""
SEGMENT_BYTES = 1_448
OPENING_BYTES = 60 + 60 + 52
QUIET_S = 0.004
UP, _DOWN = 0, 1


@dataclass
class Cost:
    """`exchanges`: how often; `socket_bytes`: what the sockets carried; `air_bytes`: with the headers."""

    exchanges: int = 0
    socket_bytes: int = 0
    air_bytes: int = 0

    def add(self, other: "Cost") -> None:
        self.exchanges += other.exchanges
        self.socket_bytes += other.socket_bytes
        self.air_bytes += other.air_bytes


class Meter:
    """Listens on `port` and passes on to `target`. `costs`: by what the exchanges were for."""

    def __init__(self, target: int) -> None:
        self.costs: defaultdict[str, Cost] = defaultdict(Cost)
        self._target = target
        self._lock = threading.Lock()
        self._bursts: list[tuple[int, int]] = []
        self._opened = 0
        self._tunnels = 0
        self._moved_s = 0.0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Meter":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def tunnel(self) -> None:
        """What is connected now has vanished: neither side hears any more of the other, nor that it is over."""
        with self._lock:
            self._tunnels += 1

    def settle(self) -> None:
        """Returns when nothing has moved for a moment."""
        while time.monotonic() - self._moved_s < QUIET_S:
            time.sleep(QUIET_S / 2)

    def exchange(self, purpose: str) -> Cost:
        """All since the last call was one exchange, for this."""
        with self._lock:
            bursts, self._bursts = self._bursts, []
            opened, self._opened = self._opened, 0
        if not bursts:
            return Cost()
        size = sum(count for _, count in bursts)
        segments = sum(math.ceil(count / SEGMENT_BYTES) for _, count in bursts)
        cost = Cost(1, size, size + (segments + 1) * HEADER_BYTES + opened * OPENING_BYTES)
        self.costs[purpose].add(cost)
        return cost

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                for one in (near, far):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._opened += 1
                    tunnels = self._tunnels
                for direction, (source, sink) in enumerate(((near, far), (far, near))):
                    threading.Thread(target=self._relay, args=(direction, tunnels, source, sink), daemon=True).start()

    def _relay(self, direction: int, tunnels: int, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if tunnels == self._tunnels:
                    self._count(direction, len(data))
                    sink.sendall(data)
        if tunnels != self._tunnels and direction == UP:
            return  # the broker learns of it when the next connection takes this one's place
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _count(self, direction: int, count: int) -> None:
        with self._lock:
            self._moved_s = time.monotonic()
            if self._bursts and self._bursts[-1][0] == direction:
                count += self._bursts.pop()[1]
            self._bursts.append((direction, count))
