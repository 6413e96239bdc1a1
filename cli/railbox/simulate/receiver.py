"""What a GNSS receiver would say on its serial line: RMC and GGA with correlated errors, silences and deceptions.

Pure: truth and outages in, bytes out. The error stays under NOISE_MAX_M in each direction, as the truth's proof needs.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import exp, sin, sqrt
from random import Random
from typing import Final

from railbox.simulate import sphere
from railbox.simulate.motion import Motion, Phase
from railbox.simulate.outages import Outage
from railbox.simulate.route import Route
from railbox.simulate.sphere import Point

NOISE_M: Final = 2.5
NOISE_MAX_M: Final = 8.0
NOISE_S: Final = 150.0
"""Correlation time: satellites move, and the sky over a wagon changes."""
FALSE_NOISE_M: Final = 15.0
DAY_MS: Final = 86_400_000
KNOT_MPS: Final = 1852 / 3600
STANDING_MPS: Final = 0.3
SKY_S: Final = 300.0
"""How long the number of satellites and the dilution of precision stay as they are."""


class Receiver:
    """One receiver on one journey. `epochs` gives each measurement's time and the bytes that tell it."""

    def __init__(self, route: Route, motion: Motion, outages: Sequence[Outage], started_at_s: int, rng: Random) -> None:
        self._route = route
        self._motion = motion
        self._outages = outages
        self._started_at_ms = started_at_s * 1000
        self._day, self._date = -1, ""
        self._rng = rng
        self._north_m = rng.gauss(0.0, NOISE_M)
        self._east_m = rng.gauss(0.0, NOISE_M)
        self._sky_until_s = 0.0
        self._sats, self._hdop = 9, 1.0

    def epochs(self, length_s: int, period_ms: int) -> Iterator[tuple[int, bytes]]:
        """(milliseconds since the start, sentences) every `period_ms` from 0 until the end, both included."""
        times_ms = range(0, length_s * 1000 + 1, period_ms)
        keep = exp(-period_ms / 1000 / NOISE_S)
        spread_m = NOISE_M * sqrt(1 - keep * keep)
        phases = self._motion.follow(time_ms / 1000 for time_ms in times_ms)
        outages = iter(self._outages)
        outage = next(outages, None)
        for time_ms, phase in zip(times_ms, phases, strict=True):
            time_s = time_ms / 1000
            while outage is not None and outage.end_s < time_s:
                outage = next(outages, None)
            self._drift(time_s, keep, spread_m)
            if outage is None or time_s < outage.start_s:
                yield time_ms, self._fix(time_ms, phase)
            elif outage.false_point is None:
                yield time_ms, self._no_fix(time_ms)
            else:
                yield time_ms, self._false_fix(time_ms, outage.false_point)

    def _drift(self, time_s: float, keep: float, spread_m: float) -> None:
        gauss = self._rng.gauss
        self._north_m = max(-NOISE_MAX_M, min(NOISE_MAX_M, self._north_m * keep + gauss(0.0, spread_m)))
        self._east_m = max(-NOISE_MAX_M, min(NOISE_MAX_M, self._east_m * keep + gauss(0.0, spread_m)))
        if time_s >= self._sky_until_s:
            self._sky_until_s = time_s + SKY_S
            self._sats = self._rng.randint(6, 13)
            self._hdop = round(8.0 / self._sats + self._rng.uniform(-0.1, 0.3), 1)

    def _fix(self, time_ms: int, phase: Phase) -> bytes:
        time_s = time_ms / 1000
        chainage_m, velocity_mps = phase.chainage_m(time_s), phase.velocity_mps(time_s)
        point, course_deg = self._route.locate(chainage_m)
        speed_mps = max(0.0, abs(velocity_mps) + self._rng.uniform(-0.1, 0.1))
        course = (
            "" if speed_mps < STANDING_MPS else f"{(course_deg + (180.0 if velocity_mps < 0 else 0.0)) % 360.0:.1f}"
        )
        seen = sphere.shifted(point, self._north_m, self._east_m)
        return self._tell(time_ms, seen, speed_mps, course, 150.0 + 90.0 * sin(chainage_m / 70_000.0))

    def _false_fix(self, time_ms: int, false_point: Point) -> bytes:
        gauss = self._rng.gauss
        seen = sphere.shifted(false_point, gauss(0.0, FALSE_NOISE_M), gauss(0.0, FALSE_NOISE_M))
        return self._tell(time_ms, seen, abs(gauss(0.0, 0.2)), "", 30.0)

    def _tell(self, time_ms: int, seen: Point, speed_mps: float, course: str, alt_m: float) -> bytes:
        clock, date = self._clock(time_ms)
        position = f"{angle(seen[0], 2, 'NS')},{angle(seen[1], 3, 'EW')}"
        return sentence(f"GNRMC,{clock},A,{position},{speed_mps / KNOT_MPS:.2f},{course},{date},,,A") + sentence(
            f"GNGGA,{clock},{position},1,{self._sats:02d},{self._hdop:.1f},{alt_m:.1f},M,0.0,M,,"
        )

    def _no_fix(self, time_ms: int) -> bytes:
        clock, date = self._clock(time_ms)
        return sentence(f"GNRMC,{clock},V,,,,,,,{date},,,N") + sentence(f"GNGGA,{clock},,,,,0,00,99.9,,,,,,")

    def _clock(self, time_ms: int) -> tuple[str, str]:
        day, rest_ms = divmod(self._started_at_ms + time_ms, DAY_MS)
        if day != self._day:
            self._day, self._date = day, datetime.fromtimestamp(day * DAY_MS // 1000, UTC).strftime("%d%m%y")
        minutes, rest_ms = divmod(rest_ms, 60_000)
        return f"{minutes // 60:02d}{minutes % 60:02d}{rest_ms // 1000:02d}.{rest_ms % 1000 // 10:02d}", self._date


def angle(degrees: float, digits: int, sides: str) -> str:
    """`5546.12345,N`: whole degrees, minutes with five decimals (2 cm), and the side."""
    minutes_e5 = round(abs(degrees) * 6_000_000)
    whole, rest = divmod(minutes_e5, 6_000_000)
    return f"{whole:0{digits}d}{rest // 100_000:02d}.{rest % 100_000:05d},{sides[degrees < 0]}"


def sentence(body: str) -> bytes:
    """The line with its checksum: the exclusive or of all bytes between `$` and `*`."""
    data = body.encode()
    folded = int.from_bytes(data, "big")
    for bits in (512, 256, 128, 64, 32, 16, 8):
        folded ^= folded >> bits
    return b"$%s*%02X\r\n" % (data, folded & 0xFF)
