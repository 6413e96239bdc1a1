"""Addresses as people write them: `HOST:PORT` to listen on, `mqtt://USER@HOST:PORT` to go to.

Pure: opens nothing. What is loopback decides who may speak (exposure.py).
"""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

MQTT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


class AddressError(ValueError):
    """Not an address; the message says which form is."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen; port 0: any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker to go to. The password never travels in the address."""

    host: str
    port: int
    user: str | None = None
    tls: bool = False

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        return f"{'mqtts' if self.tls else 'mqtt'}://{user}{Listen(self.host, self.port)}"


def parse_listen(text: str) -> Listen:
    """`127.0.0.1:8080`, `[::1]:8080`; raises AddressError."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressError(f"address {text!r}: {error}") from error
    if not host or port is None or parts.path or parts.username:
        raise AddressError(f"address {text!r}: expected HOST:PORT, like 127.0.0.1:8080")
    return Listen(host, port)


def parse_broker(text: str) -> BrokerAddress:
    """`mqtt://[USER@]HOST[:PORT]` or `mqtts://…`; raises AddressError."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise AddressError(f"broker {text!r}: {error}") from error
    if parts.scheme not in MQTT_PORTS or not parts.hostname or parts.path:
        raise AddressError(f"broker {text!r}: expected mqtt://[USER@]HOST[:PORT] or mqtts://…")
    if parts.password is not None:
        raise AddressError(f"broker of {parts.hostname}: put the password into a file and name it as password_file")
    return BrokerAddress(parts.hostname, port or MQTT_PORTS[parts.scheme], parts.username, parts.scheme == "mqtts")
