"""Swing doors: the fewest knots whose straight steps stay within an error of every point between them.

From an anchor, the velocities that pass every later point within the error are an area in the velocity plane; eight
half-planes hold it from inside. A point that no such velocity reaches closes the doors: the point before it is a knot.
"""

import math
from typing import Final

from railbox_agent.thinning.plane import Point, offset_m

DIRECTIONS: Final = tuple((math.cos(math.radians(45 * k)), math.sin(math.radians(45 * k))) for k in range(8))
INSIDE: Final = math.cos(math.radians(22.5))
"""An octagon inside a circle: its sides are this part of the radius away."""


class Doors:
    """The doors that stand at an anchor. `error_m`: how far a point may be from the step that passes it."""

    __slots__ = ("_anchor", "_bounds_mps", "_last", "_reach_m")

    def __init__(self, error_m: float, anchor: Point) -> None:
        self._reach_m = error_m * INSIDE
        self._open_at(anchor)

    @property
    def last(self) -> Point:
        """The newest point that passed: where a knot would end the step."""
        return self._last

    def pass_through(self, point: Point) -> Point | None:
        """Takes the next point; returns the knot that it made of the one before it, if it did."""
        step_s, north_m, east_m = self._step_to(point)
        along_m = [north * north_m + east * east_m for north, east in DIRECTIONS]
        knot = None
        if any(along > bound * step_s for along, bound in zip(along_m, self._bounds_mps, strict=True)):
            knot = self._last
            self._open_at(knot)
            step_s, north_m, east_m = self._step_to(point)
            along_m = [north * north_m + east * east_m for north, east in DIRECTIONS]
        self._bounds_mps = [
            min(bound, (along + self._reach_m) / step_s) for bound, along in zip(self._bounds_mps, along_m, strict=True)
        ]
        self._last = point
        return knot

    def _open_at(self, anchor: Point) -> None:
        self._anchor = self._last = anchor
        self._bounds_mps = [math.inf] * len(DIRECTIONS)

    def _step_to(self, point: Point) -> tuple[int, float, float]:
        return point.time_s - self._anchor.time_s, *offset_m(self._anchor, point.lat_deg, point.lon_deg)
