"""What can be true of a batch: ranges of times, places and numbers, as one table of limits.

Pure. The wire's own rules are the codec's; whether a plausible fix is to be trusted is the engine's to say.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from railbox_server.ledger import MAX_EPOCH, MAX_SEQ
from railbox_telemetry.tables import CHANNEL_SCALAR_BASE, CHANNELS, STATE, Quantity, channel_name
from railbox_telemetry.values import (
    Batch,
    BootClock,
    Discarded,
    Events,
    Positions,
    ReadingRow,
    Readings,
    Section,
    Undated,
    UnknownSection,
)

EARLIEST_S: Final = 1_420_070_400
"""2015-01-01: no tracker is older, so an earlier time is a wrong clock."""
LATEST_S: Final = 2**33
"""The year 2242. What lies between now and then is stored, and the engine does not trust it."""
MAX_LAT_E5: Final = 90 * 100_000
MAX_LON_E5: Final = 180 * 100_000
MAX_NUMBER: Final = 2**53
"""Values beyond it are exact in neither JSON nor JavaScript."""


def numbers_fit(batch: Batch) -> bool:
    """Whether the batch has an epoch and a number that a tracker could have given it."""
    return 0 <= batch.epoch <= MAX_EPOCH and 1 <= batch.seq <= MAX_SEQ


def implausible(batch: Batch) -> str | None:
    """Why the batch cannot be true, or None."""
    return next((why for section in batch.sections if (why := _section(section, batch.seq))), None)


def believed(batch: Batch) -> tuple[Batch, tuple[str, ...]]:
    """The batch without the values that no sensor can give, and what was left out: one bad sensor hides no other."""
    if all(_in_range(section) for section in batch.sections):
        return batch, ()
    doubts: list[str] = []
    sections = tuple(part for section in batch.sections for part in _cleaned(section, doubts))
    return Batch(batch.epoch, batch.seq, sections), tuple(doubts)


def _section(section: Section, seq: int) -> str | None:
    match section:
        case Positions(knots):
            return next(
                (why for knot in knots if (why := _place(knot.lat_e5, knot.lon_e5, knot.dark_s))), None
            ) or _times(knots[0].time_s, knots[-1].time_s)
        case Readings(_, rows):
            return _times(rows[0].time_s, rows[-1].time_s)
        case Events(events):
            return next((why for item in events if (why := _event(item.time_s, item.code, item.value))), None)
        case Undated(boot_id, events):
            return _number("boot", boot_id) or next(
                (why for item in events if (why := _event(EARLIEST_S + item.monotonic_s, item.code, item.value))), None
            )
        case BootClock(boot_id, utc_offset_s):
            return _number("boot", boot_id) or _times(utc_offset_s, utc_offset_s)
        case Discarded(ranges):
            beyond = next((item for item in ranges if item.last >= seq), None)
            return beyond and f"discards {beyond.first}-{beyond.last}, which come after it"
        case UnknownSection():
            return None


def _place(lat_e5: int, lon_e5: int, dark_s: int) -> str | None:
    if abs(lat_e5) > MAX_LAT_E5:
        return f"latitude {lat_e5 / 1e5:.5f} is out of range"
    if abs(lon_e5) > MAX_LON_E5:
        return f"longitude {lon_e5 / 1e5:.5f} is out of range"
    return _number("dark_s", dark_s)


def _times(first_s: int, last_s: int) -> str | None:
    if first_s < EARLIEST_S:
        return f"time {first_s} s is before 2015"
    return f"time {last_s} s is after 2242" if last_s > LATEST_S else None


def _event(time_s: int, code: int, value: int) -> str | None:
    return _times(time_s, time_s) or _number("event code", code) or _number("event value", value)


def _number(what: str, value: int) -> str | None:
    return f"{what} {value} is out of range" if abs(value) > MAX_NUMBER else None


def _in_range(section: Section) -> bool:
    match section:
        case Positions():
            return not _bad_state(section.state)
        case Readings(channels, rows):
            columns = zip(channels, zip(*(row.values for row in rows), strict=True), strict=True)
            fits = all(CHANNELS[at].low <= min(values) and max(values) <= CHANNELS[at].high for at, values in columns)
            return fits and not _bad_state(section.state)
        case _:
            return True


def _cleaned(section: Section, doubts: list[str]) -> Iterator[Section]:
    match section:
        case Positions(knots, state):
            yield Positions(knots, _good_state(state, doubts))
        case Readings(channels, rows, state):
            # A row that lost a value has other columns than the rest, so it becomes a section of its own.
            for row in rows:
                good = [at for at, value in enumerate(row.values) if _fits(channels[at], value, doubts)]
                if good:
                    kept = ReadingRow(row.time_s, tuple(row.values[at] for at in good))
                    last = _good_state(state, doubts) if row is rows[-1] else {}
                    yield Readings(tuple(channels[at] for at in good), (kept,), last)
        case _:
            yield section


def _fits(channel: int, value: int, doubts: list[str]) -> bool:
    if CHANNELS[channel].low <= value <= CHANNELS[channel].high:
        return True
    doubts.append(f"{channel_name(channel)} {value}")
    return False


def _bad_state(state: Mapping[int, int]) -> list[int]:
    return [bit for bit, value in state.items() if not _quantity(bit).low <= value <= _quantity(bit).high]


def _good_state(state: Mapping[int, int], doubts: list[str]) -> dict[int, int]:
    bad = _bad_state(state)
    doubts += [f"{_quantity(bit).name} {state[bit]}" for bit in bad]
    return {bit: value for bit, value in state.items() if bit not in bad}


def _quantity(bit: int) -> Quantity:
    return STATE[bit] if bit < CHANNEL_SCALAR_BASE else CHANNELS[bit - CHANNEL_SCALAR_BASE]
