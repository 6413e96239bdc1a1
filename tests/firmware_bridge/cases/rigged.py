"""A simulated board under the firmware's files, for the cases that test them one by one. Import it before them."""

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


hardware = rig.set_up(NoLine(), {"start_ticks_ms": (1 << 30) - 500})
world = hardware.world


def wait(coroutine):
    """Run a coroutine to its end and return what it returns."""
    return asyncio.run(coroutine)
