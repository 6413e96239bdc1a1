"""Recordings: every serial byte with its port and monotonic time, so that a replay takes the real path.

A text file: a first line `RBREC 1 {json}`, then a line a chunk, `mono_us port base64`. A name that ends in `.gz` is
compressed. Knows nothing of what the bytes mean.
"""

import base64
import binascii
import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, cast

from railbox_agent import AgentError
from railbox_telemetry import iso

MAGIC: Final = b"RBREC 1 "
MAX_LINE_BYTES: Final = 1 << 20
"""A longer line is damage: a chunk is what one read of a port gave."""
PORT_KINDS: Final = ("gnss", "board")

_PORT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class RecordingError(AgentError):
    """A file that is no recording, or a header that cannot be."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one read of a port gave, and when by the monotonic clock of the computer that read it."""

    port: str
    mono_us: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """What a recording says of itself.

    `started_at_ms`: UTC of monotonic 0, by the host's clock, so only as good as that; replay takes it as the pivot of
    week rollovers and nothing else. `fix_period_s`: how often the receiver reports. `unit`: what the device is fixed
    to. `ports`: port name → "gnss" or "board". `uplink_down`: spans without coverage, in seconds since the start.
    """

    started_at_ms: int
    fix_period_s: float = 1.0
    unit: str | None = None
    ports: Mapping[str, str] = field(default_factory=lambda: {"gnss": "gnss", "board": "board"})
    place: str | None = None
    device: str | None = None
    uplink_down: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.fix_period_s) and self.fix_period_s > 0):
            raise RecordingError(f"fix_period_s {self.fix_period_s}: must be over 0")
        for name, kind in self.ports.items():
            if not _PORT_NAME.fullmatch(name):
                raise RecordingError(f"port name {name!r}: 1 to 32 of A-Z a-z 0-9 _ . - are allowed")
            if kind not in PORT_KINDS:
                raise RecordingError(f"port {name}: kind {kind!r} is none of {', '.join(PORT_KINDS)}")
        if any(not 0 <= start < end for start, end in self.uplink_down):
            raise RecordingError(f"uplink_down {self.uplink_down}: each span is [from, to] with 0 <= from < to")


def header_line(header: Header) -> bytes:
    """The first line of the file, without its end."""
    fields: dict[str, object] = {
        "started_at": iso.from_ms(header.started_at_ms),
        "fix_period_s": header.fix_period_s,
        "unit": header.unit,
        "ports": dict(header.ports),
        "place": header.place,
    }
    if header.device is not None:
        fields["device"] = header.device
    if header.uplink_down:
        fields["uplink_down"] = [list(span) for span in header.uplink_down]
    return MAGIC + json.dumps(fields, ensure_ascii=False).encode()


def parse_header(line: bytes) -> Header:
    """The header that a first line is; keys not known here are ignored. Raises RecordingError."""
    if not line.startswith(MAGIC):
        raise RecordingError(f"first line is {line[:24]!r}, a recording begins with {MAGIC.decode()!r}")
    try:
        fields = json.loads(line[len(MAGIC) :])
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"the header is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise RecordingError("the header is no JSON object")
    return _header(cast("dict[str, Any]", fields))


def _header(fields: dict[str, Any]) -> Header:
    try:
        return Header(
            started_at_ms=iso.to_ms(fields["started_at"]),
            fix_period_s=float(fields.get("fix_period_s", 1.0)),
            unit=_text(fields, "unit"),
            ports={str(name): str(kind) for name, kind in fields["ports"].items()},
            place=_text(fields, "place"),
            device=_text(fields, "device"),
            uplink_down=tuple((int(start), int(end)) for start, end in fields.get("uplink_down", ())),
        )
    except KeyError as error:
        raise RecordingError(f"the header lacks {error}") from None
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise RecordingError(f"the header is wrong: {error}") from None


def _text(fields: dict[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{key} is no text")
    return value


def chunk_line(chunk: Chunk) -> bytes:
    return b"%d %s %s\n" % (chunk.mono_us, chunk.port.encode(), base64.b64encode(chunk.data))


def parse_chunk(line: bytes) -> Chunk | None:
    """The chunk that a line is, or None when it is damaged."""
    parts = line.rstrip(b"\r\n").split(b" ")
    if len(parts) != 3 or not parts[0].isdigit() or len(parts[0]) > 18:
        return None
    try:
        return Chunk(parts[1].decode("ascii"), int(parts[0]), base64.b64decode(parts[2], validate=True))
    except (UnicodeDecodeError, binascii.Error):
        return None


class Writer:
    """Writes a recording into a binary file that the caller opened (see `create`) and closes."""

    def __init__(self, file: IO[bytes], header: Header) -> None:
        self._file = file
        file.write(header_line(header) + b"\n")

    def write(self, chunk: Chunk) -> None:
        self._file.write(chunk_line(chunk))


class Recording:
    """A recording opened for reading: `header`, then the chunks in the file's order, once.

    `damaged` counts the lines skipped so far; an end that was cut off (or damaged compression) counts as one.
    """

    def __init__(self, file: IO[bytes], name: str = "recording") -> None:
        self._file = file
        self.damaged = 0
        try:
            self.header = parse_header(file.readline(MAX_LINE_BYTES))
        except (OSError, EOFError, zlib.error) as error:
            raise RecordingError(f"{name}: cannot be read: {error}") from None
        except RecordingError as error:
            raise RecordingError(f"{name}: {error}") from None

    def __iter__(self) -> Iterator[Chunk]:
        for line in self._lines():
            chunk = parse_chunk(line)
            if chunk is None or chunk.port not in self.header.ports:
                self.damaged += 1
            else:
                yield chunk

    @property
    def chunks(self) -> Iterator[Chunk]:
        return iter(self)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lines(self) -> Iterator[bytes]:
        """Whole lines of a bounded length. What is longer, or cut off at the end, is damage: it may decode to less."""
        while line := self._readline():
            if line.endswith(b"\n"):
                yield line
                continue
            self.damaged += 1
            while line and not line.endswith(b"\n"):
                line = self._readline()

    def _readline(self) -> bytes:
        try:
            return self._file.readline(MAX_LINE_BYTES)
        except (OSError, EOFError, zlib.error):
            self.damaged += 1
            return b""


def read(path: str | Path) -> Recording:
    """Open a recording, compressed or not (told by its bytes). Raises RecordingError when it is none, or unreadable."""
    try:
        return Recording(open_log(path), str(path))
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None


def open_log(path: str | Path) -> io.BufferedReader:
    """The bytes of a file, uncompressed on the way when it is gzip. Raises OSError."""
    file = Path(path).open("rb")  # noqa: SIM115 - the caller closes it
    if file.peek(2)[:2] != b"\x1f\x8b":
        return file
    file.close()
    # Not wrapped in a BufferedReader: where the file is cut off, that would lose what can still be read.
    return cast("io.BufferedReader", gzip.GzipFile(path, "rb"))


def create(path: str | Path) -> IO[bytes]:
    """A new file for a `Writer`, compressed when the name ends in `.gz`: the same content is the same bytes any day."""
    if Path(path).suffix == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(path, "wb", compresslevel=6, mtime=0))
    return Path(path).open("wb")
