"""A network between trackers and a broker that lets nobody through who says certain keepalives."""

import contextlib
import socket
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager

CONNECT = 0x10


class Gate:
    """`url`: where trackers connect to. `refused`: the keepalives (s) of whom it does not let through."""

    def __init__(self, broker_port: int, refused: Iterable[int] = ()) -> None:
        self.refused = set(refused)
        self.turned_away = 0
        self._broker_port = broker_port
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._door]
        self.url = f"mqtt://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _listen(self) -> None:
        while True:
            try:
                ours, _ = self._door.accept()
            except OSError:
                return
            self._open.append(ours)
            threading.Thread(target=self._serve, args=(ours,), daemon=True).start()

    def _serve(self, ours: socket.socket) -> None:
        with contextlib.suppress(OSError):
            first = ours.recv(65_536)
            if keepalive_of(first) in self.refused:
                self.turned_away += 1
                ours.close()
                return
            theirs = socket.create_connection(("127.0.0.1", self._broker_port))
            self._open.append(theirs)
            theirs.sendall(first)
            threading.Thread(target=_pump, args=(theirs, ours), daemon=True).start()
            _pump(ours, theirs)


def keepalive_of(packet: bytes) -> int | None:
    """What an MQTT CONNECT says (MQTT 5.0, 3.1.2); None of other bytes."""
    if len(packet) < 14 or packet[0] != CONNECT:
        return None
    at = 1
    while packet[at] & 0x80:
        at += 1
    name = int.from_bytes(packet[at + 1 : at + 3])
    return int.from_bytes(packet[at + 5 + name : at + 7 + name])


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def gate(broker_port: int, *refused: int) -> Generator[Gate]:
    made = Gate(broker_port, refused)
    try:
        yield made
    finally:
        made.close()
