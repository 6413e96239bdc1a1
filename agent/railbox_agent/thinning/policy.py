"""What a thinning policy is, and those there are.

A policy alone decides which fixes are kept and when they are sent. Pure: no clock, no port; time comes with the calls.
"""

from typing import Protocol

from railbox_agent.items import Report
from railbox_agent.thinning.interval import FixedInterval, IntervalSettings
from railbox_agent.thinning.reckoning import DeadReckoning, ReckoningSettings
from railbox_telemetry.values import Fix

Thinning = ReckoningSettings | IntervalSettings


class Policy(Protocol):
    """Takes the trusted fixes of a receiver in the order they came."""

    def add(self, fix: Fix, dark_s: int = 1) -> Report | None:
        """The next fix. `dark_s`: for how long nothing was trusted before the very first one."""
        ...

    def wait(self, now_ms: int) -> Report | None:
        """Time has come to `now_ms` (UTC) without another fix."""
        ...

    def send(self) -> Report | None:
        """Everything up to the newest fix, now, because something happened. None when nothing is new."""
        ...

    def held(self) -> Report | None:
        """What `send` would give, without sending it: what a power cut would lose."""
        ...


def policy_of(thinning: Thinning, fix_period_s: float) -> Policy:
    """`fix_period_s`: how often the receiver gives a fix; longer than three of them (and 3 s) is dark."""
    if isinstance(thinning, IntervalSettings):
        return FixedInterval(thinning, fix_period_s)
    return DeadReckoning(thinning, fix_period_s)
