"""Finds sentences in a receiver's bytes: bounded memory, whatever comes, and a count of all that was dropped.

Knows the frame of NMEA 0183 (`$`, checksum, end of line), not what any sentence means.
"""

import re
from collections import Counter
from typing import Final

MAX_SENTENCE_BYTES: Final = 250
"""NMEA 0183 allows 82; proprietary and multi-constellation sentences run longer."""

_CHECKED = re.compile(rb"([\x20-\x23\x25-\x29\x2b-\x7e]{1,%d})\*([0-9A-Fa-f]{2})" % MAX_SENTENCE_BYTES)
_UNCHECKED = re.compile(rb"([\x20-\x23\x25-\x29\x2b-\x7e]{1,%d})[\r\n]" % MAX_SENTENCE_BYTES)


def checksum(body: bytes) -> int:
    """All bytes xored, by folding one big integer: ten times the speed of a loop. At most 256 bytes."""
    folded = int.from_bytes(body, "little")
    for bits in (1024, 512, 256, 128, 64, 32, 16, 8):
        folded ^= folded >> bits
    return folded & 0xFF


class Splitter:
    """Bytes in, sentence bodies out (`GPRMC,…`, without `$` and checksum).

    `counters`: sentences, bad_checksum, no_checksum, malformed, overlong, garbage_bytes. `excerpts`: the latest bytes
    behind each of them, for the log.
    """

    def __init__(self, checksum_required: bool = True) -> None:
        self.counters: Counter[str] = Counter()
        self.excerpts: dict[str, bytes] = {}
        self._checksum_required = checksum_required
        self._open = b""  # begins with the `$` of a sentence whose end has not come, or is empty

    def require_checksum(self, required: bool) -> None:
        self._checksum_required = required

    def feed(self, data: bytes) -> list[bytes]:
        """The sentences that are complete now. A `$` begins a new one wherever it comes, inside a bad line too."""
        pieces = (self._open + data).split(b"$")
        self._garbage(pieces[0])
        last = pieces.pop() if len(pieces) > 1 else None
        bodies = [body for piece in pieces[1:] if (body := self._judge(piece)) is not None]
        self._open = b""
        if last is None:
            return bodies
        if b"\n" in last or b"\r" in last:
            body = self._judge(last)
            return [*bodies, body] if body is not None else bodies
        if len(last) > MAX_SENTENCE_BYTES + len("*00\r"):
            self._drop("overlong", last)
        else:
            self._open = b"$" + last
        return bodies

    def finish(self) -> list[bytes]:
        """What is still open, at the end of a log: a last sentence need not have its line end."""
        piece, self._open = self._open[1:], b""
        body = self._judge(piece) if piece else None
        return [body] if body is not None else []

    def _judge(self, piece: bytes) -> bytes | None:
        """The sentence at the start of what follows a `$`, up to the next `$`."""
        match = _CHECKED.match(piece)
        if match is None:
            return self._judge_unchecked(piece)
        body = match[1]
        if checksum(body) != int(match[2], 16):
            self._drop("bad_checksum", piece)
            return None
        if match.end() < len(piece):
            self._garbage(piece[match.end() :])
        self.counters["sentences"] += 1
        return body

    def _judge_unchecked(self, piece: bytes) -> bytes | None:
        match = _UNCHECKED.match(piece)
        if match is None:
            self._drop("malformed", piece)
            return None
        if self._checksum_required:
            self._drop("no_checksum", piece)
            return None
        self._garbage(piece[match.end() :])
        self.counters["sentences"] += 1
        return match[1]

    def _garbage(self, data: bytes) -> None:
        if data and (rest := data.strip()):
            self.counters["garbage_bytes"] += len(rest)
            self.excerpts["garbage_bytes"] = rest[:60]

    def _drop(self, reason: str, piece: bytes) -> None:
        self.counters[reason] += 1
        self.excerpts[reason] = piece.strip()[:60]
