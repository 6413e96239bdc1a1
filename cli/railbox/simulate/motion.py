"""How a unit moves: where along its route it is at any moment, as phases of constant acceleration.

Knows metres and seconds, nothing of maps: chainage_m counts along the route, and shunting may run it backwards.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from operator import attrgetter

SLOWEST_MPS = 0.01


@dataclass(frozen=True, slots=True)
class Phase:
    """A time of constant acceleration; `speed_mps` at its start, negative when running backwards."""

    start_s: float
    duration_s: float
    from_m: float
    speed_mps: float = 0.0
    accel_mps2: float = 0.0

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s

    @property
    def standing(self) -> bool:
        return self.speed_mps == 0.0 and self.accel_mps2 == 0.0

    def chainage_m(self, time_s: float) -> float:
        since_s = time_s - self.start_s
        return self.from_m + since_s * (self.speed_mps + 0.5 * self.accel_mps2 * since_s)

    def velocity_mps(self, time_s: float) -> float:
        return self.speed_mps + self.accel_mps2 * (time_s - self.start_s)


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a run with its speed limit."""

    length_m: float
    limit_mps: float


@dataclass(frozen=True, slots=True)
class Pull:
    """What a locomotive or lorry can do."""

    accel_mps2: float
    brake_mps2: float


class Motion:
    """Phases one after the other without a gap in time or place; before the first and after the last it stands."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self.phases = phases

    def phase_at(self, time_s: float) -> Phase:
        at = bisect_right(self.phases, time_s, key=attrgetter("start_s")) - 1
        return self._clamped(max(at, 0), time_s)

    def follow(self, times_s: Iterable[float]) -> Iterator[Phase]:
        """The phase of each of the ascending times."""
        at, last = 0, len(self.phases) - 1
        for time_s in times_s:
            while at < last and self.phases[at + 1].start_s <= time_s:
                at += 1
            yield self._clamped(at, time_s)

    def _clamped(self, at: int, time_s: float) -> Phase:
        phase = self.phases[at]
        if phase.start_s <= time_s <= phase.end_s:
            return phase
        edge_s = min(max(time_s, phase.start_s), phase.end_s)
        return Phase(time_s, 0.0, phase.chainage_m(edge_s))


class Builder:
    """Appends to a motion: stand, run, shunt. `time_s` and `chainage_m` are where it has come to."""

    def __init__(self, time_s: float, chainage_m: float) -> None:
        self.time_s = time_s
        self.chainage_m = chainage_m
        self.phases: list[Phase] = []

    def stand(self, duration_s: float) -> None:
        self._add(duration_s, 0.0, 0.0)

    def run(self, sections: Sequence[Section], pull: Pull, direction: int = 1) -> None:
        """From standing through the sections to standing, as fast as their limits and `pull` allow."""
        speeds = boundary_speeds(sections, pull)
        for at, section in enumerate(sections):
            self._pass(section, speeds[at], speeds[at + 1], pull, direction)

    def _pass(self, section: Section, entry_mps: float, exit_mps: float, pull: Pull, direction: int) -> None:
        accel, brake = pull.accel_mps2, pull.brake_mps2
        reachable = sqrt(
            (2 * accel * brake * section.length_m + brake * entry_mps**2 + accel * exit_mps**2) / (accel + brake)
        )
        top_mps = max(min(section.limit_mps, reachable), entry_mps, exit_mps, SLOWEST_MPS)
        rising_m = (top_mps**2 - entry_mps**2) / (2 * accel)
        falling_m = (top_mps**2 - exit_mps**2) / (2 * brake)
        self._add((top_mps - entry_mps) / accel, direction * entry_mps, direction * accel)
        self._add(max(0.0, section.length_m - rising_m - falling_m) / top_mps, direction * top_mps, 0.0)
        self._add((top_mps - exit_mps) / brake, direction * top_mps, -direction * brake)

    def _add(self, duration_s: float, speed_mps: float, accel_mps2: float) -> None:
        if duration_s <= 0.0:
            return
        phase = Phase(self.time_s, duration_s, self.chainage_m, speed_mps, accel_mps2)
        self.phases.append(phase)
        self.time_s = phase.end_s
        self.chainage_m = phase.chainage_m(phase.end_s)


def boundary_speeds(sections: Sequence[Section], pull: Pull) -> list[float]:
    """The speed at each end of each section, standing at both ends of the run."""
    limits = [section.limit_mps for section in sections]
    speeds = [0.0, *(min(before, after) for before, after in pairwise(limits)), 0.0]
    for at, section in enumerate(sections):
        speeds[at + 1] = min(speeds[at + 1], sqrt(speeds[at] ** 2 + 2 * pull.accel_mps2 * section.length_m))
    for at in range(len(sections) - 1, -1, -1):
        speeds[at] = min(speeds[at], sqrt(speeds[at + 1] ** 2 + 2 * pull.brake_mps2 * sections[at].length_m))
    return speeds
