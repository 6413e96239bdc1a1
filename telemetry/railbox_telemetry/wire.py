"""Wire version 1: a batch to bytes and back (docs/design.md, "Wire").

Integers only, so it is bit-exact everywhere. Checks form, not sense: whether a latitude of 152 is believable is the
server's to say. `decode` consumes its bytes exactly or raises WireError.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from railbox_telemetry.tables import CHANNELS, STATE
from railbox_telemetry.values import (
    Batch,
    BootClock,
    Discarded,
    Event,
    Events,
    Knot,
    Positions,
    ReadingRow,
    Readings,
    Section,
    SeqRange,
    Undated,
    UndatedEvent,
    UnknownSection,
)
from railbox_telemetry.varint import Reader, WireError, put, put_signed

__all__ = ["MAX_BATCH_BYTES", "MAX_ROWS", "VERSION", "WIRE_EPOCH_S", "WireError", "decode", "encode", "predict"]

VERSION: Final = 1
WIRE_EPOCH_S: Final = 1_704_067_200
"""2024-01-01T00:00:00Z: times on the wire count from here."""
MAX_BATCH_BYTES: Final = 65_536
MAX_ROWS: Final = 10_000
MAX_MASK_BITS: Final = 63

_LAT_BIT, _LON_BIT, _DARK_BIT = 1, 2, 4
_POSITION_BITS: Final = 3
_SCALAR_BITS: Final = len(STATE) + len(CHANNELS)


def encode(batch: Batch) -> bytes:
    """The bytes of a batch. Raises WireError when it breaks a rule of the wire (order of times, caps, no section)."""
    if not batch.sections:
        raise WireError("a batch has at least one section")
    out = bytearray()
    put(out, VERSION)
    put(out, batch.epoch)
    put(out, batch.seq)
    for section in batch.sections:
        body = bytearray()
        put(out, _write_section(body, section))
        put(out, len(body))
        out += body
    if len(out) > MAX_BATCH_BYTES:
        raise WireError(f"a batch of {len(out)} bytes is over {MAX_BATCH_BYTES}")
    return bytes(out)


def decode(data: bytes) -> Batch:
    """The batch that the bytes are; raises WireError on anything else."""
    if len(data) > MAX_BATCH_BYTES:
        raise WireError(f"{len(data)} bytes are over {MAX_BATCH_BYTES}")
    reader = Reader(data)
    version = reader.take()
    if version != VERSION:
        raise WireError(f"wire version {version}, this is version {VERSION}")
    epoch, seq = reader.take(), reader.take()
    sections: list[Section] = []
    while not reader.at_end:
        kind = reader.take()
        body = reader.sub(reader.take())
        sections.append(_section(kind, body))
        if not body.at_end:
            raise WireError(f"offset {body.offset}: bytes left over in a section of kind {kind}")
    if not sections:
        raise WireError("a batch without a section")
    return Batch(epoch, seq, tuple(sections))


def predict(last: int, step: int, step_s: int, ahead_s: int) -> int:
    """Where constant velocity leads `ahead_s` later, when `step` was made in `step_s`; floor division, bit-exact."""
    return last + (2 * step * ahead_s + step_s) // (2 * step_s)


def _write_section(out: bytearray, section: Section) -> int:
    """Appends the section's body and returns its kind."""
    match section:
        case Positions():
            _write_positions(out, section)
            return 0
        case Readings():
            _write_readings(out, section)
            return 1
        case Events():
            _write_events(out, section)
            return 2
        case Undated():
            _write_undated(out, section)
            return 3
        case BootClock():
            _write_boot_clock(out, section)
            return 4
        case Discarded():
            write_ranges(out, section.ranges, 0)
            return 5
        case UnknownSection():
            out += section.body
            return section.kind


def _section(kind: int, body: Reader) -> Section:
    read = _READERS.get(kind)
    return read(body) if read else UnknownSection(kind, body.rest())


# --- kind 0: positions ---------------------------------------------------------------------------------------------


