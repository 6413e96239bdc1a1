"""What one step of a path says of a zone near it: when the unit was surely inside or outside, and where its line runs.

Of a dark step only its ends tell. Between samples only they are sure; along a thinned step the straight line is.
Pure geometry in time; knows no stays.
"""

import math
from collections.abc import Iterable

from railbox_server.journey.model import Settings, Step
from railbox_server.journey.stays import Sure
from railbox_server.journey.zones import Sight, Zone

TimeSpan = tuple[float, float]


def append(spans: list[Sure], span: Sure) -> None:
    """Adds a span, joined to the one before when nothing lies between them."""
    if spans:
        before = spans[-1]
        if before.to_s == span.from_s and before[2:] == span[2:] and not before.is_guess and not span.is_guess:
            spans[-1] = before._replace(to_s=span.to_s)
            return
    spans.append(span)


def append_line(lines: list[TimeSpan], line: TimeSpan) -> None:
    if lines and line[0] <= lines[-1][1]:
        lines[-1] = lines[-1][0], max(line[1], lines[-1][1])
    else:
        lines.append(line)


def at(sight: Sight, settings: Settings) -> list[Sure]:
    """What is sure at a waypoint, whatever lies before and after it."""
    inside, time_s = sight.inside, sight.point.time_s
    return [] if inside is None else [Sure(time_s, time_s, inside, sight.outside_m > settings.excursion_m)]


def along(zone: Zone, step: Step, start: Sight, end: Sight, settings: Settings) -> tuple[list[Sure], list[TimeSpan]]:
    """What is sure of one step, its ends included; and when its line, dark or not, is inside the edge."""
    # No point of the step is nearer to the edge, or farther from it, than the way through both ends allows.
    way_m = math.hypot(end.east_m - start.east_m, end.north_m - start.north_m)
    nearest_m, farthest_m = (start.outside_m + end.outside_m - way_m) / 2, (start.outside_m + end.outside_m + way_m) / 2
    margin_m = max(start.point.margin_m, end.point.margin_m)
    from_s, to_s = start.point.time_s, end.point.time_s
    if nearest_m > 0:
        lines: list[TimeSpan] = []
    elif farthest_m < 0:
        lines = [(from_s, to_s)]
    else:
        lines = _in_time(step, zone.inside(step, 0.0))
    if not step.continuous:
        return [*at(start, settings), *at(end, settings)], lines
    if farthest_m < -margin_m:
        return [Sure(from_s, to_s, True)], lines
    if nearest_m > margin_m:
        spans = [Sure(from_s, to_s, False, max(start.outside_m, end.outside_m) > settings.excursion_m)]
    elif to_s - from_s > settings.sampled_s:
        spans = _along_line(zone, step, start, end, settings)
    else:
        through = not start.inside and not end.inside and bool(zone.inside(step, -margin_m))
        spans = [Sure(to_s, from_s, True)] if through else []
    return [*at(start, settings), *spans, *at(end, settings)], lines


def _along_line(zone: Zone, step: Step, start: Sight, end: Sight, settings: Settings) -> list[Sure]:
    """The straight line's spans: what thinning promises."""
    margin_m = max(start.point.margin_m, end.point.margin_m)
    spans = [Sure(from_s, to_s, True) for from_s, to_s in _in_time(step, zone.inside(step, -margin_m))]
    edges = [0.0, *(edge for span in zone.inside(step, margin_m) for edge in span), 1.0]
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        # A line that starts or ends within the margin has no outside there: its edge is its end.
        if b > a:
            out_m = max(start.outside_m if a == 0.0 else 0.0, end.outside_m if b == 1.0 else 0.0)
            spans += [
                Sure(from_s, to_s, False, out_m > settings.excursion_m) for from_s, to_s in _in_time(step, [(a, b)])
            ]
    return sorted(spans)


def _in_time(step: Step, parts: Iterable[tuple[float, float]]) -> list[TimeSpan]:
    from_s, length_s = step.start.time_s, step.end.time_s - step.start.time_s
    return [(from_s + a * length_s, from_s + b * length_s) for a, b in parts]
