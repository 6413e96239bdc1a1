"""A simulated board under the firmware's files, for the cases that test them one by one. Import it before them.

Time stands still but for what is slept and skipped: a case goes the same way on any machine, however busy.
"""

import asyncio

import rig


class NoLine:
    """A line with nobody at its other end."""

    def waiting(self):
        return 0

    def read(self, size=None):
        return None

    def write(self, data):
        return len(data)


hardware = rig.set_up(NoLine(), {"start_ticks_ms": (1 << 30) - 500}, runs=False)
world = hardware.world
_real_sleep = asyncio.sleep


async def _sleep(seconds):
    world.skip(seconds)
    await _real_sleep(0)


asyncio.sleep = _sleep  # the drivers' waits pass in the world's time


def wait(coroutine):
    """Run a coroutine to its end and return what it returns."""
    return asyncio.run(coroutine)