def _write_positions(out: bytearray, section: Positions) -> None:
    times = [knot.time_s for knot in section.knots]
    dark = any(knot.dark_s for knot in section.knots)
    _write_head(out, times, _LAT_BIT | _LON_BIT | (_DARK_BIT if dark else 0), section.state)
    _write_path(out, times, [knot.lat_e5 for knot in section.knots])
    _write_path(out, times, [knot.lon_e5 for knot in section.knots])
    if dark:
        for knot in section.knots:
            put(out, knot.dark_s)
    _write_scalars(out, section.state)


def _read_positions(body: Reader) -> Positions:
    times, row_mask, scalar_mask = _read_head(body)
    if row_mask & _POSITION_BITS != _POSITION_BITS:
        raise WireError(f"offset {body.offset}: positions without latitude or longitude")
    lats, lons = _read_path(body, times), _read_path(body, times)
    darks = [body.take() for _ in times] if row_mask & _DARK_BIT else [0] * len(times)
    _skip_rows(body, row_mask >> 3, len(times))
    knots = tuple(map(Knot, times, lats, lons, darks))
    return Positions(knots, _read_scalars(body, scalar_mask))


def _write_path(out: bytearray, times: Sequence[int], values: Sequence[int]) -> None:
    """A coordinate's column: absolute, then the step, then what constant velocity did not foresee."""
    put_signed(out, values[0])
    if len(values) > 1:
        put_signed(out, values[1] - values[0])
    for i in range(2, len(values)):
        step, step_s = values[i - 1] - values[i - 2], times[i - 1] - times[i - 2]
        put_signed(out, values[i] - predict(values[i - 1], step, step_s, times[i] - times[i - 1]))


def _read_path(body: Reader, times: Sequence[int]) -> list[int]:
    values = [body.take_signed()]
    if len(times) > 1:
        values.append(values[0] + body.take_signed())
    for i in range(2, len(times)):
        step, step_s = values[-1] - values[-2], times[i - 1] - times[i - 2]
        values.append(predict(values[-1], step, step_s, times[i] - times[i - 1]) + body.take_signed())
    return values


# --- kind 1: readings ----------------------------------------------------------------------------------------------


def _write_readings(out: bytearray, section: Readings) -> None:
    if list(section.channels) != sorted(set(section.channels)):
        raise WireError(f"channels {section.channels} are not ascending")
    _write_head(
        out, [row.time_s for row in section.rows], sum(1 << channel for channel in section.channels), section.state
    )
    for column in zip(*(row.values for row in section.rows), strict=True):
        _write_column(out, column)
    _write_scalars(out, section.state)


def _read_readings(body: Reader) -> Readings:
    times, row_mask, scalar_mask = _read_head(body)
    channels = tuple(_bits(row_mask & ((1 << len(CHANNELS)) - 1)))
    columns = [_read_column(body, len(times)) for _ in channels]
    _skip_rows(body, row_mask >> len(CHANNELS), len(times))
    rows = tuple(ReadingRow(time_s, tuple(column[i] for column in columns)) for i, time_s in enumerate(times))
    return Readings(channels, rows, _read_scalars(body, scalar_mask))


def _write_column(out: bytearray, values: Iterable[int]) -> None:
    last = 0
    for value in values:
        put_signed(out, value - last)
        last = value


def _read_column(body: Reader, rows: int) -> list[int]:
    values: list[int] = []
    last = 0
    for _ in range(rows):
        last += body.take_signed()
        values.append(last)
    return values


# --- what kinds 0 and 1 share --------------------------------------------------------------------------------------


def _write_head(out: bytearray, times: Sequence[int], row_mask: int, state: Mapping[int, int]) -> None:
    if not 0 < len(times) <= MAX_ROWS:
        raise WireError(f"{len(times)} rows: a section has 1 to {MAX_ROWS}")
    put(out, len(times))
    put(out, row_mask)
    put(out, sum(1 << bit for bit in state))
    put_signed(out, times[0] - WIRE_EPOCH_S)
    for earlier, later in itertools.pairwise(times):
        if later <= earlier:
            raise WireError(f"row times do not ascend: {earlier}, {later}")
        put(out, later - earlier)


