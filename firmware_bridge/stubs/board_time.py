"""MicroPython's `time` on a 32-bit board: ticks that wrap at 2^30, of the simulated board's clock.

`run` puts it in place of `time` for the firmware, after asyncio has taken the real one.
"""

import time as _real

import machine
from wiring import TICKS_MASK

HALF = (TICKS_MASK + 1) >> 1
time = _real.time


def sleep(seconds: float) -> None:
    machine.hardware.world.sleep(seconds)


def ticks_ms() -> int:
    return machine.hardware.ticks_us() // 1000 & TICKS_MASK


def ticks_us() -> int:
    return machine.hardware.ticks_us() & TICKS_MASK


def ticks_add(ticks: int, delta: int) -> int:
    return ticks + delta & TICKS_MASK


def ticks_diff(end: int, start: int) -> int:
    return (end - start + HALF & TICKS_MASK) - HALF


def sleep_ms(duration_ms: int) -> None:
    sleep(duration_ms / 1000)


def sleep_us(duration_us: int) -> None:
    sleep(duration_us / 1000000)
