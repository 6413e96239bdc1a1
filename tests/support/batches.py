"""Batches as a tracker would make them, for tests of the server: small, valid, different by their numbers."""

from collections.abc import Mapping, Sequence

from railbox_telemetry.values import Batch, Event, Events, Knot, Positions, ReadingRow, Readings, Section
from railbox_telemetry.wire import encode

DEVICE = "TRK1"
EPOCH = 7
START_S = 1_793_000_000  # 2026-10-26
PERIOD_S = 60


def knot(number: int, lat_deg: float = 25.0, lon_deg: float = 67.0, dark_s: int = 0) -> Knot:
    """The number-th knot of a unit that moves north-east, one a minute."""
    return Knot(
        START_S + number * PERIOD_S,
        round((lat_deg + number * 0.01) * 1e5),
        round((lon_deg + number * 0.01) * 1e5),
        dark_s,
    )


def positions(numbers: Sequence[int], state: Mapping[int, int] | None = None) -> Positions:
    return Positions(tuple(knot(number) for number in numbers), state or {0: 150, 1: 45, 2: 8})


def temperatures(times_s: Sequence[int], tenths: Sequence[int]) -> Readings:
    return Readings((0,), tuple(ReadingRow(time_s, (value,)) for time_s, value in zip(times_s, tenths, strict=True)))


def door(time_s: int, code: int = 1) -> Events:
    return Events((Event(time_s, code),))


def batch(seq: int, *sections: Section, epoch: int = EPOCH) -> Batch:
    """The seq-th batch: what is given, or three knots that follow those of the batch before."""
    return Batch(epoch, seq, sections or (positions(range(3 * seq, 3 * seq + 3)),))


def payload(seq: int, *sections: Section, epoch: int = EPOCH) -> bytes:
    return encode(batch(seq, *sections, epoch=epoch))
