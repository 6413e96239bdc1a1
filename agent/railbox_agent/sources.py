"""What a port can be opened as: a serial line, or a gpsd server that has one.

An edge: bytes only, one thread reads. What is gone raises OSError, and is opened anew by whoever holds it.
"""

import contextlib
import socket
from typing import Final, Protocol
from urllib.parse import urlsplit

import serial

READ_TIMEOUT_S: Final = 0.2
WRITE_TIMEOUT_S: Final = 0.5
CONNECT_TIMEOUT_S: Final = 5.0
MAX_READ_BYTES: Final = 4_096

GPSD_SCHEME: Final = "gpsd://"
GPSD_PORT: Final = 2947
WATCH: Final = b'?WATCH={"enable":true,"nmea":true};\n'
"""Asks gpsd for the receiver's sentences; for receivers that speak something else, for gpsd's own (gpsd_json(5))."""


class Source(Protocol):
    """Something that gives bytes."""

    def read(self) -> bytes:
        """What has come; empty when nothing did within READ_TIMEOUT_S. Raises OSError when it is gone."""
        ...

    def write(self, data: bytes) -> bool:
        """False when it was not taken within WRITE_TIMEOUT_S. Raises OSError when it is gone."""
        ...

    def set_rate(self, baud: int) -> None: ...

    def close(self) -> None: ...


def open_source(path: str, baud: int) -> Source:
    """`path`: a device, or `gpsd://HOST[:PORT]`. Raises OSError, ValueError."""
    return GpsdSource(path) if path.startswith(GPSD_SCHEME) else SerialSource(path, baud)


class SerialSource:
    def __init__(self, path: str, baud: int) -> None:
        self._serial = serial.Serial(path, baud, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True)

    def read(self) -> bytes:
        data: bytes = self._serial.read(1)
        return data + self._serial.read(min(self._serial.in_waiting, MAX_READ_BYTES)) if data else b""

    def write(self, data: bytes) -> bool:
        try:
            return self._serial.write(data) == len(data)
        except TypeError as error:
            # Closed by the reading thread meanwhile: pyserial's file descriptor is None then.
            raise OSError("closed") from error

    def set_rate(self, baud: int) -> None:
        self._serial.baudrate = baud
        self._serial.reset_input_buffer()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._serial.close()


def gpsd_address(url: str) -> tuple[str, int]:
    """Host and port of `gpsd://HOST[:PORT]`. Raises ValueError."""
    parts = urlsplit(url)
    if not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"{url!r}: write gpsd://HOST or gpsd://HOST:PORT")
    return parts.hostname, parts.port or GPSD_PORT


class GpsdSource:
    """The sentences of all receivers that a gpsd has. It is only listened to."""

    def __init__(self, url: str) -> None:
        self._socket = socket.create_connection(gpsd_address(url), CONNECT_TIMEOUT_S)
        self._socket.settimeout(READ_TIMEOUT_S)
        self._socket.sendall(WATCH)
        self._lines = GpsdLines()

    def read(self) -> bytes:
        try:
            data = self._socket.recv(MAX_READ_BYTES)
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError("gpsd closed the connection")
        return self._lines.feed(data)

    def write(self, data: bytes) -> bool:
        return False

    def set_rate(self, baud: int) -> None:
        """gpsd finds its receivers' rates itself."""

    def close(self) -> None:
        self._socket.close()


class GpsdLines:
    """Takes gpsd's own JSON lines out of what it sends; the sentences between them stay as they are."""

    def __init__(self) -> None:
        self._open = b""

    def feed(self, data: bytes) -> bytes:
        """Whole lines only, and pieces of a bounded length where there are none."""
        *lines, self._open = (self._open + data).split(b"\n")
        sentences = b"".join(line + b"\n" for line in lines if not line.startswith(b"{"))
        if len(self._open) > MAX_READ_BYTES:
            sentences, self._open = sentences + self._open, b""
        return sentences
