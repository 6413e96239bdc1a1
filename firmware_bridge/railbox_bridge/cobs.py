"""Consistent overhead byte stuffing: bytes without zeros, so that a zero can only be a delimiter.

Knows nothing of frames. Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2), 1999.
"""

RUN_MAX = 254  # the longest run of non-zero bytes one code byte can announce


def encode(data: bytes) -> bytes:
    """Return `data` with its zeros replaced by run lengths; one byte longer, and one more for each full run of 254."""
    out = bytearray()
    for run in bytes(data).split(b"\x00"):
        rest = run
        while len(rest) >= RUN_MAX:
            out.append(0xFF)
            out.extend(rest[:RUN_MAX])
            rest = rest[RUN_MAX:]
        out.append(len(rest) + 1)
        out.extend(rest)
    return bytes(out)


def decode(data: bytes) -> "bytes | None":
    """Return what `encode` was given, or None where `data` (which must hold no delimiter) is not its output."""
    out = bytearray()
    at = 0
    size = len(data)
    while at < size:
        code = data[at]
        end = at + code
        if code == 0 or end > size:
            return None
        out.extend(data[at + 1 : end])
        at = end
        if code <= RUN_MAX and at < size:
            out.append(0)
    return bytes(out)
