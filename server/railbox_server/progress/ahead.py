"""What lies ahead, and when it will be reached: the running and the waits between here and there, added up.

All running of one mode is one uncertain thing (a slow train is slow throughout); every wait is its own. What the fleet
measured is pooled with what is published (priors.py); how times are added is times.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from railbox_server.geo.model import Mode
from railbox_server.geo.way import Way
from railbox_server.progress.experience import Call, Experience
from railbox_server.progress.model import Ahead, Eta, Heading
from railbox_server.progress.nodes import Node
from railbox_server.progress.priors import border_prior, pace_prior, place_prior
from railbox_server.progress.times import Times, pooled, quantile, remaining, scaled, total

BEHIND_KM: Final = 5.0
"""Who is so far beyond a place has passed it."""
PRIOR_WEIGHT: Final = 4.0
"""What is published counts as so many of the fleet's own observations."""


@dataclass(frozen=True, slots=True)
class Here:
    """Where the forecast starts: a unit at a chainage, at a time, and the wait that it is in."""

    way_km: float
    time_s: int
    heading: Heading
    waiting: Call | None


class Forecast:
    """Adds up what lies ahead of one unit."""

    def __init__(self, way: Way, here: Here, experience: Experience, now_s: int) -> None:
        self._way = way
        self._here = here
        self._experience = experience
        self._now_s = now_s

    def to(self, target: Node, nodes: Sequence[Node]) -> Ahead:
        """The arrival at a node; `nodes` are all of the corridor, in order of chainage."""
        heading = self._here.heading
        near_km = target.near_km(heading)
        distance_km = (near_km - self._here.way_km) * heading
        return Ahead(
            id=target.id,
            name=target.name,
            km=self._way.published_km(near_km),
            distance_km=max(0.0, distance_km),
            eta=self._eta(self._parts(nodes, target)) if distance_km > -BEHIND_KM else None,
        )

    def _parts(self, nodes: Sequence[Node], target: Node) -> list[tuple[Times, int]]:
        """The runs and waits until the target, each with the number of observations that it rests on."""
        heading, waiting = self._here.heading, self._here.waiting
        waits = [self._wait_left(waiting)] if waiting else []
        run_km: dict[Mode, float] = {}
        from_km = self._start_km()
        for node in (*self._ahead(nodes, target), target):
            to_km = max(from_km * heading, node.near_km(heading) * heading) * heading
            for mode, length_km in self._way.modes(from_km, to_km).items():
                run_km[mode] = run_km.get(mode, 0.0) + length_km
            from_km = max(to_km * heading, node.far_km(heading) * heading) * heading
            if node is not target:
                waits.append(self._wait(node, _side(node, heading)))
        return [*(self._run(mode, length_km) for mode, length_km in sorted(run_km.items())), *waits]

    def next_border(self, nodes: Sequence[Node]) -> Node | None:
        ahead = self._ahead(nodes, None)
        return next((node for node in ahead if node.border is not None), None)

    def _start_km(self) -> float:
        waiting, heading = self._here.waiting, self._here.heading
        far_km = waiting.node.far_km(heading) if waiting else self._here.way_km
        return max(self._here.way_km * heading, far_km * heading) * heading

    def _ahead(self, nodes: Sequence[Node], target: Node | None) -> list[Node]:
        """Between here and the target, in order of travel; the node it waits at is not ahead."""
        heading, start_km = self._here.heading, self._start_km()
        waiting_id = self._here.waiting.node.id if self._here.waiting else None
        return [
            node
            for node in (nodes if heading > 0 else reversed(nodes))
            if node.id != waiting_id
            and node.near_km(heading) * heading > start_km * heading
            and (target is None or node.near_km(heading) * heading < target.near_km(heading) * heading)
        ]

    def _wait_left(self, waiting: Call) -> tuple[Times, int]:
        times, observations = self._wait(waiting.node, waiting.from_side)
        came_s = self._here.time_s if waiting.came_s is None else waiting.came_s
        return remaining(times, self._here.time_s - came_s), observations

    def _wait(self, node: Node, from_side: str) -> tuple[Times, int]:
        observed = self._experience.waits_s.get((node.id, from_side), ())
        if node.border is not None:
            prior = border_prior(node.border)
        else:
            assert node.place is not None
            prior = place_prior(node.place)
        return pooled(prior, PRIOR_WEIGHT, observed), len(observed)

    def _run(self, mode: Mode, length_km: float) -> tuple[Times, int]:
        observed = self._experience.paces_s_per_km.get(mode, ())
        pace = pooled(pace_prior(self._way.corridor, mode), PRIOR_WEIGHT, observed)
        return scaled(pace, length_km), len(observed)

    def _eta(self, parts: Sequence[tuple[Times, int]]) -> Eta:
        """Never before now: nobody saw it arrive."""
        times = total(part for part, _ in parts)
        p50_s, p90_s = (max(self._now_s, round(self._here.time_s + quantile(times, part))) for part in (0.5, 0.9))
        return Eta(p50_s, p90_s, sum(observations for _, observations in parts))


def _side(node: Node, heading: int) -> str:
    return "" if node.border is None else node.border.sides[0 if heading > 0 else 1]
