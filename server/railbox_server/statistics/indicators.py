"""The corridor indicators that CAREC publishes, of the fleet's own journeys.

Definitions: CAREC Corridor Performance Measurement and Monitoring, 2023 report, introduction (cpmm.carecprogram.org).
Indicators 2 and 3 are costs, which no position tells.
"""

from collections.abc import Iterable, Sequence
from math import fsum
from typing import Final

from railbox_server.geo.way import Way
from railbox_server.journey.model import Crossing, Journey
from railbox_server.progress.follow import Run, Stop
from railbox_server.statistics.model import Indicators, Trip

HOUR_S: Final = 3_600.0


def trip(unit: str, way: Way, run: Run, stops: Iterable[Stop], journey: Journey) -> Trip | None:
    """What one unit's run along a corridor comes to; None where it has not moved along it.

    Delay is the time in which it stood for half an hour or longer, or was at a border, each second once. What lies
    before it left where it began, and after it came to where it ended, is no part of the trip.
    """
    if run.km <= 0:
        return None
    from_s, to_s = run.from_s, run.to_s
    own = {border.id for border in way.corridor.borders}
    waits = [_wait(crossing, to_s) for crossing in journey.crossings if crossing.border and crossing.border.id in own]
    spans = [*((stop.from_s, stop.to_s) for stop in stops), *waits]
    return Trip(
        unit=unit,
        corridor=way.corridor.name,
        km=run.km,
        from_s=from_s,
        to_s=to_s,
        delay_s=_covered_s(spans, from_s, to_s),
        borders_s=tuple(
            sorted(
                crossing.dwell.est_s
                for crossing in journey.crossings
                if crossing.border and crossing.border.id in own and _is_whole(crossing)
                if from_s <= (crossing.arrived.est_s or 0) <= to_s
            )
        ),
    )


def indicators(trips: Iterable[Trip]) -> tuple[Indicators, ...]:
    """By corridor.

    Hours per border (TFI1): mean time to move across a border, from the entry of the first country's control to the
    exit of the second's, waiting, handling and gauge change included; here from arrival at the first yard to departure
    from the last. Speed without and with delay (TFI4): distance over the time in motion, and over all the time, halts
    and borders included; here all distance over all time, so that a long journey counts by its length.
    """
    by_corridor: dict[str, list[Trip]] = {}
    for each in trips:
        by_corridor.setdefault(each.corridor, []).append(each)
    return tuple(_indicators(name, by_corridor[name]) for name in sorted(by_corridor))


def _indicators(corridor: str, trips: Sequence[Trip]) -> Indicators:
    km = fsum(each.km for each in trips)
    whole_s = sum(each.to_s - each.from_s for each in trips)
    moving_s = whole_s - sum(each.delay_s for each in trips)
    borders_s = [length_s for each in trips for length_s in each.borders_s]
    return Indicators(
        corridor=corridor,
        trips=len(trips),
        km=km,
        borders=len(borders_s),
        hours_per_border=sum(borders_s) / len(borders_s) / HOUR_S if borders_s else None,
        speed_without_delay_kmh=km / moving_s * HOUR_S if moving_s > 0 else None,
        speed_with_delay_kmh=km / whole_s * HOUR_S if whole_s > 0 else None,
    )


def _is_whole(crossing: Crossing) -> bool:
    return crossing.departed is not None and not crossing.returned and crossing.arrived.earliest_s is not None


def _wait(crossing: Crossing, last_s: int) -> tuple[int, int]:
    arrived_s = crossing.arrived.est_s if crossing.arrived.est_s is not None else last_s
    departed_s = crossing.departed.est_s if crossing.departed else None
    return arrived_s, last_s if departed_s is None else departed_s


def _covered_s(spans: Iterable[tuple[int, int]], from_s: int, to_s: int) -> int:
    """How long at least one of the spans lasts between two times."""
    length_s, reached_s = 0, from_s
    for start_s, end_s in sorted(spans):
        length_s += max(0, min(end_s, to_s) - max(start_s, reached_s))
        reached_s = max(reached_s, min(end_s, to_s))
    return length_s
