"""Journeys in a few numbers: a straight country by kilometres east and north, paths by minutes, bounds by minutes.

The made-up corridor runs east along a parallel: terminal at km 0, yards at km 94 (AA) and km 106 (BB) about the border
line at km 100, terminal at km 200. Yards reach 3 km, terminals 2 km.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from railbox_server.geo.model import Border, Corridor, Place
from railbox_server.journey.derive import derive
from railbox_server.journey.ground import DEGREE_M
from railbox_server.journey.model import Bounds, Crossing, Journey, SeenKnot, Settings, Track, Visit
from railbox_server.journey.network import Network
from railbox_telemetry.values import DEGREE_E5, SeqRange

T0_S = 1_788_220_800
"""2026-09-01T00:00:00Z: minute 0."""
ORIGIN = (45.0, 60.0)
EAST_M = DEGREE_M * math.cos(math.radians(ORIGIN[0]))
MARGIN_KM = 0.040
"""Of a knot with the usual accuracy: 25 m of thinning and 15 m of the receiver."""

Vertex = tuple[float, float] | tuple[float, float, float]
"""Minute, km east and, where it is not 0, km north."""
T = TypeVar("T")


# --- the country -----------------------------------------------------------------------------------------------------


def lat_lon(east_km: float, north_km: float = 0.0) -> tuple[float, float]:
    return ORIGIN[0] + north_km * 1_000 / DEGREE_M, ORIGIN[1] + east_km * 1_000 / EAST_M


def place(  # a yard unless said otherwise
    place_id: str,
    east_km: float,
    north_km: float = 0.0,
    *,
    radius_m: float | None = 3_000,
    polygon_km: Sequence[tuple[float, float]] | None = None,
    border: str | None = None,
    side: str | None = None,
    role: str = "yard",
    limit_h: float = 48.0,
) -> Place:
    lat, lon = lat_lon(east_km, north_km)
    return Place(
        id=place_id,
        name=place_id.title(),
        roles=frozenset({"border-yard" if border else role}),
        country=side or "AA",
        lat_deg=lat,
        lon_deg=lon,
        radius_m=None if polygon_km else radius_m,
        polygon=tuple(lat_lon(*corner) for corner in polygon_km) if polygon_km else None,
        km=east_km,
        gauges_mm=(1520,),
        tz=None,
        unlocode=None,
        border_id=border,
        side=side,
        expected_h=None,
        limit_h=limit_h,
    )


def border(
    border_id: str = "aa-bb",
    east_km: float = 100.0,
    sides: tuple[str, str] = ("AA", "BB"),
    *,
    north_km: float = 0.0,
    gauge_break: bool = False,
    limit_h: float = 48.0,
) -> Border:
    lat, lon = lat_lon(east_km, north_km)
    return Border(border_id, border_id.upper(), lat, lon, False, sides, east_km, gauge_break, 24.0, limit_h)


def corridor(places: Iterable[Place], borders: Iterable[Border], name: str = "straight") -> Corridor:
    along = tuple(sorted(places, key=lambda item: item.km or 0.0))
    return Corridor(name, name, along, tuple(borders), (), "made up")


START, END = place("start", 0, radius_m=2_000, role="terminal"), place("end", 200, radius_m=2_000, role="terminal")
AA, BB = place("aa", 94, border="aa-bb", side="AA"), place("bb", 106, border="aa-bb", side="BB")
STRAIGHT = corridor([START, AA, BB, END], [border()])
NETWORK = Network([STRAIGHT])


def network_with(*more: Place, without: Iterable[Place] = ()) -> Network:
    left = [one for one in STRAIGHT.places if one not in tuple(without)]
    return Network([corridor([*left, *more], STRAIGHT.borders)])


# --- paths -----------------------------------------------------------------------------------------------------------


def knot(
    minute: float,
    east_km: float,
    north_km: float = 0.0,
    *,
    dark_s: int = 0,
    accuracy_m: int | None = 5,
    seq: int = 0,
    received_s: int | None = None,
) -> SeenKnot:
    """A knot; received 10 s later unless said otherwise."""
    time_s = T0_S + round(minute * 60)
    lat, lon = lat_lon(east_km, north_km)
    received_s = time_s + 10 if received_s is None else received_s
    return SeenKnot(time_s, round(lat * DEGREE_E5), round(lon * DEGREE_E5), dark_s, accuracy_m, seq, received_s)


def knots(path: Sequence[Vertex], *, accuracy_m: int | None = 5) -> list[SeenKnot]:
    """A knot at each vertex, each in a batch of its own."""
    return [knot(*vertex, accuracy_m=accuracy_m, seq=number) for number, vertex in enumerate(path, 1)]


def sampled(
    path: Sequence[Vertex], every_min: float = 1.0, *, dark: Sequence[tuple[float, float]] = (), accuracy_m: int = 5
) -> list[SeenKnot]:
    """A knot every so often on the straight lines between the vertices, none within the dark spans of minutes."""
    found: list[SeenKnot] = []
    was_dark = False
    for step in range(int((path[-1][0] - path[0][0]) / every_min) + 1):
        minute = path[0][0] + step * every_min
        if any(first < minute < last for first, last in dark):
            was_dark = True
            continue
        dark_s = max(1, T0_S + round(minute * 60) - found[-1].time_s) if was_dark and found else 0
        found.append(knot(minute, *where(path, minute), dark_s=dark_s, accuracy_m=accuracy_m, seq=len(found) + 1))
        was_dark = False
    return found


def where(path: Sequence[Vertex], minute: float) -> tuple[float, float]:
    """Kilometres east and north on the straight lines between the vertices."""
    after = next((i for i, vertex in enumerate(path) if vertex[0] >= minute), len(path) - 1)
    a, b = path[max(0, after - 1)], path[after]
    part = (minute - a[0]) / (b[0] - a[0]) if b[0] > a[0] else 1.0
    a_north, b_north = (vertex[2] if len(vertex) == 3 else 0.0 for vertex in (a, b))
    return a[1] + part * (b[1] - a[1]), a_north + part * (b_north - a_north)


def dark(found: Sequence[SeenKnot]) -> list[SeenKnot]:
    """The same knots with nothing known between them."""
    return [one._replace(dark_s=1) for one in found]


def track(
    found: Iterable[SeenKnot], device: str = "D1", epoch: int = 1, missing: Iterable[tuple[int, int]] = ()
) -> Track:
    return Track(device, epoch, tuple(found), tuple(SeqRange(first, last) for first, last in missing))


def journey(
    *tracks: Track | Sequence[SeenKnot],
    now_min: float | None = None,
    network: Network = NETWORK,
    settings: Settings | None = None,
) -> Journey:
    """The journey at `now_min`; without it a minute after the newest knot."""
    given = [one if isinstance(one, Track) else track(one, f"D{number}") for number, one in enumerate(tracks, 1)]
    newest_s = max((found.time_s for one in given for found in one.knots), default=T0_S)
    now_s = newest_s + 60 if now_min is None else T0_S + round(now_min * 60)
    return derive("UNIT", given, network, now_s, settings or Settings())


# --- what came of it -------------------------------------------------------------------------------------------------


def only(items: Iterable[T], wanted: Callable[[T], bool] = lambda _: True) -> T:
    found = [item for item in items if wanted(item)]
    assert len(found) == 1, found
    return found[0]


def visits(found: Journey, place_id: str) -> list[Visit]:
    return [visit for visit in found.visits if visit.place.id == place_id]


def visit(found: Journey, place_id: str) -> Visit:
    return only(visits(found, place_id))


def crossing(found: Journey) -> Crossing:
    return only(found.crossings)


def minutes(moment: Bounds | None) -> tuple[float | None, float | None, float | None] | None:
    """Earliest, est and latest in minutes."""
    if moment is None:
        return None
    earliest, est, latest = (
        None if time_s is None else round((time_s - T0_S) / 60, 2)
        for time_s in (moment.earliest_s, moment.est_s, moment.latest_s)
    )
    return earliest, est, latest


def est_min(moment: Bounds | None) -> float:
    found = minutes(moment)
    assert found is not None
    assert found[1] is not None
    return found[1]
