"""The promise from end to end: sentences in, wire bytes out; what those tell is near enough, and soon enough."""

import random
from collections.abc import Iterator, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from railbox_agent.items import Report
from railbox_agent.packing import Packer
from railbox_agent.pipeline import Pipeline, Settings
from railbox_agent.recording import Chunk
from railbox_agent.thinning.known import misses
from railbox_telemetry.tables import SPEED
from railbox_telemetry.values import Batch, Fix, Positions
from railbox_telemetry.wire import decode, encode
from support.drives import drive, smoothed_track
from support.nmea import gga, rmc

PROMISE_M = 25.0
PROMISE_S = 60
KNOT_MPS = 1852 / 3600


def sentences(fix: Fix, hdop: float) -> bytes:
    assert fix.speed_mps is not None
    assert fix.course_deg is not None
    time_s = fix.fix_time_ms / 1000
    place = (time_s, fix.lat_deg, fix.lon_deg)
    return rmc(*place, knots=fix.speed_mps / KNOT_MPS, course=fix.course_deg) + gga(*place, hdop=hdop)


def sent(pipeline: Pipeline, fixes: Sequence[Fix], hdops: Iterator[float], out: list[Fix]) -> Iterator[Report]:
    """What a server decodes, and when; `out` gets the trusted fixes."""
    packer, seq, start_ms, now_s = Packer(7), 0, fixes[0].fix_time_ms, 0
    for fix in fixes:
        items = pipeline.feed(Chunk("gnss", (fix.fix_time_ms - start_ms) * 1000, sentences(fix, next(hdops))))
        trusted = [item for item in items if isinstance(item, Fix) and item.trusted]
        out += trusted
        now_s = max([now_s, *(one.fix_time_ms // 1000 for one in trusted)])
        for parcel in packer.pack(items):
            seq += 1
            for section in decode(encode(Batch(1, seq, parcel.sections))).sections:
                if isinstance(section, Positions):
                    yield Report(max(now_s, section.knots[-1].time_s), section.knots, section.state)


def errors_m(fixes: Sequence[Fix], hdops: Iterator[float]) -> list[float | None]:
    trusted: list[Fix] = []
    reports = list(sent(Pipeline(Settings(ports={"gnss": "gnss"})), fixes, hdops, trusted))
    assert all(SPEED.bit in report.state for report in reports)
    return [miss.error_m for miss in misses(list(smoothed_track(trusted)), reports, PROMISE_S)]


def always(hdop: float) -> Iterator[float]:
    while True:
        yield hdop


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6))
def test_every_instant_is_known_within_25_m_after_60_s(seed: int) -> None:
    errors = errors_m(drive(seed, 900), always(1.1))
    assert len(errors) > 800
    assert all(error is not None and error <= PROMISE_M for error in errors)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.integers(100, 500), st.integers(1, 200))
def test_also_when_fixes_are_lost_or_not_to_be_trusted_and_then_it_is_said(seed: int, start: int, length: int) -> None:
    rng = random.Random(seed)
    hdops = iter(lambda: 40.0 if rng.random() < 0.1 else 1.0, None)
    errors = errors_m(drive(seed, 900, lost=range(start, start + length)), hdops)
    assert len(errors) > 900 - length - PROMISE_S - 250
    assert all(error <= PROMISE_M for error in errors if error is not None)
