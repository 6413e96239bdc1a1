"""Until when a certificate is valid, read from its PEM file: the standard library parses only those of its peers.

Pure. X.509 (RFC 5280, 4.1) as far as the dates: a walk through nested DER (ITU-T X.690) elements.
"""

import ssl
from datetime import UTC, datetime
from typing import Final

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_FORMATS: Final = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}  # UTCTime, GeneralizedTime
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


def valid_until_s(pem: str) -> int | None:
    """Unix seconds of the first certificate of a PEM file; None when there is none that can be read."""
    start, end = pem.find(_BEGIN), pem.find(_END)
    if start < 0 or end < 0:
        return None
    try:
        certificate = _inside(ssl.PEM_cert_to_DER_cert(pem[start : end + len(_END)]))
        parts = _elements(_inside(certificate))
        kinds = [kind for kind, _ in parts]
        validity = parts[4 if kinds[0] == _VERSION else 3][1]  # after version, serial number, algorithm and issuer
        kind, text = _elements(validity)[1]
        end_time = datetime.strptime(text.decode("ascii"), _FORMATS[kind]).replace(tzinfo=UTC)
    except (ValueError, IndexError, KeyError):
        return None
    return int(end_time.timestamp())


def _inside(der: bytes) -> bytes:
    """The content of the sequence that comes first. Raises ValueError, IndexError."""
    kind, content = _elements(der)[0]
    if kind != _SEQUENCE:
        raise ValueError("not a sequence")
    return content


def _elements(der: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element, one after the other. Raises ValueError, IndexError."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(der):
        kind, length = der[at], der[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(der[at : at + count], "big")
            at += count
        if at + length > len(der):
            raise ValueError("cut short")
        found.append((kind, der[at : at + length]))
        at += length
    return found
