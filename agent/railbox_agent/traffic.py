"""What a connection has cost: its bytes on the air, as the kernel counted them, with the headers of TCP and IP.

What a SIM is billed for, but for the tunnel of its operator. An edge: asks the socket (tcp(7), TCP_INFO).
"""

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

# struct tcp_info of linux/tcp.h: it only grows at its end.
_RECEIVED: Final = struct.Struct("=128xQII")  # tcpi_bytes_received, tcpi_segs_out, tcpi_segs_in; since Linux 4.2
_SENT: Final = struct.Struct("=200xQ")  # tcpi_bytes_sent, with what was sent again; since Linux 4.19
_HEADERS: Final = {socket.AF_INET: 52, socket.AF_INET6: 72}
"""IP and TCP, with the time stamps that TCP adds."""


@dataclass(frozen=True, slots=True)
class Traffic:
    sent_bytes: int = 0
    received_bytes: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(self.sent_bytes + other.sent_bytes, self.received_bytes + other.received_bytes)


def traffic_of(sock: socket.socket) -> Traffic | None:
    """Since it was connected; None of a socket that is closed, or whose kernel does not tell."""
    with suppress(OSError, struct.error):
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SENT.size)
        received, segments_out, segments_in = _RECEIVED.unpack_from(info)
        (sent,) = _SENT.unpack_from(info)
        header = _HEADERS.get(sock.family, 0)
        return Traffic(sent + segments_out * header, received + segments_in * header)
    return None