def _read_head(body: Reader) -> tuple[list[int], int, int]:
    rows = body.count(MAX_ROWS, "rows")
    if rows == 0:
        raise WireError(f"offset {body.offset}: a section without rows")
    row_mask, scalar_mask = body.take(), body.take()
    if (row_mask | scalar_mask) >> MAX_MASK_BITS:
        raise WireError(f"offset {body.offset}: a mask over {MAX_MASK_BITS} bits")
    times = [body.take_signed() + WIRE_EPOCH_S]
    for _ in range(rows - 1):
        delta_s = body.take()
        if delta_s == 0:
            raise WireError(f"offset {body.offset}: two rows at the same second")
        times.append(times[-1] + delta_s)
    return times, row_mask, scalar_mask


def _write_scalars(out: bytearray, state: Mapping[int, int]) -> None:
    for bit in sorted(state):
        put_signed(out, state[bit])


def _read_scalars(body: Reader, mask: int) -> dict[int, int]:
    """The known scalars by bit; one of a bit that this version does not know is passed over."""
    scalars = {bit: body.take_signed() for bit in _bits(mask)}
    return {bit: value for bit, value in scalars.items() if bit < _SCALAR_BITS}


def _skip_rows(body: Reader, unknown_mask: int, rows: int) -> None:
    for _ in range(unknown_mask.bit_count() * rows):
        body.take()


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


# --- kinds 2 to 5 --------------------------------------------------------------------------------------------------


def _write_events(out: bytearray, section: Events) -> None:
    put(out, len(section.events))
    last_s = WIRE_EPOCH_S
    for event in section.events:
        put_signed(out, event.time_s - last_s)
        put(out, event.code)
        put_signed(out, event.value)
        last_s = event.time_s


def _read_events(body: Reader) -> Events:
    events: list[Event] = []
    last_s = WIRE_EPOCH_S
    for _ in range(body.count(MAX_ROWS, "events")):
        last_s += body.take_signed()
        events.append(Event(last_s, body.take(), body.take_signed()))
    return Events(tuple(events))


def _write_undated(out: bytearray, section: Undated) -> None:
    put(out, section.boot_id)
    put(out, len(section.events))
    for event in section.events:
        put(out, event.monotonic_s)
        put(out, event.code)
        put_signed(out, event.value)


def _read_undated(body: Reader) -> Undated:
    boot_id = body.take()
    count = body.count(MAX_ROWS, "events")
    return Undated(boot_id, tuple(UndatedEvent(body.take(), body.take(), body.take_signed()) for _ in range(count)))


def _write_boot_clock(out: bytearray, section: BootClock) -> None:
    put(out, section.boot_id)
    put_signed(out, section.utc_offset_s - WIRE_EPOCH_S)


def _read_boot_clock(body: Reader) -> BootClock:
    return BootClock(body.take(), body.take_signed() + WIRE_EPOCH_S)


def _read_discarded(body: Reader) -> Discarded:
    return Discarded(read_ranges(body, 0))


def write_ranges(out: bytearray, ranges: Sequence[SeqRange], after: int) -> None:
    """Ranges that lie apart, ascending, above `after`: n, then n × (numbers left out, numbers in)."""
    put(out, len(ranges))
    for item in ranges:
        if not after < item.first <= item.last:
            raise WireError(f"range {item.first}-{item.last} after {after}: ranges must ascend")
        put(out, item.first - after - 1)
        put(out, item.last - item.first + 1)
        after = item.last


def read_ranges(body: Reader, after: int) -> tuple[SeqRange, ...]:
    ranges: list[SeqRange] = []
    for _ in range(body.count(MAX_ROWS, "ranges")):
        first = after + 1 + body.take()
        run = body.take()
        if run == 0:
            raise WireError(f"offset {body.offset}: an empty range")
        after = first + run - 1
        ranges.append(SeqRange(first, after))
    return tuple(ranges)


_READERS: Final[Mapping[int, Callable[[Reader], Section]]] = {
    0: _read_positions,
    1: _read_readings,
    2: _read_events,
    3: _read_undated,
    4: _read_boot_clock,
    5: _read_discarded,
}
