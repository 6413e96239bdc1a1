"""Rail geometry from a GeoJSON file of LineStrings: the portion of a line that joins two places.

Knows nothing of corridors; where no line passes near both places there is no portion.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from railbox.simulate import sphere
from railbox.simulate.sphere import Point

NEAR_M = 9_000.0
"""A line that passes a place within this passes it: stations lie beside simplified lines, not on them."""
NEAR_DEG = 0.25


class LinesError(ValueError):
    """A file that holds no rail geometry; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Where on a line it is nearest to a place: past vertex `at`, `share` of the way to the next."""

    off_m: float
    at: int
    share: float


class Lines:
    """The lines of a file, or none at all."""

    def __init__(self, lines: Sequence[Sequence[Point]] = ()) -> None:
        self._lines = lines

    def portion(self, a: Point, b: Point) -> list[Point] | None:
        """From near `a` to near `b` along the line that passes nearest to both."""
        best: tuple[float, list[Point]] | None = None
        for line in self._lines:
            if not (_may_pass(line, a) and _may_pass(line, b)):
                continue
            hit_a, hit_b = nearest(line, a), nearest(line, b)
            off_m = hit_a.off_m + hit_b.off_m
            if max(hit_a.off_m, hit_b.off_m) <= NEAR_M and (best is None or off_m < best[0]):
                best = (off_m, cut(line, hit_a, hit_b))
        return None if best is None else best[1]


def read(path: Path) -> Lines:
    """Raises LinesError, which names the file and what is wrong in it."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise LinesError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise LinesError(f"{path}: not JSON: {error}") from None
    try:
        found = list(_line_strings(document))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LinesError(f"{path}: not GeoJSON with LineStrings of [lon, lat]: {error!r}") from None
    if not found:
        raise LinesError(f"{path}: has no LineString")
    return Lines(found)


def _line_strings(document: Any) -> Iterator[list[Point]]:
    for feature in cast("list[dict[str, Any]]", document["features"]):
        geometry = cast("dict[str, Any]", feature["geometry"])
        if geometry.get("type") == "LineString":
            yield [(float(lat), float(lon)) for lon, lat, *_ in geometry["coordinates"]]


def nearest(line: Sequence[Point], point: Point) -> Hit:
    best = Hit(float("inf"), 0, 0.0)
    for at, (a, b) in enumerate(pairwise(line)):
        share, off_m = sphere.nearest_share(point, a, b)
        if off_m < best.off_m:
            best = Hit(off_m, at, share)
    return best


def cut(line: Sequence[Point], first: Hit, last: Hit) -> list[Point]:
    """The line between two hits, in their order."""
    if (first.at, first.share) > (last.at, last.share):
        return cut(line, last, first)[::-1]
    ends = [sphere.between(line[hit.at], line[hit.at + 1], hit.share) for hit in (first, last)]
    return [ends[0], *line[first.at + 1 : last.at + 1], ends[1]]


def _may_pass(line: Sequence[Point], point: Point) -> bool:
    """A cheap look before measuring."""
    lats, lons = [vertex[0] for vertex in line], [vertex[1] for vertex in line]
    return (
        min(lats) - NEAR_DEG <= point[0] <= max(lats) + NEAR_DEG
        and min(lons) - NEAR_DEG <= point[1] <= max(lons) + NEAR_DEG
    )
