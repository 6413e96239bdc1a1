"""How services travel: speeds, stops and waits, as tables.

Waits are drawn log-normally around a mean. Figures without a source are plausible ones, made for the simulation.
"""

from dataclasses import dataclass
from math import exp, log
from random import Random
from typing import Final

from railbox.simulate.motion import Pull

HOUR_S: Final = 3600.0
KMH: Final = 1 / 3.6


@dataclass(frozen=True, slots=True)
class Wait:
    """A log-normal time around `mean_h`; `spread` is the standard deviation of its logarithm."""

    mean_h: float
    spread: float

    def draw_s(self, rng: Random) -> float:
        return HOUR_S * exp(rng.gauss(log(self.mean_h) - self.spread**2 / 2, self.spread))


@dataclass(frozen=True, slots=True)
class Pace:
    """How a vehicle moves between two stops, and why it stops on the way."""

    slowest_mps: float
    fastest_mps: float
    near_stop_mps: float
    pull: Pull
    halt_every_m: float
    """Mean distance between signals at danger, or between lorries' rests."""
    halt: Wait


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of transport: its pace by rail, and how long it waits for what."""

    rail: Pace
    border_means_h: tuple[float, ...]
    border_spread: float
    gauge_break: Wait
    terminal: Wait
    transfer: Wait
    yard: Wait
    yard_chance: float
    carries: str


# Queues, customs and paperwork: the mean of one of the three years of CAREC's monitoring of rail borders.
CAREC_RAIL_BORDER_MEANS_H: Final = (23.0, 51.9, 40.6)
ROAD_BORDER: Final = Wait(20.0, 0.7)

FREIGHT: Final = Service(
    rail=Pace(
        slowest_mps=30 * KMH,
        fastest_mps=65 * KMH,
        near_stop_mps=30 * KMH,
        pull=Pull(accel_mps2=0.06, brake_mps2=0.15),
        halt_every_m=70_000.0,
        halt=Wait(0.4, 0.8),
    ),
    border_means_h=CAREC_RAIL_BORDER_MEANS_H,
    border_spread=0.75,
    gauge_break=Wait(9.0, 0.4),
    terminal=Wait(6.0, 0.5),
    transfer=Wait(30.0, 0.5),
    yard=Wait(2.5, 0.8),
    yard_chance=0.6,
    carries="container",
)
CARRIAGE: Final = Service(
    rail=Pace(
        slowest_mps=40 * KMH,
        fastest_mps=70 * KMH,
        near_stop_mps=40 * KMH,
        pull=Pull(accel_mps2=0.15, brake_mps2=0.3),
        halt_every_m=250_000.0,
        halt=Wait(0.1, 0.5),
    ),
    border_means_h=(9.0,),
    border_spread=0.4,
    gauge_break=Wait(4.0, 0.3),
    terminal=Wait(6.0, 0.5),
    transfer=Wait(10.0, 0.5),
    yard=Wait(0.4, 0.6),
    yard_chance=0.8,
    carries="wagon",
)
LORRY: Final = Pace(
    slowest_mps=30 * KMH,
    fastest_mps=70 * KMH,
    near_stop_mps=25 * KMH,
    pull=Pull(accel_mps2=0.4, brake_mps2=0.6),
    halt_every_m=180_000.0,
    halt=Wait(5.0, 0.8),
)

CARRIAGE_CORRIDORS: Final = frozenset({"pyongyang-moscow"})


def service_of(corridor: str) -> Service:
    return CARRIAGE if corridor in CARRIAGE_CORRIDORS else FREIGHT
